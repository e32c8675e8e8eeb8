"""What the morning's second look finds: lost webhooks, failed charges; and each source on its own."""

from __future__ import annotations

import pytest

from revenue_machine.engine.tables import EVENTS, LEDGER
from revenue_machine.integrations.stripe import fake_objects
from revenue_machine.kit.clock import iso
from revenue_machine.kit.errors import BadInput
from tests.domains.revenue.house import DAY, HOUR, START, House


def lose_hooks(house: House) -> None:
    """Whatever waits to be delivered never comes."""
    house.outside.store.run("update hooks set delivered_at = ? where delivered_at is null", iso(house.clock.now()))


def test_lost_purchase_is_found_by_look_up(house: House) -> None:
    house.tries("ann", START - 8 * DAY)
    house.deliver()
    fake, state = house.fake("revenuecat")
    fake.public_advance(state)
    lose_hooks(house)
    house.clock.move_to(START + 5 * HOUR)
    found = house.app.call("revcat.check_subscribers").result
    assert (found["found"], found["vendor_count"], found["known_count"], found["note"]) == (1, 1, 1, None)
    again = house.app.call("revcat.check_subscribers", key="again").result
    assert again["found"] == 0
    assert house.rows(LEDGER, "amount_micro_usd", kind="revenue") == [(19_990_000,)]


def test_counts_that_differ_are_told_once(house: House) -> None:
    house.tries("ann", START - 8 * DAY)
    fake, state = house.fake("revenuecat")
    fake.public_advance(state)
    lose_hooks(house)
    found = house.app.call("revcat.check_subscribers").result
    house.app.call("revcat.check_subscribers", key="again")
    assert found["note"].startswith("RevenueCat counts 1 paying subscribers; its webhooks told of 0. Whoever paid before")
    told = [row[1]["text"] for row in house.rows(EVENTS, "kind", "payload") if row[0] == "alert.raised"]
    assert told == [found["note"]]


def test_failed_charge_is_told_once(house: House) -> None:
    house.subscribes_at_stripe("sue", START - DAY)
    house.move_to(START)
    _fake, state = house.fake("stripe")
    payer = state.list("customer")[0]
    charge = fake_objects.charge(state, payer, 4900, int(START.timestamp()) - 3600, description="renewal", metadata={})
    fake_objects.keep(state, {**charge, "status": "failed", "paid": False, "failure_code": "card_declined"})
    found = house.app.call("stripe.check_payments").result
    assert (found["failed"], found["told"], found["amount_usd"]) == (1, 1, 49)
    again = house.app.call("stripe.check_payments", key="again").result
    assert (again["failed"], again["told"]) == (1, 0)
    told = [row[1]["text"] for row in house.rows(EVENTS, "kind", "payload") if row[0] == "alert.raised"]
    assert [text[:43] for text in told] == ["a payment of $49.00 failed (card declined):"]


@pytest.mark.parametrize(("topic", "service"), [("revcat", "revenuecat"), ("stripe", "stripe"), ("youtube", "youtube")])
def test_silent_source_keeps_its_last_numbers(house: House, topic: str, service: str) -> None:
    name = {"revcat": "revenue.revcat_overview", "stripe": "revenue.stripe_overview", "youtube": "revenue.youtube_stats"}[topic]
    assert house.app.call(name).result["outcome"] == "ok"
    house.snapshot("am")
    house.outside.add_fault(service, "/", "500", 50)
    fresh = house.app.call(name, key="fresh").result
    assert (fresh["outcome"], fresh["source"]) == ("ok", topic)
    house.clock.move_to(START + 2 * HOUR)
    stale = house.app.call(name, key="stale").result
    assert (stale["outcome"], stale["metrics"]) == ("stale", fresh["metrics"])
    assert stale["reason"]


def test_channel_is_shown_with_its_earnings(house: House) -> None:
    metrics = house.app.call("revenue.youtube_stats").result["metrics"]
    assert (metrics["title"], metrics["earnings"]["end"], len(metrics["top_videos"])) == ("EverReach", "2026-10-30", 10)
    found = house.app.call("youtube.analytics").result
    assert (found["first_date"], found["last_date"]) == ("2026-10-03", "2026-10-30")
    assert found["views"] == metrics["earnings"]["views"]
    assert found["estimated_usd"] == metrics["earnings"]["estimated_micro_usd"] / 1_000_000


def test_span_backwards_is_refused(house: House) -> None:
    error = house.app.call("youtube.analytics", {"from": "2026-10-02", "to": "2026-10-01"}).error
    assert isinstance(error, BadInput)
    assert isinstance(house.app.call("revenue.dashboard", {"from": "2026-12-02", "to": "2026-10-01"}).error, BadInput)


def test_day_of_money_is_exact(house: House) -> None:
    house.tries("ann", START - 8 * DAY)
    house.move_to(START)
    found = house.app.call("system.daily_revenue", {"day": "2026-11-01"}).result
    assert (found["sales_usd"], found["deductions_usd"], found["net_usd"], found["orders"]) == (19.99, -2.9985, 16.9915, 1)
    assert house.app.call("system.daily_revenue").result["sales_usd"] == 0
