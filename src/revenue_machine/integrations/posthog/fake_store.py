"""Where a pretend PostHog keeps events: columns per day and event name, so a month is read in milliseconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from revenue_machine.kit.fakeserver import FakeState

CHUNK = 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class FakeEvent:
    """One stored event; `at_us` microseconds since the epoch."""

    at_us: int
    uuid: str
    event: str
    distinct_id: str
    properties: Mapping[str, Any]


@dataclass(frozen=True)
class Columns:
    """Events of one name as columns, in the order they arrived."""

    at_us: list[int]
    people: list[str]
    uuids: list[str]
    properties: dict[str, list[Any]]


def micros(instant: datetime) -> int:
    """Microseconds since the epoch, exact."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


def instant_of(at_us: int) -> datetime:
    """The instant of microseconds since the epoch."""
    return _EPOCH + timedelta(microseconds=at_us)


def add(state: FakeState, event: FakeEvent) -> bool:
    """Keep an event unless its uuid was seen on that day; returns whether it is new."""
    day = instant_of(event.at_us).date().isoformat()
    if state.get(f"seen:{day}", event.uuid) is not None:
        return False
    state.put(f"seen:{day}", event.uuid, {})
    lane = f"{day}/{event.event}"
    tail = state.get("tail", lane)
    if tail is None:
        _open_lane(state, event, day)
    rows = [*(tail or {"rows": []})["rows"], [event.at_us, event.distinct_id, event.uuid, dict(event.properties)]]
    if len(rows) >= CHUNK:
        _pack(state, lane, rows)
        rows = []
    state.put("tail", lane, {"rows": rows})
    if event.event in ("$identify", "$create_alias"):
        _note_person(state, event)
    return True


def names(state: FakeState) -> list[str]:
    """Every event name ever captured, sorted."""
    return sorted(str(one["name"]) for one in state.list("name"))


def read(state: FakeState, name: str, from_us: int, to_us: int, properties: Iterable[str] | None = ()) -> Columns:
    """Events of one name with from <= time <= to; the named properties only, or all for None."""
    wanted = None if properties is None else sorted(set(properties))
    found = Columns([], [], [], {one: [] for one in wanted or ()})
    for day in _days(from_us, to_us):
        lane = f"{day}/{name}"
        for chunk in state.list(f"chunk:{lane}"):
            _extend(state, found, lane, chunk, wanted)
        tail = state.get("tail", lane)
        if tail is not None:
            _extend_rows(found, tail["rows"], wanted)
    return _cut(found, from_us, to_us)


def first_us(state: FakeState) -> int:
    """Midnight (UTC) before the earliest event, 0 when there is none."""
    held = state.get("bounds", "first")
    return int(held["at_us"]) if held is not None else 0


def person_of(state: FakeState) -> dict[str, str]:
    """Anonymous distinct_id to the identified one it was merged into."""
    return {str(one["from"]): str(one["to"]) for one in state.list("merged")}


def _pack(state: FakeState, lane: str, rows: Sequence[Sequence[Any]]) -> None:
    number = state.count(f"chunk:{lane}")
    properties = sorted({name for row in rows for name in row[3]})
    document = {"n": number, "t": [row[0] for row in rows], "d": [row[1] for row in rows], "p": properties}
    state.put(f"chunk:{lane}", str(number), document)
    state.put("uuids", f"{lane}/{number}", {"u": [row[2] for row in rows]})
    for name in properties:
        state.put("column", f"{lane}/{number}/{name}", {"v": [row[3].get(name) for row in rows]})


def _extend(state: FakeState, found: Columns, lane: str, chunk: Mapping[str, Any], wanted: list[str] | None) -> None:
    before, size = len(found.at_us), len(chunk["t"])
    found.at_us.extend(chunk["t"])
    found.people.extend(chunk["d"])
    if wanted is None:
        found.uuids.extend((state.get("uuids", f"{lane}/{chunk['n']}") or {"u": []})["u"])
    for name in chunk["p"] if wanted is None else wanted:
        held = state.get("column", f"{lane}/{chunk['n']}/{name}") if name in chunk["p"] else None
        _column(found, name, before).extend([None] * size if held is None else held["v"])


def _extend_rows(found: Columns, rows: Sequence[Sequence[Any]], wanted: list[str] | None) -> None:
    before = len(found.at_us)
    found.at_us.extend(row[0] for row in rows)
    found.people.extend(row[1] for row in rows)
    if wanted is None:
        found.uuids.extend(row[2] for row in rows)
    for name in sorted({name for row in rows for name in row[3]}) if wanted is None else wanted:
        _column(found, name, before).extend(row[3].get(name) for row in rows)


def _column(found: Columns, name: str, before: int) -> list[Any]:
    """A property's column, filled up with nulls for the events before that lacked it."""
    column = found.properties.setdefault(name, [])
    column.extend([None] * (before - len(column)))
    return column


def _cut(found: Columns, from_us: int, to_us: int) -> Columns:
    size = len(found.at_us)
    for column in found.properties.values():
        column.extend([None] * (size - len(column)))
    if not size or (min(found.at_us) >= from_us and max(found.at_us) <= to_us):
        return found
    keep = [place for place, at_us in enumerate(found.at_us) if from_us <= at_us <= to_us]
    return Columns(
        [found.at_us[place] for place in keep],
        [found.people[place] for place in keep],
        [found.uuids[place] for place in keep] if found.uuids else [],
        {name: [column[place] for place in keep] for name, column in found.properties.items()},
    )


def _days(from_us: int, to_us: int) -> Iterator[str]:
    day, last = instant_of(from_us).date(), instant_of(to_us).date()
    while day <= last:
        yield day.isoformat()
        day = date.fromordinal(day.toordinal() + 1)


def _open_lane(state: FakeState, event: FakeEvent, day: str) -> None:
    """The first event of its name on a day: remember the name, and the earliest day of all."""
    if state.get("name", event.event) is None:
        state.put("name", event.event, {"name": event.event})
    midnight = micros(datetime.fromisoformat(day).replace(tzinfo=UTC))
    held = state.get("bounds", "first")
    if held is None or midnight < held["at_us"]:
        state.put("bounds", "first", {"at_us": midnight})


def _note_person(state: FakeState, event: FakeEvent) -> None:
    """`$identify` joins the anonymous id to the person, once; an identified id is never merged away."""
    name = "$anon_distinct_id" if event.event == "$identify" else "alias"
    anonymous = event.properties.get(name)
    identified = state.get("identified", str(anonymous)) is not None
    if event.event == "$identify":
        state.put("identified", event.distinct_id, {})
    mergeable = isinstance(anonymous, str) and anonymous != event.distinct_id and not identified
    if mergeable and state.get("merged", str(anonymous)) is None:
        state.put("merged", str(anonymous), {"from": anonymous, "to": event.distinct_id})
