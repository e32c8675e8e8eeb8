"""How a pretend PostHog answers funnels, trends and retention over its stored events."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from operator import itemgetter
from statistics import median
from typing import Any

from revenue_machine.integrations.posthog import fake_store
from revenue_machine.kit.clock import parse_instant
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.fakeserver import FakeState

Document = dict[str, Any]
NO_VALUE = "$$_posthog_breakdown_null_$$"
_SECOND_US = 1_000_000
_UNITS_S = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "month": 2_592_000}
_RELATIVE = re.compile(r"-(\d{1,4})(h|d|w)")
_TIME_AND_PLACE = itemgetter(0, 1)
# An event on somebody's way: its time, the first step it may be, its breakdown value.
Happened = tuple[int, int, Any]
Path = list[tuple[int, Any]]


def funnel(state: FakeState, query: Mapping[str, Any]) -> list[Any]:
    """FunnelsQuery: ordered steps within the window; a list per breakdown value, biggest first step first."""
    steps = [_event_name(one) for one in query.get("series") or []]
    if len(steps) < 2:
        raise BadInput("Funnels require at least two steps.", field="series")
    settings = query.get("funnelsFilter") or {}
    unit = _UNITS_S.get(str(settings.get("funnelWindowIntervalUnit", "day")), 86_400)
    window_us = int(settings.get("funnelWindowInterval") or 14) * unit * _SECOND_US
    breakdown = _breakdown(query)
    places = {steps.index(name): [place for place, one in enumerate(steps) if one == name][::-1] for name in steps}
    people = list(_by_person(state, steps, query, breakdown).values())
    groups: dict[Any, list[Path]] = defaultdict(list)
    value_of = _attributed(settings, len(steps)) if breakdown else None
    for happened in people if breakdown is None or value_of is not None else [part for one in people for part in _by_value(one)]:
        path = _best_path(places, happened, window_us)
        if path:
            held = None if breakdown is None else (value_of or _first_value)(path)
            groups[held].append(path)
    if breakdown is None:
        return _steps(steps, groups.get(None, []), None)
    order = sorted(groups.items(), key=lambda one: (-len(one[1]), str(one[0])))
    return [_steps(steps, held, [str(value)]) for value, held in order]


def _by_person(state: FakeState, steps: list[str], query: Mapping[str, Any], breakdown: str | None) -> dict[str, list[Happened]]:
    """Per person the events of the steps, by time; at the same time in the order of the steps."""
    from_us, to_us = bounds(state, query)
    merged = fake_store.person_of(state)
    people: dict[str, list[Happened]] = defaultdict(list)
    for place, name in enumerate(steps):
        if name in steps[:place]:
            continue
        held = fake_store.read(state, name, from_us, to_us, [breakdown] if breakdown else [])
        values = held.properties[breakdown] if breakdown else [None] * len(held.at_us)
        for at_us, person, value in zip(held.at_us, held.people, values, strict=True):
            people[merged.get(person, person) if merged else person].append((at_us, place, value))
    for happened in people.values():
        if len(happened) > 1:
            happened.sort(key=_TIME_AND_PLACE)
    return people


def _best_path(places: Mapping[int, list[int]], happened: list[Happened], window_us: int) -> Path:
    """The furthest anybody gets: every event counts for one step, each within the window of the first.

    `places[n]` are the steps an event of kind n may be, last first. `open_paths[n]` is the newest path of
    n + 1 steps, as starting later only leaves more time.
    """
    open_paths: dict[int, Path] = {}
    best: Path = []
    for at_us, kind, value in happened:
        for place in places[kind]:
            if place == 0:
                open_paths[0] = [(at_us, value)]
            elif place - 1 in open_paths and at_us - open_paths[place - 1][0][0] <= window_us:
                open_paths[place] = [*open_paths[place - 1], (at_us, value)]
            else:
                continue
            if place >= len(best):
                best = open_paths[place]
    return best


def _attributed(settings: Mapping[str, Any], steps: int) -> Callable[[Path], Any] | None:
    """How the value of a path is found; None when every value has a funnel of its own (`all_events`)."""
    kind = settings.get("breakdownAttributionType") or "first_touch"
    step = settings.get("breakdownAttributionValue")
    if kind == "first_touch":
        return _first_value
    if kind == "last_touch":
        return lambda path: _first_value(path[::-1])
    if kind == "all_events":
        return None
    if kind != "step" or not isinstance(step, int) or not 0 <= step < steps:
        raise BadInput("Unknown breakdown attribution.", field="breakdownAttributionType")
    return lambda path: _first_value(path[step : step + 1])


def _by_value(happened: list[Happened]) -> list[list[Happened]]:
    """A person's events apart by their value."""
    values = sorted({str(value) for _, _, value in happened if value not in (None, "")})
    parts = [[one for one in happened if str(one[2]) == value] for value in values]
    rest = [one for one in happened if one[2] in (None, "")]
    return [*parts, rest] if rest else parts


