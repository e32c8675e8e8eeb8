"""The pretend PostHog through our client: what people did comes back as funnels, trends, retention and rows."""

from __future__ import annotations

import base64
import gzip
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from revenue_machine.integrations.posthog import fake, fake_insights
from revenue_machine.integrations.posthog.posthog_client import PostHogClient, QuotaExceeded
from revenue_machine.integrations.posthog.wire import CaptureEvent, FunnelRow
from revenue_machine.kit.errors import OutsideAuthFailed, OutsideRateLimited, OutsideRejected
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse
from revenue_machine.sandbox.store import ServiceState, WorldStore
from revenue_machine.sandbox.vendors import Outside

ClientOf = Callable[..., PostHogClient]
START = datetime(2026, 11, 22, 6, tzinfo=UTC)
FROM = START - timedelta(days=30)
STEPS = ("signup", "trial_started", "purchase")
KEY = {"authorization": "Bearer sk_sandbox_posthog"}


def state_of(outside: Outside) -> ServiceState:
    return outside.state("posthog")


def did(outside: Outside, who: str, event: str, hours: float, **properties: Any) -> str:
    return fake.public_capture(state_of(outside), event, who, properties, FROM + timedelta(hours=hours))


def counts(rows: list[FunnelRow]) -> list[tuple[str | None, int]]:
    return [(row.breakdown, row.count) for row in rows]


def ask(outside: Outside, method: str, path: str, body: Any = None, **more: Any) -> FakeResponse:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    query = tuple(more.get("query", ()))
    return fake.respond(state_of(outside), FakeRequest(method, path, query, {**KEY, **more.get("headers", {})}, raw))


def test_funnel_counts_people_in_order(outside: Outside, client_of: ClientOf) -> None:
    for who, story in {
        "all": [("signup", 1), ("trial_started", 2), ("purchase", 30)],
        "two": [("signup", 1), ("trial_started", 5)],
        "wrong order": [("trial_started", 1), ("signup", 2)],
        "twice": [("signup", 1), ("signup", 2), ("trial_started", 4)],
        "too late": [("signup", 1), ("trial_started", 1 + 24 * 15)],
        "second chance": [("signup", 1), ("signup", 24 * 14), ("trial_started", 24 * 16)],
    }.items():
        for event, hours in story:
            did(outside, who, event, hours)
    rows = client_of(PostHogClient).funnel(STEPS, date_from=FROM, date_to=START, window_days=14)
    assert [row.count for row in rows] == [6, 4, 1]
    assert rows[0].average_conversion_s is None
    assert rows[1].average_conversion_s == (1 + 4 + 2 + 48) * 3600 / 4
    assert rows[2].average_conversion_s == 28 * 3600


def test_repeated_step_needs_repeated_event(outside: Outside, client_of: ClientOf) -> None:
    did(outside, "once", "open", 1)
    for hours in (1, 2):
        did(outside, "twice", "open", hours)
    rows = client_of(PostHogClient).funnel(["open", "open", "open"], date_from=FROM, date_to=START)
    assert [row.count for row in rows] == [2, 1, 0]


def test_breakdown_is_first_touch(outside: Outside, client_of: ClientOf) -> None:
    for number in range(3):
        did(outside, f"t{number}", "signup", 1, utm_source="tiktok")
        did(outside, f"t{number}", "purchase", 2, utm_source="email")
    did(outside, "late", "signup", 1)
    did(outside, "late", "purchase", 2, utm_source="x")
    did(outside, "none", "signup", 1)
    rows = client_of(PostHogClient).funnel(["signup", "purchase"], date_from=FROM, date_to=START, breakdown="utm_source")
    assert counts(rows) == [("tiktok", 3), ("tiktok", 3), (None, 1), (None, 0), ("x", 1), ("x", 1)]


def test_range_of_time_is_kept(outside: Outside, client_of: ClientOf) -> None:
    for hours in (-1, 0, 24, 720, 721):
        did(outside, f"p{hours}", "signup", hours)
        did(outside, f"p{hours}", "purchase", hours)
    rows = client_of(PostHogClient).funnel(["signup", "purchase"], date_from=FROM, date_to=START)
    assert [row.count for row in rows] == [3, 3]


def test_identified_person_is_one(outside: Outside, client_of: ClientOf) -> None:
    did(outside, "anon-1", "signup", 1)
    did(outside, "user-1", "$identify", 2, **{"$anon_distinct_id": "anon-1"})
    did(outside, "user-1", "purchase", 3)
    did(outside, "user-2", "$identify", 4, **{"$anon_distinct_id": "user-1"})
    did(outside, "user-2", "purchase", 5)
    rows = client_of(PostHogClient).funnel(["signup", "purchase"], date_from=FROM, date_to=START)
    assert [row.count for row in rows] == [1, 1]


