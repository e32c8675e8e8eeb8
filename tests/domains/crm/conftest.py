"""A running house on each database, with its people book."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from revenue_machine.app import App
from revenue_machine.domains.crm.crm_engine import CrmEngine
from revenue_machine.domains.crm.merging import Merger
from revenue_machine.domains.crm.models import ContactDraft, InteractionDraft
from revenue_machine.kit.db import metadata
from tests.app_fixture import WorldClock, make_app


@dataclass
class Book:
    """The app and what a test asks of its people book."""

    app: App
    clock: WorldClock
    home: Path

    @property
    def crm(self) -> CrmEngine:
        return self.app.container.get(CrmEngine)

    @property
    def merger(self) -> Merger:
        return self.app.container.get(Merger)

    def writing(self) -> AbstractContextManager[sa.Connection]:
        return self.app.database.writing()

    def reading(self) -> AbstractContextManager[sa.Connection]:
        return self.app.database.reading()

    def meets(self, name: str | None = None, **fields: Any) -> str:
        with self.writing() as connection:
            return self.crm.upsert(connection, ContactDraft(name=name, **fields))

    def logs(self, contact_id: str, kind: str, **fields: Any) -> str:
        with self.writing() as connection:
            return self.crm.log(connection, InteractionDraft(contact_id, kind, **fields))

    def call(self, topic: str, **payload: Any) -> Any:
        """The answer's value; a refusal is a failed test."""
        envelope = self.app.call(topic, payload)
        assert envelope.ok, envelope.as_dict()
        return envelope.value

    def refused(self, topic: str, **payload: Any) -> str:
        """The code of a refusal."""
        envelope = self.app.call(topic, payload)
        assert not envelope.ok
        assert envelope.error is not None
        return envelope.error.code

    def rows(self, table: sa.Table, *names: str) -> list[tuple[Any, ...]]:
        columns = [table.c[name] for name in names] or list(table.columns)
        with self.reading() as connection:
            return [tuple(row) for row in connection.execute(sa.select(*columns).order_by(*table.primary_key.columns))]

    def dump(self, *but: str) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table of ours, but for some."""
        tables = [one for one in metadata.sorted_tables if one.name.startswith("actp_") and "toy" not in one.name]
        return {one.name: self.rows(one) for one in tables if one.name not in but}


@pytest.fixture
def book(database_url: str, tmp_path: Path) -> Iterator[Book]:
    """On both databases."""
    app, _, clock = make_app(tmp_path, REVENUE_DATABASE_URL=database_url)
    yield Book(app, clock, tmp_path)
    app.close()


@pytest.fixture
def small_book(tmp_path: Path) -> Iterator[Book]:
    """On SQLite, where the database makes no difference."""
    app, _, clock = make_app(tmp_path)
    yield Book(app, clock, tmp_path)
    app.close()
