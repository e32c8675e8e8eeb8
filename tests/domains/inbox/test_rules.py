"""What a text or tap means, and how much fits."""

from __future__ import annotations

import pytest

from revenue_machine.domains.inbox.models import Item, Meaning, Shown, Word
from revenue_machine.domains.inbox.rules import (
    MOST_LISTED,
    MOST_WORDS,
    button_fits,
    command_in,
    digest_text,
    first_fitting,
    may_decide,
    outcome_words,
    rejection_in,
)
from revenue_machine.kit.messages import MAX_TEXT, text_units

SHOWN = Shown("msg_1", "card", "apr_1", None, None, "sent", 5, 0, False)
WORD = Word("word_1", "tap", 7, False, 42, 5, "cb", "nonce", None)


def item(text: str, *, is_money: bool = False, kind: str = "card", status: str = "pending") -> Item:
    message = Shown("msg_1", kind, "apr_1", None, None, "waiting", None, 0, is_money)
    return Item(message, {"title": "Title", "text": text, "status": status, "decided_by": "ada"})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/stop", ("stop", "")), (" /stop it looks wrong ", ("stop", "it looks wrong")), ("/stop@my_bot now", ("stop", "now")),
        ("stop", None), ("and /stop", None), ("/", None),
    ],
)  # fmt: skip
def test_commands(text: str, found: tuple[str, str] | None) -> None:
    assert command_in(text) == found


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("reject because it shouts", "it shouts"), ("Reject: too long", "too long"), ("no, wrong person", "wrong person"),
        ("reject", "no reason given"), ("Nobody else does this.", None), ("Rejection hurts, so we ask first.", None),
        ("Better words", None),
    ],
)  # fmt: skip
def test_rejections(text: str, reason: str | None) -> None:
    assert rejection_in(text) == reason


def test_who_counts() -> None:
    assert may_decide(WORD, frozenset({7}), "42") is None
    assert may_decide(WORD, frozenset(), "42") is not None
    assert may_decide(WORD, frozenset({8}), "42") is not None
    assert may_decide(WORD, frozenset({7}), "43") is not None
    bot = Word("word_1", "tap", 7, True, 42, 5, "cb", "nonce", None)
    assert may_decide(bot, frozenset({7}), "42") is not None


def test_which_button_counts() -> None:
    assert button_fits(WORD, Meaning(SHOWN, "approve", (("apr_1", "hash"),))) is None
    assert button_fits(WORD, None) is not None
    other = Shown("msg_2", "card", "apr_2", None, None, "sent", 6, 0, False)
    assert button_fits(WORD, Meaning(other, "approve", ())) is not None
    unknown = Shown("msg_2", "card", "apr_2", None, None, "unknown", None, 0, False)
    assert button_fits(WORD, Meaning(unknown, "approve", ())) is None


def test_a_digest_always_fits() -> None:
    for size in (1, 300, 1000, MOST_WORDS):
        listed = first_fitting([item("x" * size)] * 40)
        assert 1 <= len(listed) <= MOST_LISTED
        assert text_units(digest_text(listed, 65, 20, "https://me.example/inbox")) <= MAX_TEXT


def test_a_digest_lists_only_whole_questions() -> None:
    left_out = [item("x", is_money=True), item("x" * (MOST_WORDS + 1)), item("x", kind="task")]
    assert first_fitting([*left_out, item("y")]) == [item("y")]


def test_outcomes_say_who_and_why() -> None:
    assert outcome_words({"status": "rejected", "decided_by": "ada", "reason": None}) == "rejected by ada"
    assert outcome_words({"status": "dropped", "closed_by": "ada"}) == "not sent, says ada"
    assert outcome_words({"status": "odd"}) == "odd"
