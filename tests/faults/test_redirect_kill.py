"""No answered click is lost: the redirector dies in mid-load, again and again, and every 302 that went out is in the database once."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa

from revenue_machine.__main__ import main
from revenue_machine.app import App, build
from revenue_machine.domains.links.models import LinkWanted
from revenue_machine.domains.links.store import LinkStore
from revenue_machine.domains.links.tables import CLICKS
from revenue_machine.engine.tables import SPOOLS
from revenue_machine.kit.clock import SystemClock
from revenue_machine.kit.settings import load
from tests.faults import forked

CONNECTIONS = 24
REQUEST = b"GET /r/known HTTP/1.1\r\nHost: go.example\r\nUser-Agent: Mozilla/5.0 (iPhone) Safari/604.1\r\n\r\n"


def environment(home: Path, url: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("REVENUE_")}
    return own | {"REVENUE_HOME": str(home), "REVENUE_DATABASE_URL": url, "REVENUE_MODE": "live"}


def open_house(own: Mapping[str, str]) -> App:
    return build(load(own), SystemClock())


class Redirect:
    """`revenue web --only redirect` in a process of its own."""

    def __init__(self, own: Mapping[str, str]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = int(probe.getsockname()[1])
        words = ("web", "--only", "redirect", "--port", str(self.port))
        self.process = forked.start(_revenue, words, own, Path(own["REVENUE_HOME"]) / "redirect.log")
        until_s = time.monotonic() + 90
        while not self._answers():
            assert time.monotonic() < until_s, "the redirector does not come up"
            assert self.process.exit_code is None, self.process.said[-2000:]
            time.sleep(0.05)

    def _answers(self) -> bool:
        """Its line stands before it is ready to answer."""
        with socket.socket() as line:
            if line.connect_ex(("127.0.0.1", self.port)) != 0:
                return False
            line.settimeout(60)
            line.sendall(b"GET /r/unknown HTTP/1.1\r\nHost: go.example\r\nConnection: close\r\n\r\n")
            return line.recv(100).startswith(b"HTTP/1.1 404")

    def kill(self) -> None:
        """At once, in the middle of whatever it does."""
        self.process.kill()


def _revenue(*words: str) -> None:
    raise SystemExit(main(list(words)))


async def _visit(port: int, answered: list[bytes]) -> None:
    """Click after click on one connection until nobody answers; only whole answers count."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while True:
            writer.write(REQUEST)
            answer = await reader.readuntil(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 302"), answer
            answered.append(answer.partition(b"rc=")[2][:20])
    except (asyncio.IncompleteReadError, ConnectionError):
        return
    finally:
        writer.close()


async def _load(redirect: Redirect, seconds: float) -> list[bytes]:
    answered: list[bytes] = []
    crowd = [asyncio.ensure_future(_visit(redirect.port, answered)) for _ in range(CONNECTIONS)]
    await asyncio.sleep(seconds)
    redirect.kill()
    await asyncio.gather(*crowd)
    return answered


def none_is_lost(kills: int, home: Path, url: str) -> str:
    own, draws, answered = environment(home, url), Random(7), list[bytes]()
    app = open_house(own)
    with app.database.writing() as connection:
        app.container.get(LinkStore).create(
            connection, LinkWanted("https://everreach.example/", None, None, "x", "s1", slug="known")
        )
    app.close()
    for _ in range(kills):
        redirect = Redirect(own)
        fresh = asyncio.run(_load(redirect, 0.3 + draws.random()))
        assert redirect.process.wait(60).exit_code == -signal.SIGKILL
        assert fresh, "somebody was answered before it died"
        answered += fresh
    app = open_house(own)
    while app.spools.drain():
        continue
    with app.database.reading() as connection:
        written = list(connection.execute(sa.select(CLICKS.c.id)).scalars())
        places = set(connection.execute(sa.select(CLICKS.c.spool, CLICKS.c.spool_offset)).all())
        records = connection.execute(sa.select(sa.func.sum(SPOOLS.c.records))).scalar_one()
    left = app.spools.standing("clicks")
    app.close()
    assert len(set(answered)) == len(answered), "two answers, two clicks"
    assert {one.decode() for one in answered} <= set(written), "no answered click is lost"
    assert len(written) == len(places) == records, "and none is there twice"
    assert (left.segments, left.waiting_bytes) == (0, 0)
    return f"{kills} kills, {len(answered)} clicks answered, 0 lost, {len(written)} written"


def test_three_deaths_lose_no_click(tmp_path: Path) -> None:
    none_is_lost(3, tmp_path / "home", f"sqlite:///{tmp_path}/revenue.db")


@pytest.mark.proof
def test_twenty_deaths_lose_no_click(database_url: str, tmp_path: Path) -> None:
    print(none_is_lost(20, tmp_path / "home", database_url))
