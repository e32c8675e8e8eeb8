"""One person's visit: which session, what it may do now, and what its pages show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from revenue_machine.app import App
from revenue_machine.engine.page import Pages
from revenue_machine.engine.sessions import Sessions
from revenue_machine.engine.tokens import Identity
from revenue_machine.surfaces.web.auth import Forbidden, Unauthorised

SCOPE_KEY = "revenue_machine.visit"


@dataclass(frozen=True)
class Visit:
    """A logged-in browser; its rights are asked anew at every step, so a revoked token ends them at once."""

    app: App
    pages: Pages
    secret: str

    def identity(self) -> Identity | None:
        """Who this is now; None once the session is over."""
        return self.app.container.get(Sessions).identify(self.secret)

    def may(self, *scopes: str) -> bool:
        """Whether it holds one of these scopes."""
        identity = self.identity()
        return identity is not None and any(identity.may(scope) for scope in scopes)

    def demand(self, *scopes: str) -> Identity:
        """Who this is, holding one of the scopes; else what an API caller would hear."""
        identity = self.identity()
        if identity is None:
            raise Unauthorised("this session is over; log in again")
        if not any(identity.may(scope) for scope in scopes):
            raise Forbidden(f"the token {identity.name} does not hold the scope {' or '.join(scopes)}")
        return identity

    def show(self, name: str) -> Any:
        """The view of a page now."""
        return self.pages.show(name, self.app.container)
