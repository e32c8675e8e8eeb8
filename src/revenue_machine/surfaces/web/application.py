"""Puts the web face together: the redirector answers before anything else is asked, the dashboard only where it is wanted."""

from __future__ import annotations

from typing import Any, Protocol

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from revenue_machine import __version__
from revenue_machine.app import App
from revenue_machine.domains.links.redirect import Redirector
from revenue_machine.kit.errors import Failure
from revenue_machine.surfaces.web import api, decisions, health, hooks, unsubscribe
from revenue_machine.surfaces.web.dashboard import twins
from revenue_machine.surfaces.web.openapi import openapi_of


class Part(Protocol):
    """An ASGI app that knows which addresses are its own."""

    def owns(self, path: str) -> bool: ...

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...


class WebFace:
    """`/r/…` goes to the redirector, `/hooks/…` to their door, its own addresses to the dashboard, the rest to the API."""

    def __init__(
        self, redirector: ASGIApp, rest: ASGIApp, dashboard: Part | None = None, *, hook_door: ASGIApp | None = None
    ) -> None:  # fmt: skip
        self._redirector, self._rest, self._dashboard, self._hook_door = redirector, rest, dashboard, hook_door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._part(scope)(scope, receive, send)

    def _part(self, scope: Scope) -> ASGIApp:
        if scope["type"] == "http" and scope["path"].startswith("/r/"):
            return self._redirector
        if self._hook_door is not None and scope["type"] == "http" and scope["path"].startswith(hooks.ROOT):
            return self._hook_door
        if self._dashboard is not None and (scope["type"] == "lifespan" or self._dashboard.owns(scope["path"])):
            return self._dashboard
        return self._rest


class BoundedBody:
    """No caller, known or not, makes the house read more than its largest webhook."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        size = 0

        async def bounded() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > hooks.MOST_HOOK_BYTES:
                raise hooks.TooLarge
            return message

        await self._app(scope, bounded, send)


def make_api(app: App) -> FastAPI:
    """The API alone, without the redirector."""
    face = FastAPI(title="revenue_machine", version=__version__, docs_url="/docs", redoc_url=None)
    face.state.app = app
    face.add_middleware(BoundedBody)
    for part in (api, decisions, twins, hooks, health, unsubscribe):
        face.include_router(part.router)
    face.add_exception_handler(Failure, _as_failure)
    face.add_exception_handler(RequestValidationError, _as_bad_input)
    face.add_exception_handler(HTTPException, _as_plain)
    face.openapi = lambda: openapi_of(face, app.registry)  # type: ignore[method-assign]
    return face


def make_web(app: App, *, dashboard: bool = False) -> WebFace:
    """The whole web face of a running App; only with the dashboard is its library loaded."""
    door = hooks.HookDoor(app)
    if not dashboard:
        return WebFace(app.container.get(Redirector), make_api(app), hook_door=door)
    from revenue_machine.surfaces.web.dashboard.shell import make_dashboard

    redirector = app.container.get(Redirector)
    redirector.warm()
    return WebFace(redirector, make_api(app), make_dashboard(app), hook_door=door)


async def _as_failure(_request: Request, failure: Exception) -> JSONResponse:
    """Every failure of ours has its status and its stable code."""
    if not isinstance(failure, Failure):
        raise failure
    headers = {"retry-after": str(int(failure.retry_after_s))} if failure.retry_after_s is not None else None
    return JSONResponse({"ok": False, "error": failure.as_dict()}, failure.http_status, headers)


async def _as_bad_input(request: Request, error: Exception) -> JSONResponse:
    first: dict[str, Any] = error.errors()[0] if isinstance(error, RequestValidationError) else {"loc": (), "msg": str(error)}
    field = ".".join(str(part) for part in first["loc"] if part != "body")
    body = {"code": "bad_input", "message": f"{field}: {first['msg']}", "field": field or None, "retry_after_s": None}
    await run_in_threadpool(decisions.note_malformed, request, body["message"])
    return JSONResponse({"ok": False, "error": body}, 422)


async def _as_plain(_request: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 404
    code = "not_found" if status == 404 else "bad_input"
    body = {"code": code, "message": str(getattr(error, "detail", error)), "field": None, "retry_after_s": None}
    return JSONResponse({"ok": False, "error": body}, status)
