"""Takes a file of events in: every row checked before one is kept, each event once, in memory never more than a portion."""

from __future__ import annotations

import json
import re
import tempfile
import weakref
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import IO, Any

import sqlalchemy as sa

from revenue_machine.domains.analytics import store
from revenue_machine.domains.analytics.identity import IdentityKeeper
from revenue_machine.domains.analytics.moments import instant_of, micros, parse_moment
from revenue_machine.domains.analytics.recut import own_names
from revenue_machine.domains.analytics.traffic import RULE, traffic_of
from revenue_machine.engine.importing import BadRow, ImportField, ImportRow, ImportSource, Undone, Written
from revenue_machine.kit.errors import BadInput, NotFound
from revenue_machine.kit.ids import make_id
from revenue_machine.kit.settings import Settings

FIELDS = (
    ImportField("distinct_id", "text", (
        "properties_distinct_id", "distinctid", "user_id", "userid", "person_id", "visitor_id", "customer_id", "anonymous_id",
        "user", "customer", "person",
    )),
    ImportField("event", "text", ("event_name", "eventname", "event_type", "action", "name")),
    ImportField("timestamp", "text", (
        "time", "ts", "date", "datetime", "occurred_at", "event_time", "event_timestamp", "created_at", "properties_time",
    )),
    ImportField("properties", "text", ("props", "event_properties", "attributes")),
    ImportField("event_id", "text", ("uuid", "event_uuid", "insert_id", "message_id", "properties_insert_id", "id")),
)  # fmt: skip
PORTION = 20_000
MOST_KNOWN = 10_000
LONGEST_TEXT = 1000
LONGEST_PROPERTIES = 1024 * 1024
_KEPT_IN_MEMORY = 16 * 1024 * 1024
_INSIDE = "properties."
# What a column `id` holds may be the person; only a name that says event is believed alone.
_OUR_ID = re.compile(r"pev_[a-z2-7]{16}")
_OUR_COLUMNS = frozenset(("at_us", "traffic", "traffic_rule", "import_id"))
_SURE_IDS = ("event_id", "uuid", "event_uuid", "insert_id", "message_id")


def begin(source: ImportSource, settings: Settings, identity: IdentityKeeper) -> EventImport:
    """Start on one file."""
    for name in ("distinct_id", "event", "timestamp"):
        if name not in source.mapping and name not in source.constants:
            raise BadInput(f"no column looks like {name}; say which with --map COLUMN={name}", field=name)
    return EventImport(source, own_names(settings), identity)


def undo(connection: sa.Connection, wanted: str, identity: IdentityKeeper) -> Undone:
    """Take a file's events back, by its SHA-256 or the import's id; what they said of who is who is worked out anew."""
    removed = store.forget_import(connection, wanted) or store.forget_import(connection, import_id(wanted))
    if not removed:
        raise NotFound(f"no event came from {wanted}", field="FILE")
    identity.settle(connection)
    return Undone(wanted, removed, 0, ())


def import_id(sha256: str) -> str:
    """The name of a file's import."""
    return make_id("imp", "events", sha256)


