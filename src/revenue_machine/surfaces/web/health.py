"""Is it alive, is it ready, how much of everything."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse

from revenue_machine.engine.overview import overview
from revenue_machine.kit.errors import Failure
from revenue_machine.surfaces.web.auth import app_of

router = APIRouter()


@router.get("/healthz")
def healthz() -> dict[str, bool]:
    """The process answers."""
    return {"ok": True}


@router.get("/readyz")
def readyz(request: Request) -> JSONResponse:
    """The database answers too."""
    app = app_of(request)
    try:
        app.database.ping()
    except Failure as failure:
        return JSONResponse({"ok": False, "error": failure.as_dict()}, failure.http_status)
    return JSONResponse({"ok": True})


@router.get("/metrics")
def metrics(request: Request) -> PlainTextResponse:
    """Gauges in the Prometheus text format."""
    app = app_of(request)
    state = overview(app.database, app.clock, app.settings, app.slot)
    lines = [f"revenue_{name} {int(value)}" for name, value in state.items() if isinstance(value, bool | int)]
    return PlainTextResponse("\n".join([*lines, ""]), media_type="text/plain; version=0.0.4")
