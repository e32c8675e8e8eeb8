"""Questions to PostHog about what people did, and events the product records there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar, TypeVar
from urllib.parse import parse_qsl, urlsplit

from pydantic import TypeAdapter, ValidationError

from revenue_machine.integrations.posthog.wire import (
    CaptureAnswer,
    CaptureEvent,
    Experiment,
    ExperimentPage,
    FeatureFlag,
    FlagPage,
    FunnelRow,
    FunnelStep,
    HogqlTable,
    QueryAnswer,
    QueryStatus,
    RetentionRow,
    StoredEvent,
    TrendSeries,
)
from revenue_machine.kit.clock import iso, machine_sleep
from revenue_machine.kit.errors import (
    BadInput,
    ContractBroken,
    Failure,
    OutsideAuthFailed,
    OutsideRateLimited,
    OutsideRejected,
    OutsideUnavailable,
    first_mistake,
)
from revenue_machine.kit.ids import content_hash
from revenue_machine.kit.service import ServiceClient, ServiceLink
from revenue_machine.kit.settings import SANDBOX_KEY

T = TypeVar("T")
P = TypeVar("P", FlagPage, ExperimentPage)
BATCH = 500
EVENT_PAGE = 1000
MAX_PAGES = 1000
MAX_POLLS = 60
_SANDBOX = {"project_id": "1", "project_token": "phc_sandbox"}
_MODES = {"first": "first_touch", "last": "last_touch", "any": "all_events"}
_PROPERTY = re.compile(r"[A-Za-z0-9_$./ -]{1,200}")
_REGION_HOST = re.compile(r"https://(us|eu)\.posthog\.com")


class QuotaExceeded(OutsideRejected):
    """PostHog answered 200 and dropped the events: the billing quota is used up."""


class PostHogIngest(ServiceClient):
    """The capture host: no key in the header, the project token in the body."""

    service = "posthog"

    def auth_headers(self) -> dict[str, str]:
        return {}


class PostHogClient(ServiceClient):
    """One base URL of the owner's serves both hosts; PostHog's own are split into API and ingest."""

    service = "posthog"
    poll_wait_s: ClassVar[float] = 0.5

    def __init__(self, link: ServiceLink) -> None:
        super().__init__(link)
        region = _REGION_HOST.fullmatch(link.base_url)
        if region is not None:
            settings = link.settings.model_copy(update={"base_url": f"https://{region[1]}.i.posthog.com"})
            link = replace(link, settings=settings)
        self._ingest = PostHogIngest(link)

    def capture(self, events: Sequence[CaptureEvent]) -> int:
        """Record events, 500 a request; repeats are the same events. Returns how many were sent.

        Raises: outside_rejected when PostHog dropped them for quota.
        """
        token = self._option("project_token")
        for start in range(0, len(events), BATCH):
            batch = [_batch_entry(event) for event in events[start : start + BATCH]]
            answer = self._ingest.post("/batch/", CaptureAnswer, {"api_key": token, "batch": batch})
            if "events" in answer.quota_limited:
                raise QuotaExceeded("PostHog dropped the events: its quota for events is used up")
        return len(events)

    def funnel(
        self,
        steps: Sequence[str],
        *,
        date_from: datetime,
        date_to: datetime,
        breakdown: str | None = None,
        window_days: int = 14,
        attribution: str = "first",
        attribution_step: int | None = None,
    ) -> list[FunnelRow]:
        """People at each step, in order, within `window_days` of the first; per value of an event property if named.

        `attribution` is `first`, `last`, `step` (with `attribution_step`, 1 the first) or `any`, PostHog's `all_events`.
        """
        query: dict[str, Any] = {
            "kind": "FunnelsQuery",
            "series": [_series(step) for step in steps],
            "dateRange": _range(date_from, date_to),
            "funnelsFilter": {
                "funnelVizType": "steps",
                "funnelOrderType": "ordered",
                "funnelWindowInterval": window_days,
                "funnelWindowIntervalUnit": "day",
                **({} if breakdown is None else _attribution(attribution, attribution_step)),
            },
            "filterTestAccounts": True,
            **_breakdown(breakdown),
        }
        results = self._query(query).results
        if not isinstance(results, list):
            raise ContractBroken("PostHog's funnel is not a list of steps")
        groups = results if results and isinstance(results[0], list) else [results]
        return [_funnel_row(step, steps) for group in groups for step in _fit(list[FunnelStep], group)]

    def trends(
        self,
        event: str,
        *,
        date_from: datetime,
        date_to: datetime,
        interval: str = "day",
        math: str = "total",
        breakdown: str | None = None,
    ) -> list[TrendSeries]:
        """How often (`total`) or by how many people (`dau`) an event happened per interval."""
        query = {
            "kind": "TrendsQuery",
            "series": [{**_series(event), "math": math}],
            "interval": interval,
            "dateRange": _range(date_from, date_to),
            "filterTestAccounts": True,
            **_breakdown(breakdown),
        }
        return _fit(list[TrendSeries], self._query(query).results)

    def retention(
        self, target: str, returning: str, *, date_from: datetime, date_to: datetime, period: str = "Day", intervals: int = 8
    ) -> list[RetentionRow]:
        """Cohorts by the first `target` event and how many of each did `returning` n periods later."""
        query = {
            "kind": "RetentionQuery",
            "dateRange": _range(date_from, date_to),
            "filterTestAccounts": True,
            "retentionFilter": {
                "period": period,
                "totalIntervals": intervals,
                "retentionType": "retention_first_time",
                "targetEntity": {"id": target, "name": target, "type": "events"},
                "returningEntity": {"id": returning, "name": returning, "type": "events"},
            },
        }
        return _fit(list[RetentionRow], self._query(query).results)

    def hogql(self, query: str, values: Mapping[str, Any] | None = None) -> HogqlTable:
        """One HogQL SELECT; `values` fill its `{name}` places, so nothing is pasted into the text."""
        answer = self._query({"kind": "HogQLQuery", "query": query, "values": dict(values or {})})
        rows = _fit(list[list[Any]], answer.results)
        return HogqlTable(columns=answer.columns or [], rows=rows, has_more=bool(answer.has_more))

    def events(
        self, names: Sequence[str], *, date_from: datetime, date_to: datetime, properties: Sequence[str] = ()
    ) -> list[StoredEvent]:
        """Events of these kinds from `date_from` up to before `date_to`, by time and uuid, with the properties named."""
        wanted = ", ".join(["uuid", "event", "distinct_id", "timestamp", *(_property(name) for name in properties)])
        kinds = ", ".join(f"{{kind_{place}}}" for place in range(len(names)))
        text = (
            f"SELECT {wanted} FROM events WHERE event IN ({kinds}) AND timestamp >= toDateTime({{date_from}}) "  # noqa: S608 - values go separately
            "AND timestamp < toDateTime({date_to})"
        )
        values = {f"kind_{place}": name for place, name in enumerate(names)}
        values |= {"date_from": iso(date_from), "date_to": iso(date_to)}
        found: list[StoredEvent] = []
        for _ in range(MAX_PAGES):
            page = self.hogql(f"{text}{_after(found, values)} ORDER BY timestamp, uuid LIMIT {EVENT_PAGE}", values)
            found.extend(_event(row, properties) for row in page.rows)
            if len(page.rows) < EVENT_PAGE:
                return found
        raise ContractBroken(f"PostHog's events do not end after {MAX_PAGES} pages")

    def feature_flags(self) -> list[FeatureFlag]:
        """Every flag of the project that was not deleted."""
        return [flag for page in self._pages("feature_flags", FlagPage) for flag in page.results if not flag.deleted]

    def experiments(self) -> list[Experiment]:
        """Every experiment of the project that was not deleted."""
        return [one for page in self._pages("experiments", ExperimentPage) for one in page.results if not one.deleted]

    def _pages(self, what: str, kind: type[P]) -> Iterator[P]:
        """Page by page, until there is no `next`."""
        query: dict[str, Any] = {"limit": 100}
        for _ in range(MAX_PAGES):
            page = self.get(f"{self._project}/{what}/", kind, query)
            yield page
            if not page.next:
                return
            query = dict(parse_qsl(urlsplit(page.next).query))
        raise ContractBroken(f"PostHog's list of {what} does not end")

    @property
    def _project(self) -> str:
        return f"/api/projects/{self._option('project_id')}"

    def _option(self, name: str) -> str:
        given = self.link.settings.option(name)
        if given is None and self.link.api_key.startswith(SANDBOX_KEY):
            return _SANDBOX[name]
        return given or self.link.need(name)

    def _query(self, query: Mapping[str, Any]) -> QueryAnswer:
        """Ask, and wait for the answer where PostHog computes it in the background."""
        answer = self.post(f"{self._project}/query/", QueryAnswer, {"query": query, "refresh": "blocking"})
        status = answer.query_status
        for _ in range(MAX_POLLS):
            if answer.error:
                raise OutsideRejected(f"PostHog: {answer.error}")
            if answer.results is not None:
                return answer
            if status is None:
                raise ContractBroken("PostHog sent neither results nor a query status")
            answer, status = self._poll(status)
        raise OutsideUnavailable(f"PostHog has not finished the query after {MAX_POLLS} looks")

    def _poll(self, status: QueryStatus) -> tuple[QueryAnswer, QueryStatus]:
        machine_sleep(self.poll_wait_s)
        fresh = self.get(f"{self._project}/query/{status.id}/", QueryAnswer).query_status
        if fresh is None:
            raise ContractBroken("PostHog's query status is missing")
        if fresh.error:
            raise OutsideRejected(f"PostHog: {fresh.error_message or 'the query failed'}")
        if not fresh.complete:
            return _fit(QueryAnswer, {}), fresh
        held = fresh.results if isinstance(fresh.results, dict) else {"results": fresh.results}
        return _fit(QueryAnswer, held), fresh

    def rejection(self, status: int, payload: Any) -> Failure | None:
        """PostHog's error object: {type, code, detail, attr}."""
        if not isinstance(payload, dict) or "detail" not in payload:
            return None
        message = f"PostHog: {payload['detail']}"
        if status in (401, 403):
            return OutsideAuthFailed(message)
        if status == 429:
            wait = re.search(r"available in (\d+) second", str(payload["detail"]))
            return OutsideRateLimited(message, retry_after_s=float(wait[1]) if wait else None)
        if status >= 500:
            return OutsideUnavailable(message)
        return OutsideRejected(message, field=payload.get("attr"), vendor_code=payload.get("code"))


