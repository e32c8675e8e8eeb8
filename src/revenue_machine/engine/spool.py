"""An append-only log in the home: what must be on disk before an answer goes out, one fdatasync for whatever came together."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import queue
import struct
import threading
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from revenue_machine.kit.clock import machine_s
from revenue_machine.kit.errors import OutsideUnavailable
from revenue_machine.kit.ids import random_key
from revenue_machine.kit.log import logger

MAGIC = b"RVSPOOL1"
ENDING = ".spool"
MOST_RECORD_BYTES = 65_536
MOST_READ_BYTES = 2 * 1024 * 1024
_HEAD = struct.Struct("<II")
LOOK_AGAIN_S = 1.0


class SpoolRefuses(OutsideUnavailable):
    """The disk takes no more: what cannot be kept is not acknowledged."""


@dataclass(frozen=True)
class SpoolLimits:
    """When a spool refuses: undrained bytes in its folder, bytes the disk must keep free, records that wait for the disk."""

    segment_bytes: int = 8 * 1024 * 1024
    folder_bytes: int = 256 * 1024 * 1024
    free_bytes: int = 128 * 1024 * 1024
    waiting: int = 50_000


@dataclass(frozen=True)
class SpoolRecord:
    """One record and where it begins; (spool, offset) names it for good."""

    spool: str
    offset: int
    payload: bytes


@dataclass
class _Group:
    """What one event loop handed over in one of its rounds."""

    loop: asyncio.AbstractEventLoop
    records: list[bytes] = field(default_factory=list)
    futures: list[asyncio.Future[None]] = field(default_factory=list)


class SpoolWriter:
    """Appends records of one kind; a record's future is done when the record is on disk. One writer, one set of segments."""

    def __init__(self, folder: Path, limits: SpoolLimits = SpoolLimits()) -> None:
        self._folder, self._limits = folder, limits
        self._queue: queue.SimpleQueue[_Group | None] = queue.SimpleQueue()
        self._open: dict[asyncio.AbstractEventLoop, _Group] = {}
        self._thread: threading.Thread | None = None
        self._mutex = threading.Lock()
        self._segment: _Segment | None = None
        self._waiting = 0
        self._is_full = False
        self._looked_s = 0.0
        self._start: int | None = None
        self._made = 0
        self.refused = 0

    @property
    def start(self) -> int:
        """How many writers this folder had when this one began, itself included."""
        if self._start is None:
            self._start = _count_start(self._folder)
        return self._start

    def append(self, payload: bytes) -> asyncio.Future[None]:
        """Queue a record from a running event loop. Raises: outside_unavailable when nothing more is taken."""
        if self._is_full or self._waiting >= self._limits.waiting or machine_s() - self._looked_s > LOOK_AGAIN_S:
            self._look_for_room()
        loop = asyncio.get_running_loop()
        group = self._open.get(loop)
        if group is None:
            group = self._open[loop] = _Group(loop)
            # Once per round of the loop: whatever it read in this round is one group.
            loop.call_soon(self._hand_over, loop)
        future = loop.create_future()
        group.records.append(framed(payload))
        group.futures.append(future)
        self._waiting += 1
        return future

    def close(self) -> None:
        """Write what is queued, let go of the segment and stop; the next append begins another one."""
        with self._mutex:
            if self._thread is not None:
                self._queue.put(None)
                self._thread.join(timeout=30)
                self._thread = None

    def _look_for_room(self) -> None:
        """Ceilings are looked at once a second at most; a refusal is counted and said once."""
        now_s = machine_s()
        if now_s - self._looked_s > LOOK_AGAIN_S:
            self._looked_s = now_s
            was_full, self._is_full = self._is_full, not has_room(self._folder, self._limits)
            if self._is_full and not was_full:
                logger().error("spool.full", folder=self._folder.name, refused=self.refused)
        if self._is_full or self._waiting >= self._limits.waiting:
            self.refused += 1
            raise SpoolRefuses("the disk takes no more clicks or events for now", retry_after_s=5.0)

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        group = self._open.pop(loop)
        with self._mutex:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=f"spool-{self._folder.name}", daemon=True)
                self._thread.start()
            self._queue.put(group)

    def _work(self) -> None:
        is_last = False
        while not is_last:
            groups = []
            first = self._queue.get()
            is_last = first is None
            if first is not None:
                groups.append(first)
                is_last = self._gather(groups)
            if groups:
                self._commit(groups)
        if self._segment is not None:
            self._segment.close()
            self._segment = None

    def _gather(self, groups: list[_Group]) -> bool:
        """Whatever else lies there; True when the writer is to stop after it."""
        with contextlib.suppress(queue.Empty):
            while (more := self._queue.get_nowait()) is not None:
                groups.append(more)
            return True
        return False

    def _commit(self, groups: list[_Group]) -> None:
        error: SpoolRefuses | None = None
        try:
            self._write(b"".join([record for group in groups for record in group.records]))
        except (OSError, ValueError) as reason:
            error = SpoolRefuses(f"the disk refuses: {reason}", retry_after_s=5.0)
            logger().error("spool.refused", folder=self._folder.name, reason=str(reason))
            self._is_full, self._looked_s = True, machine_s()
        for group in groups:
            with contextlib.suppress(RuntimeError):  # its loop is closed: nobody waits any more
                group.loop.call_soon_threadsafe(self._settle, group.futures, error)

    def _settle(self, futures: list[asyncio.Future[None]], error: SpoolRefuses | None) -> None:
        self._waiting -= len(futures)
        for future in futures:
            if future.done():
                continue
            if error is None:
                future.set_result(None)
            else:
                self.refused += 1
                future.set_exception(error)

    def _write(self, data: bytes) -> None:
        segment = self._segment
        if segment is None:
            segment = self._segment = self._next_segment()
        try:
            segment.write(data)
        except OSError:
            # After a failed sync nobody knows what the disk holds: this segment is never written again.
            self._segment = None
            segment.abandon()
            raise
        if segment.size >= self._limits.segment_bytes:
            self._segment = None
            segment.close()

    def _next_segment(self) -> _Segment:
        self._made += 1
        return _Segment(self._folder / f"{self.start:06}-{self._made:06}-{random_key()}{ENDING}")