def _first_value(path: Path) -> Any:
    """First touch: the earliest value on the way."""
    return next((value for _, value in path if value not in (None, "")), NO_VALUE)


def _steps(steps: list[str], paths: list[Path], value: list[str] | None) -> list[Document]:
    shown: list[Document] = []
    for place, name in enumerate(steps):
        took_s = [(path[place][0] - path[place - 1][0]) / _SECOND_US for path in paths if 0 < place < len(path)]
        step: Document = {
            "action_id": name,
            "name": name,
            "custom_name": None,
            "order": place,
            "people": [],
            "count": sum(len(path) > place for path in paths),
            "type": "events",
            "average_conversion_time": sum(took_s) / len(took_s) if took_s else None,
            "median_conversion_time": median(took_s) if took_s else None,
            "converted_people_url": None,
            "dropped_people_url": None,
        }
        shown.append(step if value is None else {**step, "breakdown": value, "breakdown_value": value})
    return shown


def trends(state: FakeState, query: Mapping[str, Any]) -> list[Document]:
    """TrendsQuery: `total` events or `dau` people per hour, day, week or month."""
    from_us, to_us = bounds(state, query)
    interval, breakdown = str(query.get("interval") or "day"), _breakdown(query)
    edges = _edges(from_us, to_us, interval)
    found: list[Document] = []
    for one in query.get("series") or []:
        name, counts_people = _event_name(one), one.get("math") in ("dau", "unique_users")
        lines = _lines(state, name, (from_us, to_us), breakdown)
        order = sorted(lines.items(), key=lambda line: (-len(line[1]), str(line[0])))
        for value, seen in order if breakdown else [(None, lines.get(None, []))]:
            found.append(_series(name, edges, seen, (value, interval, counts_people)))
    return found


def _lines(state: FakeState, name: str, span: tuple[int, int], breakdown: str | None) -> dict[Any, list[tuple[int, str]]]:
    held = fake_store.read(state, name, *span, [breakdown] if breakdown else [])
    values = held.properties[breakdown] if breakdown else [None] * len(held.at_us)
    merged = fake_store.person_of(state)
    lines: dict[Any, list[tuple[int, str]]] = defaultdict(list)
    for at_us, person, value in zip(held.at_us, held.people, values, strict=True):
        line = (NO_VALUE if value is None else str(value)) if breakdown else None
        lines[line].append((at_us, merged.get(person, person)))
    return lines


def _series(name: str, edges: list[datetime], seen: list[tuple[int, str]], how: tuple[Any, str, bool]) -> Document:
    value, interval, counts_people = how
    data: list[float] = []
    ends = [fake_store.micros(edge) for edge in edges]
    for start, end in pairwise([*ends, fake_store.micros(_next_edge(edges[-1], interval))]):
        inside = [person for at_us, person in seen if start <= at_us < end]
        data.append(len(set(inside)) if counts_people else len(inside))
    line: Document = {"action": {"id": name, "type": "events", "order": 0, "name": name}, "label": name}
    days = [edge.strftime("%Y-%m-%d %H:%M:%S" if interval == "hour" else "%Y-%m-%d") for edge in edges]
    line |= {"count": sum(data), "data": data, "days": days, "labels": [edge.strftime("%-d-%b-%Y") for edge in edges]}
    return line if value is None else {**line, "label": str(value), "breakdown_value": value}


