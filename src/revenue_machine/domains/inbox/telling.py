"""Shows new questions in the owner's chat: a card each, or one digest where there are more than an hour bears."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from revenue_machine.domains.inbox import reads, rules, store
from revenue_machine.domains.inbox.cards import Cards
from revenue_machine.domains.inbox.models import Item, Shown, TellResult
from revenue_machine.domains.inbox.speaking import Buttons, Voice
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.effects import Outside
from revenue_machine.integrations.telegram.telegram_client import TelegramClient
from revenue_machine.kit.errors import BadInput, Failure, OutcomeUnknown
from revenue_machine.kit.settings import Settings

HOUR = timedelta(hours=1)
TRY_LATER_AFTER = timedelta(minutes=30)
CARDS_PER_HOUR = 10


@dataclass(frozen=True)
class Teller:
    """Empties the line of questions and tasks that want to be shown."""

    cards: Cards
    voice: Voice
    clients: Clients

    def tell(self, outside: Outside) -> TellResult:
        """Show what is due; where Telegram is missing or does not let us, it waits."""
        client, now = self.clients.maybe(TelegramClient), self.voice.clock.now()
        with self.voice.database.reading() as connection:
            due = reads.waiting(connection, now)
        if client is None:
            self._delay(TRY_LATER_AFTER)
            return TellResult(cards=0, digests=0, waiting=len(due))
        try:
            sent = [self._send(outside, client, one) for one in self._chosen(due)]
        except Failure:
            self._delay(TRY_LATER_AFTER)
            raise
        kinds = [one.kind for one in sent]
        with self.voice.database.reading() as connection:
            left = len(reads.waiting(connection, now))
        return TellResult(cards=len(kinds) - kinds.count("digest"), digests=kinds.count("digest"), waiting=left)

    def _chosen(self, due: Sequence[Shown]) -> list[Shown]:
        """What goes out now: money always, the rest as cards while the hour bears them, else as one digest."""
        laid = [one for one in due if one.kind == "digest"]
        items = self._still_open([one for one in due if one.kind != "digest"])
        urgent = [one.message for one in items if one.message.is_money]
        rest = [one for one in items if not one.message.is_money]
        left = self._left_this_hour() - len(urgent) - len(laid)
        if len(rest) <= left:
            return [*laid, *urgent, *(one.message for one in rest)]
        return [*laid, *urgent, *self._digest(rest, left, is_open=bool(laid))]

    def _still_open(self, due: Sequence[Shown]) -> list[Item]:
        items = self.cards.items(due)
        over = [one.message.id for one in items if not one.is_open]
        with self.voice.database.writing() as connection:
            store.change(connection, over, status="closed", closed_at=self.voice.clock.now(), due_at=None)
        return [one for one in items if one.is_open]

    def _left_this_hour(self) -> int:
        with self.voice.database.reading() as connection:
            recent = reads.shown_since(connection, self.voice.clock.now() - HOUR)
        return cards_per_hour(self.voice.settings) - len(recent)

    def _digest(self, rest: Sequence[Item], left: int, *, is_open: bool) -> list[Shown]:
        """A new digest, unless one is open (it counts them) or the hour is full (they wait for the next)."""
        now = self.voice.clock.now()
        with self.voice.database.writing() as connection:
            standing = reads.open_digest(connection)
            if is_open or standing is not None:
                if standing is not None:
                    store.count_on(connection, standing.id, [one.message for one in rest], now)
                return []
            if left < 1:
                oldest = reads.shown_since(connection, now - HOUR)
                store.delay(connection, (oldest[0] if oldest else now) + HOUR)
                return []
            listed = rules.first_fitting(rest)
            counted = [one.message for one in rest if one not in listed]
            digest_id = store.lay_digest(connection, self.voice.database, [one.message for one in listed], counted, now)
            digest = reads.by_id(connection, digest_id)
        return [] if digest is None else [digest]

    def _send(self, outside: Outside, client: TelegramClient, message: Shown) -> Shown:
        text, buttons = self.text_of(message), self.buttons_of(message)
        now = self.voice.clock.now()
        try:
            number: int | None = self.voice.show(outside, client, message, text, buttons)
            status = "sent"
        except OutcomeUnknown:  # it may stand there; a tap on it will tell its number
            number, status = None, "unknown"
        with self.voice.database.writing() as connection:
            store.change(connection, [message.id], status=status, telegram_message_id=number, shown_at=now, due_at=None)
        return message

    def text_of(self, message: Shown) -> str:
        """What a message says while it is open."""
        if message.kind == "digest":
            return self._digest_text(message)
        card = self.cards.of(message)
        zone = self.voice.settings.zone
        return rules.task_text(card, zone) if message.kind == "task" else rules.card_text(card, zone)

    def buttons_of(self, message: Shown) -> Buttons:
        """The ways to answer it here; what is not shown whole cannot be approved here."""
        if message.kind == "digest":
            return self._digest_buttons(message)
        card = self.cards.of(message)
        if message.kind == "task":
            pair = [(card["id"], card["text_hash"])]
            return [[("Sent", "sent", pair), ("Not sent", "not_sent", pair)]]
        pair = [(card["id"], card["payload_hash"])]
        approve = [("Approve", "approve", pair)] if rules.fits(card) else []
        return [[*approve, ("Reject", "reject", pair)]]

    def listed(self, digest: Shown) -> list[Item]:
        """The questions a digest shows word for word."""
        with self.voice.database.reading() as connection:
            rows = reads.listed_in(connection, digest.id)
        return self.cards.items(rows)

    def _digest_text(self, digest: Shown) -> str:
        with self.voice.database.reading() as connection:
            counted = reads.counted_in(connection, digest.id)
        tasks = sum(one.kind == "task" for one in counted)
        return rules.digest_text(self.listed(digest), len(counted) - tasks, tasks, inbox_link(self.voice.settings))

    def _digest_buttons(self, digest: Shown) -> Buttons:
        open_ones = [one for one in self.listed(digest) if one.is_open]
        pairs = [(one.card["id"], one.card["payload_hash"]) for one in open_ones]
        return [[(f"Approve all {len(pairs)} shown", "approve_all", pairs)]] if pairs else []

    def _delay(self, by: timedelta) -> None:
        with self.voice.database.writing() as connection:
            store.delay(connection, self.voice.clock.now() + by)


def cards_per_hour(settings: Settings) -> int:
    """How many messages an hour the owner's chat bears: `REVENUE_TELEGRAM__CARDS_PER_HOUR`, else ten."""
    said = settings.service("telegram").option("cards_per_hour")
    if said is None:
        return CARDS_PER_HOUR
    if not said.isascii() or not said.isdigit() or not 1 <= int(said) <= 60:
        raise BadInput("cards per hour is a whole number from 1 to 60", field="REVENUE_TELEGRAM__CARDS_PER_HOUR")
    return int(said)


def inbox_link(settings: Settings) -> str:
    """Where the inbox is, or what one types."""
    return f"{settings.public_url}/inbox" if settings.public_url else "revenue inbox"
