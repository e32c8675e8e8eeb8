"""Who reaches the dashboard: known host names, same-origin writes and sockets, and a session; everything else is turned away."""

from __future__ import annotations

import html
from collections.abc import MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from revenue_machine.app import App
from revenue_machine.engine.page import Pages
from revenue_machine.kit.errors import Failure
from revenue_machine.kit.settings import is_loopback
from revenue_machine.surfaces.web.dashboard.visit import SCOPE_KEY, Visit

COOKIE = "revenue_session"
LIBRARY = "/_nicegui"
SOCKET = "/_nicegui_ws/"
_OPEN = frozenset({"/login"})
_SAFE = frozenset({"GET", "HEAD"})
# The library writes inline scripts of its own; what matters is that nothing is fetched from or sent to elsewhere.
_HEADERS = {
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Guard:
    """The dashboard's only door."""

    def __init__(self, app: App, pages: Pages, inner: ASGIApp) -> None:
        self._app, self._pages, self._inner = app, pages, inner
        self._own = {"/", "/login", "/logout", *(one.path for one in pages.all)}
        public = urlsplit(app.settings.public_url or "").hostname
        self._public = public.lower() if public else None

    def owns(self, path: str) -> bool:
        """Whether an address belongs to the dashboard."""
        return path in self._own or path.startswith((f"{LIBRARY}/", SOCKET))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._inner(scope, receive, send)
            return
        refusal = await self._admit(scope)
        if refusal is None:
            await self._inner(scope, receive, _hardened(send, scope["path"]))
        elif scope["type"] == "websocket":
            await WebSocketClose(4401)(scope, receive, send)
        else:
            await refusal(scope, receive, _hardened(send, scope["path"]))

    async def _admit(self, scope: Scope) -> Response | None:
        """None lets the request in, with its visit in the scope; else the answer that turns it away."""
        headers, path = Headers(scope=scope), scope["path"]
        if not self._is_known_host(headers.get("host", "")):
            return PlainTextResponse("This address is not served here; set REVENUE_PUBLIC_URL to the one you use.\n", 421)
        if not _is_same_origin(scope, headers):
            return PlainTextResponse("This request comes from another site.\n", 403)
        secret = cookie_of(headers)
        try:
            visit = await run_in_threadpool(self._visit, secret)
        except Failure as failure:
            return PlainTextResponse(f"{failure.message}\n", 503, {"retry-after": "5"})
        scope[SCOPE_KEY] = visit or Visit(self._app, self._pages, "")
        if visit is not None or path in _OPEN or (path.startswith(f"{LIBRARY}/")):
            return None
        return _to_login(scope, headers)

    def _visit(self, secret: str) -> Visit | None:
        visit = Visit(self._app, self._pages, secret)
        return visit if secret and visit.identity() is not None else None

    def _is_known_host(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "") if "@" not in host else ""
        except ValueError:
            return False
        return bool(name) and (name.lower() == self._public or is_loopback(f"http://{host}"))


def cookie_of(headers: Headers) -> str:
    """The session secret a browser sent, or nothing."""
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel is not None else ""


def _is_same_origin(scope: Scope, headers: Headers) -> bool:
    """Reading may come from anywhere; writes and sockets only from a page of this very host."""
    if scope["type"] == "http" and scope["method"] in _SAFE and not scope["path"].startswith(SOCKET):
        return True
    origin = headers.get("origin")
    if origin is None:
        return scope["type"] == "http" and headers.get("sec-fetch-site", "same-origin") in {"same-origin", "none"}
    return origin.lower().partition("://")[2] == headers.get("host", "").lower()


def _to_login(scope: Scope, headers: Headers) -> Response:
    """People go to the login; a link clicked elsewhere is asked once more from here, because only then the cookie comes along."""
    path = scope["path"]
    if scope["type"] != "http" or scope["method"] not in _SAFE or path.startswith(SOCKET):
        return PlainTextResponse("Log in first.\n", 401)
    if headers.get("sec-fetch-site") == "cross-site":
        return HTMLResponse(f'<!doctype html><meta http-equiv="refresh" content="0;url={html.escape(path)}"><title>…</title>')
    return RedirectResponse("/login" if path == "/" else f"/login?next={quote(path)}", 303)


def _hardened(send: Send, path: str) -> Send:
    async def hardened(message: Message) -> None:
        if message["type"] == "http.response.start":
            _harden(message, path)
        await send(message)

    return hardened


def _harden(message: MutableMapping[str, Any], path: str) -> None:
    headers = MutableHeaders(raw=message["headers"])
    for name, value in _HEADERS.items():
        headers[name] = value
    if not path.startswith(f"{LIBRARY}/"):
        headers["cache-control"] = "no-store"
    message["headers"] = headers.raw
