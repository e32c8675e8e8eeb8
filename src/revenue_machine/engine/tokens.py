"""Access tokens: shown once, stored as a hash, with one of four scopes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from revenue_machine.engine.audit import Audit
from revenue_machine.engine.database import Database
from revenue_machine.engine.tables import TOKENS
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import BadInput, Conflict, NotFound
from revenue_machine.kit.ids import content_hash, make_id, random_token

SCOPES = ("read", "operate", "approve", "admin")
# Whoever may operate may read; approving is its own right; admin holds all.
_GRANTS = {"read": {"read"}, "operate": {"read", "operate"}, "approve": {"read", "approve"}, "admin": set(SCOPES)}


@dataclass(frozen=True)
class Identity:
    """Who asks, and what they may do."""

    name: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        return scope in self.scopes


class Tokens:
    """Creates, checks and revokes access tokens."""

    def __init__(self, database: Database, clock: Clock, audit: Audit) -> None:
        self._database, self._clock, self._audit = database, clock, audit

    def create(self, name: str, scopes: Sequence[str], *, actor: str, expires_at: datetime | None = None) -> str:
        """A new token, returned this one time; `conflict` when the name is taken."""
        unknown = [scope for scope in scopes if scope not in SCOPES]
        if unknown or not scopes:
            raise BadInput(f"scopes are {', '.join(SCOPES)}", field="scope")
        token = random_token("rev")
        row = {
            "id": make_id("tok", name), "name": name, "token_hash": content_hash(token), "scopes": ",".join(scopes),
            "created_at": self._clock.now(), "expires_at": expires_at, "revoked_at": None,
        }  # fmt: skip
        with self._database.writing() as connection:
            if self._database.put(connection, TOKENS, row, ["name"]) == 0:
                raise Conflict(f"there is a token named {name} already", field="name")
            self._audit.note(connection, actor, "token.create", name, "ok", detail=row["scopes"])
        return token

    def revoke(self, name: str, *, actor: str) -> None:
        with self._database.writing() as connection:
            done = connection.execute(TOKENS.update().where(TOKENS.c.name == name).values(revoked_at=self._clock.now()))
            if done.rowcount == 0:
                raise NotFound(f"there is no token named {name}", field="name")
            self._audit.note(connection, actor, "token.revoke", name, "ok")

    def identify(self, token: str) -> Identity | None:
        """Who holds this token; None when it is unknown, revoked or expired."""
        return self.identify_hash(content_hash(token))

    def identify_hash(self, token_hash: str) -> Identity | None:
        """The same for what a session keeps of a token: its hash."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(TOKENS).where(TOKENS.c.token_hash == token_hash)).mappings().first()
        if row is None or row["revoked_at"] is not None:
            return None
        if row["expires_at"] is not None and row["expires_at"] <= self._clock.now():
            return None
        granted: set[str] = set()
        for scope in row["scopes"].split(","):
            granted |= _GRANTS[scope]
        return Identity(row["name"], frozenset(granted))
