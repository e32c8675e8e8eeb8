"""What an answer means by its words."""

from __future__ import annotations

import pytest

from revenue_machine.domains.outreach.replies import block_signal, intent_of, is_no, is_stop, outcome_of


@pytest.mark.parametrize(
    "text",
    [
        "stop", "STOP.", "Please stop", "unsubscribe", "Remove me", "opt out", "Please don't message me again", "Stop messaging me!",
        "take me off your list", "leave me alone", "I do not consent to this", "reported you as spam", "never contact me again",
        "no more messages please",
    ],
)  # fmt: skip
def test_one_word_is_enough(text: str) -> None:
    assert is_stop(text)
    assert outcome_of(text, intent_of(text), is_history=False) == "opted_out"


@pytest.mark.parametrize(
    "text", ["How do I stop losing customers?", "We stopped using spreadsheets", "I can't stop thinking about it", "Tell me more"]
)
def test_other_words_are_no_stop(text: str) -> None:
    assert not is_stop(text)


@pytest.mark.parametrize("text", ["No thanks.", "not interested", "Not for me, thank you.", "We are all set", "pass"])
def test_a_no_is_no_opt_out(text: str) -> None:
    assert is_no(text)
    assert outcome_of(text, intent_of(text), is_history=False) == "declined"


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Sounds useful, tell me more?", "lead"), ("How much is it a month?", "lead"), ("Is there a trial?", "lead"),
        ("I cannot log in, it shows an error", "support"), ("We offer SEO services and backlinks", "spam"),
        ("I am out of office until Monday", "automated"), ("We are hiring, send me your resume", "job_offer"),
        ("Want to partner on a podcast?", "collaboration"), ("Hi, nice to connect!", "greeting"),
        ("Let us keep in touch about events in the same city", "networking"), ("Bananas are yellow on Tuesdays somehow", None),
    ],
)  # fmt: skip
def test_intent_is_read_by_rules(text: str, intent: str | None) -> None:
    assert intent_of(text) == intent


def test_machines_and_spam_get_no_answer() -> None:
    assert outcome_of("I am out of office until Monday", "automated", is_history=False) == "silent"
    assert outcome_of("We offer SEO services", "spam", is_history=False) == "silent"
    assert outcome_of("How much is it?", "lead", is_history=False) == "owed"
    assert outcome_of("How much is it?", "lead", is_history=True) == "history"


def test_block_signals_close_the_channel() -> None:
    assert block_signal("blocked") == "a person has blocked you"
    assert block_signal("not_allowed") is None
    assert block_signal("restricted") == "the account is restricted"
    assert block_signal("provider_limit") == "the platform asks for fewer messages"
    assert block_signal("unknown") is None
    assert block_signal("invalid") is None
    assert block_signal(None) is None