def event_uuid(event: CaptureEvent) -> str:
    """The uuid an event always has: PostHog keeps one event per uuid, name, person and time."""
    digest = content_hash([event.event, event.distinct_id, iso(event.at), event.natural_key])
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"


def _batch_entry(event: CaptureEvent) -> dict[str, Any]:
    return {
        "event": event.event,
        "distinct_id": event.distinct_id,
        "timestamp": iso(event.at),
        "uuid": event_uuid(event),
        "properties": {"$lib": "revenue_machine", **event.properties},
    }


def _attribution(mode: str, step: int | None) -> dict[str, Any]:
    """How PostHog calls it; steps are counted from 0 there."""
    if mode == "step":
        return {"breakdownAttributionType": "step", "breakdownAttributionValue": (step or 1) - 1}
    return {"breakdownAttributionType": _MODES[mode]}


def _series(event: str) -> dict[str, str]:
    return {"kind": "EventsNode", "event": event, "name": event}


def _range(date_from: datetime, date_to: datetime) -> dict[str, Any]:
    return {"date_from": iso(date_from), "date_to": iso(date_to), "explicitDate": True}


def _breakdown(name: str | None) -> dict[str, Any]:
    return {} if name is None else {"breakdownFilter": {"breakdown": name, "breakdown_type": "event"}}


