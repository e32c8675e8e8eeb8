"""The evening's row: who pays, how far people came, and one alert when a phase is crossed."""

from __future__ import annotations

from datetime import date, timedelta

from revenue_machine.domains.feedback.tables import FEEDBACK_POSTS
from revenue_machine.domains.funnel import reads
from revenue_machine.domains.funnel.tables import FUNNEL_SNAPSHOTS
from revenue_machine.domains.revenue.tables import SNAPSHOTS
from revenue_machine.engine.tables import EVENTS
from tests.domains.revenue.house import DAY, HOUR, PRICE, START, House

EVENING = START + 13 * HOUR
COUNTS = ("snapshot_date", "impressions", "clicks", "signups", "trials", "purchases")


def test_evening_row_counts_the_day(house: House) -> None:
    house.publishes("post_a", START)
    house.clicks("c1", "post_a", "v1", START + HOUR)
    house.clicks("c2", "post_a", "v2", START + HOUR)
    house.signs_up("ann", "c1", START + 2 * HOUR)
    house.tries("ann", START + 3 * HOUR)
    house.move_to(EVENING)
    house.snapshot("pm")
    assert house.rows(FUNNEL_SNAPSHOTS, *COUNTS) == [(date(2026, 11, 2), 0, 2, 1, 1, 0)]
    rates = ("impression_to_click", "click_to_signup", "signup_to_trial", "trial_to_paid", "month1_retention")
    assert house.rows(FUNNEL_SNAPSHOTS, *rates) == [(None, 0.5, 1.0, None, None)]
    assert house.rows(FUNNEL_SNAPSHOTS, "paying_users", "mrr_micro_usd", "phase", "is_stale") == [(0, 0, 1, False)]


def test_morning_writes_no_row(house: House) -> None:
    house.snapshot("am")
    assert house.rows(FUNNEL_SNAPSHOTS, "id") == []


def test_morning_finishes_yesterday(house: House) -> None:
    house.publishes("post_a", START)
    house.clock.move_to(EVENING)
    house.snapshot("pm")
    house.clicks("c9", "post_a", "v9", EVENING + 2 * HOUR)
    house.clock.move_to(START + DAY)
    house.snapshot("am")
    assert house.rows(FUNNEL_SNAPSHOTS, "snapshot_date", "clicks") == [(date(2026, 11, 2), 1)]


def test_money_of_both_tills_is_summed(house: House) -> None:
    house.tries("ann", START - 8 * DAY)
    house.subscribes_at_stripe("sue", START)
    house.move_to(EVENING)
    house.snapshot("pm")
    columns = ("paying_users", "stripe_paying_users", "mrr_micro_usd", "mrr_usd")
    assert [tuple(map(float, row)) for row in house.rows(FUNNEL_SNAPSHOTS, *columns)] == [(1, 1, PRICE + 49_000_000, 68.99)]


def test_matured_trials_make_the_rate(house: House) -> None:
    house.tries("ann", START - 12 * DAY)
    house.tries("bob", START - 12 * DAY, will_convert=False)
    house.tries("new", START - DAY)
    house.move_to(EVENING)
    house.snapshot("pm")
    assert house.rows(FUNNEL_SNAPSHOTS, "trial_to_paid", "trial_cohort") == [(0.5, 2)]


def test_month_one_retention_needs_grown_cohort(house: House) -> None:
    house.tries("ann", START)
    leaver = house.tries("bob", START)
    house.move_to(START + 8 * DAY)
    fake, state = house.fake("revenuecat")
    fake.public_cancel(state, leaver)
    house.move_to(START + 20 * DAY + 13 * HOUR)
    house.snapshot("pm")
    house.move_to(START + 45 * DAY + 13 * HOUR)
    house.snapshot("pm")
    assert house.rows(FUNNEL_SNAPSHOTS, "snapshot_date", "month1_retention", "month1_cohort") == [
        (date(2026, 11, 22), None, 0), (date(2026, 12, 17), 0.5, 2),
    ]  # fmt: skip


def test_outage_row_is_stale_and_keeps_phase(house: House) -> None:
    house.outside.add_fault("revenuecat", "/", "500", 10)
    house.clock.move_to(EVENING)
    house.snapshot("pm")
    assert house.rows(FUNNEL_SNAPSHOTS, "paying_users", "is_stale", "phase") == [(None, True, 1)]


def evening_with(house: House, place: int, people: int) -> None:
    """An evening at which RevenueCat says that many pay."""
    at = EVENING + place * DAY
    house.clock.move_to(at)
    row = {
        "id": f"r{place}", "source": "revcat", "slot": "pm", "snapshot_date": at.date(),
        "metrics": {"active_subscriptions": people}, "is_stale": False, "as_of": at, "created_at": at,
    }  # fmt: skip
    with house.app.database.writing() as connection:
        connection.execute(SNAPSHOTS.insert(), row)
    house.snapshot("pm")


def test_crossing_is_told_once(house: House) -> None:
    for place, people in enumerate([49, 50, 50, 51, 60]):
        evening_with(house, place, people)
    assert [row[1] for row in house.rows(FUNNEL_SNAPSHOTS, "snapshot_date", "phase")] == [1, 1, 2, 2, 2]
    told = [(row[0], row[1]) for row in house.rows(EVENTS, "kind", "payload") if row[0] in ("phase.crossed", "alert.raised")]
    assert [row[0] for row in told] == ["alert.raised", "phase.crossed"]
    assert told[1][1] == {"from": 1, "to": 2, "paying_users": 50}
    with house.app.database.reading() as connection:
        assert reads.current_phase(connection) == 2


def test_views_of_the_day_are_impressions(house: House) -> None:
    house.publishes("post_a", START)
    house.clicks("c1", "post_a", "v1", START + HOUR)
    columns = {column.name: None for column in FEEDBACK_POSTS.columns if not column.computed}
    row = {**columns, "post_id": "post_a", "platform": "x", "niche": "saas_growth", "url": "https://x.example/1",
           "published_at": START, "views": 200, "registered_at": START, "updated_at": START}  # fmt: skip
    known = {name: value for name, value in row.items() if value is not None}
    required = {
        column.name: "none" for column in FEEDBACK_POSTS.columns
        if not column.nullable and column.default is None and column.name not in known and not column.computed
    }  # fmt: skip
    with house.app.database.writing() as connection:
        connection.execute(FEEDBACK_POSTS.insert(), {**known, **required})
    house.clock.move_to(EVENING)
    house.snapshot("pm")
    assert house.rows(FUNNEL_SNAPSHOTS, "impressions", "impression_to_click") == [(200, 0.005)]


def test_row_stands_per_local_date(house: House) -> None:
    house.clock.move_to(EVENING)
    house.snapshot("pm")
    house.clock.move_to(EVENING + timedelta(hours=1))
    house.snapshot("pm")
    assert len(house.rows(FUNNEL_SNAPSHOTS, "id")) == 1
