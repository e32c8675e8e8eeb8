"""Answers from the events kept here what PostHog would answer, by the same rules, without bots, own visits and test traffic."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from revenue_machine.domains.analytics import reads, rules
from revenue_machine.domains.analytics.local_trends import cohorts_of, series_of
from revenue_machine.domains.analytics.models import (
    Coverage,
    EventsArgs,
    EventsReport,
    FlagRow,
    FlagsReport,
    FunnelArgs,
    FunnelRow,
    InsightsArgs,
    InsightsReport,
    PersonEvent,
    Ranged,
)
from revenue_machine.domains.analytics.moments import instant_of, micros
from revenue_machine.domains.analytics.own_events import own_events, seen_step
from revenue_machine.domains.analytics.reads import EventRow, Span
from revenue_machine.domains.analytics.traffic import RULE
from revenue_machine.engine.database import Database
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import BadInput

DAY_US = 86_400_000_000
MOST_EVENTS = 100_000
_PROPERTY = re.compile(r"[^\"\\\x00-\x1f]{1,200}")
_ALL = Span(-(2**62), 2**62)


class Counted(NamedTuple):
    """A funnel's rows with the range they are of, what was left out, and what to know."""

    rows: list[FunnelRow]
    date_from: datetime
    date_to: datetime
    coverage: Coverage | None
    excluded: dict[str, int]
    notes: list[str]


class LocalDesk:
    """One per call; `names_of` says which events may stand for a step."""

    def __init__(self, database: Database, clock: Clock, names_of: Callable[[str], frozenset[str]]) -> None:
        self._database, self._clock, self._names_of = database, clock, names_of

    def funnel(self, args: FunnelArgs) -> Counted:
        """People per step and breakdown value, in the order of time; see `bulk_funnel` for ties and repeats."""
        from revenue_machine.domains.analytics.local_funnel import FunnelTable

        name = _property(args.breakdown)
        with self._database.reading() as connection:
            sources = [_Lane(connection, self._names_of(step)) for step in args.steps]
            table = FunnelTable([one.names for one in sources], reads.person_of(connection), has_values=name is not None)
            span = self._span(connection, args, sources)
            table.take(_rows(connection, sources, span, name))
        counts = table.count(args.window_days * DAY_US, args.attribution, args.attribution_step)
        notes = [note for one in sources for note in one.notes()]
        if counts.values_left_out:
            notes.append(f"{counts.values_left_out} rare values of {name} stand together as 'other'")
        coverage = None if name is None else rules.coverage(name, counts.step_one, counts.step_one_with_value)
        notes += [coverage.note] if coverage is not None and coverage.note else []
        rows = rules.funnel_rows(args.steps, counts.people or {None: [0] * len(args.steps)}, counts.median_s)
        date_from, date_to = instant_of(span.from_us), instant_of(span.to_us)
        return Counted(rows, date_from, date_to, coverage, counts.excluded, list(dict.fromkeys(notes)) + _apart(counts.excluded))

    def insights(self, args: InsightsArgs) -> InsightsReport:
        """A trend per breakdown value, or retention by cohort with what is not over yet left open."""
        name, is_trend = _property(args.breakdown), args.kind == "trends"
        asked = [args.event] if is_trend else [args.event, args.returning or args.event]
        excluded: dict[str, int] = {}
        with self._database.reading() as connection:
            sources = [_Lane(connection, self._names_of(event)) for event in asked]
            span = self._span(connection, args, sources)
            # Who is new is only known from the first event on.
            read = span if is_trend else Span(_ALL.from_us, span.to_us)
            rows = list(_people(_rows(connection, sources, read, name), reads.person_of(connection), excluded))
        notes = [note for one in sources for note in one.notes()] + _apart(excluded)
        about = InsightsReport(
            kind=args.kind, event=args.event, interval=args.interval, source="local", excluded=excluded,
            notes=list(dict.fromkeys(notes)),
        )  # fmt: skip
        if is_trend:
            series = series_of(rows, span, args.interval, counts_people=args.math == "dau", has_values=name is not None)
            return about.model_copy(update={"series": tuple(series), "people": len({row.distinct_id for row in rows})})
        found = cohorts_of(
            rows, (sources[0].names, sources[1].names), span, (args.interval, args.intervals or 31), self._clock.now()
        )
        return about.model_copy(update={"cohorts": tuple(found), "people": sum(one.people for one in found)})

    def events(self, args: EventsArgs, until: datetime) -> EventsReport:
        """Imported events of one kind by time and id."""
        span = Span(micros(args.after), micros(until) - 1)
        with self._database.reading() as connection:
            rows = reads.single_events(connection, sorted(self._names_of(args.event)), span, MOST_EVENTS)
        found = [
            PersonEvent(
                id=row["id"], user_id=row["distinct_id"], occurred_at=row["occurred_at"],
                properties={one: row["properties"][one] for one in args.properties if row["properties"].get(one) is not None},
            )
            for row in rows
        ]  # fmt: skip
        notes = [f"only the first {MOST_EVENTS}; ask again after the last one's time"] if len(found) == MOST_EVENTS else []
        return EventsReport(event=args.event, events=found, after=args.after, before=until, source="local", notes=notes)

    def flags(self) -> FlagsReport:
        """The flags events tell of: who was shown which variant last."""
        with self._database.reading() as connection:
            rows = reads.single_events(connection, ["$feature_flag_called"], _ALL, MOST_EVENTS)
            person = reads.person_of(connection)
        shown: dict[str, dict[str, str]] = {}
        for row in rows:
            key, variant = row["properties"].get("$feature_flag"), row["properties"].get("$feature_flag_response")
            if key is not None:
                said = {True: "on", False: "off", None: "off"}.get(variant) if not isinstance(variant, str) else variant
                shown.setdefault(str(key), {})[person.get(row["distinct_id"], row["distinct_id"])] = str(said)
        flags = []
        for key, people in sorted(shown.items()):
            dealt = {name: sum(one == name for one in people.values()) for name in sorted(set(people.values()))}
            flags.append(FlagRow(key=key, people=dealt))
        note = "from the events kept here: who was shown which variant; whether a flag is on is known to PostHog only"
        return FlagsReport(flags=flags, experiments=[], source="local", notes=[note])

    def _span(self, connection: sa.Connection, args: Ranged, sources: Sequence[_Lane]) -> Span:
        """As asked; without a word from the first to the last event there is."""
        now = self._clock.now()
        to = None if args.date_to is None else _whole_day(args.date_to)
        start = None if args.date_from is None else _aware(args.date_from)
        if args.days is not None:
            start = instant_of(micros(to or now) - args.days * DAY_US)
        held = [one.bounds for one in sources if one.bounds is not None]
        first = micros(start) if start is not None else min((one.from_us for one in held), default=micros(now))
        last = micros(to if to is not None else now)
        if args.days is None and to is None:
            last = max((one.to_us for one in held), default=last)
        if first > last:
            raise BadInput("the range ends before it begins", field="date_to")
        return Span(first, last)


