"""Column types that mean the same on SQLite and PostgreSQL, and engines set up to keep what they acknowledge."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = sa.MetaData(naming_convention=NAMING)


class UtcDateTime(sa.TypeDecorator[datetime]):
    """Aware in, aware UTC out; a naive time is a bug and refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs a zone")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# Text sorts by bytes in both dialects, whatever the server's locale says.
Str = sa.Text().with_variant(pg.TEXT(collation="C"), "postgresql")
Json = sa.JSON().with_variant(pg.JSONB(), "postgresql")
Tags = sa.JSON().with_variant(pg.ARRAY(sa.Text), "postgresql")


def table(name: str, *columns: Any, **options: Any) -> sa.Table:
    """A product table; names start `actp_`."""
    if not name.startswith("actp_"):
        raise ValueError(f"product table {name} must start with actp_")
    return sa.Table(name, metadata, *columns, **options)


def text_key(name: str = "id") -> sa.Column[str]:
    """Primary key: an id from `kit.ids`."""
    return sa.Column(name, Str, primary_key=True)


def text(name: str, *rest: Any, null: bool = True, **options: Any) -> sa.Column[str]:
    """Text that sorts by bytes in both dialects."""
    return sa.Column(name, Str, *rest, nullable=null, **options)


def number(name: str, *rest: Any, null: bool = True, **options: Any) -> sa.Column[int]:
    """A whole number."""
    return sa.Column(name, sa.BigInteger, *rest, nullable=null, **options)


def real(name: str, *, null: bool = True, **options: Any) -> sa.Column[float]:
    """A rate or score; never money."""
    return sa.Column(name, sa.Double, nullable=null, **options)


def flag(name: str, *, default: bool = False) -> sa.Column[bool]:
    """Yes or no, never unknown."""
    return sa.Column(name, sa.Boolean, nullable=False, default=default)


def instant(name: str, *, null: bool = True, **options: Any) -> sa.Column[datetime]:
    """A moment, kept in UTC."""
    return sa.Column(name, UtcDateTime, nullable=null, **options)


def day(name: str, *, null: bool = True, **options: Any) -> sa.Column[Any]:
    """A local date."""
    return sa.Column(name, sa.Date, nullable=null, **options)


def document(name: str, *, null: bool = True) -> sa.Column[Any]:
    """Anything JSON can say."""
    return sa.Column(name, Json, nullable=null)


def tags(name: str = "tags") -> sa.Column[Any]:
    """A list of words."""
    return sa.Column(name, Tags, nullable=True)


def money(name: str, *, null: bool = True, default: int | None = None) -> tuple[sa.Column[int], sa.Column[Any]]:
    """`name_micro_usd` as written and `name_usd` as the seed calls it, generated and read-only."""
    exact = f"{name}_micro_usd"
    shown: sa.Column[Any] = sa.Column(
        f"{name}_usd",
        sa.Double().with_variant(sa.Numeric(18, 6), "postgresql"),
        sa.Computed(f"{exact} / 1000000.0", persisted=True),
    )
    return sa.Column(exact, sa.BigInteger, nullable=null, default=default), shown


class _Writing(SQLiteDialect_pysqlite):
    """SQLite whose transactions take the write lock when they begin, so that none fails half way."""

    supports_statement_cache = True

    def do_begin(self, dbapi_connection: Any) -> None:
        """Begin below SQLAlchemy's own statements and events: a day has thousands of transactions."""
        dbapi_connection.execute("BEGIN IMMEDIATE")


class _Reading(SQLiteDialect_pysqlite):
    """SQLite whose transactions only look."""

    supports_statement_cache = True

    def do_begin(self, dbapi_connection: Any) -> None:
        """One consistent view from the first look on."""
        dbapi_connection.execute("BEGIN")


registry.register("sqlite.writing", __name__, "_Writing")
registry.register("sqlite.reading", __name__, "_Reading")


def make_engine(url: str) -> sa.Engine:
    """An engine whose commits are on disk when they return.

    SQLite: WAL, synchronous=FULL, foreign keys, 30 s busy time-out, transactions begin IMMEDIATE.
    """
    # Last in, first out: one connection that knows the statements and pages, instead of many that each learn them.
    if not url.startswith("sqlite"):
        return sa.create_engine(url, pool_size=10, max_overflow=20, pool_pre_ping=False, pool_use_lifo=True)
    connecting = {"timeout": 30, "check_same_thread": False}
    engine = sa.create_engine(
        _sqlite_url(url, "writing"), connect_args=connecting, pool_size=20, max_overflow=40, pool_use_lifo=True
    )
    sa.event.listen(engine, "connect", _prepare_sqlite)
    return engine


def reading_engine(engine: sa.Engine) -> sa.Engine:
    """The same connections for looking only: on SQLite a reader waits for no writer."""
    if engine.dialect.name != "sqlite":
        return engine
    return sa.create_engine(_sqlite_url(str(engine.url), "reading"), pool=engine.pool)


def _sqlite_url(url: str, driver: str) -> sa.URL:
    return sa.make_url(url).set(drivername=f"sqlite+{driver}")


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in ("busy_timeout=30000", "journal_mode=wal", "synchronous=full", "foreign_keys=on", "secure_delete=on"):
        connection.execute(f"pragma {pragma}")


@functools.lru_cache(maxsize=512)
def upsert(table_: sa.Table, dialect: str, columns: tuple[str, ...], keys: tuple[str, ...], update: tuple[str, ...]) -> Any:
    """INSERT the named columns … ON CONFLICT (keys) DO UPDATE some; DO NOTHING when none is named. Rows go as parameters."""
    from sqlalchemy.dialects import sqlite

    insert: Any = pg.insert(table_) if dialect == "postgresql" else sqlite.insert(table_)
    # Without being told so, SQLAlchemy forgets how many rows an INSERT touched, and psycopg then says -1.
    insert = insert.execution_options(preserve_rowcount=True)
    statement = insert.values({name: sa.bindparam(name, type_=table_.c[name].type) for name in columns})
    if not update:
        return statement.on_conflict_do_nothing(index_elements=list(keys))
    return statement.on_conflict_do_update(index_elements=list(keys), set_={name: statement.excluded[name] for name in update})


def change(connection: sa.Connection, table_: sa.Table, where: Mapping[str, Any], values: Mapping[str, Any]) -> int:
    """Set columns of the rows whose columns equal `where` (never None); rows touched."""
    given = {f"is_{name}": value for name, value in where.items()} | {f"new_{name}": value for name, value in values.items()}
    return int(connection.execute(_update(table_, tuple(where), tuple(values)), given).rowcount)


@functools.lru_cache(maxsize=512)
def _update(table_: sa.Table, where: tuple[str, ...], columns: tuple[str, ...]) -> sa.Update:
    """One statement per shape: to build it costs SQLAlchemy more than to run it."""
    mine = [table_.c[name] == sa.bindparam(f"is_{name}", type_=table_.c[name].type) for name in where]
    return table_.update().where(*mine).values({name: sa.bindparam(f"new_{name}", type_=table_.c[name].type) for name in columns})
