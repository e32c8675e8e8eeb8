"""What recording a click costs beside the same server answering a plain 302: `python benchmarks/redirect.py [--kills 20]`."""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import uvicorn

from revenue_machine.app import App, build
from revenue_machine.domains.links.models import LinkWanted
from revenue_machine.domains.links.store import LinkStore
from revenue_machine.domains.links.tables import CLICKS, LINKS
from revenue_machine.kit.clock import SystemClock
from revenue_machine.kit.settings import load
from revenue_machine.surfaces.cli.serving import REDIRECT_COLLECTS_EVERY

HERE = Path(__file__).parent
LINKS_MADE = 10_000
SERVER_CORE, CLIENT_CORE = 0, 1
PLAIN, BARE, RECORDED = "plain", "bare", "recorded"
ABOUT = {
    PLAIN: "plain 302 (raw ASGI, slugs in memory)",
    BARE: "same redirector, record thrown away",
    RECORDED: "recorded: spool, one fdatasync a group",
}


class Plain:
    """The floor: a dictionary and a 302."""

    def __init__(self, destinations: dict[str, bytes]) -> None:
        self._destinations = destinations

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            headers = [(b"location", self._destinations.get(scope["path"][3:], b"/")), (b"content-length", b"0")]
            await send({"type": "http.response.start", "status": 302, "headers": headers})
            await send({"type": "http.response.body", "body": b""})


class Nowhere:
    """A spool that is always done and keeps nothing."""

    start = 1

    def append(self, payload: bytes) -> Done:
        return Done()

    def close(self) -> None:
        """Nothing is open."""


class Done:
    """What need not be waited for."""

    def __await__(self) -> Iterator[None]:
        return iter(())


def open_app(home: Path) -> App:
    """The product on the wall's clock, with a home of its own."""
    return build(load({"REVENUE_HOME": str(home), "REVENUE_MODE": "live"}), SystemClock(), role="cli")


def prepare(home: Path) -> None:
    """Ten thousand links."""
    app = open_app(home)
    links = app.container.get(LinkStore)
    with app.database.writing() as connection:
        for number in range(LINKS_MADE):
            links.create(connection, LinkWanted(f"https://everreach.example/p/{number}", f"post_{number}", "everreach", "x", "s1"))
    with app.database.reading() as connection:
        (home / "slugs").write_text("\n".join(connection.execute(sa.select(LINKS.c.slug)).scalars()), encoding="utf-8")
    app.close()


def serve(mode: str, port: int, home: Path) -> None:
    """One of the servers below the same uvicorn, on its own core; the product's own command for the recorded one."""
    os.sched_setaffinity(0, {SERVER_CORE})
    if mode == RECORDED:
        os.environ |= {"REVENUE_HOME": str(home), "REVENUE_MODE": "live"}
        from revenue_machine.__main__ import main as revenue

        raise SystemExit(revenue(["web", "--only", "redirect", "--port", str(port)]))
    app: Any = Plain({slug: f"https://everreach.example/{slug}".encode() for slug in (home / "slugs").read_text().split()})
    if mode == BARE:
        from revenue_machine.domains.links.known import KnownLinks
        from revenue_machine.domains.links.redirect import Redirector

        inner = open_app(home)
        app = Redirector(KnownLinks(inner.database), inner.clock, Nowhere(), "salt")  # type: ignore[arg-type]
        app.warm()
    gc.freeze()  # both as in the product's own command
    gc.set_threshold(REDIRECT_COLLECTS_EVERY, 20, 50)
    uvicorn.run(app, port=port, log_level="warning", access_log=False)


