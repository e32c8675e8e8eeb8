"""Every page as JSON, for whoever holds a token with scope `read`."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from revenue_machine.app import App
from revenue_machine.engine.page import Pages, declared_pages, make_pages, plain
from revenue_machine.surfaces.web.auth import app_of, identify
from revenue_machine.surfaces.web.dashboard import inbox

router = APIRouter()


def pages_of(app: App) -> Pages:
    """What the domains declare, and the inbox, which belongs to no domain."""
    return make_pages([*app.container.get(Pages).all, *declared_pages(inbox)])


@router.get("/api/pages")
def list_pages(request: Request) -> list[dict[str, Any]]:
    """The pages of the dashboard in the order of its menu."""
    identify(request, "read")
    return [{"name": one.name, "path": one.path, "title": one.title} for one in pages_of(app_of(request)).all]


@router.get("/api/pages/{name}")
def one_page(request: Request, name: str) -> dict[str, Any]:
    """What a page of the dashboard shows now."""
    identify(request, "read")
    app = app_of(request)
    shown: dict[str, Any] = plain(pages_of(app).show(name, app.container))
    return shown
