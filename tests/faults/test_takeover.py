"""kill -9 at every moment of a run; another process takes over and nothing happens twice."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.faults import forked, toy_worker

MOMENTS = (
    ("topic:before", "toys.shout"),
    ("effect:before", "toy.shout"),
    ("effect:acted", "toy.shout"),
    ("effect:recorded", "toy.shout"),
    ("topic:acted", "toys.shout"),
    ("topic:recorded", "2.toys.shout"),
)
SAMPLE = {"topic:before", "effect:acted"}
# Killed between the intent and an answer nobody kept: without a look-up that is parked, never sent again.
PARKED = {"effect:before": 0, "effect:acted": 1}


def run_worker(home: Path, url: str, journal: Path, *death: str) -> forked.Forked:
    log = home / ("dead.log" if death else "alive.log")
    return forked.start(toy_worker.main, (str(home), url, str(journal), *death), os.environ, log).wait(90)


@pytest.mark.parametrize(
    ("moment", "name"),
    [pytest.param(*one, marks=[] if one[0] in SAMPLE else [pytest.mark.proof], id=one[0]) for one in MOMENTS],
)
def test_a_killed_run_is_finished_by_another(moment: str, name: str, database_url: str, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    first = run_worker(tmp_path, database_url, journal, moment, name)
    assert first.exit_code == -9, first.said
    second = run_worker(tmp_path, database_url, journal)
    assert second.exit_code == 0, second.said
    assert "open 0" in second.said
    sent = journal.read_text().split() if journal.exists() else []
    assert len(sent) == PARKED.get(moment, 1)
    engine = sa.create_engine(database_url)
    with engine.connect() as connection:
        notes = connection.exec_driver_sql("select words from actp_toy_notes order by words").scalars().all()
        states = connection.exec_driver_sql("select state from actp_intents").scalars().all()
    engine.dispose()
    assert notes == ["2026-11-02-1", "2026-11-02-3"]
    assert states == (["unknown"] if moment in PARKED else ["settled"])