class EventImport:
    """The events of one file, kept beside until all of it was read."""

    def __init__(self, source: ImportSource, own: frozenset[str], identity: IdentityKeeper) -> None:
        self._source, self._own, self._identity = source, own, identity
        self._import_id = import_id(source.file.sha256)
        id_column = source.mapping.get("event_id", "")
        self._has_sure_id = bool(id_column) and id_column.strip().lower().lstrip("$").removeprefix("properties.$") in _SURE_IDS
        self._portion: list[tuple[Any, ...]] = []
        self._spool: IO[str] = tempfile.SpooledTemporaryFile(_KEPT_IN_MEMORY, mode="w+", encoding="utf-8")  # noqa: SIM115 - until written
        # A preview or a file with bad rows never comes to be written.
        weakref.finalize(self, self._spool.close)
        self._traffic: Counter[str] = Counter()
        self._columns: set[str] = set()
        self._known: dict[tuple[str | None, ...], tuple[Mapping[str, Any], str]] = {}
        self._without_id = self._day_only = self._rows = self._repeats = 0

    def read(self, row: ImportRow) -> None:
        """Take a row in. Raises: BadRow for one without person, event or a time that means one instant."""
        distinct_id, event, written = row.text("distinct_id"), row.text("event"), row.text("timestamp")
        for name, text in (("distinct_id", distinct_id), ("event", event), ("timestamp", written)):
            if text is None:
                raise BadRow(f"no {name}")
            if len(text) > LONGEST_TEXT:
                raise BadRow(f"{name} has {len(text)} characters, at most {LONGEST_TEXT} are kept")
            if not text.isprintable():
                raise BadRow(f"{name} holds a character that cannot be printed")
        assert distinct_id is not None and event is not None and written is not None  # noqa: PT018, S101 - seen above
        at = parse_moment(written)
        if at is None:
            raise BadRow(f"timestamp: '{written[:40]}' is no time; write 2026-11-22T06:00:00Z, 20261122 or epoch seconds")
        properties, held = self._properties(row)
        traffic = traffic_of(distinct_id, properties, self._own)
        at_us = micros(at)
        self._portion.append((self._id(row, (distinct_id, event, at_us, held)), distinct_id, event, at_us, held, traffic))
        self._traffic[traffic] += 1
        self._rows += 1
        self._day_only += len(written) <= len("2026-11-22")
        if len(self._portion) >= PORTION:
            self._put_aside()

    def write(self, connection: sa.Connection) -> Written:
        """Keep everything, and work out who is who; the same file twice changes nothing."""
        self._put_aside()
        before = store.event_count(connection)
        store.keep_events(connection, self._portions())
        stored = store.event_count(connection) - before
        self._repeats = self._rows - stored
        if stored:
            self._identity.settle(connection)
        return Written(stored, self._repeats)

    def notes(self) -> list[str]:
        """What was understood, and what was left apart."""
        if not self._rows:
            return ["no row could be used"]
        found = []
        if self._columns:
            found.append(f"kept as properties: {', '.join(sorted(self._columns))}")
        if self._without_id:
            found.append(
                f"{self._without_id} rows have no id of their own: alike in person, event, time and properties they are one event"
            )
        apart = {name: count for name, count in sorted(self._traffic.items()) if name != "person"}
        if apart:
            said = ", ".join(f"{name} {count}" for name, count in apart.items())
            found.append(f"counted apart by traffic rule {RULE}: {said}")
        if self._day_only == self._rows:
            found.append("times are dates without an hour: events of one person on one day count in the order of the steps")
        return found

    def _properties(self, row: ImportRow) -> tuple[Mapping[str, Any], str]:
        """The JSON object of the row with the columns nobody else takes, and its one spelling; what repeats is read once."""
        text, extra = row.text("properties"), row.extra
        key = (text, *extra, *extra.values())
        known = self._known.get(key)
        if known is None:
            held = self._object(text, extra, is_ours=_OUR_ID.fullmatch(row.text("event_id") or "") is not None)
            known = (held, _spelling(held))
            if len(self._known) < MOST_KNOWN and len(known[1]) < LONGEST_TEXT:
                self._known[key] = known
        return known

    def _object(self, text: str | None, extra: Mapping[str, str], *, is_ours: bool) -> dict[str, Any]:
        if text is not None and len(text) > LONGEST_PROPERTIES:
            raise BadRow(f"properties have {len(text)} characters, at most {LONGEST_PROPERTIES} are kept")
        held: dict[str, Any] = {}
        for column, cell in extra.items():
            if cell.strip() and not (is_ours and column in _OUR_COLUMNS):
                name = column.removeprefix(_INSIDE)
                self._columns.add(name)
                _put_inside(held, name.split(".") if name.startswith("$set") else [name], _plain(cell.strip()))
        return {**held, **_object(text)} if text is not None else held

    def _id(self, row: ImportRow, content: tuple[Any, ...]) -> str:
        """By the event's own id, with person, event and time where the column may hold something else; else by content."""
        own = row.text("event_id")
        if own is None:
            self._without_id += 1
            return make_id("pev", *content)
        if _OUR_ID.fullmatch(own):
            return own
        return make_id("pev", "id", own) if self._has_sure_id else make_id("pev", "id", own, *content[:3])

    def _put_aside(self) -> None:
        if self._portion:
            self._spool.write(json.dumps(self._portion) + "\n")
            self._portion = []

    def _portions(self) -> Iterator[list[dict[str, Any]]]:
        self._spool.seek(0)
        for line in self._spool:
            # In the order of their key: neighbours in the file are neighbours in the index.
            yield [self._row(one) for one in sorted(json.loads(line))]

    def _row(self, one: list[Any]) -> dict[str, Any]:
        event_id, distinct_id, event, at_us, held, traffic = one
        return {
            "id": event_id, "distinct_id": distinct_id, "event": event, "occurred_at": instant_of(at_us), "at_us": at_us,
            "properties": json.loads(held), "traffic": traffic, "traffic_rule": RULE, "import_id": self._import_id,
        }  # fmt: skip


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _spelling(held: Mapping[str, Any]) -> str:
    """The one spelling of properties, refused where a database would refuse it."""
    try:
        text = _CANONICAL.encode(held)
        text.encode()
    except ValueError:
        raise BadRow("properties hold a number or a character that JSON does not have") from None
    if "\\u0000" in text:
        raise BadRow("properties hold a NUL character")
    return text


def _object(text: str) -> Mapping[str, Any]:
    try:
        found = _STRICT.decode(text)
    except (ValueError, RecursionError) as error:
        reason = str(error).split(":", 1)[0] if isinstance(error, ValueError) else "nested too deeply"
        raise BadRow(f"properties are no JSON: {reason}") from None
    if not isinstance(found, dict):
        raise BadRow('properties are no JSON object such as {"utm_source": "x"}')
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")


_STRICT = json.JSONDecoder(parse_constant=_no_constant)


def _plain(text: str) -> Any:
    """Numbers, true, false and lists as what they are, when their text says nothing more than that."""
    if text[0] not in "-0123456789tf[":
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if json.dumps(value, ensure_ascii=False, sort_keys=True) == text else text


def _put_inside(held: dict[str, Any], path: list[str], value: Any) -> None:
    for name in path[:-1]:
        inner = held.setdefault(name, {})
        if not isinstance(inner, dict):
            return
        held = inner
    held[path[-1]] = value
