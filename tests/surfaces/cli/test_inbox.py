"""Deciding by command line: by name, by topic, all at once; an edit asks anew; dead letters get another try."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from revenue_machine.__main__ import main as revenue
from revenue_machine.app import App
from revenue_machine.engine.approvals import Question
from revenue_machine.surfaces.cli.opening import opened


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REVENUE_HOME", str(tmp_path))
    return tmp_path


def file(app: App, number: int, topic: str = "dm.send", *, text: str | None = None, is_money: bool = False) -> str:
    payload: dict[str, Any] = {"text": text or f"Words {number}"} if not is_money else {"budget": number}
    question = Question(
        topic, f"k{number}", payload, f"Title {number}", "they asked", kind="other", evidence="https://e.example", is_money=is_money,
        price_micro_usd=1_500_000, predicted_value_micro_usd=20_000_000, channel=topic.split(".", 1)[0],
    )  # fmt: skip
    with app.database.writing() as connection:
        return app.approvals.file(connection, question)


@pytest.fixture
def ids() -> list[str]:
    """Two messages on one channel, one on another, one purchase."""
    with opened() as place:
        app = place.app
        return [file(app, 1), file(app, 2), file(app, 3, "linkedin.connect"), file(app, 4, "ads.activate", is_money=True)]


def statuses(ids: list[str]) -> list[str]:
    with opened() as place:
        return [place.app.approvals.find(one)["status"] for one in ids]


def test_inbox_shows_what_helps_to_decide(ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert revenue(["inbox", "--topic", "linkedin.connect"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{ids[2]}  linkedin.connect  expires ")
    assert (
        "  costs up to $1.5  may bring $20\n  Title 3\n  why: they asked\n  evidence: https://e.example\n  text: Words 3\n" in said
    )
    assert ids[0] not in said


def test_all_of_a_topic_are_approved(ids: list[str]) -> None:
    assert revenue(["approve", "--all", "--topic", "dm.send"]) == 0
    assert statuses(ids) == ["approved", "approved", "pending", "pending"]


def test_all_leaves_money_out(ids: list[str]) -> None:
    assert revenue(["reject", "--all", "--channel", "linkedin", "--reason", "not now"]) == 0
    assert revenue(["approve", "--all"]) == 0
    assert statuses(ids) == ["approved", "approved", "rejected", "pending"]


def test_each_item_is_decided_on_its_own(ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert revenue(["approve", ids[0], "apr_none", ids[1]]) == 1
    assert "apr_none: not_found: there is no approval apr_none" in capsys.readouterr().out
    assert statuses(ids)[:2] == ["approved", "approved"]


@pytest.mark.parametrize("words", [["approve"], ["approve", "apr_x", "--all"], ["reject", "--topic", "x", "--reason", "no"]])
def test_a_vague_wish_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert revenue(words) == 1
    assert "bad_input: name items" in capsys.readouterr().err


def test_other_words_are_asked_anew(ids: list[str], home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert revenue(["edit", ids[0], "--text", "Softer", "--json"]) == 0
    fresh = json.loads(capsys.readouterr().out)["id"]
    (home / "words.txt").write_text("Softer still", encoding="utf-8")
    assert revenue(["edit", fresh, "-f", str(home / "words.txt"), "--json"]) == 0
    last = json.loads(capsys.readouterr().out)["id"]
    assert statuses([ids[0], fresh, last]) == ["replaced", "replaced", "pending"]
    with opened() as place:
        assert place.app.approvals.find(last)["text"] == "Softer still"


def test_what_has_no_text_is_edited_whole(ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert revenue(["edit", ids[3], "--text", "cheaper"]) == 1
    assert "JSON object" in capsys.readouterr().err
    assert revenue(["edit", ids[3], "--text", '{"budget": 1}']) == 0
    assert statuses([ids[3]]) == ["replaced"]


def test_money_takes_its_code_later(ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert revenue(["approve", ids[3], "--json"]) == 0
    code = json.loads(capsys.readouterr().out)[0]["confirm"]
    assert revenue(["approve", ids[3], "--confirm", code]) == 1
    assert "at least 5 seconds later" in capsys.readouterr().err
    assert statuses([ids[3]]) == ["pending"]


def test_retry_says_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    assert revenue(["retry"]) == 0
    assert capsys.readouterr().out == "0 tried again, 0 still dead\n"
