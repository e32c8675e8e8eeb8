"""Keeps columns of events on disk: batches as they come, merged into a new generation that takes the old one's place by rename.

A generation is a folder `g…` of plain arrays, complete from the moment it has its name. A batch is one file, complete from the
moment it has its name; it carries its rows, the words that are new in it, and the mark of how far its source was read, so that
rows and mark are kept together or not at all. A generation says which batches are in it: a batch is never counted twice.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from revenue_machine.engine.columns import Column, Events, Words, by_user, join
from revenue_machine.engine.database import StoreUnavailable

# A late event up to a year older than the first one needs no new epoch.
ROOM_MS = 365 * 86_400_000
TRIES = 5


@dataclass(frozen=True)
class Rows:
    """Events of one table in the order they came: user codes, milliseconds since 1970, and the further columns."""

    users: Column
    times_ms: Column
    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(self.users)


@dataclass(frozen=True)
class Batch:
    """What is added at once: rows per table, words that are new, and how far the source has now been read."""

    rows: Mapping[str, Rows]
    words: Mapping[str, list[str]]
    mark: str = ""


@dataclass(frozen=True)
class Snapshot:
    """What the store holds: the merged events and those that came since, all words, and what was kept beside the merged ones."""

    epoch_ms: int
    base: Mapping[str, Events]
    fresh: Mapping[str, Events]
    words: Mapping[str, Words]
    mark: str = ""
    kept: Mapping[str, Column] = field(default_factory=dict)
    through: int = 0

    def joined(self) -> dict[str, Events]:
        """Every table with all its events."""
        return {name: join(events, self.fresh[name]) for name, events in self.base.items()}


@dataclass(frozen=True)
class _About:
    """What a generation says of itself: the epoch of its keys, the mark of its source, the last batch that is in it."""

    epoch_ms: int | None = None
    mark: str = ""
    through: int = 0


# What to keep beside a generation, reckoned from it.
Keep = Callable[[Snapshot], Mapping[str, Column]]


def keep_nothing(snapshot: Snapshot) -> Mapping[str, Column]:
    """Nothing beside the events."""
    return {}


class ColumnStore:
    """One folder; many may read, one at a time writes."""

    def __init__(self, folder: Path, tables: Mapping[str, Mapping[str, str]], words: tuple[str, ...]) -> None:
        """`tables` names each table's columns and their numpy types; `words` the texts that have codes, users first."""
        self._folder, self._tables, self._words = folder, tables, words

    def read(self) -> Snapshot:
        """Everything up to the newest batch; merged columns are mapped, not loaded.

        Raises: store_unavailable when it is rewritten again and again while it is read, or a file is damaged.
        """
        for _ in range(TRIES):
            generation = self._newest()
            try:
                found = self._read(generation)
            except FileNotFoundError:
                continue
            except (ValueError, KeyError, EOFError) as error:
                raise StoreUnavailable(f"the columns in {self._folder} are damaged; delete the folder, they are rebuilt") from error
            if self._newest() == generation:
                return found
        raise StoreUnavailable(f"the columns in {self._folder} are being rewritten")

    def append(self, batch: Batch) -> None:
        """Keep a batch; it is on disk when this returns."""
        with self._writing():
            number = max([self._about(self._newest()).through, *self._batches()]) + 1
            arrays: dict[str, Column] = {"about": _packed({"mark": batch.mark, "words": dict(batch.words)})}
            for table, rows in batch.rows.items():
                arrays |= {f"{table}.users": rows.users, f"{table}.times": rows.times_ms}
                arrays |= {f"{table}.{name}": rows.columns[name] for name in self._tables[table]}
            target = self._folder / f"b{number:09}.npz"
            with _whole_file(target) as path, path.open("wb") as out:
                np.savez(out, allow_pickle=False, **arrays)
                _flush(out.fileno())
            _flush_folder(self._folder)

    def merge(self, keep: Keep = keep_nothing) -> Snapshot:
        """Fold the batches into a new generation, with what `keep` reckons from it."""
        with self._writing():
            found = self.read()
            nothing = {name: Events(np.zeros(0, np.int64), self._empty(name)) for name in self._tables}
            words = {name: one.settled() for name, one in found.words.items()}
            self._put(Snapshot(found.epoch_ms, found.joined(), nothing, words, found.mark, {}, found.through), keep)
        return self.read()

    def replace(self, batch: Batch, keep: Keep = keep_nothing) -> Snapshot:
        """Hold only these rows, with their words from code 0 on."""
        with self._writing():
            words = {name: Words.of(batch.words.get(name, [])) for name in self._words}
            self.put_whole(batch.rows, words, batch.mark, keep, locked=True)
        return self.read()

    def put_whole(
        self, rows: Mapping[str, Rows], words: Mapping[str, Words], mark: str, keep: Keep = keep_nothing, *, locked: bool = False
    ) -> None:
        """The same with words that are looked up already."""
        if not locked:
            with self._writing():
                self.put_whole(rows, words, mark, keep, locked=True)
            return
        epoch_ms = _epoch_ms(rows)
        nothing = {name: Events(np.zeros(0, np.int64), self._empty(name)) for name in self._tables}
        base = {name: self._events(name, rows.get(name), epoch_ms) for name in self._tables}
        through = max([self._about(self._newest()).through, *self._batches()])
        self._put(Snapshot(epoch_ms, base, nothing, words, mark, {}, through), keep)

    def _put(self, whole: Snapshot, keep: Keep) -> None:
        old, number = self._newest(), self._newest() + 1
        target = self._folder / f"g{number:09}"
        making = target.with_suffix(".tmp")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(parents=True)
        for name, column in _columns_of(whole, keep(whole)):
            with (making / f"{name}.npy").open("wb") as out:
                np.save(out, column)
                _flush(out.fileno())
        with (making / "about.json").open("w") as text:
            # Without an event there is nothing an epoch would have to fit.
            epoch_ms = whole.epoch_ms if any(len(events) for events in whole.base.values()) else None
            json.dump(asdict(_About(epoch_ms, whole.mark, whole.through)), text)
            _flush(text.fileno())
        _flush_folder(making)
        making.rename(target)
        _flush_folder(self._folder)
        self._sweep(old, whole.through)

    def _sweep(self, old: int, through: int) -> None:
        """Remove what the newest generation replaces, and what a killed writer left."""
        for number in self._batches():
            if number <= through:
                (self._folder / f"b{number:09}.npz").unlink(missing_ok=True)
        for path in self._folder.glob("g*"):
            if path.suffix == ".tmp" or int(path.name[1:]) <= old:
                shutil.rmtree(path, ignore_errors=True)
        for path in self._folder.glob("b*.tmp"):
            path.unlink(missing_ok=True)

    def _read(self, generation: int) -> Snapshot:
        folder, about = self._folder / f"g{generation:09}", self._about(generation)
        later = [number for number in self._batches() if number > about.through]
        batches = [dict(np.load(self._folder / f"b{number:09}.npz")) for number in later]
        opened = [json.loads(bytes(batch["about"])) for batch in batches]
        words = {name: self._words_of(folder, name, opened, is_made=generation > 0) for name in self._words}
        rows = {name: self._rows(name, batches) for name in self._tables}
        oldest_ms = min((int(one.times_ms.min()) for one in rows.values() if len(one)), default=about.epoch_ms or 0)
        # An event before the epoch moves the epoch, and with it all keys.
        epoch_ms = oldest_ms - ROOM_MS if about.epoch_ms is None or oldest_ms < about.epoch_ms else about.epoch_ms
        moved_ms = 0 if about.epoch_ms is None else about.epoch_ms - epoch_ms
        base = {name: self._base(folder, name, moved_ms, is_made=generation > 0) for name in self._tables}
        return Snapshot(
            epoch_ms, base, {name: self._events(name, one, epoch_ms) for name, one in rows.items()}, words,
            opened[-1]["mark"] if opened else about.mark,
            {path.stem.removeprefix("kept."): np.load(path) for path in sorted(folder.glob("kept.*.npy"))},
            max(later, default=about.through),
        )  # fmt: skip

    def _base(self, folder: Path, table: str, moved_ms: int, *, is_made: bool) -> Events:
        if not is_made:
            return Events(np.zeros(0, np.int64), self._empty(table))
        keys = _mapped(folder / f"{table}.keys.npy")
        columns = {name: _mapped(folder / f"{table}.{name}.npy") for name in self._tables[table]}
        return Events(keys + moved_ms if moved_ms else keys, columns)

    def _words_of(self, folder: Path, name: str, opened: Sequence[Mapping[str, Any]], *, is_made: bool) -> Words:
        fresh = [word for one in opened for word in one["words"].get(name, [])]
        if not is_made:
            return Words(np.zeros(0, "S1"), np.zeros(0, np.int32), fresh)
        return Words(_mapped(folder / f"words.{name}.npy"), _mapped(folder / f"codes.{name}.npy"), fresh)

    def _rows(self, table: str, batches: Sequence[Mapping[str, Column]]) -> Rows:
        held = [batch for batch in batches if f"{table}.users" in batch]
        empty = {"users": np.zeros(0, np.int64), "times": np.zeros(0, np.int64), **self._empty(table)}
        found = {name: np.concatenate([none, *(one[f"{table}.{name}"] for one in held)]) for name, none in empty.items()}
        return Rows(found.pop("users"), found.pop("times"), found)

    def _events(self, table: str, rows: Rows | None, epoch_ms: int) -> Events:
        if rows is None or not len(rows):
            return Events(np.zeros(0, np.int64), self._empty(table))
        types = self._tables[table]
        return by_user(rows.users, rows.times_ms, {name: np.asarray(rows.columns[name], types[name]) for name in types}, epoch_ms)

    def _empty(self, table: str) -> dict[str, Column]:
        return {name: np.zeros(0, kind) for name, kind in self._tables[table].items()}

    def _newest(self) -> int:
        return max((int(path.name[1:]) for path in self._folder.glob("g*") if not path.suffix), default=0)

    def _about(self, generation: int) -> _About:
        return _About(**json.loads((self._folder / f"g{generation:09}" / "about.json").read_text())) if generation else _About()

    def _batches(self) -> list[int]:
        return sorted(int(path.stem[1:]) for path in self._folder.glob("b*.npz"))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def _columns_of(whole: Snapshot, kept: Mapping[str, Column]) -> Iterator[tuple[str, Column]]:
    for table, events in whole.base.items():
        yield f"{table}.keys", events.keys
        for name, column in events.columns.items():
            yield f"{table}.{name}", column
    for name, words in whole.words.items():
        yield f"words.{name}", words.ordered
        yield f"codes.{name}", words.order
    for name, column in kept.items():
        yield f"kept.{name}", column


def _epoch_ms(rows: Mapping[str, Rows]) -> int:
    return min((int(one.times_ms.min()) for one in rows.values() if len(one)), default=ROOM_MS) - ROOM_MS


def _packed(document: Mapping[str, object]) -> Column:
    return np.frombuffer(json.dumps(document).encode(), np.uint8)


@contextmanager
def _whole_file(target: Path) -> Iterator[Path]:
    """A path to write to that gets its name only when all is written."""
    making = target.with_suffix(".tmp")
    yield making
    making.replace(target)


def _mapped(path: Path) -> Column:
    """A file's array, read from disk as it is looked at."""
    found: Column = np.load(path, mmap_mode="r").view(np.ndarray)
    return found


def _flush(handle: int) -> None:
    os.fsync(handle)


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
