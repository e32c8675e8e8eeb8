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
    assert result["biggest_drop_off"] == {
        "from_step": "trial", "to_step": "purchase", "lost": 1.0, "breakdown": None, "people_lost": 1, "value_at_stake_micro_usd": None,
    }  # fmt: skip
    assert (result["source"], result["notes"]) == ("posthog", ["without what PostHog's project calls internal and test users"])


def test_funnel_splits_by_source(house: House) -> None:
    people_came(house)
    result = house.app.call("posthog.funnel", {"steps": ["pageview", "signup"], "breakdown": "utm_source"}).result
    assert [(row["breakdown"], row["step"], row["people"]) for row in result["rows"]] == [
        ("x", "pageview", 2), ("x", "signup", 2), ("tiktok", "pageview", 2), ("tiktok", "signup", 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("payload", "field"),
    [({"steps": ["signup"]}, "steps"), ({"window_days": 0}, "window_days"),
     ({"step": []}, "step")],
)  # fmt: skip
def test_bad_funnel_input_names_field(house: House, payload: dict[str, object], field: str) -> None:
    error = house.app.call("posthog.funnel", payload).error
    assert isinstance(error, Failure)
    assert (error.code, error.field) == ("bad_input", field)


def test_repeated_step_needs_its_event_again(house: House) -> None:
    people_came(house)
    result = house.app.call("posthog.funnel", {"steps": ["signup", "signup"]}).result
    assert [row["people"] for row in result["rows"]] == [2, 0]


def test_untagged_visitors_are_covered(house: House) -> None:
    people_came(house)
    fake, state = house.fake("posthog")
    fake.public_capture(state, "$pageview", "eve", {}, START)
    fake.public_capture(state, "signup", "eve", {}, START + HOUR)
    payload = {"steps": ["pageview", "signup"], "breakdown": "utm_source", "attribution": "last_touch"}
    result = house.app.call("posthog.funnel", payload).result
    assert (result["attribution"], result["coverage"]["share"], result["coverage"]["note"]) == ("last", 0.8, None)
    assert [(row["breakdown"], row["people"]) for row in result["rows"]][-2:] == [("no value", 1), ("no value", 1)]
    assert result["biggest_drop_off"]["people_lost"] == 2


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


def test_flags_come_with_their_experiments(house: House) -> None:
    fake, state = house.fake("posthog")
    fake.public_flag(state, "paywall", 80, {"control": 50, "short": 50})
    fake.public_experiment(state, "Shorter paywall", "paywall", starts=START)
    fake.public_experiment(state, "Later", "paywall")
    result = house.app.call("posthog.feature_flags").result
    assert [(one["key"], one["rollout_percentage"], one["variants"]) for one in result["flags"]] == [
        ("paywall", 80.0, {"control": 50.0, "short": 50.0}),
    ]
    assert [(one["name"], one["status"], one["variants"]) for one in result["experiments"]] == [
        ("Later", "draft", {"control": 50.0, "short": 50.0}), ("Shorter paywall", "running", {"control": 50.0, "short": 50.0}),
    ]  # fmt: skip


def test_present_cohort_stays_open(house: House) -> None:
    people_came(house)
    payload = {"kind": "retention", "event": "signup", "returning": "pageview", "days": 2}
    cohorts = house.app.call("posthog.insights", payload).result["cohorts"]
    assert [(one["cohort"], one["people"], one["returned"]) for one in cohorts] == [
        ("2026-10-31", 0, [0, 0, None]), ("2026-11-01", 0, [0, None]), ("2026-11-02", 2, [2]),
    ]  # fmt: skip
