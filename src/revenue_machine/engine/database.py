"""The one place that opens transactions: short, committed here, never open across an outside call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from revenue_machine.engine.tables import META
from revenue_machine.kit.db import make_engine, reading_engine, upsert
from revenue_machine.kit.errors import Conflict, Failure, NotConfigured, OutsideUnavailable


class StoreUnavailable(OutsideUnavailable):
    """The database does not answer."""


class Database:
    """Reading and writing, each as one short transaction."""

    def __init__(self, url: str) -> None:
        self.url = url
        if url.startswith("sqlite:///"):
            _make_private_folder(Path(url.removeprefix("sqlite:///")).parent)
        self.engine = make_engine(url)
        snapshot = {"isolation_level": "REPEATABLE READ"} if self.dialect == "postgresql" else {}
        self._reader = reading_engine(self.engine).execution_options(**snapshot)

    @property
    def dialect(self) -> str:
        return str(self.engine.dialect.name)

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that is on disk when the block ends, or never happened."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            raise _as_failure(error) from error

    @contextmanager
    def part_of(self, connection: sa.Connection) -> Iterator[None]:
        """A part of a transaction that may fail alone: what it wrote is gone, the rest stands."""
        try:
            with connection.begin_nested():
                yield
        except DBAPIError as error:
            raise _as_failure(error) from error

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """One consistent view; nothing written here is kept."""
        try:
            with self._reader.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise _as_failure(error) from error

    def put(self, connection: sa.Connection, table: sa.Table, values: Any, keys: list[str], update: list[str] | None = None) -> int:
        """Insert, or on a known key update the named columns (none: leave as it is); rows touched."""
        rows = [values] if isinstance(values, dict) else list(values)
        if not rows:
            return 0
        statement = upsert(table, self.dialect, tuple(rows[0]), tuple(keys), tuple(update or ()))
        return int(connection.execute(statement, rows if len(rows) > 1 else rows[0]).rowcount)

    def lock(self, connection: sa.Connection, name: str) -> None:
        """Hold a named lock until the transaction ends (SQLite's writers are alone anyway)."""
        if self.dialect == "postgresql":
            connection.exec_driver_sql("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (name,))

    def claim_mode(self, mode: str) -> None:
        """A database belongs to the mode that created it; the other one is refused."""
        with self.writing() as connection:
            self.put(connection, META, {"name": "mode", "value": mode}, ["name"])
            stands = connection.execute(sa.select(META.c.value).where(META.c.name == "mode")).scalar_one()
        if stands != mode:
            raise Conflict(
                f"this database belongs to mode {stands}, not {mode}; start another home with `revenue init`", field="REVENUE_MODE"
            )

    def ping(self) -> None:
        """Raise `outside_unavailable` when the database does not answer."""
        with self.reading() as connection:
            connection.exec_driver_sql("select 1")

    def rows(self, table: sa.Table, *conditions: sa.ColumnElement[bool]) -> Iterator[tuple[Any, ...]]:
        """Every row of a table by primary key, for exports."""
        query = sa.select(table).where(*conditions).order_by(*table.primary_key.columns)
        with self.reading() as connection:
            yield from (tuple(row) for row in connection.execute(query))

    def close(self) -> None:
        self.engine.dispose()


def _make_private_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreUnavailable(f"the folder {folder} cannot be made: {error.strerror}", field="REVENUE_HOME") from None


def _as_failure(error: DBAPIError) -> Failure:
    """The driver's complaint in one line; integrity errors are conflicts, the rest is an outage."""
    text = str(error.orig).strip().split("\n")[0]
    if isinstance(error, sa.exc.IntegrityError):
        return Conflict(f"the database refused the row: {text}")
    return StoreUnavailable(f"the database does not answer: {text}", field="REVENUE_DATABASE_URL")


def rebuilt_beside(url: str, name: str) -> str:
    """Drop and make a database beside another on the same PostgreSQL server; its URL.

    Raises: not_configured when the server does not let us.
    """
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(f'drop database if exists "{name}" with (force)')
            connection.exec_driver_sql(f'create database "{name}"')
    except DBAPIError as error:
        reason = str(error.orig).strip().split("\n")[0]
        raise NotConfigured(
            f"a database of its own is needed and may not be made: {reason}", field="REVENUE_DATABASE_URL"
        ) from None
    finally:
        engine.dispose()
    return sa.make_url(url).set(database=name).render_as_string(hide_password=False)
