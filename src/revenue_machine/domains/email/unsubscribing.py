"""The address behind every unsubscribe link: looking at it changes nothing, a POST ends everything at once."""

from __future__ import annotations

from revenue_machine.domains.email import reads
from revenue_machine.domains.email.aftermath import Aftermath
from revenue_machine.domains.email.models import Send
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.kit.ids import content_hash


class Unsubscriber:
    """Knows mails by the hash of their token; without cookies, without a login (RFC 8058)."""

    def __init__(self, database: Database, aftermath: Aftermath, events: Events) -> None:
        self._database, self._aftermath, self._events = database, aftermath, events

    def is_known(self, token: str) -> bool:
        """Whether a mail of ours had this token."""
        return self._send(token) is not None

    def take_off(self, token: str) -> bool:
        """Opt the person out everywhere; False for a token nobody ever got. Again is as good as once."""
        send = self._send(token)
        if send is None:
            return False
        with self._database.writing() as connection:
            self._aftermath.unsubscribed(connection, send)
        self._events.drain()
        return True

    def _send(self, token: str) -> Send | None:
        with self._database.reading() as connection:
            return reads.send_by_token(connection, content_hash(token))
