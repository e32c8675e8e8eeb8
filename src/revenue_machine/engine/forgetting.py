"""Forgets a person everywhere this house keeps things, and proves it: markers are counted before and after."""

from __future__ import annotations

import base64
import binascii
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol
from urllib.parse import quote

import sqlalchemy as sa

from revenue_machine.engine.audit import Audit
from revenue_machine.engine.container import Container
from revenue_machine.engine.database import Database
from revenue_machine.engine.registry import modules
from revenue_machine.engine.tables import APPROVALS, AUDIT, HAND_TASKS, RECORDINGS
from revenue_machine.kit.ids import make_id
from revenue_machine.kit.settings import Settings

GONE = "[forgotten]"
# Not ours: the rehearsal's outside world. Databases are swept as databases, their files are not read as text.
NOT_OURS = frozenset({"world.db"})
_DATABASE_FILES = (".db", ".db-wal", ".db-shm", ".sqlite", ".sqlite-wal", ".sqlite-shm", ".db-journal")
ROWS_AT_ONCE = 2_000
_BASE64 = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")


@dataclass(frozen=True)
class Forgotten:
    """Who is to be forgotten: every id of theirs, and every text that names them (mail, handle, profile, name, phone)."""

    contact_id: str
    ids: tuple[str, ...]
    markers: tuple[str, ...]


@dataclass(frozen=True)
class Proof:
    """What was found and where, before and after; `rows` says how many rows each domain emptied by itself."""

    contact_id: str
    markers: int
    before: Mapping[str, int]
    after: Mapping[str, int]
    rows: Mapping[str, int]
    audit_entries: int

    @property
    def is_complete(self) -> bool:
        return not self.after

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "found_before": sum(self.before.values()), "found_after": sum(self.after.values())}

    def lines(self) -> list[str]:
        """The same for a person to read."""
        places = [f"  {place:52} {count:6} -> {self.after.get(place, 0)}" for place, count in sorted(self.before.items())]
        rows = ", ".join(f"{name} {count}" for name, count in sorted(self.rows.items())) or "none"
        return [
            f"{self.contact_id}: {self.markers} markers",
            f"cells and files that named the person: {sum(self.before.values())} before, {sum(self.after.values())} after",
            *places,
            f"rows emptied by their own domain: {rows}",
            f"the addresses stay on the suppression list as keyed hashes; {self.audit_entries} audit entries verify",
        ]


class Forgets(Protocol):
    """What a domain's `forgetting.py` may offer as `forget`; further parameters are injected."""

    def __call__(self, person: Forgotten, connection: sa.Connection) -> int:
        """Empty what the domain keeps of a person; rows touched."""
        ...


def find_person(house: ModuleType, connection: sa.Connection, reference: str) -> Forgotten:
    """Who a reference means, asked of the domain that knows people; raises not_found."""
    finders: list[Callable[..., Forgotten]] = [module.find for _, module in modules(house, "forgetting") if hasattr(module, "find")]
    return finders[0](connection, reference)


class Forgetting:
    """Empties, sweeps and proves."""

    def __init__(self, database: Database, settings: Settings, audit: Audit, container: Container, house: ModuleType) -> None:
        self._database, self._home, self._audit, self._container, self._house = database, settings.home, audit, container, house

    def look(self, reference: str) -> tuple[Forgotten, dict[str, int]]:
        """Who it would be, and where they are named; changes nothing."""
        with self._database.reading() as connection:
            person = find_person(self._house, connection, reference)
            return person, self._count(connection, Markers(person.markers))

    def forget(self, reference: str, actor: str) -> Proof:
        """Forget a person: the domains first, then every text and file that still names them.

        Repeating it is harmless. Raises: not_found; conflict when the audit log does not verify afterwards.
        """
        person, before = self.look(reference)
        marks = Markers(person.markers)
        rows: dict[str, int] = {}
        # Files first: should this end half way, the database still knows what to look for.
        for path in _files(self._home):
            _sweep_file(path, marks)
        with self._database.writing() as connection:
            for name, module in modules(self._house, "forgetting"):
                if hasattr(module, "forget"):
                    rows[name] = self._container.fill(module.forget, person=person, connection=connection)
            rows["recordings"] = _drop_recordings(connection, person)
            rows["approvals"] = blank_approvals(connection, _asked_about(connection, person))
            rows["hand_tasks"] = _blank_hand_tasks(connection, person)
            for texts in _every_text(connection):
                texts.sweep(connection, marks)
            self._audit.note(connection, actor, "person.forget", person.contact_id, "ok")
        self._scrub()
        self._audit.seal()
        with self._database.reading() as connection:
            after = self._count(connection, marks)
        counted = {name: count for name, count in rows.items() if count}
        return Proof(person.contact_id, len(person.markers), before, after, counted, self._audit.verify())

    def _count(self, connection: sa.Connection, marks: Markers) -> dict[str, int]:
        found: dict[str, int] = {}
        for texts in _every_text(connection) if marks.plain else ():
            for _, named in texts.hits(connection, marks):
                for name in named:
                    place = f"{texts.table.name}.{name}"
                    found[place] = found.get(place, 0) + 1
        for path in _files(self._home):
            if marks.in_bytes(path.read_bytes()):
                found[f"file {path.relative_to(self._home).as_posix()}"] = 1
        return dict(sorted(found.items()))

    def _scrub(self) -> None:
        """Let no old page of the database file or its log keep what was overwritten."""
        if self._database.dialect == "sqlite":
            raw = self._database.engine.raw_connection()
            try:
                raw.cursor().execute("pragma wal_checkpoint(truncate)")
            finally:
                raw.close()


