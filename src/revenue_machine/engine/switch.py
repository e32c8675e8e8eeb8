"""The kill switch and the list of people never to be contacted again."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from revenue_machine.engine.audit import Audit
from revenue_machine.engine.database import Database
from revenue_machine.engine.tables import SUPPRESSIONS, SWITCHES
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import Stopped, Suppressed
from revenue_machine.kit.ids import content_hash

EVERYTHING = "everything"
# Built once: every effect asks it.
_IS_ON = sa.select(SWITCHES.c.is_on).where(SWITCHES.c.name == EVERYTHING)


@dataclass(frozen=True)
class Stop:
    """The kill switch being on."""

    actor: str
    reason: str
    since: datetime


class Switch:
    """Stops everything that spends or speaks; only a person lifts it."""

    def __init__(self, database: Database, clock: Clock, audit: Audit) -> None:
        self._database, self._clock, self._audit = database, clock, audit

    def set(self, *, stopped: bool, actor: str, reason: str) -> None:
        row = {"name": EVERYTHING, "is_on": stopped, "changed_by": actor, "reason": reason, "changed_at": self._clock.now()}
        with self._database.writing() as connection:
            self._database.put(connection, SWITCHES, row, ["name"], ["is_on", "changed_by", "reason", "changed_at"])
            self._audit.note(connection, actor, "switch.stop" if stopped else "switch.resume", EVERYTHING, "ok", detail=reason)

    def is_stopped(self) -> bool:
        with self._database.reading() as connection:
            return _is_stopped(connection)

    def stopped_by(self) -> Stop | None:
        """Who stopped everything, when and why; None while nothing is stopped."""
        query = sa.select(SWITCHES).where(SWITCHES.c.name == EVERYTHING, SWITCHES.c.is_on)
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else Stop(row["changed_by"], row["reason"] or "", row["changed_at"])

    def check(self, connection: sa.Connection) -> None:
        """Raise `stopped` when the switch is on."""
        if _is_stopped(connection):
            raise Stopped("the kill switch is on; a person lifts it with `revenue resume`")


def _is_stopped(connection: sa.Connection) -> bool:
    return bool(connection.execute(_IS_ON).scalar())


def address_hash(address: str) -> str:
    """One hash per mailbox or handle, however it is written: case, spaces, Unicode form and +tag do not matter."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", address).casefold())
    # Spaces of any width and characters nobody sees (zero-width, soft hyphen) make no other person.
    text = "".join(sign for sign in folded if not sign.isspace() and unicodedata.category(sign) != "Cf")
    name, at, host = text.partition("@")
    return content_hash(f"{name.split('+', 1)[0]}{at}{_plain_host(host)}" if at and name else text)


def _plain_host(host: str) -> str:
    """A domain in one spelling: without the root's dot, `xn--bcher-kva.de` as `bücher.de`."""
    host = host.rstrip(".")
    try:
        return host.encode("ascii").decode("idna")
    except UnicodeError:
        return host


def suppress(connection: sa.Connection, database: Database, address: str, *, reason: str, source: str, clock: Clock) -> None:
    """Never contact this address again, on any channel."""
    row = {"address_hash": address_hash(address), "reason": reason, "source": source, "created_at": clock.now()}
    database.put(connection, SUPPRESSIONS, row, ["address_hash"])


def check_suppressed(connection: sa.Connection, address: str) -> None:
    """Raise `suppressed` when this address opted out."""
    if connection.execute(sa.select(SUPPRESSIONS.c.reason).where(SUPPRESSIONS.c.address_hash == address_hash(address))).first():
        raise Suppressed
