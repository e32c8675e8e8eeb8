"""Snapshots: what is skipped, stale or missing, who signed up, and what Stripe's webhooks did not bring."""

from __future__ import annotations

from pathlib import Path

import pytest

from revenue_machine.domains.revenue.tables import SNAPSHOTS, SUBSCRIPTIONS
from revenue_machine.engine.tables import EVENTS, LEDGER
from revenue_machine.kit.errors import Failure
from tests.domains.revenue.house import DAY, HOUR, PRICE, START, House, open_house


def outcomes(result: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    return {one["source"]: one["outcome"] for one in result["sources"]}


def test_sources_without_client_are_skipped_with_reason(house: House) -> None:
    result = house.snapshot("am")
    assert outcomes(result) == {"revcat": "ok", "stripe": "ok", "youtube": "ok", "meta": "skipped", "posthog": "ok"}
    assert all(one["reason"] for one in result["sources"] if one["outcome"] == "skipped")
    assert not result["is_stale"]


def test_snapshot_keeps_vendor_numbers(house: House) -> None:
    house.tries("ann", START - 8 * DAY)
    house.tries("bob", START)
    house.subscribes_at_stripe("sue", START)
    house.move_to(START + HOUR)
    house.snapshot("am")
    kept = {row[0]: row[1] for row in house.rows(SNAPSHOTS, "source", "metrics")}
    assert (kept["revcat"]["active_subscriptions"], kept["revcat"]["active_trials"], kept["revcat"]["mrr_micro_usd"]) == (
        1,
        1,
        PRICE,
    )
    assert kept["stripe"] == {"active_subscriptions": 1, "active_trials": 0, "own_paying": 1, "mrr_micro_usd": 49_000_000}


@pytest.mark.parametrize(("hour", "slot"), [(0, "am"), (5, "am"), (6, "pm"), (13, "pm")])
def test_slot_follows_local_time(house: House, hour: int, slot: str) -> None:
    house.clock.move_to(START + hour * HOUR)
    result = house.app.call("revenue.daily_snapshot").result
    assert (result["slot"], result["snapshot_date"]) == (slot, "2026-11-02")


def test_outage_leaves_last_known_numbers(house: House) -> None:
    house.tries("ann", START - 8 * DAY)
    house.move_to(START + HOUR)
    house.snapshot("am")
    house.clock.move_to(START + 13 * HOUR)
    house.outside.add_fault("revenuecat", "/", "500", 10)
    result = house.snapshot("pm")
    assert outcomes(result)["revcat"] == "stale"
    assert result["is_stale"]
    pm = [row for row in house.rows(SNAPSHOTS, "slot", "source", "is_stale", "metrics") if row[:2] == ("pm", "revcat")]
    assert [(row[2], row[3]["active_subscriptions"]) for row in pm] == [(True, 1)]
    alerts = [row[1] for row in house.rows(EVENTS, "kind", "payload") if row[0] == "alert.raised"]
    assert [(alert["kind"], alert["key"]) for alert in alerts] == [("source_down", "revenue/revcat/2026-11-02/pm")]


def test_first_outage_is_missing(house: House) -> None:
    house.outside.add_fault("revenuecat", "/", "down", 10)
    assert outcomes(house.snapshot("am"))["revcat"] == "missing"
    assert house.rows(SNAPSHOTS, "id", source="revcat") == []


def test_healed_source_replaces_stale_numbers(house: House) -> None:
    house.snapshot("am")
    house.clock.move_to(START + 13 * HOUR)
    house.outside.add_fault("revenuecat", "/", "500", 1)
    house.snapshot("pm", key="evening")
    house.snapshot("pm", key="evening")
    assert house.rows(SNAPSHOTS, "slot", "is_stale", source="revcat") == [("am", False), ("pm", False)]
    taken = [row[0] for row in house.rows(EVENTS, "key") if row[0].startswith("revenue.snapshot_taken")]
    assert len(taken) == 3


def test_same_snapshot_twice_is_one(house: House) -> None:
    house.signs_up("ann", None, START - HOUR)
    first = house.snapshot("am", key="k")
    second = house.snapshot("am", key="k")
    assert (first["signups"], second["signups"]) == (1, 0)
    assert [row[0] for row in house.rows(EVENTS, "key") if row[0].startswith("revenue.snapshot_taken")] == [
        "revenue.snapshot_taken/2026-11-02/am/revcat+stripe+youtube"
    ]  # fmt: skip


def test_person_signs_up_once(house: House) -> None:
    house.signs_up("ann", "c1", START - HOUR, utm_source="x", utm_medium="social", utm_campaign="post_a")
    house.signs_up("ann", "c2", START - HOUR / 2, utm_source="tiktok")
    assert house.snapshot("am")["signups"] == 1
    house.signs_up("bob", None, START - HOUR / 4)
    house.clock.move_to(START + 13 * HOUR)
    assert house.snapshot("pm")["signups"] == 1
    told = {row[1]: row[2] for row in house.rows(EVENTS, "kind", "key", "payload") if row[0] == "visitor.signed_up"}
    assert told == {
        "visitor.signed_up/ann": {
            "user_id": "ann", "click_id": "c1", "utm_source": "x", "utm_medium": "social", "utm_campaign": "post_a",
            "occurred_at": "2026-11-02T05:00:00+00:00",
        },
        "visitor.signed_up/bob": {
            "user_id": "bob", "click_id": None, "utm_source": None, "utm_medium": None, "utm_campaign": None,
            "occurred_at": "2026-11-02T05:45:00+00:00",
        },
    }  # fmt: skip


def test_lost_stripe_webhooks_are_caught_up(house: House) -> None:
    house.subscribes_at_stripe("sue", START)
    house.clock.move_to(START + HOUR)
    house.snapshot("am")
    assert house.rows(SUBSCRIPTIONS, "user_id", "status") == [("sue", "active")]
    assert house.rows(LEDGER, "kind", "amount_micro_usd", "product") == [
        ("payment_fee", -1_730_000, "clientportal"), ("revenue", 49_000_000, "clientportal"),
    ]  # fmt: skip
    assert house.deliver() > 0
    house.clock.move_to(START + 13 * HOUR)
    house.snapshot("pm")
    assert len(house.rows(LEDGER, "id")) == 2


def test_overview_is_asked_once_an_hour(house: House) -> None:
    house.snapshot("am")
    asked = "select count(*) from journal where path like '%overview%'"
    assert house.outside.store.run(asked) == [(1,)]
    assert house.app.call("revcat.overview").result["is_cached"]
    assert house.outside.store.run(asked) == [(1,)]
    house.clock.move_to(START + HOUR)
    assert not house.app.call("revcat.overview").result["is_cached"]


def test_active_subscribers_excludes_trials_and_sandbox(house: House) -> None:
    house.tries("ann", START - 8 * DAY)
    house.tries("bob", START)
    house.tries("cat", START - 8 * DAY, environment="SANDBOX")
    house.subscribes_at_stripe("sue", START)
    house.move_to(START + HOUR)
    result = house.app.call("revcat.active_subscribers").result
    assert (result["count"], result["trials"], result["known_here"], result["stripe_only"]) == (1, 1, 1, 1)


def test_down_revenuecat_counts_as_stale(house: House) -> None:
    house.snapshot("am")
    house.clock.move_to(START + 3 * HOUR)
    house.outside.add_fault("revenuecat", "/", "down", 10)
    result = house.app.call("revcat.active_subscribers").result
    assert (result["count"], result["is_stale"]) == (0, True)


def test_live_house_without_keys_skips_all(tmp_path: Path) -> None:
    held = open_house(tmp_path, REVENUE_MODE="live", REVENUE_CONFIG=str(_own_file(tmp_path)))
    result = held.snapshot("am")
    assert {outcomes(result)[name] for name in ("revcat", "stripe", "youtube", "meta")} == {"skipped"}
    error = held.app.call("revcat.overview").error
    assert isinstance(error, Failure)
    assert error.field == "REVENUE_REVENUECAT__API_KEY"
    held.app.close()


def _own_file(folder: Path) -> Path:
    source = Path(__file__).parents[3] / "src" / "revenue_machine" / "domains" / "owner" / "example.toml"
    place = folder / "revenue.toml"
    place.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    return place