def test_captured_events_are_kept_once(outside: Outside, client_of: ClientOf) -> None:
    events = [
        CaptureEvent(event="email_click", distinct_id=f"v{n}", at=START - timedelta(hours=n), natural_key=f"k{n}")
        for n in range(150)
    ]
    client = client_of(PostHogClient)
    client.capture(events)
    client.capture(events)
    table = client.hogql("SELECT event, count(), count(DISTINCT distinct_id) AS people FROM events GROUP BY event")
    assert (table.columns, table.rows) == (["event", "count()", "people"], [["email_click", 150, 150]])


def test_events_come_back_in_order(outside: Outside, client_of: ClientOf) -> None:
    for number in range(2300):
        did(
            outside, f"v{number % 7}", "open" if number % 2 else "click", number // 10, n=number, plan=None if number % 3 else "pro"
        )
    found = client_of(PostHogClient).events(["click"], date_from=FROM, date_to=START, properties=["n", "plan"])
    assert len(found) == 1150
    assert [(one.timestamp, one.uuid) for one in found] == sorted((one.timestamp, one.uuid) for one in found)
    assert sorted(one.properties["n"] for one in found) == list(range(0, 2300, 2))
    assert {one.properties.get("plan") for one in found} == {None, "pro"}
    both = client_of(PostHogClient).events(["click", "open"], date_from=FROM, date_to=FROM + timedelta(hours=1))
    assert [one.event for one in both].count("open") == 5


def test_microseconds_survive(outside: Outside, client_of: ClientOf) -> None:
    at = START - timedelta(microseconds=1)
    uuid = fake.public_capture(state_of(outside), "signup", "v", {}, at)
    found = client_of(PostHogClient).events(["signup"], date_from=at, date_to=START)
    assert [(one.uuid, one.occurred_at) for one in found] == [(uuid, at)]


def test_trends_count_events_and_people(outside: Outside, client_of: ClientOf) -> None:
    for hours, who in ((1, "a"), (2, "a"), (3, "b"), (25, "a")):
        did(outside, who, "open", hours, plan="pro" if who == "a" else "free")
    client, to = client_of(PostHogClient), FROM + timedelta(days=2)
    total = client.trends("open", date_from=FROM, date_to=to)[0]
    assert (total.data, total.days, total.count) == ([3.0, 1.0, 0.0], ["2026-10-23", "2026-10-24", "2026-10-25"], 4.0)
    assert client.trends("open", date_from=FROM, date_to=to, math="dau")[0].data == [2.0, 1.0, 0.0]
    lines = client.trends("open", date_from=FROM, date_to=to, breakdown="plan")
    assert [(line.group, line.data) for line in lines] == [("pro", [2.0, 1.0, 0.0]), ("free", [1.0, 0.0, 0.0])]


def test_retention_follows_cohorts(outside: Outside, client_of: ClientOf) -> None:
    for who, days in {"a": (0, 1, 2), "b": (0, 2), "c": (1, 2), "old": (-40, 0, 1)}.items():
        for day in days:
            did(outside, who, "open", day * 24 + 1)
    rows = client_of(PostHogClient).retention(
        "open", "open", date_from=FROM, date_to=FROM + timedelta(days=2, hours=2), intervals=3
    )
    assert [[value.count for value in row.values] for row in rows] == [[2, 1, 2], [1, 1], [0]]


def test_background_query_is_polled(outside: Outside) -> None:
    did(outside, "v", "open", 1)
    query = {"kind": "HogQLQuery", "query": "SELECT count() FROM events"}
    first = ask(outside, "POST", "/api/projects/1/query/", {"query": query, "refresh": "async"})
    name = json.loads(first.body)["query_status"]["id"]
    looks = [json.loads(ask(outside, "GET", f"/api/projects/1/query/{name}/").body)["query_status"] for _ in range(2)]
    assert (first.status, [look["complete"] for look in looks]) == (202, [False, True])
    assert looks[1]["results"]["results"] == [[1]]


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT event, count() FROM events GROUP BY event ORDER BY count() DESC", [["open", 3], ["buy", 1]]),
        ("select properties.plan, count() as n from events where event = 'open' group by properties.plan order by n desc limit 1",
         [["pro", 2]]),
        ("SELECT toDate(timestamp) AS day, uniq(distinct_id) FROM events GROUP BY day ORDER BY day",
         [["2026-10-23", 2], ["2026-10-24", 1]]),
        ("SELECT distinct_id FROM events WHERE properties.`plan` IS NULL AND event NOT IN ('open')", [["a"]]),
        ("SELECT distinct_id, properties['n'] FROM events WHERE properties.n >= 2 AND properties.n != 3", [["b", 2]]),
        ("SELECT count() FROM events WHERE event IN ('nope')", [[0]]),
        ("SELECT event FROM events WHERE timestamp > toDateTime('2026-10-24 00:00:00') ORDER BY timestamp LIMIT 5 OFFSET 1",
         [["buy"]]),
    ],
)  # fmt: skip
def test_hogql_subset_answers(query: str, rows: list[Any], outside: Outside, client_of: ClientOf) -> None:
    did(outside, "a", "open", 1, plan="pro", n=1)
    did(outside, "b", "open", 2, plan="it's", n=2)
    did(outside, "a", "open", 25, plan="pro", n=3)
    did(outside, "a", "buy", 26)
    assert client_of(PostHogClient).hogql(query).rows == rows


