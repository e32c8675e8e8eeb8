"""The base of every pretend vendor: a request, an answer, and a small document store for its state."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class FakeRequest:
    """One HTTP request below the vendor's base URL; header names in lower case."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """The body as JSON; None when it is empty or is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def form(self) -> dict[str, str]:
        """The body as `application/x-www-form-urlencoded`."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def param(self, name: str, default: str | None = None) -> str | None:
        """The last query parameter of that name."""
        return dict(self.query).get(name, default)

    def bearer(self) -> str | None:
        """The token of `Authorization: Bearer …`."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else None


@dataclass(frozen=True)
class FakeResponse:
    """What the vendor answers; `acted` false means nothing changed on its side."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    acted: bool = True


def answer_json(status: int, payload: Any, headers: Mapping[str, str] | None = None) -> FakeResponse:
    """A JSON answer; a status of 400 or more did not act."""
    body = json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()
    return FakeResponse(status, body, {"content-type": "application/json", **(headers or {})}, acted=status < 400)


@dataclass(frozen=True)
class HookOut:
    """A webhook the vendor wants delivered; signed at delivery, in business time.

    `key` is the vendor's event id, `due_at` when the vendor sends it first.
    """

    key: str
    body: bytes
    due_at: datetime


class FakeState(Protocol):
    """Everything a pretend vendor remembers; kept in the sandbox's own database, not the product's."""

    @property
    def service(self) -> str: ...

    @property
    def seed(self) -> int: ...

    @property
    def api_key(self) -> str: ...

    @property
    def webhook_secret(self) -> str: ...

    def now(self) -> datetime:
        """The world's clock."""
        ...

    def put(self, kind: str, key: str, document: dict[str, Any]) -> None:
        """Write a document; a new key goes to the end of its kind's order, an old one keeps its place."""
        ...

    def get(self, kind: str, key: str) -> dict[str, Any] | None: ...

    def list(self, kind: str) -> list[dict[str, Any]]:
        """All documents of a kind in the order they were first written."""
        ...

    def drop(self, kind: str, key: str) -> None: ...

    def count(self, kind: str) -> int: ...

    def next_number(self, name: str) -> int:
        """1, 2, 3 … for one name."""
        ...

    def send_hook(self, hook: HookOut) -> None:
        """Queue a webhook for the product."""
        ...


Route = Callable[..., FakeResponse]


class Routes:
    """A routing table: `@routes("GET", "/v1/customers/{id}")` above `def f(state, request, id)`."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, tuple[str, ...], Route]] = []

    def __call__(self, method: str, pattern: str) -> Callable[[Route], Route]:
        def keep(route: Route) -> Route:
            self._rows.append((method, tuple(pattern.strip("/").split("/")), route))
            return route

        return keep

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route and its path parameters, or None."""
        parts = tuple(path.strip("/").split("/"))
        for row_method, pattern, route in self._rows:
            if row_method == method and len(pattern) == len(parts):
                names = _match(pattern, parts)
                if names is not None:
                    return route, names
        return None


def _match(pattern: tuple[str, ...], parts: tuple[str, ...]) -> dict[str, str] | None:
    names: dict[str, str] = {}
    for wanted, given in zip(pattern, parts, strict=True):
        if wanted.startswith("{"):
            names[wanted.strip("{}")] = given
        elif wanted != given:
            return None
    return names
