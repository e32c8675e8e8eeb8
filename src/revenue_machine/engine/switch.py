"""The kill switch, channels that rest, and the list of people never to be contacted again."""

from __future__ import annotations

import hmac
import unicodedata
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from revenue_machine.engine.audit import Audit
from revenue_machine.engine.database import Database
from revenue_machine.engine.tables import CHANNEL_PAUSES, META, SUPPRESSIONS, SWITCHES
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import Stopped, Suppressed
from revenue_machine.kit.ids import content_hash, random_token

EVERYTHING = "everything"
KEY_NAME = "suppression_key"
# Built once: every effect asks it.
_IS_ON = sa.select(SWITCHES.c.is_on).where(SWITCHES.c.name == EVERYTHING)
_PAUSE = sa.select(CHANNEL_PAUSES).where(CHANNEL_PAUSES.c.channel == sa.bindparam("channel"))
_KEY = sa.select(META.c.value).where(META.c.name == KEY_NAME)
_SUPPRESSED = sa.select(SUPPRESSIONS.c.reason).where(SUPPRESSIONS.c.address_hash == sa.bindparam("stored"))


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

    def pause(self, channel: str, *, actor: str, reason: str) -> None:
        """A person lets a channel rest until a person lifts it."""
        with self._database.writing() as connection:
            pause_channel(connection, self._database, Pause(channel, None, reason, actor), self._clock.now())
            self._audit.note(connection, actor, "switch.pause", channel, "ok", detail=reason)

    def unpause(self, channel: str, *, actor: str, reason: str) -> bool:
        """A person lets it send again; whether it was resting."""
        with self._database.writing() as connection:
            rested = resume_channel(connection, channel)
            self._audit.note(connection, actor, "switch.unpause", channel, "ok", detail=reason)
        return rested

    def check(self, connection: sa.Connection) -> None:
        """Raise `stopped` when the switch is on."""
        if _is_stopped(connection):
            raise Stopped("the kill switch is on; a person lifts it with `revenue resume`")


def _is_stopped(connection: sa.Connection) -> bool:
    return bool(connection.execute(_IS_ON).scalar())


@dataclass(frozen=True)
class Pause:
    """A channel that rests: until an instant, or with None until a person lifts it."""

    channel: str
    until: datetime | None
    reason: str
    paused_by: str


def pause_channel(connection: sa.Connection, database: Database, pause: Pause, now: datetime) -> None:
    """Send nothing on a channel; a longer pause replaces a shorter one, never the other way round."""
    database.lock(connection, f"pause/{pause.channel}")
    standing = _pause(connection, pause.channel)
    if standing is not None and (standing.until is None or (pause.until is not None and pause.until <= standing.until)):
        return
    row = {
        "channel": pause.channel, "until": pause.until, "reason": pause.reason, "paused_by": pause.paused_by, "created_at": now,
    }  # fmt: skip
    database.put(connection, CHANNEL_PAUSES, row, ["channel"], ["until", "reason", "paused_by", "created_at"])


def resume_channel(connection: sa.Connection, channel: str) -> bool:
    """Let a channel send again; whether it was resting."""
    return bool(connection.execute(CHANNEL_PAUSES.delete().where(CHANNEL_PAUSES.c.channel == channel)).rowcount)


def pauses(connection: sa.Connection, now: datetime) -> list[Pause]:
    """Channels that rest now, by name."""
    rows = connection.execute(sa.select(CHANNEL_PAUSES).order_by(CHANNEL_PAUSES.c.channel)).mappings()
    found = [Pause(row["channel"], row["until"], row["reason"], row["paused_by"]) for row in rows]
    return [one for one in found if one.until is None or one.until > now]


def check_channel(connection: sa.Connection, channel: str, now: datetime) -> None:
    """Raise `stopped` while a channel rests."""
    pause = _pause(connection, channel)
    if pause is None or (pause.until is not None and pause.until <= now):
        return
    if pause.until is None:
        raise Stopped(
            f"{channel} rests until a person lifts it (`revenue resume --channel {channel}`): {pause.reason}", channel=channel
        )
    after_s = (pause.until - now).total_seconds()
    words = f"{channel} rests until {pause.until:%Y-%m-%d %H:%M} UTC: {pause.reason}"
    raise Stopped(words, retry_after_s=after_s, channel=channel)


def _pause(connection: sa.Connection, channel: str) -> Pause | None:
    row = connection.execute(_PAUSE, {"channel": channel}).mappings().first()
    return None if row is None else Pause(row["channel"], row["until"], row["reason"], row["paused_by"])


def address_hash(address: str) -> str:
    """One hash per mailbox or handle, however it is written: case, spaces, Unicode form and +tag do not matter.

    Never stored as it is: the list holds it keyed.
    """
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
    lay_key(connection, database, random_token("sup"))
    stored = SuppressionList(connection).stored_hash(address)
    row = {"address_hash": stored, "reason": reason, "source": source, "created_at": clock.now()}
    database.put(connection, SUPPRESSIONS, row, ["address_hash"])


def check_suppressed(connection: sa.Connection, address: str) -> None:
    """Raise `suppressed` when this address opted out."""
    if address in SuppressionList(connection):
        raise Suppressed


class SuppressionList:
    """Asks the list for many addresses; it holds keyed hashes, so a stolen copy of it cannot be tried against known addresses."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._key = connection.execute(_KEY).scalar()

    def stored_hash(self, address: str) -> str:
        """What the list holds for an address."""
        return _keyed(self._key or "", address_hash(address))

    def __contains__(self, address: object) -> bool:
        # Without a key nobody was ever put on the list.
        if self._key is None:
            return False
        return self._connection.execute(_SUPPRESSED, {"stored": self.stored_hash(str(address))}).first() is not None

    def every_hash(self) -> frozenset[str]:
        """The whole list, for a check of very many addresses at once."""
        return frozenset(self._connection.execute(sa.select(SUPPRESSIONS.c.address_hash)).scalars())


def lay_key(connection: sa.Connection, database: Database, key: str) -> None:
    """Give the list its key, once for ever; what an older version wrote without one is keyed with it."""
    if connection.execute(_KEY).first() is not None:
        return
    if database.put(connection, META, {"name": KEY_NAME, "value": key}, ["name"]):
        for plain in sorted(connection.execute(sa.select(SUPPRESSIONS.c.address_hash)).scalars()):
            mine = SUPPRESSIONS.c.address_hash == plain
            connection.execute(SUPPRESSIONS.update().where(mine).values(address_hash=_keyed(key, plain)))


def lay_sandbox_key(database: Database, seed: int) -> None:
    """The key of a rehearsal: the same seed, the same list."""
    with database.reading() as connection:
        if connection.execute(_KEY).first() is not None:
            return
    with database.writing() as connection:
        lay_key(connection, database, content_hash(f"suppression/{seed}"))


def _keyed(key: str, plain_hash: str) -> str:
    return hmac.new(key.encode(), plain_hash.encode(), "sha256").hexdigest()