def _funnel_row(step: FunnelStep, steps: Sequence[str]) -> FunnelRow:
    if not 0 <= step.order < len(steps):
        raise ContractBroken(f"PostHog's funnel has a step {step.order} nobody asked for")
    return FunnelRow(
        step=steps[step.order],
        order=step.order,
        count=step.count,
        breakdown=step.group,
        average_conversion_s=step.average_conversion_time,
        median_conversion_s=step.median_conversion_time,
    )


def _property(name: str) -> str:
    if not _PROPERTY.fullmatch(name):
        raise BadInput(f"'{name}' is not a property name", field="properties")
    return f"properties.`{name}`"


def _after(found: Sequence[StoredEvent], values: dict[str, str]) -> str:
    """Where the next page begins: after the last event seen, so late arrivals shift nothing."""
    if not found:
        return ""
    values |= {"after_time": iso(found[-1].occurred_at), "after_uuid": found[-1].uuid}
    return " AND (timestamp, uuid) > (toDateTime({after_time}), toUUID({after_uuid}))"


def _event(row: Sequence[Any], properties: Sequence[str]) -> StoredEvent:
    if len(row) != 4 + len(properties):
        raise ContractBroken("PostHog sent a row of another width than asked for")
    held = {name: value for name, value in zip(properties, row[4:], strict=True) if value is not None}
    named = {"uuid": row[0], "event": row[1], "distinct_id": row[2], "timestamp": row[3], "properties": held}
    return _fit(StoredEvent, named)


def _fit(kind: type[T], value: Any) -> T:
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise ContractBroken(f"PostHog answered in an unknown shape: {first_mistake(error)}") from None
