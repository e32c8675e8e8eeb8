"""A question asked anew, by many at once, by two people; what a no teaches."""

from __future__ import annotations

from datetime import timedelta

import pytest

from revenue_machine.engine.approvals import Approvals, Question
from revenue_machine.engine.audit import Audit
from revenue_machine.engine.database import Database
from revenue_machine.engine.questions import Verdict, reasons
from revenue_machine.engine.tokens import Tokens
from revenue_machine.kit.clock import PushedClock
from revenue_machine.kit.errors import BadInput, CapReached, Conflict
from tests.app_fixture import START
from tests.engine.asking import PAYLOAD, approve, ask, claim, status_of


@pytest.mark.parametrize("times", [1, 3])
def test_what_expired_is_asked_anew(times: int, approvals: Approvals, clock: PushedClock, database: Database) -> None:
    cards = [ask(approvals)]
    for day in range(1, times + 1):
        clock.move_to(START + timedelta(days=day))
        assert approvals.expire() == 1
        cards.append(ask(approvals))
    assert len({card["id"] for card in cards}) == times + 1
    assert len({card["payload_hash"] for card in cards}) == 1
    assert [card["status"] for card in approvals.cards()] == ["pending"]
    for old in cards[:-1]:
        with pytest.raises(Conflict, match="already expired"):
            approve(approvals, old)
    approve(approvals, cards[-1])
    claim(database, approvals, cards[-1])


def test_what_ran_out_unnoticed_is_asked_anew(approvals: Approvals, clock: PushedClock, database: Database) -> None:
    question = Question("dm.send", "k1", PAYLOAD, "Send it?", "it reaches a person")
    with database.writing() as connection:
        first = approvals.file(connection, question)
    clock.move_to(START + timedelta(days=1))
    with database.writing() as connection:
        second = approvals.file(connection, question)
    assert [(card["id"], card["status"]) for card in approvals.cards(None)] == [(first, "expired"), (second, "pending")]


def test_a_new_round_runs_under_a_new_name(approvals: Approvals, clock: PushedClock) -> None:
    """An approved call that a ceiling held back used up the first names of its run."""
    card = ask(approvals)
    approve(approvals, card)
    approvals.hold(card["id"], CapReached(retry_after_s=60))
    clock.move_to(START + timedelta(days=7))
    approvals.expire()
    fresh = ask(approvals)
    approve(approvals, fresh)
    (row,) = approvals.approved_topics()
    assert (row["id"], row["holds"]) == (fresh["id"], 2)
    edited = approvals.edit(fresh["id"], fresh["payload_hash"], "other", actor="ada")
    approvals.decide(edited, "approve", approvals.find(edited)["payload_hash"], actor="ada")
    assert [one["holds"] for one in approvals.approved_topics()] == [3]


@pytest.mark.parametrize(
    ("told", "still_waiting"),
    [({}, ["k2", "k3", "k4"]), ({"hours_of": "x/Europe/Berlin"}, ["k3", "k4"]), ({"channel": "x"}, ["k4"])],
)
def test_one_refusal_holds_all_it_speaks_for(told: dict[str, str], still_waiting: list[str], approvals: Approvals) -> None:
    """A zone's night holds everybody who lives there, a closed channel everybody on it, anything else only its own."""
    berlin, tokyo = "x/Europe/Berlin", "x/Asia/Tokyo"
    for key, channel, hours in (("k1", "x", berlin), ("k2", "x", berlin), ("k3", "x", tokyo), ("k4", "mail", None)):
        failure = approvals.require(Question("dm.send", key, PAYLOAD, "Send?", "why", channel=channel, hours_of=hours))
        approve(approvals, approvals.find(failure.details["approval_id"]))
    (first,) = [one["id"] for one in approvals.approved_topics() if one["call_key"] == "k1"]
    approvals.hold(first, CapReached(retry_after_s=60, **told))
    assert sorted(one["call_key"] for one in approvals.approved_topics()) == still_waiting


def test_a_no_stays_a_no(approvals: Approvals) -> None:
    card = ask(approvals)
    approvals.decide(card["id"], "reject", card["payload_hash"], actor="ada", reason="too loud")
    question = Question("dm.send", "k1", PAYLOAD, "Send it?", "it reaches a person")
    refusal = approvals.require(question)
    assert isinstance(refusal, Conflict)
    assert (refusal.message, refusal.details["approval_id"]) == ("a person said no to exactly this: too loud", card["id"])
    assert approvals.cards() == []


def test_what_has_run_does_not_wait(approvals: Approvals, database: Database) -> None:
    card = ask(approvals)
    question = Question("dm.send", "k1", PAYLOAD, "Send it?", "it reaches a person")
    approve(approvals, card)
    assert "waits for its turn" in approvals.require(question).message
    claim(database, approvals, card)
    assert isinstance(approvals.require(question), Conflict)


