"""`revenue simulate`: the world as a file, strategies side by side in one world, mistakes named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from revenue_machine.__main__ import main as revenue

FAST = ["--days", "10", "--people", "5000", "--seed", "3"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REVENUE_HOME", str(tmp_path))
    return tmp_path


def strategy(folder: Path, name: str, text: str) -> str:
    file = folder / f"{name}.toml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_the_printed_world_is_read_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert revenue(["simulate", "--print-world", "--people", "1234"]) == 0
    printed = capsys.readouterr().out
    world = tmp_path / "world.toml"
    world.write_text(printed, encoding="utf-8")
    assert revenue(["simulate", "--print-world", "--world", str(world)]) == 0
    assert capsys.readouterr().out == printed
    assert "people = 1234" in printed


def test_strategies_stand_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quiet = strategy(tmp_path, "quiet", "[posts_per_day]\nx = 2\n")
    loud = strategy(tmp_path, "loud", "[posts_per_day]\nx = 6\n")
    assert revenue(["simulate", "--json", *FAST, "--strategy", quiet, "--strategy", loud]) == 0
    found = json.loads(capsys.readouterr().out)
    one, two = found["strategies"]
    assert (found["people"], one["strategy"], two["strategy"]) == (5000, "quiet", "loud")
    assert (one["posts"], two["posts"]) == (20, 60)
    assert one["clicks"] < two["clicks"]
    assert set(two["by_network_usd"]) == {"x"}


def test_the_table_has_a_column_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quiet = strategy(tmp_path, "quiet", "[posts_per_day]\nx = 2\n")
    assert revenue(["simulate", *FAST, "--strategy", quiet]) == 0
    said = capsys.readouterr()
    assert "10 days, 5,000 people, seed 3" in said.out
    assert any(line.split() == ["posts", "20"] for line in said.out.splitlines())
    assert "strategy 1/1  quiet: lived in" in said.err


def test_same_seed_same_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    found = []
    for _ in range(2):
        revenue(["simulate", "--json", "--days", "2", "--people", "2000"])
        found.append(capsys.readouterr().out)
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (["--days", "0"], "--days"),
        (["--people", "5"], "--people"),
        (["--worlds", "0"], "--worlds"),
        (["--world", "nowhere.toml"], "world"),
        (["--strategy", "nowhere.toml"], "strategy"),
    ],
)
def test_mistakes_are_one_line(words: list[str], field: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert revenue(["simulate", *words]) != 0
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert "bad_input" in said[0]
