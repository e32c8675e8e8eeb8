"""The PostHog client against canned answers: hosts, shapes, waiting, errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from revenue_machine.integrations.posthog import posthog_client
from revenue_machine.integrations.posthog.posthog_client import PostHogClient, event_uuid
from revenue_machine.integrations.posthog.wire import CaptureEvent, FeatureFlag, FunnelRow, FunnelStep, RetentionRow
from revenue_machine.kit.errors import BadInput, ContractBroken, Failure, NotConfigured, OutsideRejected, OutsideUnavailable

Hearing = Callable[..., PostHogClient]
Own = Callable[[str, str], bytes]
FROM, TO = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 22, 6, tzinfo=UTC)
EVENT = CaptureEvent(event="signup", distinct_id="v1", at=TO, natural_key="row-1", properties={"utm_source": "tiktok"})


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PostHogClient, "poll_wait_s", 0.0)


def saying(own: Own, *names: str) -> Callable[[httpx2.Request], httpx2.Response]:
    left = list(names)
    return lambda _: httpx2.Response(200, content=own("posthog", left.pop(0) if len(left) > 1 else left[0]))


def funnel(client: PostHogClient, breakdown: str | None = None) -> list[FunnelRow]:
    return client.funnel(["signup", "trial_started", "purchase"], date_from=FROM, date_to=TO, breakdown=breakdown)


def test_funnel_is_read(client_hearing: Hearing, own: Own) -> None:
    rows = funnel(client_hearing(PostHogClient, saying(own, "funnel_plain.json")))
    assert [(row.step, row.count, row.average_conversion_s) for row in rows] == [
        ("signup", 200, None), ("trial_started", 50, 3600.5), ("purchase", 10, 604800.0),
    ]  # fmt: skip


def test_funnel_with_breakdown_is_flat(client_hearing: Hearing, own: Own) -> None:
    rows = funnel(client_hearing(PostHogClient, saying(own, "funnel_breakdown.json")), "utm_source")
    assert [(row.breakdown, row.step, row.count) for row in rows] == [
        ("tiktok", "signup", 120), ("tiktok", "trial_started", 40), (None, "signup", 80), (None, "trial_started", 10),
    ]  # fmt: skip


def test_funnel_asks_as_documented(client_hearing: Hearing, own: Own) -> None:
    heard: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        heard.append(request)
        return httpx2.Response(200, content=own("posthog", "funnel_plain.json"))

    funnel(client_hearing(PostHogClient, answer, api_key="phx_live", project_id="4711"), "utm_source")
    assert str(heard[0].url) == "https://us.posthog.com/api/projects/4711/query/"
    assert heard[0].headers["authorization"] == "Bearer phx_live"
    query = json.loads(heard[0].content)["query"]
    assert query["series"][0] == {"kind": "EventsNode", "event": "signup", "name": "signup"}
    assert query["breakdownFilter"] == {"breakdown": "utm_source", "breakdown_type": "event"}
    assert query["dateRange"] == {
        "date_from": "2026-11-01T00:00:00+00:00", "date_to": "2026-11-22T06:00:00+00:00", "explicitDate": True,
    }  # fmt: skip


def test_slow_query_is_awaited(client_hearing: Hearing, own: Own) -> None:
    names = ("query_running.json", "query_running.json", "query_done.json")
    rows = funnel(client_hearing(PostHogClient, saying(own, *names)))
    assert [(row.step, row.count) for row in rows] == [("signup", 200), ("trial_started", 50)]


def test_endless_query_is_given_up(client_hearing: Hearing, own: Own) -> None:
    with pytest.raises(OutsideUnavailable):
        funnel(client_hearing(PostHogClient, saying(own, "query_running.json")))


def test_failed_query_is_rejected(client_hearing: Hearing, own: Own) -> None:
    with pytest.raises(OutsideRejected, match="memory limit"):
        funnel(client_hearing(PostHogClient, saying(own, "query_running.json", "query_failed.json")))


def test_trends_retention_and_table(client_hearing: Hearing, own: Own) -> None:
    trend = client_hearing(PostHogClient, saying(own, "trends.json")).trends("signup", date_from=FROM, date_to=TO)[0]
    assert (trend.group, trend.data, trend.days) == ("tiktok", [3.0, 4.0], ["2026-11-21", "2026-11-22"])
    cohorts = client_hearing(PostHogClient, saying(own, "retention.json")).retention("a", "b", date_from=FROM, date_to=TO)
    assert [[value.count for value in row.values] for row in cohorts] == [[5, 2], [3]]
    table = client_hearing(PostHogClient, saying(own, "hogql.json")).hogql("SELECT event, count() FROM events GROUP BY event")
    assert (table.columns, table.rows) == (["event", "count()"], [["signup", 7], ["$pageview", 31]])


def test_deleted_flags_are_left_out(client_hearing: Hearing, own: Own) -> None:
    flags = client_hearing(PostHogClient, saying(own, "feature_flags.json")).feature_flags()
    assert [(flag.key, flag.variants) for flag in flags] == [("paywall-headline", {"control": 50.0, "short": 50.0})]


def test_capture_goes_to_ingest_host(client_hearing: Hearing) -> None:
    heard: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        heard.append(request)
        return httpx2.Response(200, json={"status": "Ok"})

    client = client_hearing(PostHogClient, answer, api_key="phx_live", project_token="phc_1")
    assert client.capture([EVENT] * 501) == 501
    assert [str(request.url) for request in heard] == ["https://us.i.posthog.com/batch/"] * 2
    assert "authorization" not in heard[0].headers
    body = json.loads(heard[0].content)
    assert (body["api_key"], len(body["batch"]), body["batch"][0]["uuid"]) == ("phc_1", 500, event_uuid(EVENT))


@pytest.mark.parametrize(
    ("base", "ingest"),
    [("https://eu.posthog.com", "https://eu.i.posthog.com"), ("http://127.0.0.1:1/posthog", "http://127.0.0.1:1/posthog")],
)
def test_capture_follows_base_url(base: str, ingest: str, client_hearing: Hearing) -> None:
    heard: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        heard.append(str(request.url))
        return httpx2.Response(200, json={"status": 1})

    client_hearing(PostHogClient, answer, base_url=base).capture([EVENT])
    assert heard == [f"{ingest}/batch/"]


def test_uuid_depends_on_the_fact() -> None:
    assert event_uuid(EVENT) == event_uuid(EVENT.model_copy())
    assert event_uuid(EVENT) != event_uuid(EVENT.model_copy(update={"natural_key": "row-2"}))
    assert event_uuid(EVENT)[14] == "5"


def test_quota_is_a_failure(client_hearing: Hearing, own: Own) -> None:
    with pytest.raises(OutsideRejected) as caught:
        client_hearing(PostHogClient, saying(own, "capture_quota.json")).capture([EVENT])
    assert isinstance(caught.value, posthog_client.QuotaExceeded)


def _errors() -> list[dict[str, Any]]:
    import revenue_machine.integrations.posthog as folder

    found: list[dict[str, Any]] = json.loads((Path(folder.__path__[0]) / "fixtures/errors.json").read_text())
    return found


@pytest.mark.parametrize("case", _errors(), ids=lambda case: str(case["status"]))
def test_errors_are_mapped(case: dict[str, Any], client_hearing: Hearing) -> None:
    body = case["body"] if isinstance(case["body"], str) else json.dumps(case["body"])
    client = client_hearing(PostHogClient, lambda _: httpx2.Response(case["status"], text=body))
    with pytest.raises(Failure) as caught:
        client.feature_flags()
    assert caught.value.code == case["code"]
    assert caught.value.retry_after_s == (42.0 if case["status"] == 429 else None)


@pytest.mark.parametrize("results", [None, {"bins": []}, [{"order": 0}], [{"order": 9, "count": 1}], [[1]]])
def test_other_shapes_break_contract(results: Any, client_hearing: Hearing) -> None:
    with pytest.raises(ContractBroken):
        funnel(client_hearing(PostHogClient, lambda _: httpx2.Response(200, json={"results": results})))


def test_property_names_are_checked(client_hearing: Hearing) -> None:
    client = client_hearing(PostHogClient, lambda _: httpx2.Response(200, json={"results": []}))
    with pytest.raises(BadInput):
        client.events(["a"], date_from=FROM, date_to=TO, properties=["x` FROM secrets --"])


def test_live_key_needs_project(client_hearing: Hearing) -> None:
    client = client_hearing(PostHogClient, lambda _: httpx2.Response(500), api_key="phx_live")
    with pytest.raises(NotConfigured) as caught:
        client.feature_flags()
    assert caught.value.field == "REVENUE_POSTHOG__PROJECT_ID"


@pytest.mark.parametrize("name", ["funnelLeftToRight", "funnelTopToBottomBreakdown"])
def test_published_funnels_are_read(name: str, shared: Path, client_hearing: Hearing) -> None:
    held = json.loads((shared / f"fixtures/posthog/insights_2024_fork/{name}.json").read_text())["result"]
    rows = funnel(client_hearing(PostHogClient, lambda _: httpx2.Response(200, json={"results": held})), "x")
    groups = held if isinstance(held[0], list) else [held]
    assert [row.count for row in rows] == [step["count"] for group in groups for step in group]
    if name.endswith("Breakdown"):
        assert rows[0].breakdown == groups[0][0]["breakdown_value"][0]
    assert rows[0].average_conversion_s is None


def test_published_insights_are_read(shared: Path, client_hearing: Hearing) -> None:
    place = shared / "fixtures/posthog/insights_2024_fork"

    def hearing(name: str) -> PostHogClient:
        held = json.loads((place / f"{name}.json").read_text())
        answer = {"results": held["result"], "columns": held.get("columns")}
        return client_hearing(PostHogClient, lambda _: httpx2.Response(200, json=answer))

    retention = hearing("retention").retention("$pageview", "$pageview", date_from=FROM, date_to=TO)
    assert all(isinstance(row, RetentionRow) for row in retention)
    assert (retention[0].label, len(retention[0].values)) == ("Day 0", 11)
    assert sum(len(hearing(name).trends("x", date_from=FROM, date_to=TO)) for name in ("trendsLine", "trendsCumulative")) > 1
    table = hearing("dataTableHogQL").hogql("select event")
    assert (table.columns[3], table.rows[0][3]) == ("count()", 324)
    flags = json.loads((place / "feature_flags.json").read_text())
    client = client_hearing(PostHogClient, lambda _: httpx2.Response(200, json=flags))
    assert {flag.key for flag in client.feature_flags()} >= {"session-recording-console", "croatia-banner"}


def test_group_of_many_values() -> None:
    step = FunnelStep(order=0, count=1, breakdown_value=["tiktok", None, "$$_posthog_breakdown_null_$$", 3])
    assert step.group == "tiktok, 3"


@pytest.mark.parametrize(
    ("mode", "step", "sent"),
    [("first", None, {"breakdownAttributionType": "first_touch"}), ("last", None, {"breakdownAttributionType": "last_touch"}),
     ("any", None, {"breakdownAttributionType": "all_events"}),
     ("step", 2, {"breakdownAttributionType": "step", "breakdownAttributionValue": 1})],
)  # fmt: skip
def test_attribution_is_said_in_posthogs_words(
    mode: str, step: int | None, sent: dict[str, Any], client_hearing: Hearing, own: Own
) -> None:
    heard: list[dict[str, Any]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        heard.append(json.loads(request.content)["query"])
        return httpx2.Response(200, content=own("posthog", "funnel_breakdown.json"))

    client = client_hearing(PostHogClient, answer)
    client.funnel(["a", "b"], date_from=FROM, date_to=TO, breakdown="x", attribution=mode, attribution_step=step)
    assert {name: value for name, value in heard[0]["funnelsFilter"].items() if name.startswith("breakdown")} == sent
    assert heard[0]["filterTestAccounts"] is True


def test_experiments_come_page_by_page(client_hearing: Hearing, own: Own) -> None:
    heard: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        heard.append(str(request.url))
        return httpx2.Response(200, content=own("posthog", f"experiments_{len(heard)}.json"))

    found = client_hearing(PostHogClient, answer).experiments()
    assert [(one.id, one.status, one.variants) for one in found] == [
        (7, "running", {"control": 50.0, "short": 50.0}), (8, "draft", {}), (9, "ended", {}), (11, "archived", {}),
    ]  # fmt: skip
    assert heard[1].endswith("/experiments/?limit=100&offset=100")


@pytest.mark.parametrize(
    ("groups", "expected"),
    [([{"properties": [], "rollout_percentage": 30}], 30.0), ([{"properties": [], "rollout_percentage": None}], 100.0),
     ([{"properties": [{"key": "plan"}], "rollout_percentage": 100}], None),
     ([{"rollout_percentage": 5}, {"properties": [{"key": "x"}]}], 5.0)],
)  # fmt: skip
def test_release_to_everybody_is_read(groups: list[dict[str, Any]], expected: float | None) -> None:
    flag = FeatureFlag(id=1, key="f", active=True, filters={"groups": groups})
    assert flag.released_percentage == expected


def test_published_experiment_is_read(shared: Path, client_hearing: Hearing) -> None:
    held = json.loads((shared / "fixtures/posthog/insights_2024_fork/new-experiment.json").read_text())
    page = {"count": 1, "next": None, "previous": None, "results": [held]}
    found = client_hearing(PostHogClient, lambda _: httpx2.Response(200, json=page)).experiments()
    assert [(one.feature_flag_key, one.status, len(one.variants)) for one in found] == [("test-experiment-1", "draft", 3)]
    empty = json.loads((shared / "fixtures/posthog/insights_2024_fork/experiments.json").read_text())
    assert client_hearing(PostHogClient, lambda _: httpx2.Response(200, json=empty)).experiments() == []


@pytest.mark.parametrize("mode", ["first_touch", "last_touch", "all_events", "step"])
def test_attribution_words_stand_in_the_contract(mode: str, shared: Path) -> None:
    text = (shared / "contracts/posthog/openapi.derived.yaml").read_text()
    part = text[text.index("    BreakdownAttributionType:\n      enum:") :][:200]
    assert f"- {mode}\n" in part
    assert "breakdownAttributionValue:" in text
