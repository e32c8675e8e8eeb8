"""The same seed lives the same days: byte-identical reports, run after run and database after database."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

ROOT = Path(__file__).parents[2]
DEFAULT_DAYS = 2
PROOF_DAYS = 30


def reports_of(home: Path, days: int, seed: int, server: str | None = None) -> dict[str, str]:
    """Date to report text, after `revenue demo` in a fresh home, on SQLite or on a PostgreSQL server."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("REVENUE_")}
    own |= {"REVENUE_HOME": str(home)} | ({"REVENUE_DATABASE_URL": f"{server}/postgres"} if server else {})
    words = [sys.executable, "-m", "revenue_machine", "demo", "--days", str(days), "--seed", str(seed)]
    done = subprocess.run(words, env=own, cwd=ROOT, capture_output=True, text=True, timeout=180 + 120 * days, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    url = f"{server}/revenue_demo_quiet_week_{seed}" if server else f"sqlite:///{home}/demo/quiet_week-{seed}/revenue.db"
    engine = sa.create_engine(url)
    try:
        with engine.connect() as connection:
            rows = connection.exec_driver_sql("select report_date, text from actp_reports order by report_date").all()
    finally:
        engine.dispose()
    return {str(date): str(text) for date, text in rows}


def compare(first: dict[str, str], second: dict[str, str]) -> None:
    """Equal day by day; the first day that differs is shown."""
    assert list(first) == list(second)
    for date, text in first.items():
        assert second[date] == text, f"the reports of {date} differ"


def prove_same(folder: Path, days: int) -> dict[str, str]:
    """Two fresh homes at once, seed 7."""
    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(lambda name: reports_of(folder / name, days, 7), ("first", "second"))
    assert len(one) == days
    assert all(len(text) > 100 for text in one.values())
    compare(one, two)
    return one


@pytest.fixture(scope="session")
def short_life(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Two days on SQLite, lived twice."""
    return prove_same(tmp_path_factory.mktemp("short"), DEFAULT_DAYS)


@pytest.fixture(scope="session")
def long_life(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Thirty days on SQLite, lived twice."""
    return prove_same(tmp_path_factory.mktemp("long"), PROOF_DAYS)


def test_two_lives_write_the_same(short_life: dict[str, str]) -> None:
    assert len(short_life) == DEFAULT_DAYS


@pytest.mark.postgres
def test_postgresql_writes_the_same(short_life: dict[str, str], postgres_server: str, tmp_path: Path) -> None:
    compare(short_life, reports_of(tmp_path, DEFAULT_DAYS, 7, postgres_server))


@pytest.mark.proof
def test_another_seed_lives_otherwise(short_life: dict[str, str], tmp_path: Path) -> None:
    assert list(reports_of(tmp_path, DEFAULT_DAYS, 8).values()) != list(short_life.values())


@pytest.mark.proof
@pytest.mark.postgres
def test_thirty_days_on_postgresql(long_life: dict[str, str], postgres_server: str, tmp_path: Path) -> None:
    for name in ("first", "second"):
        compare(long_life, reports_of(tmp_path / name, PROOF_DAYS, 7, postgres_server))


@pytest.mark.proof
def test_thirty_days_of_another_seed(long_life: dict[str, str], tmp_path: Path) -> None:
    assert list(reports_of(tmp_path, PROOF_DAYS, 8).values()) != list(long_life.values())