@contextmanager
def serving(mode: str, home: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A server in a process of its own and its port, once it answers."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, __file__, "--serve", mode, "--port", str(port), "--home", str(home)])
    try:
        _wait_for(port)
        yield port, process
    finally:
        process.terminate()
        process.wait(timeout=60)


def _wait_for(port: int) -> None:
    until_s = time.monotonic() + 60
    while time.monotonic() < until_s:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
                line.sendall(b"GET /elsewhere HTTP/1.1\r\nHost: go.example\r\nConnection: close\r\n\r\n")
                if line.recv(100):
                    return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the server does not come up")


def load_words(port: int, home: Path, out: Path, seconds: float, *more: str) -> list[str]:
    """The visitors' command."""
    place = [str(port), str(home / "slugs"), str(out), "--seconds", str(seconds), "--core", str(CLIENT_CORE)]
    return [sys.executable, str(HERE / "redirect_load.py"), *place, *more]


def measure(mode: str, home: Path, args: argparse.Namespace) -> dict[str, float]:
    """One round of one server."""
    out = home / "round.json"
    with serving(mode, home) as (port, process):
        before_s = cpu_s(process.pid)
        subprocess.run(load_words(port, home, out, args.seconds, "--connections", str(args.connections)), check=True)
        spent_s = cpu_s(process.pid) - before_s
    found: dict[str, float] = json.loads(out.read_text())
    found["cpu_us"] = 1e6 * spent_s / found["answers"]
    assert not found["others"], f"{mode}: {found['others']} answers were no redirect"
    return found


def cpu_s(pid: int) -> float:
    """Processor seconds a server has used, its writer and its kernel's work included; steadier than the wall on a busy machine."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def compare(home: Path, args: argparse.Namespace) -> None:
    """A B C, A B C, …; each figure the median of its rounds, each ratio the median of the ratios within a round."""
    rounds = [{mode: measure(mode, home, args) for mode in ABOUT} for _ in range(args.rounds)]
    print(f"{'':42} {'req/s':>8} {'x plain':>8} {'p50 ms':>7} {'p99 ms':>7} {'x plain':>8} {'most ms':>8} {'cpu us':>7} {'x':>5}")
    names = ("per_s", "p50_ms", "p99_ms", "most_ms", "cpu_us")
    for mode, words in ABOUT.items():
        own = {name: statistics.median(one[mode][name] for one in rounds) for name in names}
        times = {name: statistics.median(one[mode][name] / one[PLAIN][name] for one in rounds) for name in names}
        rate, late, cpu = times["per_s"], times["p99_ms"], times["cpu_us"]
        print(f"{words:42} {own['per_s']:8,.0f} {rate:8.2f} {own['p50_ms']:7.2f} {own['p99_ms']:7.2f} {late:8.2f}", end=" ")
        print(f"{own['most_ms']:8.1f} {own['cpu_us']:7.1f} {cpu:5.2f}")


def drained(home: Path) -> tuple[float, int]:
    """(rows a second, rows) of bringing what the rounds left into the database."""
    app = open_app(home)
    start_s, count = time.perf_counter(), 0
    while fresh := app.spools.drain():
        count += fresh
    spent_s = time.perf_counter() - start_s
    app.close()
    return count / spent_s, count


def kill_often(home: Path, kills: int, seed: int) -> tuple[int, int, int]:
    """(answered, lost, written) over so many deaths in mid-load."""
    draw, answered = random.Random(seed), list[str]()
    for number in range(kills):
        out = home / f"kill-{number}.json"
        with serving(RECORDED, home) as (port, process):
            visitors = subprocess.Popen(load_words(port, home, out, 1.5, "--clicks", "--seed", str(number)))
            time.sleep(0.6 + draw.random())
            process.send_signal(signal.SIGKILL)
            visitors.wait(timeout=60)
        answered += json.loads(out.read_text())["clicks"]
    app = open_app(home)
    while app.spools.drain():
        continue
    with app.database.reading() as connection:
        written = list(connection.execute(sa.select(CLICKS.c.id)).scalars())
    app.close()
    assert len(set(answered)) == len(answered), "two answers had the same click"
    return len(answered), len(set(answered) - set(written)), len(written)


def main() -> None:
    """Print the table, then what the deaths cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--serve", choices=list(ABOUT), help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(args.serve, args.port, args.home)
        return
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        prepare(home)
        if args.rounds:
            compare(home, args)
            rate, count = drained(home)
            print(f"{count:,} clicks drained at {rate:,.0f} rows/s")
        if args.kills:
            answered, lost, written = kill_often(home, args.kills, seed=7)
            print(f"{args.kills} kills: {answered:,} clicks answered, {lost} lost, {written:,} written in all")


if __name__ == "__main__":
    main()
