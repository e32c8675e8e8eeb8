"""Somebody who follows links: speaks ASGI to the redirector, one request at a time or many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"


@dataclass(frozen=True)
class Answer:
    """A status and headers, as the browser gets them."""

    status: int
    headers: dict[str, str]

    @property
    def location(self) -> str | None:
        return self.headers.get("location")


async def ask(
    app: ASGIApp, path: str, method: str = "GET", *, agent: str = PHONE, host: str = "203.0.113.9", port: int = 5000, **headers: str
) -> Answer:
    """One request with an already decoded path, as a server hands it over."""
    said = {"user-agent": agent, **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope: dict[str, Any] = {
        "type": "http", "method": method, "path": path, "query_string": b"", "client": (host, port),
        "headers": [(name.encode(), value.encode()) for name, value in said.items() if value],
    }  # fmt: skip
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return Answer(sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]})


def follow(app: ASGIApp, path: str, method: str = "GET", **said: Any) -> Answer:
    """One request and its answer."""
    return asyncio.run(ask(app, path, method, **said))


def follow_all(app: ASGIApp, path: str, ports: Sequence[int]) -> list[Answer]:
    """Many people at once."""

    async def crowd() -> list[Answer]:
        return list(await asyncio.gather(*(ask(app, path, port=port) for port in ports)))

    return asyncio.run(crowd())
