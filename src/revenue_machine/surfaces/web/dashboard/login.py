"""How a person comes in and leaves: a token pasted once, a session cookie, ten wrong tries a minute."""

from __future__ import annotations

import html
from pathlib import Path
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from revenue_machine.engine.page import Pages
from revenue_machine.engine.sessions import LIFETIME, Sessions
from revenue_machine.kit.errors import NotFound
from revenue_machine.surfaces.web.dashboard.attempts import Attempts
from revenue_machine.surfaces.web.dashboard.guard import COOKIE, cookie_of
from revenue_machine.surfaces.web.dashboard.visit import SCOPE_KEY, Visit

MOST_FORM_BYTES = 10_000
WRONG = "This token does not open the door: it is unknown, revoked or expired."
FOLDER = Path(__file__).parent
STYLE = (FOLDER / "dashboard.css").read_text(encoding="utf-8")
ICON = (
    "data:image/svg+xml,"
    "%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%231f6b57'/%3E"
    "%3Cpath d='M4 10.5 7 7.5 9 9.5 12.5 5' fill='none' stroke='white' stroke-width='1.8'/%3E%3C/svg%3E"
)
_LOGIN = (FOLDER / "login.html").read_text(encoding="utf-8")
router = APIRouter()
attempts = Attempts()


def _visit(request: Request) -> Visit:
    visit: Visit = request.scope[SCOPE_KEY]
    return visit


@router.get("/")
def home(request: Request) -> Response:
    """The first page of the menu."""
    return RedirectResponse(_visit(request).pages.all[0].path, 303)


@router.get("/login")
def show_login(request: Request, next: str = "/") -> Response:  # noqa: A002 - the name in the address
    """The form; whoever is in already goes on."""
    visit = _visit(request)
    if visit.secret:
        return RedirectResponse(_known(visit.pages, next), 303)
    return _form(next, 200, "")


@router.post("/login")
async def log_in(request: Request) -> Response:
    """A right token begins a session; a wrong one counts against its address."""
    visit, address = _visit(request), request.client.host if request.client else ""
    wait_s = attempts.wait_s(address)
    if wait_s:
        answer = _form("/", 429, f"Too many wrong tokens. Try again in {wait_s} seconds.")
        answer.headers["retry-after"] = str(wait_s)
        return answer
    fields = await _fields(request)
    secret = await run_in_threadpool(visit.app.container.get(Sessions).begin, fields.get("token", "").strip())
    if secret is None:
        attempts.wrong(address)
        return _form(fields.get("next", "/"), 401, WRONG)
    response = RedirectResponse(_known(visit.pages, fields.get("next", "/")), 303)
    is_secure = request.url.scheme == "https" or (visit.app.settings.public_url or "").startswith(
        f"https://{request.headers['host']}"
    )
    response.set_cookie(
        COOKIE, secret, max_age=int(LIFETIME.total_seconds()), path="/", secure=is_secure, httponly=True, samesite="strict"
    )
    return response


@router.post("/logout")
def log_out(request: Request) -> Response:
    """End the session on the server, not only in the browser."""
    _visit(request).app.container.get(Sessions).end(cookie_of(request.headers))
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response


async def _fields(request: Request) -> dict[str, str]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_FORM_BYTES:
            return {}
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def _known(pages: Pages, path: str) -> str:
    """Only ever to a page of ours."""
    try:
        return pages.find(path.removeprefix("/")).path
    except NotFound:
        return pages.all[0].path


def _form(after: str, status: int, problem: str) -> HTMLResponse:
    shown = f'<p class="problem" role="alert">{html.escape(problem)}</p>' if problem else ""
    words = {"{{style}}": STYLE, "{{icon}}": ICON, "{{next}}": html.escape(after, quote=True), "{{problem}}": shown}
    body = _LOGIN
    for name, value in words.items():
        body = body.replace(name, value)
    return HTMLResponse(body, status)
