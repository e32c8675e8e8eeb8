"""`/u/{token}`: looking shows a form and changes nothing, posting ends every mail at once, without cookies or login (RFC 8058)."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from revenue_machine.domains.email.unsubscribing import Unsubscriber
from revenue_machine.surfaces.web.auth import app_of

router = APIRouter()
_HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer", "x-robots-tag": "noindex"}
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>body{{font:17px/1.5 system-ui,sans-serif;max-width:34rem;margin:12vh auto;padding:0 1.25rem}}
button{{font:inherit;padding:.6rem 1.1rem;border:0;border-radius:.4rem;background:#1f5eff;color:#fff;cursor:pointer}}</style></head>
<body><h1>{title}</h1>{body}</body></html>"""
_FORM = '<p>One click, and nobody here writes to you again.</p><form method="post"><button>Unsubscribe</button></form>'
_DONE = "<p>Nobody here writes to you again, on any channel. You may close this page.</p>"
_UNKNOWN = "<p>This address belongs to no mail of ours.</p>"


@router.get("/u/{token}", include_in_schema=False)
async def show(token: str, request: Request) -> HTMLResponse:
    """A form; whoever fetches this, person or scanner, changes nothing."""
    known = await run_in_threadpool(_unsubscriber(request).is_known, token)
    return _page("Unsubscribe", _FORM) if known else _page("Not found", _UNKNOWN, 404)


@router.post("/u/{token}", include_in_schema=False)
async def act(token: str, request: Request) -> HTMLResponse:
    """Take the person off everything; the second time is as good as the first. The body does not matter."""
    done = await run_in_threadpool(_unsubscriber(request).take_off, token)
    return _page("You are off the list", _DONE) if done else _page("Not found", _UNKNOWN, 404)


def _unsubscriber(request: Request) -> Unsubscriber:
    return app_of(request).container.get(Unsubscriber)


def _page(title: str, body: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(_PAGE.format(title=title, body=body), status, _HEADERS)
