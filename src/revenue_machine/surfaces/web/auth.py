"""Who may do what over HTTP: bearer tokens with scopes; without one, nothing."""

from __future__ import annotations

from fastapi import Request

from revenue_machine.app import App
from revenue_machine.engine.tokens import Identity
from revenue_machine.kit.errors import Failure


class Unauthorised(Failure):
    """A bearer token is needed."""

    code = "bad_input"
    http_status = 401


class Forbidden(Failure):
    """This token may not do that."""

    code = "bad_input"
    http_status = 403


def app_of(request: Request) -> App:
    """The App behind this web face."""
    app: App = request.app.state.app
    return app


def identify(request: Request, scope: str) -> Identity:
    """The caller, who must hold the scope."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    identity = app_of(request).tokens.identify(token.strip()) if kind.lower() == "bearer" and token else None
    if identity is None:
        raise Unauthorised("send Authorization: Bearer TOKEN; make one with `revenue token create NAME --scope read`")
    if not identity.may(scope):
        raise Forbidden(f"the token {identity.name} does not hold the scope {scope}")
    return identity
