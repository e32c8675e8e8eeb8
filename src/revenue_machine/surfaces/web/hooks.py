"""Webhooks in: raw bytes, verified, stored, and only then acknowledged."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

from revenue_machine.app import App, hook_reader, manifests
from revenue_machine.engine.database import StoreUnavailable
from revenue_machine.kit.errors import BadInput, Failure, NotFound
from revenue_machine.kit.hooks import BadHook, HookEvent, HookRequest, check_names
from revenue_machine.kit.settings import ServiceSettings
from revenue_machine.surfaces.web.auth import app_of

MOST_HOOK_BYTES = 1_000_000
LONGEST_HEARD_BYTES = 8_000_000
# How long an answer of 4xx waits for its audit note; where the disk does not follow, the stranger need not wait.
NOTE_PATIENCE_S = 2.0
AGAIN_S = 30
ROOT = "/hooks/"
router = APIRouter()


class TooLarge(BadHook):
    """The webhook is larger than anything its sender documents."""

    http_status = 413


class NotJson(BadHook):
    """The webhook says that it is something else than JSON."""

    http_status = 415


class OnlyPost(BadInput):
    """Webhooks are posted."""

    http_status = 405


@dataclass(frozen=True)
class Answer:
    """What goes back to whoever knocked."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class HookDoor:
    """`/hooks/{service}` as bare ASGI: thousands a second, and nobody between the bytes and their signature."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        service = scope["path"].removeprefix(ROOT)
        headers = joined((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
        query = scope.get("query_string", b"").decode("latin-1")
        answer = await _answered(self._app, scope["method"], (service, query), headers, _chunks(receive))
        sent = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
        length = (b"content-length", str(len(answer.body)).encode())
        await send({"type": "http.response.start", "status": answer.status, "headers": [*sent, length]})
        await send({"type": "http.response.body", "body": answer.body})


@router.post("/hooks/{service}")
async def receive(service: str, request: Request) -> Response:
    """200 means: on disk. 503 means: send it again."""
    return await _handed(service, request)


@router.get("/hooks/{service}")
async def greeted(service: str, request: Request) -> Response:
    """Answer a vendor that asks whether this address is ours; 405 for those that never ask."""
    return await _handed(service, request)


async def _handed(service: str, request: Request) -> Response:
    headers = joined(request.headers.items())
    answer = await _answered(app_of(request), request.method, (service, request.url.query), headers, request.stream())
    return Response(answer.body, answer.status, dict(answer.headers))


def joined(pairs: Any) -> dict[str, str]:
    """Headers by lower-case name; one that stands twice holds both, so that no second one can hide behind a first."""
    found: dict[str, str] = {}
    for name, value in pairs:
        low = name.lower()
        found[low] = f"{found[low]}, {value}" if low in found else value
    return found


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadHook("the webhook's body broke off")
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


async def _answered(
    app: App, method: str, address: tuple[str, str], headers: dict[str, str], chunks: AsyncIterator[bytes]
) -> Answer:  # fmt: skip
    """`address` is the service and the query."""
    service, query = address
    try:
        if method == "POST":
            fresh = await _store(app, service, headers, chunks)
            return _json(200, {"ok": True, "new": fresh})
        return _greeting(app, service, query) if method == "GET" else _refuse_method()
    except StoreUnavailable as failure:
        return _json(503, {"ok": False, "error": failure.as_dict()}, {"retry-after": str(AGAIN_S)})
    except Failure as failure:
        return _json(failure.http_status, {"ok": False, "error": failure.as_dict()})


async def _store(app: App, service: str, headers: dict[str, str], chunks: AsyncIterator[bytes]) -> bool:
    """Verify and keep one webhook; False when it is a repetition."""
    reader = _reader(app, service)
    body = await _bounded(headers, chunks)
    try:
        _check_form(headers)
        event = verified(app, service, reader, HookRequest(headers, body))
    except Failure as failure:
        await _note(app, service, failure.code)
        raise
    return await app.inbox.store_soon(service, event, body)


async def _bounded(headers: Mapping[str, str], chunks: AsyncIterator[bytes]) -> bytes:
    """The whole body. One that is too long is heard out and thrown away, so that its sender can read the answer; not for ever."""
    said = headers.get("content-length", "0")
    if said.isascii() and said.isdigit() and int(said[:12]) > LONGEST_HEARD_BYTES:
        raise TooLarge
    parts: list[bytes] = []
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size <= MOST_HOOK_BYTES:
            parts.append(chunk)
        elif size > LONGEST_HEARD_BYTES:
            break
        else:
            parts.clear()
    if size > MOST_HOOK_BYTES:
        raise TooLarge
    return b"".join(parts)


def _check_form(headers: Mapping[str, str]) -> None:
    """Every vendor says JSON; what says something else was made by nobody we know."""
    said = headers.get("content-type", "").partition(";")[0].strip().lower()
    if said and said != "application/json" and not said.endswith("+json"):
        raise NotJson


async def _note(app: App, service: str, code: str) -> None:
    """Into the audit log with the others that knock now; a disk that does not follow changes no answer."""
    noting = asyncio.ensure_future(app.inbox.refuse_soon(service, code))
    noting.add_done_callback(lambda done: done.cancelled() or done.exception())
    await asyncio.wait((noting,), timeout=NOTE_PATIENCE_S)


def store_hook(app: App, service: str, request: HookRequest) -> bool:
    """Verify and keep one webhook without a web face; False when it is a repetition."""
    reader = _reader(app, service)
    try:
        event = verified(app, service, reader, request)
    except Failure as failure:
        app.inbox.refuse(service, failure.code)
        raise
    return app.inbox.store(service, event, request.body)


def verified(app: App, service: str, reader: ModuleType, request: HookRequest) -> HookEvent:
    """The envelope of a webhook that proved where it comes from. Raises: BadSignature, BadHook."""
    settings = app.settings.service(service)
    given = {"signing": _texts(settings.webhook_signing_secret)} if hasattr(reader, "SIGNS_TOO") else {}
    reader.verify(request, secrets_of(settings), app.clock.now(), **given)
    try:
        request.body.decode("utf-8")
    except UnicodeDecodeError:
        raise BadHook("the webhook's body is not UTF-8") from None
    event: HookEvent = reader.read(request)
    check_names(event)
    return event


def secrets_of(settings: ServiceSettings) -> list[str]:
    """The secret and, while it is being rotated, the one before."""
    return _texts(settings.webhook_secret, settings.webhook_secret_old)


def _texts(*secrets: Any) -> list[str]:
    return [one.get_secret_value() for one in secrets if one is not None]


def _reader(app: App, service: str) -> ModuleType:
    reader: ModuleType | None = hook_reader(service) if service in manifests() else None
    if reader is None:
        raise NotFound(f"no webhooks are known from {service[:40]!r}")
    return reader


def _greeting(app: App, service: str, query: str) -> Answer:
    """What a vendor's question is answered, where it has one; its answer is plain text and nothing else."""
    greet = getattr(_reader(app, service), "greet", None)
    if greet is None:
        return _refuse_method()
    try:
        asked = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=50))
    except ValueError:
        raise BadHook("the question is malformed") from None
    text: str = greet(asked, app.settings.service(service))
    return Answer(200, text.encode("ascii"), {"content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff"})


def _refuse_method() -> Answer:
    return _json(405, {"ok": False, "error": OnlyPost("webhooks are posted").as_dict()}, {"allow": "POST"})


def _json(status: int, payload: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
    body = json.dumps(payload, separators=(",", ":")).encode()
    return Answer(status, body, {"content-type": "application/json", **(headers or {})})
