"""Webhooks that never came are found at night, counted once, and said; those that come after all change nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from revenue_machine.domains.revenue.tables import SUBSCRIPTIONS
from revenue_machine.engine.tables import EVENTS, HOOK_INBOX, LEDGER
from tests.domains.revenue.house import DAY, HOUR, PRICE, START, House


def audit(house: House) -> dict[str, dict[str, Any]]:
    envelope = house.app.call("revenue.reconcile_webhooks")
    assert envelope.ok, envelope.as_dict()
    return {one["service"]: one for one in envelope.result["looks"]}


def lose(house: House, service: str) -> list[tuple[str, bytes]]:
    """Take every webhook of a service off the postman; what they were, for later."""
    rows = house.outside.store.run("select key, body from hooks where service = ? and delivered_at is null order by place", service)
    house.outside.store.run("update hooks set delivered_at = 'lost' where service = ? and delivered_at is null", service)
    return [(key, bytes(body)) for key, body in rows]


def advance(house: House, at: Any, *services: str) -> None:
    house.clock.move_to(at)
    for service in services:
        fake, state = house.fake(service)
        fake.public_advance(state)


def revenue(house: House) -> list[int]:
    return sorted(row[0] for row in house.rows(LEDGER, "amount_micro_usd", kind="revenue"))


def test_ten_lost_stripe_events_are_found(house: House) -> None:
    for number in range(5):
        house.subscribes_at_stripe(f"p{number}", START + number * HOUR)
    house.move_to(START + 6 * HOUR)
    audit(house)
    known = len(house.rows(HOOK_INBOX, "id", service="stripe"))
    for number in range(5):
        house.subscribes_at_stripe(f"lost{number}", START + 7 * HOUR)
    house.clock.move_to(START + 8 * HOUR)
    lost = lose(house, "stripe")
    found = audit(house)["stripe"]
    wanted = {key for key, body in lost if b'"invoice.paid"' in body or b'"customer.subscription.created"' in body}
    assert wanted <= set(found["found"])
    assert len(wanted) == 10
    assert revenue(house) == [49_000_000] * 10
    assert len(house.rows(HOOK_INBOX, "id", service="stripe")) == known + len(found["found"])
    assert [row[0]["kind"] for row in house.rows(EVENTS, "payload", kind="alert.raised")] == ["webhooks_lost"]
    assert audit(house)["stripe"]["found"] == []


def test_found_events_that_come_late_change_nothing(house: House) -> None:
    house.subscribes_at_stripe("p1", START)
    house.clock.move_to(START + HOUR)
    lost = lose(house, "stripe")
    audit(house)
    before = house.rows(SUBSCRIPTIONS, "id", "status", "paid_at"), revenue(house), house.rows(EVENTS, "key")
    assert sum(house._bring("stripe", key, body) for key, body in lost if b"invoice.paid" in body) == 0
    for key, body in lost:
        house._bring("stripe", key, body)
    house.app.inbox.drain()
    assert (house.rows(SUBSCRIPTIONS, "id", "status", "paid_at"), revenue(house), house.rows(EVENTS, "key")) == before


def test_both_webhook_and_poll_count_once(house: House) -> None:
    house.subscribes_at_stripe("p1", START)
    house.move_to(START + HOUR)
    house.snapshot("am")
    audit(house)
    house.snapshot("pm")
    assert revenue(house) == [49_000_000]
    assert len(house.rows(EVENTS, "key", kind="billing.purchased")) == 1


def test_lost_renewal_of_revenuecat_is_looked_up(house: House) -> None:
    house.tries("p1", START)
    house.move_to(START + HOUR)
    advance(house, START + 7 * DAY + HOUR, "revenuecat")
    lost = lose(house, "revenuecat")
    house.clock.move_to(START + 7 * DAY + 5 * HOUR)
    found = audit(house)["revenuecat"]
    assert (found["listed"], len(found["found"]), found["unexplained"]) == (1, 1, [])
    assert revenue(house) == [PRICE]
    assert [row[0] for row in house.rows(SUBSCRIPTIONS, "status")] == ["active"]
    for key, body in lost:
        house._bring("revenuecat", key, body)
    house.app.inbox.drain()
    assert revenue(house) == [PRICE]
    assert len(house.rows(EVENTS, "key", kind="billing.purchased")) == 1


def test_stranger_of_revenuecat_is_met(house: House) -> None:
    audit(house)
    fake, state = house.fake("revenuecat")
    fake.public_purchase(state, "p9", "everreach_pro_monthly", PRICE, at=START)
    house.clock.move_to(START + 2 * HOUR)
    lost = lose(house, "revenuecat")
    assert len(audit(house)["revenuecat"]["found"]) == 1
    house._bring("revenuecat", *lost[0])
    house.app.inbox.drain()
    assert revenue(house) == [PRICE]
    assert house.rows(SUBSCRIPTIONS, "status", "user_id") == [("active", "p9")]
    assert len(house.rows(EVENTS, "key", kind="billing.purchased")) == 1


def test_lost_expiration_is_looked_up_and_churns_once(house: House) -> None:
    fake, state = house.fake("revenuecat")
    fake.public_purchase(state, "p1", "everreach_pro_monthly", PRICE, renews=False, at=START)
    house.move_to(START + HOUR)
    advance(house, START + 32 * DAY, "revenuecat")
    lost = lose(house, "revenuecat")
    audit(house)
    assert [row[0] for row in house.rows(SUBSCRIPTIONS, "status")] == ["expired"]
    for key, body in lost:
        house._bring("revenuecat", key, body)
    house.app.inbox.drain()
    assert len(house.rows(EVENTS, "key", kind="billing.churned")) == 1


def test_amount_nobody_can_tell_waits_for_a_person(house: House) -> None:
    fake, state = house.fake("revenuecat")
    name = fake.public_purchase(state, "p1", "everreach_pro_monthly", PRICE, at=START)
    house.move_to(START + HOUR)
    held = state.get("subscription", name)
    held["micro_usd"] = PRICE + 1_000_000
    state.put("subscription", name, held)
    advance(house, START + 62 * DAY, "revenuecat")
    lose(house, "revenuecat")
    advance(house, START + 94 * DAY, "revenuecat")
    house.clock.move_to(START + 94 * DAY + 5 * HOUR)
    lose(house, "revenuecat")
    found = audit(house)["revenuecat"]
    assert (found["found"], len(found["unexplained"])) == ([], 1)
    assert revenue(house) == [PRICE]


def test_till_that_is_down_stops_no_other(house: House) -> None:
    house.outside.add_fault("stripe", "/v1/events", "500", 9)
    looks = audit(house)
    assert (looks["stripe"]["outcome"], looks["revenuecat"]["outcome"]) == ("missing", "ok")


def test_what_is_on_its_way_is_not_lost(house: House) -> None:
    house.subscribes_at_stripe("p1", START)
    house.clock.move_to(START + timedelta(minutes=10))
    assert audit(house)["stripe"]["listed"] == 0
