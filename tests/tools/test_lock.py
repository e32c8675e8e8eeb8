"""The pins of pyproject.toml and of the hashed requirement files are the same, complete, and name no place."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tools.lock import BEGIN, CORE, END, EVERYTHING, constraints, pins, with_block

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def locked(name: str) -> list[tuple[str, str, str]]:
    return pins((ROOT / name).read_text(encoding="utf-8"))


def wanted(requirement: str) -> str:
    """The plain name a requirement asks for."""
    return re.split(r"[\[<>=!~ ;]", requirement)[0].lower()


def test_constraints_and_hashes_are_in_step() -> None:
    written = pins("\n".join(PROJECT["tool"]["uv"]["constraint-dependencies"]))
    assert written == locked(EVERYTHING)


def test_product_pins_are_among_all_pins() -> None:
    assert set(locked(CORE)) <= set(locked(EVERYTHING))
    assert len(locked(CORE)) < len(locked(EVERYTHING))


def test_every_dependency_is_pinned() -> None:
    direct = {wanted(one) for one in PROJECT["project"]["dependencies"]}
    grouped = {wanted(one) for group in PROJECT["dependency-groups"].values() for one in group}
    assert direct - {name for name, _, _ in locked(CORE)} == set()
    assert grouped - {name for name, _, _ in locked(EVERYTHING)} == set()


@pytest.mark.parametrize("name", [CORE, EVERYTHING])
def test_every_pin_has_hashes(name: str) -> None:
    blocks = re.split(r"\n(?=[A-Za-z0-9])", (ROOT / name).read_text(encoding="utf-8"))[1:]
    assert len(blocks) == len(locked(name))
    assert [block for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("name", [CORE, EVERYTHING, "pyproject.toml"])
def test_no_place_is_named(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert re.findall(r"https?://\S+|--(?:extra-)?index-url|--find-links", text) == []


def test_pin_reads_version_and_marker() -> None:
    text = "uvicorn[standard]==0.54.0 ; sys_platform == 'linux' \\\n    --hash=sha256:ab\n# note\nsix==1.17.0\n"
    assert pins(text) == [("uvicorn", "0.54.0", "sys_platform == 'linux'"), ("six", "1.17.0", "")]


def test_block_is_replaced_not_repeated() -> None:
    once = with_block("[project]\nname = 'x'\n", constraints([("six", "1.16.0", "")]))
    twice = with_block(once, constraints([("six", "1.17.0", "")]))
    assert twice.count(BEGIN) == twice.count(END) == 1
    assert tomllib.loads(twice)["tool"]["uv"]["constraint-dependencies"] == ["six==1.17.0"]
