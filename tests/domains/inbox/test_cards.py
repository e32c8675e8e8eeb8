"""A question is a card with its exact words and two buttons; whatever becomes of it, the card says so."""

from __future__ import annotations

import pytest

from revenue_machine.sandbox.vendors import Outside
from tests.domains.inbox.conftest import OWNER, STRANGER, Chat


def test_card_shows_what_helps_to_decide(chat: Chat) -> None:
    chat.ask(1, evidence="https://e.example", price_micro_usd=120_000, predicted_value_micro_usd=4_500_000)
    chat.turn()
    (card,) = chat.messages()
    assert card["text"] == (
        "Question 1\n\nWords 1\n\nWhy: they asked\nEvidence: https://e.example\nMoney: costs up to $0.12, may bring $4.50\n"
        "Expires Tue 03 Nov 06:00 · toys.tell"
    )
    assert [[one["text"] for one in row] for row in card["buttons"]] == [["Approve", "Reject"]]
    chat.turn()
    assert len(chat.messages()) == 1


@pytest.mark.parametrize(("label", "status"), [("Approve", "approved"), ("Reject", "rejected")])
def test_a_tap_decides_once(label: str, status: str, chat: Chat) -> None:
    approval_id = chat.ask()
    chat.turn()
    card = chat.last()
    assert chat.tap(card, label) == f"{status.capitalize()}."
    assert chat.status(approval_id) == status
    assert chat.last()["text"].endswith(f"{status} by telegram:{OWNER}" + (": rejected in Telegram" if label == "Reject" else ""))
    assert chat.last()["buttons"] == []
    assert chat.tap(card, label) == f"this was already {status}"
    assert len(chat.messages()) == 1


def test_a_button_carries_only_a_nonce(chat: Chat) -> None:
    approval_id = chat.ask()
    chat.turn()
    for row in chat.last()["buttons"]:
        for one in row:
            assert len(one["data"].encode()) <= 64
            assert approval_id not in one["data"]
    with chat.app.database.reading() as connection:
        stored = connection.exec_driver_sql("select nonce_hash from actp_inbox_buttons").scalars().all()
    assert not {one["data"] for row in chat.last()["buttons"] for one in row} & set(stored)


def test_decided_elsewhere_is_shown_too(chat: Chat) -> None:
    decided, expired, edited = (chat.ask(number) for number in (1, 2, 3))
    chat.turn()
    approvals = chat.app.approvals
    approvals.decide(decided, "reject", approvals.find(decided)["payload_hash"], actor="ada", reason="not my voice")
    approvals.edit(edited, approvals.find(edited)["payload_hash"], "Better words", actor="ada")
    chat.turn()
    assert chat.about("Words 1")["text"].endswith("rejected by ada: not my voice")
    assert chat.about("Words 3")["text"].endswith("edited: the new words are a question of their own")
    assert chat.about("Better words")["buttons"]
    chat.turn(24 * 3600)
    assert chat.status(expired) == "expired"
    assert chat.about("Words 2")["text"].endswith("nobody answered in time: that is a no")


def test_a_stranger_decides_nothing(chat: Chat) -> None:
    approval_id = chat.ask()
    chat.turn()
    assert chat.tap(chat.last(), "Approve", STRANGER) == "telegram:999 is not on the list of approvers"
    assert chat.status(approval_id) == "pending"
    assert chat.refusals() == [("telegram:999", approval_id, "bad_input")]
    assert chat.tap(chat.last(), "Approve") == "Approved."


def test_a_button_counts_under_its_message_only(chat: Chat) -> None:
    first, second = chat.ask(1), chat.ask(2)
    chat.turn()
    mine, other = chat.about("Words 1"), chat.about("Words 2")
    swapped = {**mine, "buttons": other["buttons"]}
    assert chat.tap(swapped, "Approve") == "this button belongs to another message"
    assert (
        chat.tap({**mine, "buttons": [[{"text": "Approve", "data": "invented"}]]}, "Approve")
        == "this button is not known (any more)"
    )
    assert [chat.status(one) for one in (first, second)] == ["pending", "pending"]
    assert len(chat.refusals()) == 2


def test_money_takes_two_taps_apart(chat: Chat) -> None:
    approval_id = chat.ask(is_money=True, price_micro_usd=50_000_000)
    chat.turn()
    first = chat.last()
    assert chat.tap(first, "Approve") == "Press once more, 5 seconds from now."
    assert chat.tap(first, "Approve") == "this button is not known (any more)"
    assert "Sure? It costs up to $50.00. Press again" in chat.last()["text"]
    assert chat.tap(chat.last(), "Yes", after_s=3.9) == "money needs a second look: confirm at least 5 seconds later"
    assert chat.status(approval_id) == "pending"
    assert chat.tap(chat.last(), "Yes", after_s=2) == "Approved."
    assert chat.status(approval_id) == "approved"


def test_too_long_to_show_is_not_approved_here(chat: Chat) -> None:
    chat.ask(text="x" * 5000)
    chat.turn()
    assert [[one["text"] for one in row] for row in chat.last()["buttons"]] == [["Reject"]]
    assert "approve it in the inbox" in chat.last()["text"]


def test_answering_a_card_rejects_or_edits(chat: Chat) -> None:
    first, second = chat.ask(1), chat.ask(2)
    chat.turn()
    number = chat.about("Words 1")["message_id"]
    assert chat.say("Reject because it is too loud.", reply_to=number) == ["Rejected: it is too loud."]
    assert chat.app.approvals.find(first)["reason"] == "it is too loud."
    said = chat.say("Softer words", reply_to=chat.about("Words 2")["message_id"])
    assert said[0] == "Your words are a question of their own; it comes at once."
    assert chat.status(second) == "replaced"
    (card,) = chat.app.approvals.cards()
    assert card["payload"] == {"text": "Softer words", "to": "ada"}
    assert chat.about("Softer words")["buttons"]


def test_a_task_is_sent_or_not(chat: Chat) -> None:
    done, dropped = chat.hand(1), chat.hand(2)
    chat.turn()
    assert "https://x.com/ada" in chat.about("Write to 1")["text"]
    assert chat.tap(chat.about("Write to 1"), "Sent", STRANGER) == "telegram:999 is not on the list of approvers"
    assert chat.tap(chat.about("Write to 1"), "Sent") == "Noted: sent."
    assert chat.tap(chat.about("Write to 2"), "Not sent") == "Noted: not sent."
    assert [chat.app.handwork.find(one)["status"] for one in (done, dropped)] == ["done", "dropped"]
    assert chat.about("Write to 1")["text"].endswith(f"sent, says telegram:{OWNER}")


def test_nothing_new_is_shown_while_stopped(chat: Chat) -> None:
    approval_id = chat.ask()
    chat.turn()
    chat.app.switch.set(stopped=True, actor="ada", reason="test")
    chat.ask(2)
    assert chat.tap(chat.last(), "Approve") == "Approved."
    assert chat.status(approval_id) == "approved"
    assert len(chat.messages()) == 1
    chat.app.switch.set(stopped=False, actor="ada", reason="test")
    chat.turn(1801)
    assert "Words 2" in chat.last()["text"]


def test_a_card_that_may_stand_there_is_not_sent_again(chat: Chat, outside: Outside) -> None:
    outside.add_fault("telegram", "sendMessage", "act_then_drop", 1)
    approval_id = chat.ask()
    chat.turn()
    chat.turn(3600)
    assert len(chat.messages()) == 1
    assert chat.tap(chat.last(), "Approve") == "Approved."
    assert chat.status(approval_id) == "approved"
    assert chat.last()["text"].endswith(f"approved by telegram:{OWNER}")
