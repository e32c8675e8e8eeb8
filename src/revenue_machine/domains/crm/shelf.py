"""Keeps the checked rows of a file until all are checked: packed, in batches, on disk once they are many."""

from __future__ import annotations

import marshal
import tempfile
import weakref
import zlib
from collections.abc import Iterator
from typing import Any

KEPT_BYTES = 8 * 1024 * 1024
_FASTEST = 1


class Shelf:
    """Rows of text, numbers, flags and lists of them, put down one by one and handed back in batches, as often as wanted.

    What does not fit into `kept_bytes` goes to a nameless file that is gone with this object.
    """

    def __init__(self, batch: int, kept_bytes: int = KEPT_BYTES) -> None:
        self._batch, self._open, self._sizes, self._count = batch, list[list[Any]](), list[int](), 0
        self._file = tempfile.SpooledTemporaryFile(max_size=kept_bytes)  # noqa: SIM115 - it lives as long as the shelf
        weakref.finalize(self, self._file.close)

    def __len__(self) -> int:
        return self._count

    def add(self, row: list[Any]) -> None:
        """Put one row down."""
        self._open.append(row)
        self._count += 1
        if len(self._open) == self._batch:
            packed = zlib.compress(marshal.dumps(self._open), _FASTEST)
            self._sizes.append(self._file.write(packed))
            self._open = []

    def batches(self) -> Iterator[list[list[Any]]]:
        """Every row in the order it came, so many at a time."""
        start = 0
        for size in self._sizes:
            self._file.seek(start)
            yield marshal.loads(zlib.decompress(self._file.read(size)))  # noqa: S302 - this process wrote it a moment ago
            start += size
        self._file.seek(start)
        if self._open:
            yield self._open
