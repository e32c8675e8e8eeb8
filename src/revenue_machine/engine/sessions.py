"""A person's visit to the dashboard: a secret of its own that stands for one token and ends with it."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from revenue_machine.engine.audit import Audit
from revenue_machine.engine.database import Database
from revenue_machine.engine.tables import SESSIONS
from revenue_machine.engine.tokens import Identity, Tokens
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.ids import content_hash, make_id, random_token

LIFETIME = timedelta(days=14)


class Sessions:
    """Begins, checks and ends sessions; only hashes are stored."""

    def __init__(self, database: Database, clock: Clock, audit: Audit, tokens: Tokens) -> None:
        self._database, self._clock, self._audit, self._tokens = database, clock, audit, tokens

    def begin(self, token: str) -> str | None:
        """A session secret for whoever holds this token with scope read; None when it does not count."""
        identity = self._tokens.identify(token)
        if identity is None or not identity.may("read"):
            return None
        secret = random_token("ses")
        now = self._clock.now()
        session_id = make_id("ses", content_hash(secret))
        row = {
            "id": session_id, "secret_hash": content_hash(secret), "token_hash": content_hash(token),
            "created_at": now, "expires_at": now + LIFETIME, "ended_at": None,
        }  # fmt: skip
        with self._database.writing() as connection:
            connection.execute(SESSIONS.delete().where(SESSIONS.c.expires_at <= now))
            self._database.put(connection, SESSIONS, row, ["id"])
            self._audit.note(connection, identity.name, "session.begin", session_id, "ok")
        return secret

    def identify(self, secret: str) -> Identity | None:
        """Who this session stands for now: its token is asked again every time."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(SESSIONS).where(SESSIONS.c.secret_hash == content_hash(secret))).mappings().first()
        if row is None or row["ended_at"] is not None or row["expires_at"] <= self._clock.now():
            return None
        return self._tokens.identify_hash(row["token_hash"])

    def end(self, secret: str) -> None:
        """Log out; an unknown or ended session stays as it is."""
        with self._database.writing() as connection:
            connection.execute(
                SESSIONS.update()
                .where(SESSIONS.c.secret_hash == content_hash(secret), SESSIONS.c.ended_at.is_(None))
                .values(ended_at=self._clock.now())
            )
