"""What stands out in the last week, and what is too little to say."""

from __future__ import annotations

import pytest

from revenue_machine.domains.revenue.anomalies import Week, change_words, churn_anomaly, revenue_anomaly, sparkline
from revenue_machine.domains.revenue.tables import SUBSCRIPTIONS
from revenue_machine.engine.tables import EVENTS
from tests.domains.revenue.house import DAY, START, House

USUAL = [Week(100, 4, 20, 1_000)] * 4


@pytest.mark.parametrize(("last", "is_said"), [
    (Week(100, 12, 20, 1_000), True), (Week(100, 4, 20, 1_000), False), (Week(100, 5, 20, 1_000), False), (Week(20, 12, 20, 1_000), False),
    (Week(100, 2, 20, 1_000), False),
])  # fmt: skip
def test_churn_must_be_clearly_higher(last: Week, is_said: bool) -> None:
    assert (churn_anomaly([*USUAL, last]) is not None) == is_said


def test_churn_needs_people_all_along() -> None:
    assert churn_anomaly([Week(29, 1, 5, 9), *USUAL[1:], Week(100, 20, 9, 9)]) is None
    assert churn_anomaly([*USUAL[1:], Week(100, 20, 9, 9)]) is None


@pytest.mark.parametrize(("net", "is_said"), [(899, True), (900, False), (1_200, False)])
def test_revenue_must_fall_by_a_tenth(net: int, is_said: bool) -> None:
    assert (revenue_anomaly([*USUAL, Week(100, 4, 20, net)]) is not None) == is_said


def test_revenue_needs_sales_to_compare() -> None:
    assert revenue_anomaly([Week(9, 0, 9, 1_000)] * 4 + [Week(9, 0, 2, 10)]) is None
    assert revenue_anomaly([*USUAL[1:], Week(100, 4, 20, 1)]) is None
    assert revenue_anomaly([*USUAL[1:], Week(100, 4, 20, 300), Week(100, 4, 20, 400)]) is None


def test_bars_follow_the_values() -> None:
    assert sparkline([0, 7, 14, -3]) == "▁▄█▁"
    assert sparkline([0, 0]) == "▁▁"
    assert (change_words(11, 10), change_words(5, 0)) == ("+10 %", "")


def test_anomaly_is_told_once_a_week(house: House) -> None:
    row = {
        "provider": "revenuecat", "status": "active", "is_production": True, "is_revenue": True, "started_at": START - 90 * DAY,
        "paid_at": START - 90 * DAY, "newest_event_at": START - 90 * DAY, "created_at": START, "updated_at": START,
    }  # fmt: skip
    ends = [START - 3 * DAY if place < 20 else None for place in range(100)]
    rows = [{**row, "id": f"s{place}", "external_id": f"s{place}", "ended_at": end} for place, end in enumerate(ends)]
    with house.app.database.writing() as connection:
        connection.execute(SUBSCRIPTIONS.insert(), rows)
    house.snapshot("am")
    house.clock.move_to(START + 10 * DAY / 240)
    house.snapshot("pm")
    told = [row[1]["text"] for row in house.rows(EVENTS, "kind", "payload") if row[0] == "alert.raised"]
    assert told == ["churn of 7 days is 20.0 % (20 of 100), the four weeks before 0.0 %"]
