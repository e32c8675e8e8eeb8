"""Webhooks in: raw bytes, verified, stored, and only then acknowledged."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from revenue_machine.app import App, hook_reader
from revenue_machine.engine.database import StoreUnavailable
from revenue_machine.kit.errors import Failure, NotFound
from revenue_machine.kit.hooks import BadHook, HookRequest
from revenue_machine.surfaces.web.auth import app_of

MOST_HOOK_BYTES = 1_000_000
router = APIRouter()


class TooLarge(BadHook):
    """The webhook is larger than anything its sender documents."""

    http_status = 413


@router.post("/hooks/{service}")
async def receive(service: str, request: Request) -> JSONResponse:
    """200 means: on disk. 503 means: send it again."""
    body = await _bounded_body(request)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        fresh = await run_in_threadpool(store_hook, app_of(request), service, HookRequest(headers, body))
    except StoreUnavailable as failure:
        return JSONResponse({"ok": False, "error": failure.as_dict()}, 503, {"retry-after": "30"})
    return JSONResponse({"ok": True, "new": fresh})


async def _bounded_body(request: Request) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MOST_HOOK_BYTES:
            raise TooLarge
        chunks.append(chunk)
    return b"".join(chunks)


def store_hook(app: App, service: str, request: HookRequest) -> bool:
    """Verify and keep one webhook; False when it is a repetition."""
    reader = hook_reader(service) if service in app.clients.services() else None
    if reader is None:
        raise NotFound(f"no webhooks are known from {service}")
    settings = app.settings.service(service)
    secrets = [one.get_secret_value() for one in (settings.webhook_secret, settings.webhook_secret_old) if one is not None]
    try:
        reader.verify(request, secrets, app.clock.now())
    except Failure as failure:
        with app.database.writing() as connection:
            app.audit.note(connection, service, "webhook.refused", service, failure.code)
        raise
    try:
        request.body.decode("utf-8")
    except UnicodeDecodeError:
        raise BadHook("the webhook's body is not UTF-8") from None
    return app.inbox.store(service, reader.read(request), request.body)
