"""Funnels, trends, retention and events through the topics, over the pretend vendor."""

from __future__ import annotations

import pytest

from revenue_machine.kit.clock import iso
from revenue_machine.kit.errors import Failure
from tests.domains.revenue.house import DAY, HOUR, START, House


def people_came(house: House) -> None:
    """Four saw the page, two signed up, one began a trial; two came from x."""
    fake, state = house.fake("posthog")
    for place, person in enumerate(("ann", "bob", "cat", "dan")):
        source = {"utm_source": "x"} if place < 2 else {"utm_source": "tiktok"}
        fake.public_capture(state, "$pageview", person, source, START + place * HOUR)
        if place < 2:
            fake.public_capture(state, "signup", person, {**source, "rc": f"c{place}"}, START + place * HOUR + HOUR / 2)
    fake.public_capture(state, "trial_started", "ann", {"utm_source": "x"}, START + 2 * HOUR)
    house.clock.move_to(START + 5 * HOUR)


def test_funnel_counts_seed_steps(house: House) -> None:
    people_came(house)
    result = house.app.call("posthog.funnel", {"steps": ["pageview", "signup", "trial", "purchase"]}).result
    assert [(row["step"], row["people"], row["kept"]) for row in result["rows"]] == [
        ("pageview", 4, None), ("signup", 2, 0.5), ("trial", 1, 0.5), ("purchase", 0, 0.0),
    ]  # fmt: skip
    assert result["biggest_drop_off"] == {"from_step": "trial", "to_step": "purchase", "lost": 1.0, "breakdown": None}


def test_funnel_splits_by_source(house: House) -> None:
    people_came(house)
    result = house.app.call("posthog.funnel", {"steps": ["pageview", "signup"], "breakdown": "utm_source"}).result
    assert [(row["breakdown"], row["step"], row["people"]) for row in result["rows"]] == [
        ("x", "pageview", 2), ("x", "signup", 2), ("tiktok", "pageview", 2), ("tiktok", "signup", 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("payload", "field"),
    [({"steps": ["signup"]}, "steps"), ({"steps": ["signup", "signup"]}, "steps"), ({"window_days": 0}, "window_days"),
     ({"step": []}, "step")],
)  # fmt: skip
def test_bad_funnel_input_names_field(house: House, payload: dict[str, object], field: str) -> None:
    error = house.app.call("posthog.funnel", payload).error
    assert isinstance(error, Failure)
    assert (error.code, error.field) == ("bad_input", field)


def test_local_source_waits_for_issue_three(house: House) -> None:
    error = house.app.call("posthog.funnel", {"steps": ["a", "b"], "source": "local"}).error
    assert isinstance(error, Failure)
    assert (error.code, error.details["issue"]) == ("not_configured", 3)


def test_trend_counts_days(house: House) -> None:
    people_came(house)
    result = house.app.call("posthog.insights", {"event": "signup", "days": 1}).result
    assert [series["total"] for series in result["series"]] == [2.0]


def test_retention_follows_cohorts(house: House) -> None:
    people_came(house)
    fake, state = house.fake("posthog")
    fake.public_capture(state, "$pageview", "ann", {}, START + DAY + HOUR)
    house.clock.move_to(START + 2 * DAY)
    payload = {"kind": "retention", "event": "signup", "returning": "pageview", "days": 2}
    cohorts = [cohort for cohort in house.app.call("posthog.insights", payload).result["cohorts"] if cohort["people"]]
    assert [(cohort["people"], cohort["kept"][1]) for cohort in cohorts] == [(2, 0.5)]


def test_events_bring_chosen_properties(house: House) -> None:
    people_came(house)
    payload = {"event": "signup", "after": iso(START), "properties": ["rc", "absent"]}
    events = house.app.call("posthog.events", payload).result["events"]
    assert [(one["user_id"], one["properties"]) for one in events] == [("ann", {"rc": "c0"}), ("bob", {"rc": "c1"})]


def test_time_without_zone_is_refused(house: House) -> None:
    error = house.app.call("posthog.events", {"event": "signup", "after": "2026-11-02T06:00:00"}).error
    assert isinstance(error, Failure)
    assert (error.code, error.field) == ("bad_input", "after")


@pytest.mark.parametrize("name", ["posthog.feature_flags", "posthog.funnel_by_source"])
def test_planned_topics_say_so(house: House, name: str) -> None:
    error = house.app.call(name).error
    assert isinstance(error, Failure)
    assert (error.code, error.details["issue"]) == ("not_configured", 3)
