"""The house of the revenue tests for PostHog's answers, and one on each database for events kept here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from revenue_machine.app import App
from revenue_machine.domains.analytics.imports import IMPORTS
from revenue_machine.engine.importing import ImportReport, ImportWishes, import_file
from tests.app_fixture import make_app
from tests.domains.revenue.conftest import house

__all__ = ["house"]
Row = tuple[str, str, str] | tuple[str, str, str, Mapping[str, Any]]


@dataclass
class Shelf:
    """An app whose events are its own, and a folder for files."""

    app: App
    folder: Path

    def take_in(self, name: str, text: str | bytes, **wishes: Any) -> ImportReport:
        """`revenue import events`."""
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        report = import_file(IMPORTS["events"], path, ImportWishes(**wishes), self.app.container)
        self.app.events.drain()
        return report

    def keep(self, *rows: Row, name: str = "events.jsonl") -> ImportReport:
        """Events as (person, event, time[, properties])."""
        fields = ("distinct_id", "event", "timestamp", "properties")
        return self.take_in(name, "\n".join(json.dumps(dict(zip(fields, row, strict=False))) for row in rows))

    def ask(self, topic: str, **payload: Any) -> dict[str, Any]:
        """A topic's answer from the events kept here."""
        envelope = self.app.call(topic, {"source": "local", **payload} if topic in SOURCED else payload)
        assert envelope.error is None, envelope.error
        found: dict[str, Any] = envelope.result
        return found

    def people(self, steps: Sequence[str], **payload: Any) -> list[tuple[str | None, int]]:
        """(breakdown value, people) of every row of a funnel."""
        return [(row["breakdown"], row["people"]) for row in self.ask("posthog.funnel", steps=list(steps), **payload)["rows"]]


SOURCED = ("posthog.funnel", "posthog.insights", "posthog.events", "posthog.feature_flags", "posthog.funnel_by_source")


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    """On SQLite."""
    app, _, _ = make_app(tmp_path)
    yield Shelf(app, tmp_path)
    app.close()


@pytest.fixture
def shelf_anywhere(tmp_path: Path, database_url: str) -> Iterator[Shelf]:
    """On each database."""
    app, _, _ = make_app(tmp_path, REVENUE_DATABASE_URL=database_url)
    yield Shelf(app, tmp_path)
    app.close()


@pytest.fixture
def shared() -> Path:
    """The shared ground with published data; skips where it is absent."""
    import os

    place = Path(os.environ.get("REVENUE_SHARED", str(Path(__file__).resolve().parents[4] / "shared")))
    if not place.is_dir():
        pytest.skip("REVENUE_SHARED names no folder with published data")
    return place
