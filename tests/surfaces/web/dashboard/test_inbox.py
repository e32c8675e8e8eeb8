"""Cards in a person's words, and what can be done with them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from revenue_machine.app import App
from revenue_machine.engine.approvals import Question
from revenue_machine.kit.errors import BadInput, Conflict
from revenue_machine.surfaces.web.dashboard import inbox
from revenue_machine.surfaces.web.dashboard.inbox import Card, InboxView
from tests.app_fixture import WorldClock

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def shown(app: App, clock: WorldClock) -> Callable[[], InboxView]:
    return lambda: inbox.inbox(app.approvals, app.handwork, clock, app.settings)


def test_card_says_all_that_decides(ask: Ask, shown: Callable[[], InboxView]) -> None:
    ask("Buy it", is_money=True, price_micro_usd=12_500_000, evidence="a quote")
    (card,) = shown().cards
    assert (card.words, card.why, card.evidence, card.price) == ("Buy it", "a doubt", "a quote", "$12.50")
    assert (card.facts, card.expires, card.is_soon, card.needs_confirm) == (
        (("draft id", "dft_Buy it"),),
        "today 10:00",
        False,
        True,
    )


def test_most_urgent_card_is_first(clock: WorldClock, ask: Ask, shown: Callable[[], InboxView]) -> None:
    ask("Slow")
    ask("Money", is_money=True)
    clock.move_to(clock.now() + timedelta(hours=2))
    ask("Late")
    view = shown()
    assert [(card.words, card.expires, card.is_soon) for card in view.cards] == [
        ("Money", "today 10:00", True), ("Slow", "tomorrow 06:00", False), ("Late", "tomorrow 08:00", False),
    ]  # fmt: skip
    assert view.lead == "3 cards wait for your decision. What you do not answer in time counts as no."


def test_empty_inbox_says_so(shown: Callable[[], InboxView]) -> None:
    assert shown() == InboxView("Inbox", "Nothing waits for you.", ())


def test_payload_without_text_is_shown_whole(app: App, shown: Callable[[], InboxView]) -> None:
    with app.database.writing() as connection:
        app.approvals.file(connection, Question("ads.boost", "p1", {"post_id": "p1", "days": 2}, "Boost", "it works"))
    (card,) = shown().cards
    assert (card.words, card.facts, card.is_plain_text) == ('{\n  "days": 2,\n  "post_id": "p1"\n}', (), False)
    inbox.edit(app, card, "me", '{"post_id": "p1", "days": 1}')
    (fresh,) = shown().cards
    assert '"days": 1' in fresh.words
    for broken in ("{", "[]", "1"):
        with pytest.raises(BadInput):
            inbox.edit(app, fresh, "me", broken)


def test_approval_covers_only_what_was_seen(app: App, ask: Ask, shown: Callable[[], InboxView]) -> None:
    ask("Old words")
    (seen,) = shown().cards
    inbox.edit(app, seen, "me", "New words")
    with pytest.raises(Conflict):
        inbox.approve(app, seen, "me")
    (fresh,) = shown().cards
    assert (fresh.words, fresh.replaces_id) == ("New words", seen.id)
    assert inbox.approve(app, fresh, "me") is None
    assert shown().cards == ()


def test_rejection_keeps_its_reason(app: App, ask: Ask, shown: Callable[[], InboxView]) -> None:
    ask()
    (card,) = shown().cards
    with pytest.raises(BadInput):
        inbox.reject(app, card, "me", "  ")
    inbox.reject(app, card, "me", " Not my voice ")
    (row,) = app.approvals.cards(None)
    assert (row["status"], row["reason"], row["decided_by"]) == ("rejected", "Not my voice", "me")


@pytest.mark.parametrize("words", ["Hello there", "", " \n"])
def test_edit_without_change_is_refused(words: str, app: App, ask: Ask, shown: Callable[[], InboxView]) -> None:
    ask()
    with pytest.raises(BadInput):
        inbox.edit(app, shown().cards[0], "me", words)
    assert len(shown().cards) == 1


def test_batch_leaves_money_and_the_gone_out(app: App, ask: Ask, shown: Callable[[], InboxView]) -> None:
    ask("One")
    ask("Two")
    ask("Money", is_money=True)
    cards = shown().cards
    (two,) = [card for card in cards if card.words == "Two"]
    inbox.reject(app, two, "else", "no")
    refused = inbox.approve_all(app, cards, "me")
    assert sorted(refused) == ["About Money: money is approved one by one", "About Two: this was already rejected"]
    assert {row["payload"]["text"]: row["status"] for row in app.approvals.cards(None)} == {
        "One": "approved", "Two": "rejected", "Money": "pending",
    }  # fmt: skip


def test_money_takes_two_looks(app: App, clock: WorldClock, ask: Ask, shown: Callable[[], InboxView]) -> None:
    ask("Money", is_money=True)
    (card,) = shown().cards
    assert isinstance(card, Card)
    step = inbox.approve(app, card, "me")
    assert step is not None
    assert not step.needs_other_person
    with pytest.raises(Conflict):
        inbox.approve(app, card, "me", step.code)
    clock.move_to(clock.now() + timedelta(seconds=5))
    assert inbox.approve(app, card, "me", step.code) is None
    assert app.approvals.cards(None)[0]["status"] == "approved"