def retention(state: FakeState, query: Mapping[str, Any]) -> list[Document]:
    """RetentionQuery: cohorts by first target event in the range, and who of them came back n periods later."""
    settings = query.get("retentionFilter") or {}
    period = str(settings.get("period") or "Day").lower()
    total = int(settings.get("totalIntervals") or 8)
    from_us, to_us = bounds(state, query)
    edges = _edges(from_us, to_us, period)[:total]
    target = str((settings.get("targetEntity") or {}).get("id") or "$pageview")
    returning = str((settings.get("returningEntity") or {}).get("id") or target)
    place_of = _placer(edges, period)
    first: dict[str, int] = {}
    for at_us, person in sorted(_lines(state, target, (fake_store.first_us(state), to_us), None).get(None, [])):
        first.setdefault(person, at_us)
    cohorts = {person: place for person, at_us in first.items() if (place := place_of(at_us)) is not None}
    back: dict[int, set[tuple[str, int]]] = defaultdict(set)
    for at_us, person in _lines(state, returning, (from_us, to_us), None).get(None, []):
        seen = place_of(at_us)
        if person in cohorts and seen is not None and seen > cohorts[person]:
            back[cohorts[person]].add((person, seen - cohorts[person]))
    return [_cohort(edges, place, period, cohorts, back[place]) for place in range(len(edges))]


def _cohort(edges: list[datetime], place: int, period: str, cohorts: Mapping[str, int], back: set[tuple[str, int]]) -> Document:
    size = sum(held == place for held in cohorts.values())
    later = [sum(offset == wanted for _, offset in back) for wanted in range(1, len(edges) - place)]
    values = [{"count": count, "people": []} for count in (size, *later)]
    return {"label": f"{period.capitalize()} {place}", "date": edges[place].isoformat(), "values": values}


def _placer(edges: list[datetime], period: str) -> Callable[[int], int | None]:
    ends = [fake_store.micros(edge) for edge in edges]
    ends.append(fake_store.micros(_next_edge(edges[-1], period)))

    def place_of(at_us: int) -> int | None:
        return next((place for place in range(len(ends) - 1) if ends[place] <= at_us < ends[place + 1]), None)

    return place_of


def bounds(state: FakeState, query: Mapping[str, Any]) -> tuple[int, int]:
    """The range in microseconds: ISO times, dates (the whole last day) or `-7d`; the last week by default."""
    given = query.get("dateRange") or {}
    start = _moment(state, given.get("date_from") or "-7d", end=False)
    end = state.now() if given.get("date_to") is None else _moment(state, given["date_to"], end=True)
    return fake_store.micros(start), fake_store.micros(end)


def _moment(state: FakeState, text: str, *, end: bool) -> datetime:
    if text == "all":
        return fake_store.instant_of(fake_store.first_us(state))
    relative = _RELATIVE.fullmatch(text)
    if relative is not None:
        hours = int(relative[1]) * {"h": 1, "d": 24, "w": 168}[relative[2]]
        since = state.now() - timedelta(hours=hours)
        return since if relative[2] == "h" else since.replace(hour=0, minute=0, second=0, microsecond=0)
    if len(text) == 10:
        day = parse_instant(f"{text}T00:00:00+00:00", field="dateRange")
        return day + timedelta(days=1) - timedelta(microseconds=1) if end else day
    return parse_instant(text if text[19:] else f"{text}+00:00", field="dateRange")


def _edges(from_us: int, to_us: int, interval: str) -> list[datetime]:
    edge = fake_store.instant_of(from_us).replace(minute=0, second=0, microsecond=0)
    if interval != "hour":
        edge = edge.replace(hour=0)
    if interval == "week":
        edge -= timedelta(days=(edge.weekday() + 1) % 7)
    if interval == "month":
        edge = edge.replace(day=1)
    edges = [edge]
    while fake_store.micros(_next_edge(edges[-1], interval)) <= to_us and len(edges) < 2000:
        edges.append(_next_edge(edges[-1], interval))
    return edges


def _next_edge(edge: datetime, interval: str) -> datetime:
    if interval == "month":
        return (edge + timedelta(days=32)).replace(day=1)
    return edge + {"hour": timedelta(hours=1), "week": timedelta(days=7)}.get(interval, timedelta(days=1))


def _event_name(one: Mapping[str, Any]) -> str:
    name = one.get("event") or one.get("name")
    if not isinstance(name, str):
        raise BadInput("This PostHog understands EventsNode series with an event name.", field="series")
    return name


def _breakdown(query: Mapping[str, Any]) -> str | None:
    given = query.get("breakdownFilter") or {}
    many = given.get("breakdowns")
    name = many[0].get("property") if isinstance(many, list) and many else given.get("breakdown")
    return str(name) if name else None
