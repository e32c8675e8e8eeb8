"""What lies on disk comes into the database once: whoever drains, however often, wherever it stops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from revenue_machine.engine.container import Container
from revenue_machine.engine.database import Database
from revenue_machine.engine.spool import MAGIC, SpoolLimits, SpoolWriter, framed, segments
from revenue_machine.engine.spool_drain import SpoolBatch, Spools
from revenue_machine.engine.tables import META, SPOOLS
from revenue_machine.kit.clock import PushedClock
from revenue_machine.kit.settings import load
from tests.app_fixture import START

Make = Callable[[], Spools]


class Broken(Exception):
    """A reader that fails."""


@pytest.fixture
def make(tmp_path: Path, database: Database) -> Make:
    """Another process's view of the same home and database."""

    def keep(batch: SpoolBatch, connection: sa.Connection) -> None:
        for record in batch.records:
            if record.payload == b"poison":
                raise Broken
            connection.execute(META.insert(), {"name": f"{record.spool}@{record.offset}", "value": record.payload.decode()})

    settings = load({"REVENUE_HOME": str(tmp_path)})
    return lambda: Spools(database, PushedClock(START), settings, {"clicks": keep}, Container())


@pytest.fixture
def writer(make: Make) -> Iterator[SpoolWriter]:
    own = make().writer("clicks", SpoolLimits(segment_bytes=4_000))
    yield own
    own.close()


def append(writer: SpoolWriter, *payloads: str) -> None:
    async def work() -> None:
        await asyncio.gather(*(writer.append(one.encode()) for one in payloads))

    asyncio.run(work())


def values(database: Database) -> list[str]:
    with database.reading() as connection:
        return sorted(connection.execute(sa.select(META.c.value).where(META.c.name.contains("@"))).scalars())


def test_records_come_in_once(make: Make, writer: SpoolWriter, database: Database) -> None:
    spools = make()
    append(writer, "a", "b")
    assert [spools.drain(), spools.drain(), make().drain()] == [2, 0, 0]
    append(writer, "c")
    assert (spools.drain(), values(database)) == (1, ["a", "b", "c"])


def test_what_is_drained_is_deleted(make: Make, writer: SpoolWriter, database: Database, tmp_path: Path) -> None:
    append(writer, "a")
    spools = make()
    spools.drain()
    assert len(segments(tmp_path / "spool" / "clicks")) == 1, "its writer lives and may append"
    writer.close()
    assert spools.drain() == 0
    assert segments(tmp_path / "spool" / "clicks") == []
    append(writer, "b")
    assert (spools.drain(), values(database)) == (1, ["a", "b"])


def test_a_failed_batch_leaves_no_trace(make: Make, writer: SpoolWriter, database: Database, tmp_path: Path) -> None:
    append(writer, "a", "poison")
    writer.close()
    with pytest.raises(Broken):
        make().drain()
    assert values(database) == []
    assert len(segments(tmp_path / "spool" / "clicks")) == 1, "deleted only after the commit"


def test_a_drain_that_dies_before_deleting_repeats_nothing(
    make: Make, writer: SpoolWriter, database: Database, tmp_path: Path
) -> None:
    append(writer, "a", "b")
    writer.close()
    (path,) = segments(tmp_path / "spool" / "clicks")
    held = path.read_bytes()
    make().drain()
    path.write_bytes(held)
    assert (make().drain(), values(database), path.exists()) == (0, ["a", "b"], False)


def test_a_look_has_an_end(make: Make, writer: SpoolWriter, database: Database) -> None:
    append(writer, *(f"{number:04}" for number in range(3_000)))
    spools = make()
    assert [spools.drain(2_500), spools.drain(2_500), spools.drain()] == [2_500, 500, 0]
    assert values(database) == [f"{number:04}" for number in range(3_000)]


def test_many_drains_at_once_write_each_once(make: Make, writer: SpoolWriter, database: Database) -> None:
    for start in range(0, 600, 100):
        append(writer, *(f"{number:04}" for number in range(start, start + 100)))
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _: make().drain(), range(4)))
    assert (sum(counts), values(database)) == (600, [f"{number:04}" for number in range(600)])


def test_a_torn_end_is_reported(make: Make, database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "spool" / "clicks" / "000001-000001-x.spool"
    path.parent.mkdir(parents=True)
    path.write_bytes(MAGIC + framed(b"a") + framed(b"b")[:-1])
    spools = make()
    assert spools.standing("clicks").waiting_bytes == 17
    assert (spools.drain(), values(database), path.exists()) == (1, ["a"], False)
    standing = spools.standing("clicks")
    assert (standing.segments, standing.waiting_bytes, standing.torn_bytes) == (0, 0, 8)
    with database.reading() as connection:
        assert [tuple(row)[2:5] for row in connection.execute(sa.select(SPOOLS))] == [(25, 1, 8)]
    said = capsys.readouterr()
    assert "spool.torn" in said.err + said.out


def test_a_segment_being_written_waits_for_its_end(make: Make, writer: SpoolWriter, database: Database, tmp_path: Path) -> None:
    append(writer, "a")
    (path,) = segments(tmp_path / "spool" / "clicks")
    with path.open("ab") as half:
        half.write(framed(b"b")[:5])
    spools = make()
    assert (spools.drain(), spools.standing("clicks").torn_bytes) == (1, 0)
    with path.open("ab") as half:
        half.write(framed(b"b")[5:])
    assert (spools.drain(), values(database)) == (1, ["a", "b"])


def test_a_folder_that_is_not_there_holds_nothing(make: Make) -> None:
    assert (make().drain(), make().standing("clicks").segments) == (0, 0)