def test_reasons_teach_the_next_draft(approvals: Approvals, clock: PushedClock, database: Database) -> None:
    for number, reason in enumerate(("too loud", None, "wrong person")):
        clock.move_to(START + timedelta(minutes=number))
        card = ask(approvals, {"text": f"t{number}"}, f"k{number}")
        approvals.decide(card["id"], "reject", card["payload_hash"], actor="ada", reason=reason)
    other = ask(approvals, key="k9", topic="email.send")
    approvals.decide(other["id"], "reject", other["payload_hash"], actor="ada", reason="never")
    with database.reading() as connection:
        found = reasons(connection, "dm.send", START)
        assert [(one.call_key, one.reason, one.payload["text"]) for one in found] == [
            ("k2", "wrong person", "t2"),
            ("k0", "too loud", "t0"),
        ]
        assert [one.reason for one in reasons(connection, "dm.send", START + timedelta(minutes=1))] == ["wrong person"]


def test_a_batch_decides_each_on_its_own(approvals: Approvals) -> None:
    first, second, third = (ask(approvals, {"text": str(number)}, f"k{number}") for number in range(3))
    money = ask(approvals, {"budget": 1}, "k9", money=True)
    answers = approvals.decide_all(
        [
            Verdict(first["id"], first["payload_hash"], "approve"), Verdict(second["id"], first["payload_hash"], "approve"),
            Verdict(third["id"], third["payload_hash"], "reject", "no"), Verdict(money["id"], money["payload_hash"], "approve"),
            Verdict("apr_none", "x", "approve"),
        ],
        actor="ada",
    )  # fmt: skip
    assert [one.get("status") or one["error"]["code"] for one in answers] == [
        "approved",
        "conflict",
        "rejected",
        "bad_input",
        "not_found",
    ]
    assert [status_of(approvals, one["id"]) for one in (first, second, third, money)] == [
        "approved",
        "pending",
        "rejected",
        "pending",
    ]
    assert "confirm" not in answers[3]


@pytest.mark.parametrize(("tokens", "approvers"), [(2, 0), (0, 2), (1, 1)])
def test_nobody_spends_alone_where_there_are_two(
    tokens: int, approvers: int, approvals: Approvals, clock: PushedClock, database: Database, audit: Audit
) -> None:
    book = Tokens(database, clock, audit)
    for number in range(tokens):
        book.create(f"person {number}", ["approve"], actor="test")
    book.create("agent", ["operate"], actor="test")
    book.create("gone", ["approve"], actor="test")
    book.revoke("gone", actor="test")
    house = Approvals(database, clock, audit, approvals._events, approvers)
    card = ask(house, money=True)
    first = approve(house, card)
    is_two = (tokens, approvers) != (1, 1)
    assert first["needs_other_person"] is is_two
    clock.move_to(START + timedelta(seconds=5))
    if is_two:
        with pytest.raises(Conflict, match="somebody else"):
            approve(house, card, confirm=first["confirm"])
        assert status_of(house, card["id"]) == "pending"
        assert (
            house.decide(card["id"], "approve", card["payload_hash"], actor="bob", confirm=first["confirm"])["status"] == "approved"
        )
    else:
        assert approve(house, card, confirm=first["confirm"])["status"] == "approved"


def test_an_edit_of_words_keeps_the_rest(approvals: Approvals) -> None:
    card = ask(approvals)
    fresh = approvals.edit(card["id"], card["payload_hash"], "softer", actor="ada")
    assert approvals.find(fresh)["payload"] == {**PAYLOAD, "text": "softer"}
    for wrong in ("", "  "):
        with pytest.raises(BadInput):
            approvals.edit(fresh, approvals.find(fresh)["payload_hash"], wrong, actor="ada")
    other = ask(approvals, {"budget": 3}, "k2")
    with pytest.raises(BadInput, match="no text"):
        approvals.edit(other["id"], other["payload_hash"], "words", actor="ada")
    assert status_of(approvals, other["id"]) == "pending"


def test_a_card_shows_cost_and_value(approvals: Approvals, database: Database) -> None:
    question = Question(
        "dm.send", "k1", PAYLOAD, "Send it?", "why", price_micro_usd=2_500_000, predicted_value_micro_usd=30_000_000, channel="dm_x"
    )
    with database.writing() as connection:
        approval_id = approvals.file(connection, question)
    card = approvals.find(approval_id)
    assert (card["price_usd"], card["predicted_value_usd"], card["channel"]) == (2.5, 30, "dm_x")
    fresh = approvals.find(approvals.edit(approval_id, card["payload_hash"], "softer", actor="ada"))
    assert (fresh["price_usd"], fresh["predicted_value_usd"], fresh["channel"]) == (2.5, 30, "dm_x")