class Markers:
    """The texts that name a person, in every spelling they may be written in."""

    def __init__(self, texts: Sequence[str]) -> None:
        spelled = {text: None for one in texts for text in _spellings(one)}
        self.plain = tuple(sorted(spelled, key=lambda text: (-len(text), text)))
        # A word begins after a sign that is no letter, after an escaped line break or an encoded sign (%3C); what stands
        # behind a dot or a plus is another mail address.
        mails = "|".join(re.escape(text) for text in self.plain if "@" in text[1:])
        words = "|".join(re.escape(text) for text in self.plain if "@" not in text[1:])
        starts = r"|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2})"
        parts = [rf"(?:(?<![\w.+]){starts})(?:{mails})"] if mails else []
        parts += [rf"(?:(?<!\w){starts})(?:{words})"] if words else []
        self._pattern = re.compile(rf"(?:{'|'.join(parts)})(?!\w)", re.IGNORECASE) if parts else None

    def found_in(self, text: str) -> bool:
        """Whether a text, or a Base64 text inside it, names the person."""
        if self._pattern is None:
            return False
        return self._pattern.search(text) is not None or any(self._pattern.search(inner) for _, inner in _hidden(text))

    def in_bytes(self, data: bytes) -> bool:
        """The same for a file."""
        return self.found_in(data.decode("utf-8", "surrogateescape"))

    def replaced(self, text: str) -> str:
        """The text without the person; inside Base64 the length stays, so that what is packed there stays readable."""
        if self._pattern is None:
            return text
        text = self._pattern.sub(GONE, text)
        for packed, inner in _hidden(text):
            if self._pattern.search(inner):
                bare = self._pattern.sub(lambda found: "*" * len(found.group().encode("utf-8", "surrogateescape")), inner)
                text = text.replace(packed, base64.b64encode(bare.encode("utf-8", "surrogateescape")).decode())
        return text


def _hidden(text: str) -> Iterator[tuple[str, str]]:
    """(as packed, as unpacked) of every long Base64 word in a text."""
    for found in _BASE64.finditer(text):
        packed = found.group()
        try:
            yield packed, base64.b64decode(packed, validate=True).decode("utf-8", "surrogateescape")
        except (binascii.Error, ValueError):
            continue


def _spellings(text: str) -> Iterator[str]:
    """As written, in both Unicode forms, and as addresses and JSON spell it."""
    for form in {text, unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)}:
        yield from (form, quote(form, safe=""), quote(form), json.dumps(form)[1:-1])
        if not form.isascii():  # SQLite knows no case beyond ASCII
            yield from (form.lower(), form.upper(), form.title())


@dataclass(frozen=True)
class Texts:
    """The columns of one table that can hold text; `alone` are those whose values must stay distinct."""

    table: sa.Table
    columns: tuple[sa.Column[Any], ...]
    alone: frozenset[str]

    def hits(self, connection: sa.Connection, marks: Markers) -> Iterator[tuple[tuple[Any, ...], dict[str, str]]]:
        """(primary key, the texts that name the person by column) of every row that does."""
        key = list(self.table.primary_key.columns)
        query = sa.select(*key, *(sa.cast(one, sa.Text).label(f"text_{number}") for number, one in enumerate(self.columns)))
        for row in connection.execute(query.execution_options(yield_per=ROWS_AT_ONCE)):
            texts = row[len(key) :]
            if marks.found_in("\n".join(text for text in texts if text)):
                named = zip(self.columns, texts, strict=True)
                yield tuple(row[: len(key)]), {one.name: text for one, text in named if text and marks.found_in(text)}

    def sweep(self, connection: sa.Connection, marks: Markers) -> None:
        """Replace the person in every cell; where a value must be the only one of its kind it stays distinct."""
        for key, texts in list(self.hits(connection, marks)):
            mine = [column == value for column, value in zip(self.table.primary_key.columns, key, strict=True)]
            fresh: dict[str, Any] = {}
            for name, text in texts.items():
                words = make_id(GONE, self.table.name, name, text) if name in self.alone else marks.replaced(text)
                value = sa.literal(words, sa.Text)
                fresh[name] = value if connection.dialect.name == "sqlite" else sa.cast(value, self.table.c[name].type)
            connection.execute(self.table.update().where(*mine).values(fresh))


