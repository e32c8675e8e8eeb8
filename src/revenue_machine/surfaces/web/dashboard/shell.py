"""The frame around every page: menu, kill switch, log out, and a look at the books every few seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from fastapi import FastAPI, Request
from nicegui import ui
from nicegui.element import Element
from starlette.concurrency import run_in_threadpool

from revenue_machine.app import App
from revenue_machine.engine.page import View
from revenue_machine.engine.switch import Stop
from revenue_machine.kit.errors import Failure
from revenue_machine.surfaces.web.auth import Unauthorised
from revenue_machine.surfaces.web.dashboard import login
from revenue_machine.surfaces.web.dashboard.cards import Cards
from revenue_machine.surfaces.web.dashboard.dialogs import ask, say
from revenue_machine.surfaces.web.dashboard.elements import block, button, link, words
from revenue_machine.surfaces.web.dashboard.guard import Guard
from revenue_machine.surfaces.web.dashboard.inbox import InboxView
from revenue_machine.surfaces.web.dashboard.renderer import heading, render
from revenue_machine.surfaces.web.dashboard.twins import pages_of
from revenue_machine.surfaces.web.dashboard.visit import SCOPE_KEY, Visit

LOOK_EVERY_S = 5.0
RECONNECT_S = 15.0


def make_dashboard(app: App) -> Guard:
    """The dashboard of one App; the web library lives once in a process, whichever App a request is for."""
    return Guard(app, pages_of(app), _library())


@cache
def _library() -> FastAPI:
    """One ASGI app with the login and every page; the visit in the scope says whose."""
    face = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    face.include_router(login.router)
    ui.page("/{name}", title="Revenue machine")(show_page)
    ui.run_with(
        face, title="Revenue machine", favicon=login.ICON, dark=None, language="en-US", tailwind=False, show_welcome_message=False,
        reconnect_timeout=RECONNECT_S, binding_refresh_interval=None,
    )  # fmt: skip
    return face


async def show_page(name: str, request: Request) -> None:
    """Any page, by its name."""
    visit: Visit = request.scope[SCOPE_KEY]
    ui.page_title(f"{visit.pages.find(name).title} · revenue machine")
    ui.add_head_html(f'<meta name="color-scheme" content="light dark"><style>{login.STYLE}</style>')
    await Frame(visit, name).open()


@dataclass(frozen=True)
class Seen:
    """What the frame around a page showed last; nothing is sent again while it stays the same."""

    stop: Stop | None
    waiting: int
    rights: frozenset[str]


class Frame:
    """One open page in one browser."""

    def __init__(self, visit: Visit, name: str) -> None:
        self._visit, self._name = visit, name
        self._cards = Cards(visit, self.look_again)
        self._seen: Seen | None = None
        self._view: Any = None
        self._top: Element
        self._body: Element
        self._news: Element

    async def open(self) -> None:
        """Build the page and keep it true."""
        words("a", "Skip to the page", "skip", href="#page")
        self._top = block("header", "top")
        self._body = block("main", "page", id="page", tabindex="-1")
        self._news = block("div", "news", role="status")
        await self.look_again()
        ui.timer(LOOK_EVERY_S, self._look, immediate=False)

    async def look_again(self) -> None:
        """Show the page as it stands, whatever lies on the screen."""
        self._seen = self._view = None
        self._news.clear()
        await self._look()

    async def _look(self) -> None:
        try:
            seen, view = await run_in_threadpool(self._read)
        except Unauthorised:
            ui.navigate.to("/login")
            return
        except Failure as failure:
            problem = failure.message
            self._fill(self._body, lambda: heading("This cannot be shown right now", problem))
            self._seen = self._view = None
            return
        if seen != self._seen:
            self._fill(self._top, lambda: self._show_top(seen))
        if view != self._view or (self._seen and seen.rights != self._seen.rights):
            self._take(view, seen)
        self._seen = seen

    def _take(self, view: Any, seen: Seen) -> None:
        """Cards never move under a finger: while some are shown, other ones only announce themselves."""
        if isinstance(self._view, InboxView) and (self._view.cards or self._view.tasks):
            if not self._news.default_slot.children:
                self._fill(self._news, lambda: button("The inbox has changed. Show it", self.look_again, "primary"))
            return
        self._view = view
        self._fill(self._body, lambda: self._show(view, seen))

    def _read(self) -> tuple[Seen, Any]:
        identity, app = self._visit.demand("read"), self._visit.app
        seen = Seen(app.switch.stopped_by(), len(app.approvals.cards()) + len(app.handwork.cards()), identity.scopes)
        return seen, self._visit.show(self._name)

    def _fill(self, place: Element, show: Callable[[], object]) -> None:
        place.clear()
        with place:
            show()

    def _show(self, view: Any, seen: Seen) -> None:
        if isinstance(view, InboxView):
            self._cards.render(view, may_decide="approve" in seen.rights)
        elif isinstance(view, View):
            render(view)

    def _show_top(self, seen: Seen) -> None:
        app = self._visit.app
        with block("div", "bar"):
            with block("nav", aria_label="Pages"), block("ul", "plain"):
                for page in self._visit.pages.all:
                    with block("li"):
                        entry = link(page.title, page.path)
                        if page.name == self._name:
                            entry.props["aria-current"] = "page"
                        if page.name == "inbox" and seen.waiting:
                            with entry:
                                words("span", str(seen.waiting), "count", aria_label=f"{seen.waiting} waiting")
            words("span", app.settings.mode, f"mode {app.settings.mode}")
            if seen.stop is None and seen.rights & {"operate", "approve"}:
                with button("Stop", self._stop, "stop"):
                    words("span", "\u00a0everything", "wide-only")
            with block("form", method="post", action="/logout"):
                words("button", "Log out", "act quiet", type="submit")
        if seen.stop is not None:
            self._show_stop(seen.stop, may_lift="approve" in seen.rights)

    def _show_stop(self, stop: Stop, *, may_lift: bool) -> None:
        since = stop.since.astimezone(self._visit.app.settings.zone)
        with block("div", "stopped", role="alert"):
            with block("div"):
                words("strong", "Everything that spends or speaks is stopped.")
                words("span", f"{stop.actor}, {since:%A %H:%M}: {stop.reason}", "detail")
            if may_lift:
                button("Lift the stop", self._lift)

    async def _stop(self) -> None:
        hint = "Nothing is sent, posted or bought until a person lifts it. What was sent already stays sent."
        reason = await ask("Stop everything?", hint, "Stop everything")
        if reason is not None:
            await self._switch("Stopped.", reason or "asked by the owner", stopped=True)

    async def _lift(self) -> None:
        reason = await ask("Lift the stop?", "The machine may spend and speak again, within its limits.", "Lift the stop")
        if reason is not None:
            await self._switch("Lifted.", reason or "asked by the owner", stopped=False)

    async def _switch(self, done: str, reason: str, *, stopped: bool) -> None:
        def switch() -> None:
            identity = self._visit.demand(*(("operate", "approve") if stopped else ("approve",)))
            self._visit.app.switch.set(stopped=stopped, actor=identity.name, reason=reason)

        try:
            await run_in_threadpool(switch)
        except Failure as failure:
            say(failure.message, is_bad=True)
            return
        say(done)
        await self.look_again()
