"""Seventy-five questions do not flood a chat: the hour bears ten messages, the rest is one digest after the other."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from revenue_machine.app import App
from revenue_machine.domains.inbox.telling import cards_per_hour
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.settings import Settings
from revenue_machine.sandbox.vendors import Outside
from tests.domains.inbox.conftest import STRANGER, Chat

Many = Callable[[int], list[str]]


def test_ten_are_cards(chat: Chat, many: Many) -> None:
    many(10)
    titles = [one["text"].split("\n")[0] for one in chat.messages()]
    assert sorted(titles) == sorted(f"Question {number}" for number in range(1, 11))


def test_more_are_one_digest(chat: Chat, many: Many) -> None:
    ids = many(75)
    (digest,) = chat.messages()
    assert digest["text"].startswith("75 wait for your decision.\n\n1. Question ")
    assert digest["text"].endswith("and 65 more: open the inbox, https://go.sandbox.invalid/inbox")
    assert chat.tap(digest, "Approve all 10 shown") == "Approved 10."
    statuses = [chat.status(one) for one in ids]
    assert (statuses.count("approved"), statuses.count("pending")) == (10, 65)
    decided, following = chat.messages()
    assert decided["text"].startswith("All of these are decided.\n\n1. Question ")
    assert decided["buttons"] == []
    assert following["text"].startswith("65 wait for your decision.")


def test_approve_all_covers_only_what_was_shown(chat: Chat, many: Many) -> None:
    many(12)
    (digest,) = chat.messages()
    (shown,) = [card for card in chat.app.approvals.cards() if f"1. {card['title']}\n" in digest["text"]]
    fresh = chat.app.approvals.edit(shown["id"], shown["payload_hash"], "Other words", actor="ada")
    assert chat.tap(digest, "Approve all 10 shown") in {"Approved 9. 1 could not be.", "this button is not known (any more)"}
    assert chat.status(fresh) == "pending"
    assert chat.status(shown["id"]) == "replaced"


def test_a_stranger_approves_nothing_at_once(chat: Chat, many: Many) -> None:
    ids = many(12)
    assert chat.tap(chat.last(), "Approve all", STRANGER) == "telegram:999 is not on the list of approvers"
    assert {chat.status(one) for one in ids} == {"pending"}


def test_money_is_a_card_beside_the_digest(chat: Chat, many: Many) -> None:
    chat.ask(90, is_money=True)
    many(20)
    assert [one["text"].split("\n")[0] for one in chat.messages()] == ["Question 90", "20 wait for your decision."]


def test_decisions_elsewhere_bring_the_next_digest(chat: Chat, many: Many) -> None:
    many(30)
    (digest,) = chat.messages()
    for card in chat.app.approvals.cards():
        if f". {card['title']}\n" in digest["text"]:
            chat.app.approvals.decide(card["id"], "reject", card["payload_hash"], actor="ada", reason="no")
    chat.turn()
    assert [one["text"].split("\n")[0] for one in chat.messages()] == ["All of these are decided.", "20 wait for your decision."]


def test_what_comes_while_a_digest_is_open_is_counted(chat: Chat, many: Many) -> None:
    many(12)
    for number in range(20, 40):
        chat.ask(number)
    chat.turn()
    (digest,) = chat.messages()
    assert digest["text"].startswith("32 wait for your decision.")
    assert "and 22 more" in digest["text"]


def test_a_full_hour_waits_for_the_next(chat: Chat, many: Many) -> None:
    many(10)
    chat.ask(50)
    chat.turn()
    assert len(chat.messages()) == 10
    chat.turn(3600)
    assert chat.last()["text"].startswith("Question 50")


def test_many_tasks_are_counted(chat: Chat) -> None:
    tasks = [chat.hand(number) for number in range(1, 16)]
    chat.turn()
    (digest,) = chat.messages()
    assert digest["text"] == "15 to send by hand: open the inbox, https://go.sandbox.invalid/inbox"
    for one in tasks:
        task = chat.app.handwork.find(one)
        chat.app.handwork.close(one, is_done=True, text_hash=task["text_hash"], actor="ada")
    chat.turn()
    assert chat.app.call("inbox.tell").result == {"cards": 0, "digests": 0, "waiting": 0}


def test_a_digest_nobody_answered_for_is_not_repeated(chat: Chat, outside: Outside) -> None:
    outside.add_fault("telegram", "sendMessage", "act_then_drop", 1)
    for number in range(12):
        chat.ask(number)
    for _ in range(3):
        chat.turn(1801)
    assert len(chat.messages()) == 1


def test_limit_is_a_setting(app: App) -> None:
    def settings(value: str) -> Settings:
        own = app.settings.service("telegram").model_copy(update={"cards_per_hour": value})
        return app.settings.model_copy(update={"services": {"telegram": own}})

    assert cards_per_hour(app.settings) == 10
    assert cards_per_hour(settings("25")) == 25
    for wrong in ("0", "61", "ten", "-1"):
        with pytest.raises(BadInput):
            cards_per_hour(settings(wrong))
