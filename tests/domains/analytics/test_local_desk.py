"""Funnels, trends, retention, events and flags from the events kept here, on both databases."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from revenue_machine.kit.clock import iso
from revenue_machine.kit.errors import Failure
from tests.app_fixture import START, make_app
from tests.domains.analytics.conftest import Row, Shelf
from tests.domains.revenue.house import House

TAGGED: tuple[Row, ...] = (
    ("a", "open", "2026-01-01", {"src": "x"}), ("a", "buy", "2026-01-02", {"src": "mail"}),
    ("b", "open", "2026-01-01", {"src": "x"}),
    ("c", "open", "2026-01-01"), ("c", "buy", "2026-01-03", {"src": "mail"}),
    ("d", "open", "2026-01-01"), ("e", "open", "2026-01-01", {"src": ""}), ("f", "open", "2026-01-01", {"src": None}),
)  # fmt: skip


def test_order_window_and_repeats_count(shelf_anywhere: Shelf) -> None:
    shelf_anywhere.keep(
        ("all", "open", "2026-01-01"), ("all", "buy", "2026-01-15"), ("late", "open", "2026-01-01"), ("late", "buy", "2026-01-15T00:00:01Z"),
        ("turned", "buy", "2026-01-01"), ("turned", "open", "2026-01-02"), ("again", "open", "2026-01-01"),
        ("again", "open", "2026-01-10"), ("again", "buy", "2026-01-20"), ("tie", "buy", "2026-01-01"), ("tie", "open", "2026-01-01"),
    )  # fmt: skip
    assert shelf_anywhere.people(["open", "buy"]) == [(None, 5), (None, 3)]
    assert shelf_anywhere.people(["open", "open", "buy"]) == [(None, 5), (None, 1), (None, 0)]
    assert shelf_anywhere.people(["open", "buy"], window_days=30) == [(None, 5), (None, 4)]
    assert shelf_anywhere.people(["open", "buy"], date_from="2026-01-10", date_to="2026-01-20") == [(None, 1), (None, 1)]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({}, [("mail", 1), ("mail", 1), ("x", 2), ("x", 1), ("no value", 3), ("no value", 0)]),
        ({"attribution": "last"}, [("mail", 2), ("mail", 2), ("x", 1), ("x", 0), ("no value", 3), ("no value", 0)]),
        ({"attribution": "step", "attribution_step": 1}, [("x", 2), ("x", 1), ("no value", 4), ("no value", 1)]),
        ({"attribution": "step", "attribution_step": 2}, [("mail", 2), ("mail", 2), ("no value", 4), ("no value", 0)]),
        ({"attribution": "any"}, [("x", 2), ("x", 0), ("no value", 4), ("no value", 0)]),
    ],
)  # fmt: skip
def test_attribution_says_which_value(how: dict[str, Any], expected: list[tuple[str, int]], shelf: Shelf) -> None:
    shelf.keep(*TAGGED)
    answer = shelf.ask("posthog.funnel", steps=["open", "buy"], breakdown="src", **how)
    assert [(row["breakdown"], row["people"]) for row in answer["rows"]] == expected
    assert (answer["attribution"], answer["attribution_step"]) == (how.get("attribution", "first"), how.get("attribution_step"))


def test_coverage_names_the_missing_tag(shelf_anywhere: Shelf) -> None:
    shelf_anywhere.keep(*TAGGED)
    answer = shelf_anywhere.ask("posthog.funnel", steps=["open", "buy"], breakdown="src")
    coverage = answer["coverage"]
    assert (coverage["people"], coverage["with_value"], coverage["share"]) == (6, 3, 0.5)
    assert "only 50% of the people at the first step carry 'src'" in coverage["note"]
    assert coverage["note"] in answer["notes"]
    full = shelf_anywhere.ask("posthog.funnel", steps=["buy", "open"], breakdown="src")["coverage"]
    assert (full["share"], full["note"]) == (1.0, None)


def test_values_of_every_kind_are_labels(shelf_anywhere: Shelf) -> None:
    values: list[Any] = ["text", 3, 2.5, True, ["a"], 'say "hi"']
    shelf_anywhere.keep(*((f"p{place}", "open", "2026-01-01", {"we ird.$v": value}) for place, value in enumerate(values)))
    found = {name for name, _ in shelf_anywhere.people(["open", "buy"], breakdown="we ird.$v")}
    assert found == {"text", "3", "2.5", "true", '["a"]', 'say "hi"'}


def test_rare_values_stand_together(shelf: Shelf) -> None:
    shelf.keep(*((f"p{place}", "open", "2026-01-01", {"n": place}) for place in range(130)))
    answer = shelf.ask("posthog.funnel", steps=["open", "buy"], breakdown="n")
    first = {row["breakdown"]: row["people"] for row in answer["rows"] if row["step"] == "open"}
    assert (len(first), first["other"], sum(first.values())) == (101, 30, 130)
    assert "30 rare values of n stand together as 'other'" in answer["notes"]


def test_middle_time_and_interval_are_shown(shelf: Shelf) -> None:
    for place, hours in enumerate((1, 2, 30)):
        shelf.keep(
            (f"p{place}", "open", iso(START)), (f"p{place}", "buy", iso(START + timedelta(hours=hours))), name=f"{place}.jsonl"
        )
    shelf.keep(("q", "open", iso(START)))
    row = shelf.ask("posthog.funnel", steps=["open", "buy"])["rows"][1]
    assert (row["people"], row["kept"], row["median_s"], row["needs_more"]) == (3, 0.75, 7200.0, 20)
    assert [round(edge, 4) for edge in row["interval"]] == [0.3562, 0.9421]


def test_same_events_as_at_posthog(house: House, tmp_path: Path) -> None:
    draw = random.Random(5)
    shelf, (fake, state) = Shelf(house.app, tmp_path), house.fake("posthog")
    rows = [
        (f"p{draw.randrange(60)}", draw.choice(["open", "try", "buy"]), START - timedelta(hours=draw.randrange(600)), {"src": draw.choice(["x", "y", None])})
        for _ in range(400)
    ]  # fmt: skip
    for person, event, at, properties in rows:
        fake.public_capture(state, event, person, properties, at)
    shelf.keep(*((person, event, iso(at), properties) for person, event, at, properties in rows))
    for steps in (["open", "try", "buy"], ["buy", "open"], ["open", "open", "open"], ["try", "buy", "try"]):
        for window in (1, 5, 30):
            asked = {"steps": steps, "window_days": window}
            there = house.app.call("posthog.funnel", {**asked, "source": "posthog"}).result["rows"]
            assert shelf.people(steps, window_days=window) == [(row["breakdown"], row["people"]) for row in there]


def test_seed_steps_go_by_both_names(shelf: Shelf) -> None:
    shelf.keep(("a", "$pageview", "2026-01-01"), ("b", "pageview", "2026-01-01"), ("a", "purchase", "2026-01-02"))
    assert shelf.people(["pageview", "purchase"]) == [(None, 2), (None, 1)]


def test_nothing_kept_says_so(shelf: Shelf) -> None:
    answer = shelf.ask("posthog.funnel", steps=["open", "buy"], breakdown="src")
    assert [row["people"] for row in answer["rows"]] == [0, 0]
    assert answer["notes"][0] == "no event called open is kept here; bring some with `revenue import events FILE`"


def test_own_steps_stand_in(house: House, tmp_path: Path) -> None:
    house.signs_up("ann", None, START, utm_source="x")
    house.clock.move_to(START + timedelta(hours=20))
    house.app.call("revenue.daily_snapshot")
    house.app.events.drain()
    shelf = Shelf(house.app, tmp_path)
    assert shelf.people(["signup", "purchase"]) == [(None, 1), (None, 0)]
    assert shelf.people(["signup", "purchase"], breakdown="utm_source") == [("x", 1), ("x", 0)]


def test_trends_count_events_and_people(shelf_anywhere: Shelf) -> None:
    shelf_anywhere.keep(
        ("a", "open", "2026-01-03T01:00:00Z", {"src": "x"}), ("a", "open", "2026-01-03T02:00:00Z", {"src": "x"}),
        ("b", "open", "2026-01-04", {"src": "y"}), ("b", "open", "2026-02-01"),
    )  # fmt: skip
    ask = {"event": "open", "interval": "month"}
    total = shelf_anywhere.ask("posthog.insights", **ask)
    assert [(point["at"], point["value"]) for point in total["series"][0]["points"]] == [("2026-01-01", 3.0), ("2026-02-01", 1.0)]
    assert (total["people"], total["source"]) == (2, "local")
    assert shelf_anywhere.ask("posthog.insights", **ask, math="dau")["series"][0]["points"][0]["value"] == 2.0
    lines = shelf_anywhere.ask("posthog.insights", **ask, breakdown="src")["series"]
    assert [(line["breakdown"], line["total"]) for line in lines] == [("x", 2.0), ("y", 1.0), ("no value", 1.0)]
    weeks = shelf_anywhere.ask("posthog.insights", event="open", interval="week")["series"][0]["points"]
    assert [(point["at"], point["value"]) for point in weeks][:2] == [("2025-12-28", 2.0), ("2026-01-04", 1.0)]


def test_retention_leaves_the_present_open(shelf_anywhere: Shelf) -> None:
    shelf_anywhere.keep(
        ("a", "buy", "2026-09-03"), ("a", "buy", "2026-10-03"), ("a", "buy", "2026-11-01"), ("b", "buy", "2026-09-30T23:59:59Z"),
        ("b", "buy", "2026-11-02"), ("c", "buy", "2026-10-01"),
    )  # fmt: skip
    answer = shelf_anywhere.ask("posthog.insights", kind="retention", event="buy", interval="month")
    assert [(one["cohort"], one["people"], one["returned"], one["kept"]) for one in answer["cohorts"]] == [
        ("2026-09-01", 2, [2, 1, None], [1.0, 0.5, None]), ("2026-10-01", 1, [1, None], [1.0, None]),
    ]  # fmt: skip
    later = shelf_anywhere.ask("posthog.insights", kind="retention", event="buy", interval="month", date_from="2026-10-01")
    assert [(one["cohort"], one["people"]) for one in later["cohorts"]] == [("2026-10-01", 1)]


def test_events_bring_chosen_properties(shelf_anywhere: Shelf) -> None:
    shelf_anywhere.keep(("a", "open", "2026-01-02", {"x": 1, "y": 2}), ("b", "open", "2026-01-01"), ("c", "open", "2026-01-03"))
    ask = {"event": "open", "after": "2026-01-01T00:00:00+00:00", "before": "2026-01-03T00:00:00+00:00", "properties": ["x"]}
    answer = shelf_anywhere.ask("posthog.events", **ask)
    assert [(one["user_id"], one["properties"]) for one in answer["events"]] == [("b", {}), ("a", {"x": 1})]


def test_flags_are_read_from_events(shelf: Shelf) -> None:
    said = {"$feature_flag": "paywall", "$feature_flag_response": "short"}
    shelf.keep(
        ("a", "$feature_flag_called", "2026-01-01", {**said, "$feature_flag_response": "control"}), ("a", "$feature_flag_called", "2026-01-02", said),
        ("b", "$feature_flag_called", "2026-01-02", said), ("c", "$feature_flag_called", "2026-01-02", {"$feature_flag": "new", "$feature_flag_response": False}),
    )  # fmt: skip
    flags = shelf.ask("posthog.feature_flags")["flags"]
    assert [(one["key"], one["people"]) for one in flags] == [("new", {"off": 1}), ("paywall", {"short": 2})]


def test_absent_posthog_is_answered_from_here(tmp_path: Path) -> None:
    app, _, _ = make_app(tmp_path, REVENUE_MODE="live", REVENUE_PUBLIC_URL="https://machine.example")
    shelf = Shelf(app, tmp_path)
    shelf.keep(("a", "open", "2026-01-01"), ("a", "buy", "2026-01-02"))
    for topic, payload in (
        ("posthog.funnel", {"steps": ["open", "buy"]}), ("posthog.insights", {"event": "open"}), ("posthog.feature_flags", {}),
        ("posthog.funnel_by_source", {"steps": ["open", "buy"]}), ("posthog.events", {"event": "open", "after": "2026-01-01T00:00:00Z"}),
    ):  # fmt: skip
        answer = app.call(topic, payload).result
        assert answer["source"] == "local"
        assert answer["notes"][0] == "PostHog is not configured: this is from the events kept here"
        error = app.call(topic, {**payload, "source": "posthog"}).error
        assert isinstance(error, Failure)
        assert error.code == "not_configured"
    app.close()


@pytest.mark.parametrize(
    ("payload", "field"),
    [({"breakdown": 'a"b'}, "breakdown"), ({"date_from": "2026-02-01", "date_to": "2026-01-01"}, "date_to"),
     ({"attribution": "step"}, None), ({"attribution": "step", "attribution_step": 3}, None), ({"attribution": "best"}, "attribution"),
     ({"days": 3, "date_from": "2026-01-01"}, None)],
)  # fmt: skip
def test_doubtful_questions_are_refused(payload: dict[str, Any], field: str | None, shelf: Shelf) -> None:
    error = shelf.app.call("posthog.funnel", {"steps": ["open", "buy"], "source": "local", **payload}).error
    assert isinstance(error, Failure)
    assert error.code == "bad_input"
    assert field is None or error.field == field