class _Lane:
    """Where the events of a step come from: the imported ones when there are any, else what the machine saw itself."""

    def __init__(self, connection: sa.Connection, names: frozenset[str]) -> None:
        self._asked = names
        imported = reads.known_events(connection, sorted(names))
        step = None if imported else seen_step(names)
        self.own = step
        self.names = frozenset({step}) if step is not None else frozenset(imported or names)
        self.bounds = _own_bounds(connection, step) if step is not None else reads.bounds(connection, sorted(self.names))

    def notes(self) -> list[str]:
        """What an owner who wonders at the number should know."""
        if self.own == "pageview":
            return ["no pageview was imported: counted clicks on the tracking links stand for them"]
        if self.bounds is None:
            return [
                f"no event called {' or '.join(sorted(self._asked))} is kept here; bring some with `revenue import events FILE`"
            ]
        return []


def _own_bounds(connection: sa.Connection, step: str) -> Span | None:
    ever = Span(0, micros(datetime.max.replace(tzinfo=UTC)) - 1)
    times = [row.at_us for row in own_events(connection, frozenset({step}), ever, None)]
    return Span(min(times), max(times)) if times else None


def _rows(connection: sa.Connection, sources: Sequence[_Lane], span: Span, name: str | None) -> Iterator[Sequence[Any]]:
    """Imported and own events, each kind once."""
    imported = sorted({event for one in sources if one.own is None for event in one.names})
    own = frozenset(one.own for one in sources if one.own is not None)
    if imported:
        yield from reads.events(connection, imported, span, name)
    if own:
        yield from own_events(connection, own, span, name)


def _people(rows: Iterator[Sequence[Any]], person_of: dict[str, str], excluded: dict[str, int]) -> Iterator[EventRow]:
    """People's events under the id they are counted by; the others are counted."""
    for event, distinct_id, at_us, traffic, value in rows:
        if traffic != "person":
            excluded[traffic] = excluded.get(traffic, 0) + 1
        else:
            yield EventRow(event, person_of.get(distinct_id, distinct_id), at_us, traffic, value)


def _apart(excluded: dict[str, int]) -> list[str]:
    if not excluded:
        return []
    said = ", ".join(f"{name} {count}" for name, count in sorted(excluded.items()))
    return [f"events left out by traffic rule {RULE}: {said}"]


def _property(name: str | None) -> str | None:
    if name is not None and not _PROPERTY.fullmatch(name):
        raise BadInput(f"'{name}' is not a property name", field="breakdown")
    return name


def _whole_day(moment: datetime) -> datetime:
    """A bare date as an end means all of that day."""
    is_date = moment.tzinfo is None and (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0)
    return instant_of(micros(_aware(moment)) + DAY_US - 1) if is_date else _aware(moment)


def _aware(moment: datetime) -> datetime:
    """A date without a zone is UTC here: nothing is sent anywhere."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
