"""A 2xx means on disk: the server is killed right after it, again and again, and every acknowledged webhook is there; 503 only when not."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from revenue_machine.engine.database import Database
from revenue_machine.engine.tables import AUDIT, HOOK_INBOX
from revenue_machine.kit.clock import machine_sleep
from tests.faults.forked import Forked, start
from tests.faults.hook_house import SENDERS, Line, honest, open_app, serve_until_killed, served

CONNECTIONS = 4


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_server(port: int, server: Forked) -> None:
    while server.exit_code is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        machine_sleep(0.05)
    raise AssertionError(server.said)


class Flood:
    """Some connections that send one webhook after the other until the server dies; what was acknowledged."""

    def __init__(self, port: int, first: int, enough: int) -> None:
        self._port, self._first, self._enough = port, first, enough
        self.acknowledged: list[str] = []
        self.is_enough = threading.Event()

    def run(self) -> None:
        threads = [threading.Thread(target=self._send, args=(number,)) for number in range(CONNECTIONS)]
        for one in threads:
            one.start()
        assert self.is_enough.wait(60)
        self.kill()
        for one in threads:
            one.join(30)

    kill: Any = None

    def _send(self, line_number: int) -> None:
        line, number = Line(self._port), self._first + line_number
        services = ("stripe", "superwall", "resend", "standard")
        while True:
            service = services[number % 4]
            body = SENDERS[service].event(number)
            try:
                status, _ = line.post(service, list(honest(service, body, f"m{number}").items()), body)
            except (OSError, http.client.HTTPException):
                line.close()
                return
            assert status == 200
            self.acknowledged.append(f"{service}/{'evt_' if service in ('stripe', 'superwall') else 'm'}{number}")
            if len(self.acknowledged) >= self._enough:
                self.is_enough.set()
            number += CONNECTIONS


def stored(url: str) -> set[str]:
    database = Database(url)
    with database.reading() as connection:
        found = {f"{row[0]}/{row[1]}" for row in connection.execute(sa.select(HOOK_INBOX.c.service, HOOK_INBOX.c.external_id))}
        notes = connection.execute(
            sa.select(sa.func.count()).select_from(AUDIT).where(AUDIT.c.action == "webhook.received")
        ).scalar_one()
    database.close()
    assert notes == len(found)
    return found


def kill_again_and_again(times: int, url: str, home: Path) -> int:
    """Start, flood, kill at once after the n-th 2xx; how many webhooks were acknowledged, all of which must be there."""
    acknowledged: set[str] = set()
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": "."}
    for turn in range(times):
        port = free_port()
        server = start(serve_until_killed, (str(home), url, str(port)), environment, home / "server.log")
        await_server(port, server)
        flood = Flood(port, 1_000_000 * (turn + 1), 1 + 7 * turn)
        flood.kill = lambda server=server: (server.process.kill(), server.process.join(20))
        flood.run()
        assert server.exit_code == -9
        acknowledged |= set(flood.acknowledged)
        assert acknowledged <= stored(url), sorted(acknowledged - stored(url))[:5]
    return len(acknowledged)


def test_killed_server_keeps_what_it_acknowledged(database_url: str, tmp_path: Path) -> None:
    assert kill_again_and_again(2, database_url, tmp_path) >= 9


@pytest.mark.proof
def test_twenty_kills_lose_nothing(database_url: str, tmp_path: Path) -> None:
    assert kill_again_and_again(20, database_url, tmp_path) >= 20


def test_locked_database_is_503_and_nothing_is_lost(tmp_path: Path) -> None:
    """A writer that does not end: honest webhooks are sent away, forged ones are still the sender's mistake, then all come through."""
    app = open_app(tmp_path, f"sqlite:///{tmp_path}/r.db")
    sa.event.listen(app.database.engine, "checkout", lambda raw, *_: raw.execute("pragma busy_timeout=50"))
    bodies = [SENDERS["stripe"].event(number) for number in range(20)]
    with served(app) as port:
        line = Line(port)
        with app.database.writing() as connection:
            connection.exec_driver_sql("select 1")
            during = [line.post("stripe", list(honest("stripe", body, "m").items()), body) for body in bodies[:5]]
            forged = line.post("stripe", list(honest("stripe", bodies[0], "m", "whsec_d3Jvbmc=").items()), bodies[0])
        after = [line.post("stripe", list(honest("stripe", body, "m").items()), body) for body in bodies]
        line.close()
    assert [status for status, _ in during] == [503] * 5
    assert json.loads(during[0][1])["error"]["code"] == "outside_unavailable"
    assert forged[0] == 400
    assert [(status, said) for status, said in after] == [(200, b'{"ok":true,"new":true}')] * 20
    app.close()


def test_full_disk_is_503(tmp_path: Path) -> None:
    """SQLite's own page limit stands for a disk that is full."""
    app = open_app(tmp_path, f"sqlite:///{tmp_path}/r.db")

    def fill(raw: Any, *_: Any) -> None:
        pages = raw.execute("pragma page_count").fetchone()[0]
        raw.execute(f"pragma max_page_count={pages + 2}")

    with served(app) as port:
        sa.event.listen(app.database.engine, "checkout", fill)
        line = Line(port)
        body = json.dumps({**SENDERS["stripe"].body(1), "pad": "x" * 500_000}).encode()
        headers = list(honest("stripe", body, "m").items())
        assert line.post("stripe", headers, body)[0] == 503
        sa.event.remove(app.database.engine, "checkout", fill)
        sa.event.listen(app.database.engine, "checkout", lambda raw, *_: raw.execute("pragma max_page_count=1000000"))
        assert line.post("stripe", headers, body)[0] == 200
        line.close()
    app.close()
