"""What runs is what a person approved: these bytes, this call, once, in time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from revenue_machine.engine.approvals import Approvals, load_payload
from revenue_machine.engine.database import Database
from revenue_machine.engine.tables import APPROVALS, AUDIT, EVENTS
from revenue_machine.kit.clock import PushedClock
from revenue_machine.kit.errors import ApprovalRequired, BadInput, Conflict, Failure, NotFound
from tests.app_fixture import START
from tests.engine.asking import PAYLOAD, approve, ask, claim, status_of


def test_the_same_question_is_asked_once(approvals: Approvals, database: Database) -> None:
    assert ask(approvals)["id"] == ask(approvals)["id"]
    assert ask(approvals, {"text": "other"})["id"] != ask(approvals)["id"]
    assert ask(approvals, key="k2")["id"] != ask(approvals)["id"]
    with database.reading() as connection:
        facts = connection.execute(sa.select(EVENTS.c.kind)).scalars().all()
    assert facts == ["approval.requested"] * 3


def test_an_approval_is_used_once_by_its_call(approvals: Approvals, database: Database) -> None:
    card = ask(approvals)
    with pytest.raises(ApprovalRequired):
        claim(database, approvals, card)
    assert approve(approvals, card) == {"id": card["id"], "status": "approved"}
    for _ in range(2):  # the same call again, after a crash
        claim(database, approvals, card)
    assert status_of(approvals, card["id"]) == "used"
    with pytest.raises(ApprovalRequired):
        claim(database, approvals, card, key="k2")


OTHERS: list[tuple[str, dict[str, Any]]] = [
    ("other bytes", {"payload": {"text": "hello", "to": "eve"}}), ("another call", {"key": "k2"}), ("another topic", {"topic": "ads.activate"}),
]  # fmt: skip


@pytest.mark.parametrize(("words", "other"), OTHERS, ids=[words for words, _ in OTHERS])
def test_an_approval_covers_nothing_else(words: str, other: dict[str, Any], approvals: Approvals, database: Database) -> None:
    card = ask(approvals)
    approve(approvals, card)
    with pytest.raises(ApprovalRequired):
        claim(database, approvals, card, **other)
    assert status_of(approvals, card["id"]) == "approved"
    claim(database, approvals, card)


Forgery = Callable[[Approvals, dict[str, Any], dict[str, Any]], object]
FORGERIES: dict[str, tuple[Forgery, type[Failure]]] = {
    "hash of another item": (lambda all_, mine, other: all_.decide(mine["id"], "approve", other["payload_hash"], actor="eve"), Conflict),
    "no hash": (lambda all_, mine, other: all_.decide(mine["id"], "approve", "", actor="eve"), Conflict),
    "shortened hash": (lambda all_, mine, other: all_.decide(mine["id"], "approve", mine["payload_hash"][:-1], actor="eve"), Conflict),
    "unknown item": (lambda all_, mine, other: all_.decide("apr_none", "approve", mine["payload_hash"], actor="eve"), NotFound),
    "invented decision": (lambda all_, mine, other: all_.decide(mine["id"], "approved", mine["payload_hash"], actor="eve"), BadInput),
    "money in one step": (
        lambda all_, mine, other: all_.decide(other["id"], "approve", other["payload_hash"], actor="eve", confirm="0" * 16), Conflict,
    ),
    "edit with a stale hash": (lambda all_, mine, other: all_.edit(mine["id"], other["payload_hash"], {"text": "x"}, actor="eve"), Conflict),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
def test_forgeries_change_nothing_and_are_noted(name: str, approvals: Approvals, database: Database) -> None:
    mine, other = ask(approvals), ask(approvals, {"budget": 10}, "k9", topic="ads.activate", money=True)
    forge, refusal = FORGERIES[name]
    for _ in range(5):
        with pytest.raises(refusal):
            forge(approvals, mine, other)
    assert {one["status"] for one in approvals.cards(None)} == {"pending"}
    with database.reading() as connection:
        noted = connection.execute(sa.select(AUDIT.c.actor).where(AUDIT.c.action == "approval.refused")).scalars().all()
    assert noted == ["eve"] * 5
    assert approve(approvals, mine)["status"] == "approved"


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_a_decision_is_final(decision: str, approvals: Approvals) -> None:
    card = ask(approvals)
    approvals.decide(card["id"], decision, card["payload_hash"], actor="ada", reason="because")
    for again in ("approve", "reject"):
        with pytest.raises(Conflict, match="already"):
            approvals.decide(card["id"], again, card["payload_hash"], actor="eve")
    (found,) = approvals.cards(None)
    assert (found["decided_by"], found["reason"]) == ("ada", "because")


def test_parallel_yes_and_no_have_one_winner(approvals: Approvals, database: Database) -> None:
    def decide(card: Mapping[str, Any], decision: str) -> str | None:
        try:
            return str(approvals.decide(card["id"], decision, card["payload_hash"], actor=decision)["status"])
        except Conflict:
            return None

    cards = [ask(approvals, {"n": number}, f"k{number}") for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        pairs = [[pool.submit(decide, card, word) for word in ("approve", "reject")] for card in cards]
    for card, pair in zip(cards, pairs, strict=True):
        winners = [status for one in pair if (status := one.result()) is not None]
        assert winners == [status_of(approvals, card["id"])]
    with database.reading() as connection:
        count = sa.select(sa.func.count()).select_from(EVENTS).where(EVENTS.c.kind == "approval.decided")
        assert connection.execute(count).scalar_one() == 20


def test_parallel_claims_use_it_once(approvals: Approvals, database: Database) -> None:
    card = ask(approvals)
    approve(approvals, card)

    def take(key: str) -> bool:
        try:
            claim(database, approvals, card, key=key)
        except ApprovalRequired:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(take, ["k2", "k1", "k3", "k4", "k5", "k6"])) == 1


def test_an_edit_voids_the_question(approvals: Approvals, database: Database) -> None:
    card = ask(approvals)
    edited = {"text": "better", "to": "ada"}
    fresh = approvals.edit(card["id"], card["payload_hash"], edited, actor="ada")
    assert status_of(approvals, card["id"]) == "replaced"
    with pytest.raises(Conflict, match="already replaced"):
        approve(approvals, card)
    (pending,) = approvals.cards()
    assert (pending["id"], pending["payload"], pending["replaces_id"]) == (fresh, edited, card["id"])
    approve(approvals, pending)
    with pytest.raises(ApprovalRequired):
        claim(database, approvals, pending)
    claim(database, approvals, pending, edited)
    with database.reading() as connection:
        assert load_payload(connection, fresh) == edited


def test_an_edit_back_to_earlier_bytes_asks_again(approvals: Approvals) -> None:
    first = ask(approvals)
    approvals.edit(first["id"], first["payload_hash"], {"text": "other"}, actor="ada")
    (second,) = approvals.cards()
    approvals.edit(second["id"], second["payload_hash"], PAYLOAD, actor="ada")
    (third,) = approvals.cards()
    assert (third["payload"], third["replaces_id"]) == (PAYLOAD, second["id"])
    assert third["payload_hash"] == first["payload_hash"]
    approvals.edit(third["id"], third["payload_hash"], PAYLOAD, actor="ada")
    assert [one["status"] for one in approvals.cards()] == ["pending"]


@pytest.mark.parametrize(("money", "lives_s"), [(False, 24 * 3600), (True, 4 * 3600)])
def test_silence_is_a_no(money: bool, lives_s: int, approvals: Approvals, clock: PushedClock, database: Database) -> None:
    card = ask(approvals, money=money)
    clock.move_to(START + timedelta(seconds=lives_s - 1))
    assert approvals.expire() == 0
    clock.move_to(START + timedelta(seconds=lives_s))
    with pytest.raises(Conflict, match="already expired"):
        approve(approvals, card)
    assert approvals.cards() == []
    with database.reading() as connection:
        payloads = connection.execute(sa.select(EVENTS.c.payload).where(EVENTS.c.kind == "approval.decided")).scalars().all()
    assert [one["status"] for one in payloads] == ["expired"]


def test_an_unused_yes_expires_too(approvals: Approvals, clock: PushedClock, database: Database) -> None:
    """A yes to a message stands a week, while ceilings hold it back; then it is a no."""
    card = ask(approvals)
    approve(approvals, card)
    clock.move_to(START + timedelta(days=7) - timedelta(seconds=1))
    assert approvals.expire() == 0
    clock.move_to(START + timedelta(days=7))
    with pytest.raises(ApprovalRequired):
        claim(database, approvals, card)
    assert approvals.expire() == 1
    assert approvals.approved_topics() == []


def test_what_was_used_does_not_expire(approvals: Approvals, clock: PushedClock, database: Database) -> None:
    card = ask(approvals)
    approve(approvals, card)
    claim(database, approvals, card)
    clock.move_to(START + timedelta(days=3))
    assert approvals.expire() == 0
    claim(database, approvals, card)


def test_a_yes_to_money_keeps_its_four_hours(approvals: Approvals, clock: PushedClock) -> None:
    card = ask(approvals, money=True)
    code = approve(approvals, card)["confirm"]
    clock.move_to(START + timedelta(seconds=5))
    approve(approvals, card, confirm=code)
    clock.move_to(START + timedelta(hours=4))
    assert approvals.expire() == 1


def test_an_edit_after_the_yes_asks_again(approvals: Approvals, database: Database) -> None:
    card = ask(approvals)
    approve(approvals, card)
    fresh = approvals.edit(card["id"], card["payload_hash"], {**PAYLOAD, "text": "other words"}, actor="ada")
    assert status_of(approvals, card["id"]) == "replaced"
    assert status_of(approvals, fresh) == "pending"
    with pytest.raises(ApprovalRequired):
        claim(database, approvals, card)


def test_what_was_sent_cannot_be_edited(approvals: Approvals, database: Database) -> None:
    card = ask(approvals)
    approve(approvals, card)
    claim(database, approvals, card)
    with pytest.raises(Conflict, match="already used"):
        approvals.edit(card["id"], card["payload_hash"], {**PAYLOAD, "text": "other words"}, actor="ada")


def test_expiry_waits_for_a_claim_under_way(approvals: Approvals, clock: PushedClock, database: Database) -> None:
    """The clock of another process is ahead: it may not write over what is being used at that moment."""
    card = ask(approvals)
    approve(approvals, card)
    ahead = Approvals(database, PushedClock(START + timedelta(days=8)), approvals._audit, approvals._events)
    with ThreadPoolExecutor(1) as pool:
        with database.writing() as connection:
            approvals.claim(connection, card["id"], PAYLOAD, topic="dm.send", call_key="k1")
            expiry = pool.submit(ahead.expire)
            with pytest.raises(TimeoutError):
                expiry.result(timeout=0.5)
        expiry.result(timeout=30)
    assert status_of(approvals, card["id"]) == "used"


def test_money_needs_two_steps_apart(approvals: Approvals, clock: PushedClock) -> None:
    card = ask(approvals, money=True)
    assert card["needs_confirm"]
    first = approve(approvals, card)
    assert first["status"] == status_of(approvals, card["id"]) == "pending"
    for wait in (timedelta(0), timedelta(seconds=4, microseconds=999_999)):
        clock.move_to(START + wait)
        with pytest.raises(Conflict, match="at least 5 seconds"):
            approve(approvals, card, confirm=first["confirm"])
    clock.move_to(START + timedelta(seconds=5))
    with pytest.raises(Conflict, match="confirm code"):
        approve(approvals, card, confirm="0" * 16)
    assert approve(approvals, card, confirm=first["confirm"])["status"] == "approved"


def test_asking_for_a_new_code_starts_the_wait_again(approvals: Approvals, clock: PushedClock) -> None:
    card = ask(approvals, money=True)
    first = approve(approvals, card)["confirm"]
    clock.move_to(START + timedelta(seconds=5))
    second = approve(approvals, card)["confirm"]
    for code in (first, second):
        with pytest.raises(Conflict):
            approve(approvals, card, confirm=code)


def test_a_confirm_code_fits_its_item_only(approvals: Approvals, clock: PushedClock) -> None:
    one, two = ask(approvals, {"n": 1}, money=True), ask(approvals, {"n": 2}, money=True)
    code, _ = approve(approvals, one)["confirm"], approve(approvals, two)
    clock.move_to(START + timedelta(seconds=6))
    with pytest.raises(Conflict, match="confirm code"):
        approve(approvals, two, confirm=code)


def test_a_no_to_money_needs_one_step(approvals: Approvals) -> None:
    card = ask(approvals, money=True)
    assert approvals.decide(card["id"], "reject", card["payload_hash"], actor="ada")["status"] == "rejected"


def test_the_confirm_code_is_stored_as_a_hash(approvals: Approvals, database: Database) -> None:
    code = approve(approvals, ask(approvals, money=True))["confirm"]
    with database.reading() as connection:
        assert code not in str(connection.execute(sa.select(APPROVALS)).mappings().one())


def test_cards_come_oldest_first(approvals: Approvals, clock: PushedClock) -> None:
    later = START + timedelta(minutes=1)
    clock.move_to(later)
    young = ask(approvals, {"n": 1})
    clock.move_to(START)
    old = ask(approvals, {"n": 2})
    assert [one["id"] for one in approvals.cards()] == [old["id"], young["id"]]
