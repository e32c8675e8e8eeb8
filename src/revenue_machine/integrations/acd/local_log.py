"""What is kept of an agent's output: the beginning and the end, numbered, on disk, never more than a few megabytes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from revenue_machine.kit.clock import Clock, iso

HEAD_BYTES = 512_000
TAIL_BYTES = 512_000
LINE_CHARS = 8_000
PAGE_LINES = 500
PAGE_BYTES = 256_000


class RunLog:
    """One run's log: `head` fills once, then `tail` and `tail-old` take turns, so that at most three pieces stand on disk."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock, self._lock = folder, clock, threading.Lock()
        self._last = max((line["number"] for line in self._lines()), default=0)

    @property
    def count(self) -> int:
        """How many lines were ever written."""
        return self._last

    def write(self, stream: str, text: str) -> None:
        """Append lines of one stream; long ones are cut into pieces."""
        at = iso(self._clock.now())
        pieces = [line[start : start + LINE_CHARS] for line in text.splitlines() for start in range(0, len(line) or 1, LINE_CHARS)]
        with self._lock:
            rows = []
            for piece in pieces:
                self._last += 1
                rows.append(json.dumps({"number": self._last, "at": at, "stream": stream, "text": piece}) + "\n")
            self._keep("".join(rows).encode())

    def page(self, after: int, tail: int | None) -> dict[str, Any]:
        """Lines behind `after`, or the last `tail` ones; as many as fit a page."""
        with self._lock:
            last, lines = self._last, list(self._lines())
        if tail is not None:
            after = max(0, last - min(tail, PAGE_LINES))
        found: list[dict[str, Any]] = []
        size = 0
        for line in lines:
            size += len(line["text"]) if line["number"] > after else 0
            if line["number"] > after and (len(found) == PAGE_LINES or (found and size > PAGE_BYTES)):
                break
            if line["number"] > after:
                found.append(line)
        next_after = max(after, found[-1]["number"] if found else last)
        return {"lines": found, "nextAfter": next_after, "dropped": last - len(lines), "isEnd": next_after >= last}

    def _keep(self, data: bytes) -> None:
        head, tail, old = (self._folder / name for name in _PIECES)
        if _size(head) + len(data) <= HEAD_BYTES and not tail.exists():
            place = head
        else:
            if _size(tail) + len(data) > TAIL_BYTES and tail.exists():
                tail.replace(old)
            place = tail
        with place.open("ab") as file:
            file.write(data)

    def _lines(self) -> Iterator[dict[str, Any]]:
        head, tail, old = (self._folder / name for name in _PIECES)
        return chain.from_iterable(_read(place) for place in (head, old, tail))


_PIECES = ("head.jsonl", "tail.jsonl", "tail-old.jsonl")


def _size(place: Path) -> int:
    return place.stat().st_size if place.exists() else 0


def _read(place: Path) -> list[dict[str, Any]]:
    """Whole lines only: a kill may have cut the last one."""
    if not place.exists():
        return []
    found = []
    for row in place.read_bytes().split(b"\n"):
        try:
            found.append(json.loads(row))
        except ValueError:
            continue
    return found
