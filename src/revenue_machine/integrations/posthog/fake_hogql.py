"""The part of HogQL a pretend PostHog understands: one SELECT over `events`.

    SELECT item [AS name], … FROM events
    [WHERE test AND test …] [GROUP BY item, …] [ORDER BY item [ASC|DESC], …] [LIMIT n] [OFFSET n]

An item is event, distinct_id, timestamp, uuid, properties.name, properties.`name`, properties['name'], toDate(timestamp),
count(), count(DISTINCT item) or uniq(item). A test is `item op value` with = != < <= > >=, `item [NOT] IN (value, …)`,
`item IS [NOT] NULL` or `(item, item) op (value, value)`. A value is 'text', a number, true, false, {name} from `values`, or
toDateTime(value), toUUID(value), toString(value). Everything else is refused, as PostHog refuses what it cannot resolve.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from revenue_machine.integrations.posthog import fake_store
from revenue_machine.kit.clock import parse_instant
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.fakeserver import FakeState

_TOKEN = re.compile(r"\s*(?:('(?:[^'\\]|\\.|'')*')|(`[^`]*`)|(\d+(?:\.\d+)?)|([A-Za-z_$][\w$]*)|(!=|<=|>=|[=<>(),.*{}\[\]]))")
_TESTS: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_PLAIN = ("event", "distinct_id", "timestamp", "uuid")
_MAX_ROWS = 50_000
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Item:
    """A column, a property, a day, or a count of something."""

    kind: str
    name: str = ""
    of: Item | None = None

    @property
    def label(self) -> str:
        """How PostHog would head the column."""
        if self.kind == "property":
            return f"properties.{self.name}"
        inner = self.of.label if self.of is not None else ""
        heads = {"day": f"toDate({inner})", "count": "count()", "uniq": f"uniq({inner})"}
        return heads.get(self.kind, self.name)

    def value(self, row: Row) -> Any:
        """What one event says."""
        if self.kind == "property":
            return row["properties"].get(self.name)
        if self.kind == "day" and self.of is not None:
            return self.of.value(row).date().isoformat()
        return row[self.name]


@dataclass
class Select:
    """A parsed query."""

    items: list[tuple[str, Item]] = field(default_factory=list)
    tests: list[Callable[[Row], bool]] = field(default_factory=list)
    groups: list[Item] = field(default_factory=list)
    order: list[tuple[Item, bool]] = field(default_factory=list)
    limit: int = 100
    offset: int = 0
    events: list[str] | None = None
    from_us: int | None = None
    to_us: int | None = None


def answer(state: FakeState, text: str, values: Mapping[str, Any]) -> tuple[list[str], list[list[Any]], bool]:
    """Columns, rows and whether there is more. Raises: BadInput for what is not understood."""
    query = _Parser(text, values).select()
    rows = [row for row in _rows(state, query) if all(test(row) for test in query.tests)]
    shown = _grouped(query, rows) if _is_grouped(query) else _plain(query, rows)
    limit = min(query.limit, _MAX_ROWS)
    page = shown[query.offset : query.offset + limit]
    return [name for name, _ in query.items], page, len(shown) > query.offset + limit


def _rows(state: FakeState, query: Select) -> list[Row]:
    from_us = fake_store.first_us(state) if query.from_us is None else query.from_us
    to_us = fake_store.micros(state.now()) + 86_400_000_000 if query.to_us is None else query.to_us
    found: list[Row] = []
    for name in fake_store.names(state) if query.events is None else query.events:
        held = fake_store.read(state, name, from_us, to_us, None)
        for place, at_us in enumerate(held.at_us):
            properties = {key: column[place] for key, column in held.properties.items() if column[place] is not None}
            row = {"event": name, "timestamp": fake_store.instant_of(at_us), "distinct_id": held.people[place]}
            found.append({**row, "uuid": held.uuids[place], "properties": properties})
    return found


def _is_grouped(query: Select) -> bool:
    return bool(query.groups) or any(item.kind in ("count", "uniq") for _, item in query.items)


def _plain(query: Select, rows: list[Row]) -> list[list[Any]]:
    for item, down in reversed(query.order):
        rows.sort(key=_by_item(item), reverse=down)
    return [[_shown(item.value(row)) for _, item in query.items] for row in rows]


def _grouped(query: Select, rows: list[Row]) -> list[list[Any]]:
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(_shown(item.value(row)) for item in query.groups), []).append(row)
    if not query.groups and not groups:
        groups[()] = []
    lines = [[_of_group(item, key, held, query.groups) for _, item in query.items] for key, held in sorted(groups.items(), key=str)]
    labels = [item for _, item in query.items]
    for item, down in reversed(query.order):
        if item not in labels:
            raise BadInput(f"ORDER BY {item.label} is not in the SELECT")
        lines.sort(key=_by_place(labels.index(item)), reverse=down)
    return lines


def _of_group(item: Item, key: tuple[Any, ...], rows: list[Row], groups: Sequence[Item]) -> Any:
    if item.kind == "count":
        return len(rows)
    if item.kind == "uniq" and item.of is not None:
        return len({str(value) for row in rows if (value := item.of.value(row)) is not None})
    if item not in groups:
        raise BadInput(f"{item.label} must be in the GROUP BY")
    return key[list(groups).index(item)]


def _by_item(item: Item) -> Callable[[Row], tuple[int, Any]]:
    return lambda row: _sortable(item.value(row))


def _by_place(place: int) -> Callable[[list[Any]], tuple[int, Any]]:
    return lambda line: _sortable(line[place])


def _sortable(value: Any) -> tuple[int, Any]:
    """Numbers, then texts, nulls last."""
    if value is None:
        return (2, "")
    return (0, value) if isinstance(value, int | float) else (1, _shown(value))


def _shown(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value


class _Parser:
    """Recursive descent over the tokens."""

    def __init__(self, text: str, values: Mapping[str, Any]) -> None:
        self._values, self._at, self._tokens = values, 0, _tokens(text)
        self._select = Select()
        self._names: dict[str, Item] = {}

    def select(self) -> Select:
        """The whole query."""
        self._word("SELECT")
        self._select.items = self._comma(self._named_item)
        self._word("FROM")
        self._word("events")
        if self._took("WHERE"):
            self._select.tests.append(self._test())
            while self._took("AND"):
                self._select.tests.append(self._test())
        if self._took("GROUP"):
            self._word("BY")
            self._select.groups = self._comma(self._item)
        if self._took("ORDER"):
            self._word("BY")
            self._select.order = self._comma(self._direction)
        self._select.limit = int(self._value()) if self._took("LIMIT") else 100
        self._select.offset = int(self._value()) if self._took("OFFSET") else 0
        if self._at < len(self._tokens):
            raise BadInput(f"unexpected '{self._tokens[self._at]}'")
        return self._select

    def _named_item(self) -> tuple[str, Item]:
        item = self._item()
        name = self._next().strip("`") if self._took("AS") else item.label
        self._names[name] = item
        return name, item

    def _direction(self) -> tuple[Item, bool]:
        item = self._item()
        if self._took("DESC"):
            return item, True
        self._took("ASC")
        return item, False

    def _item(self) -> Item:
        word = self._next()
        if word in self._names:
            return self._names[word]
        if word in _PLAIN:
            return Item("column", word)
        if word == "properties":
            return Item("property", self._property())
        if word in ("toDate", "uniq", "toString"):
            self._word("(")
            inner = self._item()
            self._word(")")
            return inner if word == "toString" else Item("day" if word == "toDate" else "uniq", "", inner)
        if word == "count":
            self._word("(")
            counted = None if self._peek(")") else self._distinct()
            self._word(")")
            return Item("count") if counted is None else Item("uniq", "", counted)
        raise BadInput(f"Unable to resolve field: {word}")

    def _distinct(self) -> Item | None:
        if self._took("*"):
            return None
        self._word("DISTINCT")
        return self._item()

    def _property(self) -> str:
        if self._took("["):
            name = _unquoted(self._next())
            self._word("]")
            return name
        self._word(".")
        return self._next().strip("`")

    def _test(self) -> Callable[[Row], bool]:
        items = [self._item()] if not self._took("(") else self._until_close(self._item)
        if self._took("IS"):
            wants_null = not self._took("NOT")
            self._word("NULL")
            return lambda row: (items[0].value(row) is None) == wants_null
        negated = self._took("NOT")
        if self._took("IN"):
            self._word("(")
            allowed = self._until_close(self._value)
            self._note("IN", items, allowed, negated=negated)
            return lambda row: (items[0].value(row) in allowed) != negated
        sign = self._next()
        if sign not in _TESTS:
            raise BadInput(f"'{sign}' is not a comparison")
        wanted = self._until_close(self._value) if self._took("(") else [self._value()]
        self._note(sign, items, wanted, negated=False)
        return lambda row: _holds(sign, [item.value(row) for item in items], wanted)

    def _note(self, sign: str, items: list[Item], wanted: list[Any], *, negated: bool) -> None:
        """Remember what narrows the reading: kinds of events and the range of time."""
        query, first = self._select, items[0]
        if first == Item("column", "event") and sign in ("=", "IN") and not negated:
            query.events = sorted({str(one) for one in wanted})
        if first == Item("column", "timestamp") and isinstance(wanted[0], datetime):
            at_us = fake_store.micros(wanted[0])
            if sign in (">", ">="):
                query.from_us = max(at_us, query.from_us or 0)
            if sign in ("<", "<="):
                query.to_us = at_us if query.to_us is None else min(at_us, query.to_us)

    def _value(self) -> Any:
        word = self._next()
        if word == "{":
            name = self._next()
            self._word("}")
            if name not in self._values:
                raise BadInput(f"Placeholder {{{name}}} has no value")
            return self._values[name]
        if word in ("toDateTime", "toUUID", "toString"):
            self._word("(")
            inner = self._until_close(self._value)[0]
            return _moment(str(inner)) if word == "toDateTime" else str(inner)
        if word.startswith("'"):
            return _unquoted(word)
        if word.lower() in ("true", "false"):
            return word.lower() == "true"
        if word.replace(".", "", 1).isdigit():
            return float(word) if "." in word else int(word)
        raise BadInput(f"'{word}' is not a value")

    def _comma(self, part: Callable[[], Any]) -> list[Any]:
        found = [part()]
        while self._took(","):
            found.append(part())
        return found

    def _until_close(self, part: Callable[[], Any]) -> list[Any]:
        found = self._comma(part)
        self._word(")")
        return found

    def _next(self) -> str:
        if self._at >= len(self._tokens):
            raise BadInput("the query ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _peek(self, word: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at].upper() == word.upper()

    def _took(self, word: str) -> bool:
        if self._peek(word):
            self._at += 1
            return True
        return False

    def _word(self, word: str) -> None:
        if not self._took(word):
            held = self._tokens[self._at] if self._at < len(self._tokens) else "the end"
            raise BadInput(f"expected {word}, found {held}")


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    stripped = text.rstrip().rstrip(";")
    while at < len(stripped):
        match = _TOKEN.match(stripped, at)
        if match is None:
            raise BadInput(f"cannot read the query at '{stripped[at : at + 20]}'")
        found.append(match[0].strip())
        at = match.end()
    return found


def _unquoted(word: str) -> str:
    return word[1:-1].replace("''", "'").replace("\\'", "'")


def _moment(text: str) -> datetime:
    spelled = text.replace(" ", "T").replace("Z", "+00:00")
    return parse_instant(spelled if spelled[10:].count("+") or "-" in spelled[10:] else f"{spelled}+00:00")


def _holds(sign: str, given: list[Any], wanted: list[Any]) -> bool:
    if any(value is None for value in given):
        return False
    try:
        return bool(_TESTS[sign](tuple(given), tuple(wanted)))
    except TypeError:
        return bool(_TESTS[sign](tuple(map(str, given)), tuple(map(str, wanted))))
