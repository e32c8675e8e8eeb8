"""kill -9 at every moment of a run; another process takes over and nothing happens twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

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


def run_worker(home: Path, url: str, journal: Path, *death: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "tests.faults.toy_worker", str(home), url, str(journal), *death]
    return subprocess.run(words, capture_output=True, text=True, timeout=90, check=False)


@pytest.mark.parametrize(
    ("moment", "name"),
    [pytest.param(*one, marks=[] if one[0] in SAMPLE else [pytest.mark.proof], id=one[0]) for one in MOMENTS],
)
def test_a_killed_run_is_finished_by_another(moment: str, name: str, database_url: str, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    first = run_worker(tmp_path, database_url, journal, moment, name)
    assert first.returncode == -9, first.stderr
    second = run_worker(tmp_path, database_url, journal)
    assert second.returncode == 0, second.stderr
    assert "open 0" in second.stdout
    sent = journal.read_text().split() if journal.exists() else []
    assert len(sent) == PARKED.get(moment, 1)
    engine = sa.create_engine(database_url)
    with engine.connect() as connection:
        notes = connection.exec_driver_sql("select words from actp_toy_notes order by words").scalars().all()
        states = connection.exec_driver_sql("select state from actp_intents").scalars().all()
    engine.dispose()
    assert notes == ["2026-11-02-1", "2026-11-02-3"]
    assert states == (["unknown"] if moment in PARKED else ["settled"])
