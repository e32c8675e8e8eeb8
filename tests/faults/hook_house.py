"""A really running server that takes webhooks, honest senders of every provider, and connections of one's own to it."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import uvicorn

from revenue_machine.app import App, build
from revenue_machine.engine.tables import HOOK_INBOX
from revenue_machine.kit.clock import PushedClock, machine_sleep
from revenue_machine.kit.settings import load, sandbox_webhook_secret
from revenue_machine.kit.signing import sign_hub, sign_standard, sign_stripe, sign_unipile
from revenue_machine.surfaces.web.application import make_web
from tests.app_fixture import START

Headers = list[tuple[str, str]]
Sign = Callable[[str, bytes, str, datetime], dict[str, str]]
SECONDS = int(START.timestamp())


@dataclass(frozen=True)
class Sender:
    """One provider as its honest side: how it signs, and a body by number."""

    sign: Sign
    body: Callable[[int], dict[str, Any]]
    has_time: bool = True

    def event(self, number: int) -> bytes:
        return json.dumps(self.body(number), separators=(",", ":")).encode()


SENDERS: dict[str, Sender] = {
    "stripe": Sender(
        lambda key, body, secret, at: sign_stripe(body, secret, at),
        lambda n: {"id": f"evt_{n}", "type": "x.unknown", "created": SECONDS, "livemode": True, "data": {"object": {"id": f"o{n}"}}},
    ),
    "revenuecat": Sender(
        lambda key, body, secret, at: {"authorization": secret},
        lambda n: {"api_version": "1.0", "event": {"id": f"evt_{n}", "type": "TEST", "event_timestamp_ms": SECONDS * 1000}},
        has_time=False,
    ),
    "superwall": Sender(
        lambda key, body, secret, at: sign_standard(key, body, secret, at, prefix="svix"),
        lambda n: {"object": "event", "type": "unknown_kind", "timestamp": SECONDS * 1000, "data": {"id": f"evt_{n}"}},
    ),
    "resend": Sender(
        lambda key, body, secret, at: sign_standard(key, body, secret, at, prefix="svix"),
        lambda n: {"type": "contact.created", "created_at": "2026-11-02T06:00:00Z", "data": {"id": f"c{n}"}},
    ),
    "telegram": Sender(
        lambda key, body, secret, at: {"x-telegram-bot-api-secret-token": secret},
        lambda n: {"update_id": n + 1, "poll": {"id": str(n)}},
        has_time=False,
    ),
    "linkedin": Sender(
        lambda key, body, secret, at: sign_unipile(body, secret, at),
        lambda n: {"id": f"evt_{n}", "type": "account.x", "created_at": "2026-11-02T06:00:00Z", "account_id": "a", "account_provider": "L",
                   "payload": {}},
    ),
    "meta_ads": Sender(
        lambda key, body, secret, at: sign_hub(body, secret),
        lambda n: {"object": "ad_account", "entry": [{"id": str(n), "time": SECONDS, "changes": []}]},
        has_time=False,
    ),
    "standard": Sender(
        sign_standard,
        lambda n: {"type": "order.paid", "timestamp": "2026-11-02T06:00:00Z", "data": {"n": n}},
    ),
}  # fmt: skip


def honest(service: str, body: bytes, key: str, secret: str | None = None, at: datetime = START) -> dict[str, str]:
    """The headers a provider sends with a body."""
    signed = SENDERS[service].sign(key, body, secret or sandbox_webhook_secret(service), at)
    return {"content-type": "application/json", **signed}


class Line:
    """One connection to the server, opened anew when the server closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._line: http.client.HTTPConnection | None = None

    def post(
        self, service: str, headers: Sequence[tuple[str, str]], body: bytes, *, method: str = "POST", chunk_size: int = 0
    ) -> tuple[int, bytes]:  # fmt: skip
        """Status and answer; the headers go as they are, the body in chunks where a size is said."""
        if self._line is None:
            self._line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        line = self._line
        line.putrequest(method, f"/hooks/{service}", skip_accept_encoding=True)
        for name, value in headers:
            line.putheader(name, value.encode("utf-8", "surrogatepass") if not value.isascii() else value)
        line.putheader(*(("transfer-encoding", "chunked") if chunk_size else ("content-length", str(len(body)))))
        parts = [body[at : at + chunk_size] for at in range(0, len(body), chunk_size)] if chunk_size else [body]
        line.endheaders(iter(parts) if chunk_size else body, encode_chunked=bool(chunk_size))
        answer = line.getresponse()
        said = answer.read()
        if answer.will_close:
            self.close()
        return answer.status, said

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None


def open_app(home: Path, database_url: str) -> App:
    """A product on that database at START; nothing outside answers."""
    return build(load({"REVENUE_HOME": str(home), "REVENUE_DATABASE_URL": database_url}), PushedClock(START))


@contextmanager
def served(app: App) -> Iterator[int]:
    """The whole web face on a loopback port of its own, in real threads."""
    line = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(make_web(app), log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [line]}, daemon=True)
    thread.start()
    while not server.started:
        machine_sleep(0.01)
    yield int(line.getsockname()[1])
    server.should_exit = True
    thread.join(20)
    line.close()


def serve_until_killed(home: str, database_url: str, port: str) -> None:
    """The same as a process of its own, for those who kill it."""
    app = open_app(Path(home), database_url)
    line = socket.create_server(("127.0.0.1", int(port)))
    uvicorn.Server(uvicorn.Config(make_web(app), log_level="warning", access_log=False)).run(sockets=[line])


def kept(app: App) -> list[tuple[str, str]]:
    """(service, id) of every webhook in the inbox."""
    query = sa.select(HOOK_INBOX.c.service, HOOK_INBOX.c.external_id).order_by(HOOK_INBOX.c.service, HOOK_INBOX.c.external_id)
    with app.database.reading() as connection:
        return [(row[0], row[1]) for row in connection.execute(query)]