class _Segment:
    """One file that only grows; held by a lock as long as its writer lives."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_suffix(".new")
        self._handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self.size = 0
        try:
            # Locked before it has its name: who drains takes a segment without a lock for finished and deletes it.
            fcntl.flock(self._handle, fcntl.LOCK_EX)
            self.write(MAGIC)
            fresh.rename(path)
            sync_folder(path.parent)
        except OSError:
            self.close()
            raise

    def write(self, data: bytes) -> None:
        """On disk when it returns."""
        left = memoryview(data)
        while left:
            left = left[os.write(self._handle, left) :]
        os.fdatasync(self._handle)
        self.size += len(data)

    def abandon(self) -> None:
        """Take back the half of a group that a full disk let through, as far as the disk lets us."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._handle, self.size)
        self.close()

    def close(self) -> None:
        os.close(self._handle)


def framed(payload: bytes) -> bytes:
    """A record as it lies on disk: length, checksum, payload. Raises: ValueError for an empty or outsized one."""
    if not 0 < len(payload) <= MOST_RECORD_BYTES:
        raise ValueError(f"a spool record has 1 to {MOST_RECORD_BYTES} bytes")
    return _HEAD.pack(len(payload), zlib.crc32(payload)) + payload


def record_at(data: bytes, place: int) -> bytes | None:
    """The payload that begins there; None when nothing whole does."""
    begin = place + _HEAD.size
    if begin > len(data):
        return None
    length, check = _HEAD.unpack_from(data, place)
    if not 0 < length <= min(MOST_RECORD_BYTES, len(data) - begin):
        return None
    payload = data[begin : begin + length]
    return payload if zlib.crc32(payload) == check else None


@dataclass(frozen=True)
class Reading:
    """What a stretch of a segment holds: whole records, how far it was read, and bytes that belong to no record."""

    records: tuple[SpoolRecord, ...]
    reached: int
    torn_bytes: int


def read_segment(handle: int, spool: str, start: int, most: int, *, is_closed: bool) -> Reading:
    """Whole records of an open segment from an offset on; in one that nobody writes any more, also those behind a torn place."""
    base = max(start, len(MAGIC))
    data = os.pread(handle, MOST_READ_BYTES, base)
    is_end = base + len(data) >= os.fstat(handle).st_size
    # A record cut off by the end of what was read is not torn: it comes with the next look.
    until = len(data) if is_end else len(data) - MOST_RECORD_BYTES - _HEAD.size
    records: list[SpoolRecord] = []
    place, torn = 0, 0
    while place < until and len(records) < most:
        payload = record_at(data, place)
        if payload is not None:
            records.append(SpoolRecord(spool, base + place, payload))
            place += _HEAD.size + len(payload)
        elif is_closed:
            place, torn = place + 1, torn + 1
        else:
            break
    return Reading(tuple(records), base + place, torn)


def has_room(folder: Path, limits: SpoolLimits) -> bool:
    """Whether the folder is below its ceiling and the disk has space left."""
    if not folder.is_dir():
        return True
    free = os.statvfs(folder)
    return spooled_bytes(folder) < limits.folder_bytes and free.f_bavail * free.f_frsize > limits.free_bytes


def spooled_bytes(folder: Path) -> int:
    """Bytes of all segments; one that is deleted meanwhile counts nothing."""
    total = 0
    for path in segments(folder):
        with contextlib.suppress(FileNotFoundError):
            total += path.stat().st_size
    return total


def segments(folder: Path) -> list[Path]:
    """Every segment of a folder, the oldest first."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ENDING)
    except FileNotFoundError:
        return []


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _count_start(folder: Path) -> int:
    """One more than the last writer of this folder had."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(folder / "starts", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        number = int(os.read(handle, 20) or b"0") + 1
        os.pwrite(handle, str(number).encode(), 0)
        os.fsync(handle)
    finally:
        os.close(handle)
    return number