def _every_text(connection: sa.Connection) -> list[Texts]:
    """Every text and JSON column of every table of the database, the libraries' own too; the audit log holds none by design."""
    inspector = sa.inspect(connection)
    is_postgres = connection.dialect.name == "postgresql"
    schemas = [name for name in inspector.get_schema_names() if name != "information_schema"] if is_postgres else [None]
    found = []
    for schema in sorted(schemas, key=str):
        metadata = sa.MetaData()
        metadata.reflect(connection, schema=schema, resolve_fks=False)
        for table in sorted(metadata.tables.values(), key=lambda one: one.name):
            kinds: tuple[type, ...] = (sa.String, sa.JSON, sa.ARRAY)
            columns = tuple(one for one in table.columns if isinstance(one.type, kinds) and one.computed is None)
            if columns and table.name != AUDIT.name and table.primary_key.columns:
                found.append(Texts(table, columns, _alone(table)))
    return found


def _alone(table: sa.Table) -> frozenset[str]:
    """Columns that are unique, by themselves or with others."""
    sets = [one for one in table.constraints if isinstance(one, sa.UniqueConstraint | sa.PrimaryKeyConstraint)]
    unique = [one for one in table.indexes if one.unique]
    return frozenset(str(column.name) for one in (*sets, *unique) for column in one.columns)


def _drop_recordings(connection: sa.Connection, person: Forgotten) -> int:
    """What was said to vendors about the person, kept for a replay."""
    return int(connection.execute(RECORDINGS.delete().where(RECORDINGS.c.contact_id.in_(person.ids))).rowcount)


def blank_approvals(connection: sa.Connection, approval_ids: Sequence[str]) -> int:
    """Empty the words of these questions and end those that could still run; that and how they were decided stays."""
    touched = 0
    for start in range(0, len(approval_ids), ROWS_AT_ONCE):
        mine = APPROVALS.c.id.in_(list(approval_ids[start : start + ROWS_AT_ONCE]))
        can_run = APPROVALS.c.status.in_(("pending", "approved"))
        connection.execute(APPROVALS.update().where(mine, can_run).values(status="expired"))
        blank = {"payload": "{}", "title": GONE, "why": GONE, "evidence": None, "reason": None}
        touched += connection.execute(APPROVALS.update().where(mine).values(**blank)).rowcount
    return touched


def _asked_about(connection: sa.Connection, person: Forgotten) -> list[str]:
    """Questions whose payload is a message to one of the person's ids."""
    query = sa.select(APPROVALS.c.id, APPROVALS.c.payload).order_by(APPROVALS.c.id).execution_options(yield_per=ROWS_AT_ONCE)
    return [row[0] for row in connection.execute(query) if any(json.dumps(one) in row[1] for one in person.ids)]


def _blank_hand_tasks(connection: sa.Connection, person: Forgotten) -> int:
    """What the owner was to send to them by hand; an open task is over."""
    mine = HAND_TASKS.c.contact_id.in_(person.ids)
    connection.execute(HAND_TASKS.update().where(mine, HAND_TASKS.c.status == "open").values(status="expired"))
    return int(connection.execute(HAND_TASKS.update().where(mine).values(title=GONE, text="", link="")).rowcount)


def _files(home: Path) -> Iterator[Path]:
    """Every file of the house that is read as text."""
    for path in sorted(home.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.name not in NOT_OURS and not path.name.endswith(_DATABASE_FILES):
            yield path


def _sweep_file(path: Path, marks: Markers) -> None:
    """Rewrite a file without the person, in one step; a name that names them is changed too."""
    data = path.read_bytes()
    if marks.in_bytes(data):
        fresh = path.with_name(path.name + ".part")
        fresh.write_bytes(marks.replaced(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape"))
        fresh.replace(path)
    if marks.found_in(path.name):
        path.rename(path.with_name(make_id("forgotten", path.name) + path.suffix))