@pytest.mark.parametrize(
    "query",
    [
        "", "SELECT", "SELECT nope FROM events", "SELECT event FROM persons", "SELECT event FROM events; DROP TABLE events",
        "SELECT event, count() FROM events", "SELECT event FROM events WHERE event = ",
        "SELECT event FROM events WHERE event = {x}",
        "SELECT event FROM events WHERE event LIKE 'a'", "SELECT event FROM events LIMIT 'x", "SELECT event FROM events \u0000",
    ],
)  # fmt: skip
def test_other_hogql_is_refused(query: str, client_of: ClientOf) -> None:
    with pytest.raises(OutsideRejected):
        client_of(PostHogClient).hogql(query)


def test_queries_are_limited_by_hour(outside: Outside, client_of: ClientOf) -> None:
    client = client_of(PostHogClient)
    state_of(outside).put("rate", "query", {"hour": int(START.timestamp()) // 3600, "used": 2399})
    assert client.hogql("SELECT count() FROM events").rows == [[0]]
    with pytest.raises(OutsideRateLimited) as caught:
        client.hogql("SELECT count() FROM events")
    assert caught.value.retry_after_s == 3600.0
    outside.store.move_to(START + timedelta(hours=1))
    assert client.hogql("SELECT count() FROM events").rows == [[0]]


def test_quota_drops_what_is_over(outside: Outside, client_of: ClientOf) -> None:
    fake.public_set_quota(state_of(outside), 1)
    events = [CaptureEvent(event="x", distinct_id="v", at=START, natural_key=str(n)) for n in range(3)]
    with pytest.raises(QuotaExceeded):
        client_of(PostHogClient).capture(events)
    assert client_of(PostHogClient).hogql("SELECT count() FROM events").rows == [[1]]


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/i/v0/e/", b'{"api_key": "phc_x", "event": "e", "distinct_id": "v"}', {}, 200),
        ("/capture/", gzip.compress(b'{"api_key": "phc_x", "event": "e", "distinct_id": "v"}', mtime=0), {"content-encoding": "gzip"}, 200),
        ("/e/", b"data=" + base64.b64encode(b'[{"event": "e", "properties": {"token": "phc_x", "distinct_id": "v"}}]'),
         {"content-type": "application/x-www-form-urlencoded"}, 200),
        ("/batch/", b'{"api_key": "wrong", "batch": []}', {"authorization": ""}, 401),
        ("/batch/", b"\x1f\x8b not gzip", {"content-encoding": "gzip"}, 400),
        ("/batch/", b"not json", {}, 400),
    ],
)  # fmt: skip
def test_capture_takes_every_spelling(path: str, body: bytes, headers: dict[str, str], status: int, outside: Outside) -> None:
    assert ask(outside, "POST", path, body, headers=headers).status == status
    assert state_of(outside).count("name") == (1 if status == 200 else 0)


def test_flags_are_dealt_evenly(outside: Outside, client_of: ClientOf) -> None:
    fake.public_flag(state_of(outside), "paywall", 80, {"control": 50, "short": 50})
    dealt: dict[Any, int] = {}
    for number in range(1000):
        body = {"token": "phc_x", "distinct_id": f"v{number}"}
        flag = json.loads(ask(outside, "POST", "/flags/", body, query=[("v", "2")]).body)["flags"]["paywall"]
        dealt[flag["variant"]] = dealt.get(flag["variant"], 0) + 1
    assert 160 < dealt[None] < 240
    assert all(340 < dealt[name] < 460 for name in ("control", "short"))
    assert [(flag.key, flag.variants) for flag in client_of(PostHogClient).feature_flags()] == [
        ("paywall", {"control": 50.0, "short": 50.0})
    ]


