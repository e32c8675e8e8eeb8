"""Visitors who follow links over raw sockets, in a process of their own: `redirect_load.py PORT SLUGS OUT --seconds 4`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

AGENTS = [
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 19_{number % 7} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    f"Version/19.{number} Mobile/15E148 Safari/604.1"
    for number in range(50)
]
MOST_PREPARED = 4_000


@dataclass
class Tally:
    """What came back: seconds each answer took, ids of answered clicks if they are kept, answers that were no redirect."""

    took_s: list[float] = field(default_factory=list)
    clicks: list[bytes] = field(default_factory=list)
    others: int = 0
    warm_up: int = 0


def requests_for(slugs: Sequence[str], seed: int) -> list[bytes]:
    """Ready requests: half of them from visitors who bring their cookie back."""
    draw = random.Random(seed)
    made = []
    for number in range(MOST_PREPARED):
        lines = [
            f"GET /r/{draw.choice(slugs)} HTTP/1.1", "Host: go.example", f"User-Agent: {draw.choice(AGENTS)}",
            "Accept: text/html,application/xhtml+xml", "Accept-Language: en", "Referer: https://t.co/abc",
        ]  # fmt: skip
        if number % 2:
            lines.append("Cookie: rv=vis_" + "".join(draw.choices("abcdefghijklmnopqrstuvwxyz234567", k=16)))
        made.append("\r\n".join([*lines, "", ""]).encode())
    return made


class Visitor(asyncio.Protocol):
    """One connection that is kept: asks, waits for the whole answer, asks again."""

    def __init__(self, requests: list[bytes], tally: Tally, *, keeps_clicks: bool) -> None:
        self._requests, self._tally, self._keeps = requests, tally, keeps_clicks
        self._place = random.Random(id(self)).randrange(len(requests))
        self._buffer = b""
        self._asked_s = 0.0
        self.is_over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if b"\r\n\r\n" not in self._buffer:
            return
        answer, self._buffer = self._buffer, b""
        now_s = time.perf_counter()
        self._tally.took_s.append(now_s - self._asked_s)
        if not answer.startswith(b"HTTP/1.1 302"):
            self._tally.others += 1
        elif self._keeps:
            self._tally.clicks.append(answer.partition(b"rc=")[2][:20])
        if not self.is_over:
            self._ask()

    def _ask(self) -> None:
        self._place = (self._place + 1) % len(self._requests)
        self._asked_s = time.perf_counter()
        self._transport.write(self._requests[self._place])  # type: ignore[attr-defined]


async def follow(port: int, requests: list[bytes], args: argparse.Namespace) -> Tally:
    """Everybody at once for a while; a server that dies ends it."""
    tally, loop = Tally(), asyncio.get_running_loop()
    made = [Visitor(requests, tally, keeps_clicks=args.clicks) for _ in range(args.connections)]
    for one in made:
        await loop.create_connection(lambda one=one: one, "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.sleep(args.warm_up)
    tally.warm_up = len(tally.took_s)
    tally.took_s.clear()
    start_s = time.perf_counter()
    await asyncio.sleep(args.seconds)
    args.spent_s = time.perf_counter() - start_s
    counted = Tally(list(tally.took_s), tally.clicks, tally.others, tally.warm_up)
    for one in made:
        one.is_over = True
    await asyncio.sleep(0.2)
    return counted


def summary(tally: Tally, spent_s: float) -> dict[str, float]:
    """Requests a second and milliseconds."""
    took = sorted(tally.took_s) or [0.0]
    return {
        "per_s": len(tally.took_s) / spent_s, "count": len(tally.took_s), "answers": tally.warm_up + len(tally.took_s),
        "others": tally.others,
        "p50_ms": 1000 * took[len(took) // 2], "p99_ms": 1000 * took[int(len(took) * 0.99)], "most_ms": 1000 * took[-1],
    }  # fmt: skip


def main() -> None:
    """Follow links and write what it was like."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("slugs", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--warm-up", type=float, default=0.5)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--core", type=int)
    parser.add_argument("--clicks", action="store_true", help="keep the id of every answered click")
    args = parser.parse_args()
    if args.core is not None:
        os.sched_setaffinity(0, {args.core})
    requests = requests_for(args.slugs.read_text(encoding="utf-8").split(), args.seed)
    try:
        import uvloop

        tally = uvloop.run(follow(args.port, requests, args))
    except ImportError:
        tally = asyncio.run(follow(args.port, requests, args))
    clicks = [one.decode() for one in tally.clicks]
    args.out.write_text(json.dumps(summary(tally, args.spent_s) | {"clicks": clicks}), encoding="utf-8")


if __name__ == "__main__":
    main()
