"""What an append promises: on disk when its future is done, one sync for whatever came together, no promise where the disk refuses."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from revenue_machine.engine import spool
from revenue_machine.engine.spool import MAGIC, SpoolLimits, SpoolRefuses, SpoolWriter, framed, read_segment, segments


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[SpoolWriter]:
    own = SpoolWriter(tmp_path / "clicks")
    yield own
    own.close()


def append(writer: SpoolWriter, *payloads: bytes) -> list[BaseException | None]:
    """All at once in one loop; what became of each."""

    async def work() -> list[BaseException | None]:
        return list(await asyncio.gather(*(writer.append(one) for one in payloads), return_exceptions=True))

    return asyncio.run(work())


def stored(folder: Path, *, is_closed: bool = True) -> list[bytes]:
    found: list[bytes] = []
    for path in segments(folder):
        handle = os.open(path, os.O_RDONLY)
        found += [one.payload for one in read_segment(handle, path.stem, 0, 10_000, is_closed=is_closed).records]
        os.close(handle)
    return found


def count_syncs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    syncs: list[int] = []
    real = os.fdatasync

    def sync(handle: int) -> None:
        syncs.append(handle)
        real(handle)

    monkeypatch.setattr(os, "fdatasync", sync)
    return syncs


def test_a_finished_future_means_on_disk(writer: SpoolWriter, tmp_path: Path) -> None:
    assert append(writer, b"a") == [None]
    assert stored(tmp_path / "clicks", is_closed=False) == [b"a"]


def test_records_that_come_together_share_a_sync(writer: SpoolWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    syncs = count_syncs(monkeypatch)
    payloads = [f"n{number}".encode() for number in range(500)]
    assert set(append(writer, *payloads)) == {None}
    assert stored(tmp_path / "clicks") == payloads
    assert len(syncs) <= 4, "one for the new segment, one for the group"


def test_every_group_is_synced(writer: SpoolWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    syncs = count_syncs(monkeypatch)
    for number in range(5):
        append(writer, str(number).encode())
    assert len(syncs) == 6


def test_segments_follow_one_another(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path / "clicks", SpoolLimits(segment_bytes=64))
    for number in range(6):
        append(writer, f"{number}".encode() * 30)
    writer.close()
    assert len(segments(tmp_path / "clicks")) == 3
    assert stored(tmp_path / "clicks") == [f"{number}".encode() * 30 for number in range(6)]


def test_a_closed_writer_begins_anew(writer: SpoolWriter, tmp_path: Path) -> None:
    for payload in (b"a", b"b"):
        append(writer, payload)
        writer.close()
    assert (len(segments(tmp_path / "clicks")), stored(tmp_path / "clicks")) == (2, [b"a", b"b"])


def test_a_full_folder_refuses_and_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "LOOK_AGAIN_S", -1.0)
    writer = SpoolWriter(tmp_path / "clicks", SpoolLimits(folder_bytes=40))
    assert append(writer, b"x" * 60) == [None]
    with pytest.raises(SpoolRefuses):
        append(writer, b"y")
    assert (writer.refused, stored(tmp_path / "clicks")) == (1, [b"x" * 60])
    writer.close()


def test_a_full_disk_refuses(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, SpoolLimits(free_bytes=1 << 60))
    with pytest.raises(SpoolRefuses):
        append(writer, b"x")


def test_too_many_waiting_are_refused(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path / "clicks", SpoolLimits(waiting=3))

    async def work() -> int:
        waiting = [writer.append(b"x") for _ in range(3)]
        with pytest.raises(SpoolRefuses):
            writer.append(b"y")
        await asyncio.gather(*waiting)
        await writer.append(b"z")
        return writer.refused

    assert asyncio.run(work()) == 1
    writer.close()


def test_a_failed_sync_promises_nothing(writer: SpoolWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is its segment ever written again: nobody knows what the disk holds of it."""
    append(writer, b"before")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", lambda _handle: (_ for _ in ()).throw(OSError(5, "Input/output error")))
        (answer,) = append(writer, b"lost")
    assert isinstance(answer, SpoolRefuses)
    writer._is_full = False
    assert append(writer, b"after") == [None]
    assert stored(tmp_path / "clicks") == [b"before", b"after"]
    assert len(segments(tmp_path / "clicks")) == 2


def test_a_waiter_that_gives_up_harms_nobody(writer: SpoolWriter, tmp_path: Path) -> None:
    async def work() -> None:
        gone, stays = writer.append(b"a"), writer.append(b"b")
        gone.cancel()
        await stays

    asyncio.run(work())
    assert stored(tmp_path / "clicks") == [b"a", b"b"]


def test_starts_are_counted(tmp_path: Path) -> None:
    assert [SpoolWriter(tmp_path / "clicks").start for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_torn_end_is_told(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "x.spool"
    path.write_bytes((MAGIC + framed(b"one") + framed(b"two"))[:-cut])
    handle = os.open(path, os.O_RDONLY)
    alive, dead = (read_segment(handle, "x", 0, 9, is_closed=is_closed) for is_closed in (False, True))
    os.close(handle)
    assert [one.payload for one in dead.records] == [b"one"]
    assert (alive.reached, alive.torn_bytes) == (len(MAGIC + framed(b"one")), 0)
    assert (dead.reached, dead.torn_bytes) == (path.stat().st_size, len(framed(b"two")) - cut)


def test_what_stands_behind_a_torn_place_is_found(tmp_path: Path) -> None:
    path, bad = tmp_path / "x.spool", bytearray(framed(b"two"))
    bad[-1] ^= 1
    path.write_bytes(MAGIC + framed(b"one") + bytes(bad) + b"\0" * 50 + framed(b"three"))
    handle = os.open(path, os.O_RDONLY)
    found = read_segment(handle, "x", 0, 9, is_closed=True)
    os.close(handle)
    assert ([one.payload for one in found.records], found.torn_bytes) == ([b"one", b"three"], len(bad) + 50)


def test_a_long_segment_is_read_in_pieces(tmp_path: Path) -> None:
    path, payloads = tmp_path / "x.spool", [bytes([number % 250 + 1]) * 60_000 for number in range(80)]
    path.write_bytes(MAGIC + b"".join(map(framed, payloads)))
    handle, found, place = os.open(path, os.O_RDONLY), list[bytes](), 0
    for _ in range(9):
        reading = read_segment(handle, "x", place, 10_000, is_closed=True)
        found, place = found + [one.payload for one in reading.records], reading.reached
        assert reading.torn_bytes == 0
    os.close(handle)
    assert found == payloads


@pytest.mark.parametrize("payload", [b"", b"x" * 65_537])
def test_odd_sizes_are_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match="spool record"):
        framed(payload)