def test_wrong_keys_are_refused(outside: Outside, client_of: ClientOf) -> None:
    with pytest.raises(OutsideAuthFailed):
        client_of(PostHogClient, api_key="sk_sandbox_other").feature_flags()
    assert ask(outside, "GET", "/api/projects/x/feature_flags/").status == 404
    assert ask(outside, "GET", "/api/projects/1/nothing/").status == 404


def test_month_of_thousands_is_quick(outside: Outside, client_of: ClientOf) -> None:
    draw = random.Random(7)
    with outside.store.together():
        for number in range(12_000):
            event = draw.choices(["$pageview", "signup", "trial_started", "purchase"], [85, 10, 4, 1])[0]
            did(
                outside,
                f"v{number % 9000}",
                event,
                draw.random() * 719,
                utm_source=draw.choice(["tiktok", "x", "email"]),
                path="/",
                n=number,
            )
    query = {
        "series": [{"event": step} for step in STEPS],
        "dateRange": {"date_from": FROM.isoformat(), "date_to": START.isoformat()},
        "breakdownFilter": {"breakdown": "utm_source"},
    }
    assert len(fake_insights.funnel(state_of(outside), query)) == 3


def test_same_world_same_answers(tmp_path: Path) -> None:
    def answer(name: str) -> list[Any]:
        store = WorldStore(tmp_path / name)
        store.move_to(START)
        outside = Outside(store, 7)
        for number in range(300):
            did(outside, f"v{number % 40}", STEPS[number % 3], number, utm_source=["a", "b", None][number % 3])
        bodies = [ask(outside, "POST", "/batch/", {"api_key": "phc_x", "batch": [{"event": "e", "distinct_id": "v"}]}).body]
        query = {"kind": "HogQLQuery", "query": "SELECT uuid, event, timestamp FROM events ORDER BY timestamp, uuid LIMIT 500"}
        bodies.append(ask(outside, "POST", "/api/projects/1/query/", {"query": query}).body)
        store.close()
        return bodies

    assert answer("a.db") == answer("b.db")


@pytest.mark.parametrize(
    ("mode", "step", "expected"),
    [
        ("first", None, [("tiktok", 1), ("tiktok", 1), ("x", 1), ("x", 1)]),
        ("last", None, [("email", 1), ("email", 1), ("x", 1), ("x", 1)]),
        ("step", 1, [(None, 1), (None, 1), ("tiktok", 1), ("tiktok", 1)]),
        ("step", 2, [("email", 1), ("email", 1), ("x", 1), ("x", 1)]),
        ("any", None, [(None, 1), (None, 0), ("tiktok", 1), ("tiktok", 0)]),
    ],
)  # fmt: skip
def test_attribution_decides_the_value(
    mode: str, step: int | None, expected: list[tuple[str | None, int]], outside: Outside, client_of: ClientOf
) -> None:
    did(outside, "two", "signup", 1, utm_source="tiktok")
    did(outside, "two", "purchase", 2, utm_source="email")
    did(outside, "late", "signup", 1)
    did(outside, "late", "purchase", 2, utm_source="x")
    rows = client_of(PostHogClient).funnel(
        ["signup", "purchase"], date_from=FROM, date_to=START, breakdown="utm_source", attribution=mode, attribution_step=step
    )
    assert sorted(counts(rows), key=lambda one: (one[0] or "", -one[1])) == expected


def test_lists_come_page_by_page(outside: Outside, client_of: ClientOf) -> None:
    state = state_of(outside)
    for number in range(205):
        fake.public_flag(state, f"flag-{number:03}")
    for number in range(101):
        fake.public_experiment(state, f"experiment {number}", f"flag-{number:03}", starts=FROM, ends=START if number % 2 else None)
    client = client_of(PostHogClient)
    assert [flag.key for flag in client.feature_flags()] == [f"flag-{number:03}" for number in range(205)]
    found = client.experiments()
    assert [one.id for one in found] == list(range(1, 102))
    assert {one.status for one in found} == {"running", "ended"}
    assert found[100].feature_flag is not None
    assert found[100].feature_flag.key == "flag-100"
    assert ask(outside, "GET", "/api/projects/1/experiments/", query=[("limit", "x")]).status == 400


def test_busy_posthog_is_waited_for(outside: Outside, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PostHogClient, "poll_wait_s", 0.0)
    did(outside, "a", "signup", 1, utm_source="x")
    did(outside, "a", "purchase", 2)
    fake.public_set_busy(state_of(outside), is_busy=True)
    client = client_of(PostHogClient)
    rows = client.funnel(["signup", "purchase"], date_from=FROM, date_to=START, breakdown="utm_source")
    assert counts(rows) == [("x", 1), ("x", 1)]
    assert client.trends("signup", date_from=FROM, date_to=START)[0].count == 1
    assert client.hogql("SELECT count() FROM events").rows == [[2]]
