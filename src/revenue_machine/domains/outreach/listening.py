"""Hears what came in: answers, accepted invitations, clicks on personal links; logs it, closes what it ends, drafts the answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from typing import cast

import sqlalchemy as sa

from revenue_machine.domains.crm import reads as crm_reads
from revenue_machine.domains.crm.models import ContactBook, IntentClass, InteractionDraft, Person
from revenue_machine.domains.links import reads as link_reads
from revenue_machine.domains.outreach import reads, replies, rules, scoring, store
from revenue_machine.domains.outreach.asked import SyncResult
from revenue_machine.domains.outreach.hearing import Hearing
from revenue_machine.domains.outreach.knowing import know, predicted_value, product_for
from revenue_machine.domains.outreach.models import Inbound, QueueRow
from revenue_machine.domains.outreach.platforms import Platforms
from revenue_machine.domains.outreach.queueing import Filer
from revenue_machine.domains.outreach.writing import Wish, Writer
from revenue_machine.domains.owner.models import Business
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.engine.switch import Pause, pause_channel
from revenue_machine.integrations.direct_message.direct_message_client import DirectMessageClient
from revenue_machine.integrations.linkedin.linkedin_client import LinkedinClient
from revenue_machine.kit.clock import Clock, local_date, wall_instant
from revenue_machine.kit.errors import Failure, NotConfigured
from revenue_machine.kit.settings import Settings

# Platforms whose messages can be read at all.
DIRECT = ("x", "instagram")
MOST_ANSWERS = 10
CHATS = 40
FIRST_LOOK_BACK = timedelta(days=29)
# The outside's clock is not ours, and Unipile notices a connection up to eight hours later.
SLACK = timedelta(minutes=2)
RELATIONS_SLACK = timedelta(hours=9)
TRY_AGAIN_AFTER = timedelta(hours=1)
OPENS, CLOSES = time(8, 5), time(19, 5)


@dataclass(frozen=True)
class Listening:
    """Reads every platform that is set up; what webhooks brought before is known and changes nothing."""

    database: Database
    clock: Clock
    settings: Settings
    business: Business
    book: ContactBook
    events: Events
    platforms: Platforms
    hearing: Hearing
    writer: Writer
    filer: Filer

    def sync(self) -> SyncResult:
        """Look at every platform, then draft the answers that are owed."""
        counts: Counter[str] = Counter()
        failed: dict[str, str] = {}
        self._plan_next()
        self._try("linkedin", failed, partial(self._read_linkedin, counts))
        for platform in DIRECT:
            self._try(platform, failed, partial(self._read_direct, platform, counts))
        counts["clicks"] += self._read_clicks()
        drafted, held = self.write_answers()
        return SyncResult(
            messages=counts["messages"], connections=counts["connections"], clicks=counts["clicks"],
            opted_out=counts["opted_out"], answers_drafted=drafted, held=held, failed=failed,
        )  # fmt: skip

    def _try(self, platform: str, failed: dict[str, str], look: Callable[[], None]) -> None:
        """One platform that does not answer stops no other; one that shuts us out rests for a day."""
        try:
            look()
        except NotConfigured:
            return
        except Failure as failure:
            failed[platform] = failure.message
            why = replies.block_signal(failure.details.get("reason"))
            if why is not None and failure.code == "outside_auth_failed":
                now = self.clock.now()
                name = rules.pause_name(platform)
                with self.database.writing() as connection:
                    pause_channel(connection, self.database, Pause(name, now + rules.BLOCKED_FOR, why, "outreach"), now)
                    said = {"kind": "outreach", "text": f"{platform} rests for 24 hours: {why}", "key": platform}
                    self.events.emit(connection, "alert.raised", f"{name}/{now:%Y-%m-%d}/{why}", said)

    def _plan_next(self) -> None:
        """Every hour of the working day; at night and on Sundays the next morning."""
        now = self.clock.now()
        with self.database.writing() as connection:
            at = next_sync_at(now, self.settings)
            store.set_mark(connection, self.database, reads.SYNC_MARK, now, reached_at=at)

    def _read_linkedin(self, counts: Counter[str]) -> None:
        client, now = self.platforms.clients.get(LinkedinClient), self.clock.now()
        with self.database.reading() as connection:
            since = reads.mark(connection, "linkedin/messages")[1] or now - FIRST_LOOK_BACK
            joined_since = reads.mark(connection, "linkedin/relations")[1] or now - FIRST_LOOK_BACK
        fresh = [one for one in client.relations(limit=CHATS).data if (one.created_at or now) > joined_since - RELATIONS_SLACK]
        talks = [
            one for one in client.chats(limit=CHATS).data
            if one.user_id and one.last_message_timestamp is not None and one.last_message_timestamp > since - SLACK
        ]  # fmt: skip
        heard: list[Inbound] = []
        for talk in talks:
            said = client.messages(talk.id, after=since - SLACK).data
            heard += [
                Inbound("linkedin", one.id, one.sender_id, one.text or "", one.timestamp, name=talk.name)
                for one in said if not one.is_sender and not one.is_deleted and not one.is_event
            ]  # fmt: skip
        with self.database.writing() as connection:
            counts["connections"] += sum(self.hearing.note_connection(connection, one) for one in fresh)
            self._hear_all(connection, heard, counts)
            store.set_mark(connection, self.database, "linkedin/messages", now, reached_at=now)
            store.set_mark(connection, self.database, "linkedin/relations", now, reached_at=now)

    def _read_direct(self, platform: str, counts: Counter[str]) -> None:
        client, now = self.platforms.clients.get(DirectMessageClient), self.clock.now()
        with self.database.reading() as connection:
            since = reads.mark(connection, f"{platform}/messages")[1] or now - FIRST_LOOK_BACK
        heard = [
            Inbound(platform, one.id, one.person_id, one.text, one.sent_at)
            for one in client.messages(platform, since - SLACK) if not one.is_ours
        ]  # fmt: skip
        with self.database.writing() as connection:
            self._hear_all(connection, heard, counts)
            store.set_mark(connection, self.database, f"{platform}/messages", now, reached_at=now)

    def _hear_all(self, connection: sa.Connection, heard: Sequence[Inbound], counts: Counter[str]) -> None:
        for one in sorted(heard, key=lambda one: (one.occurred_at, one.external_id)):
            outcome = self.hearing.hear(connection, one)
            counts["messages"] += outcome is not None
            counts["opted_out"] += outcome == "opted_out"

    def _read_clicks(self) -> int:
        """Counted clicks on personal links, each on the timeline of whom the link was for."""
        with self.database.reading() as connection:
            place, _, _ = reads.mark(connection, "clicks")
            changes = link_reads.changes_after(connection, place)
            clicks = [one.click for one in changes if one.is_counted]
        if not changes:
            return 0
        now, counted = self.clock.now(), 0
        with self.database.writing() as connection:
            for one in clicks:
                row = reads.row_of_campaign_tag(connection, one.post_id or "")
                if row is not None:
                    self.book.log(connection, InteractionDraft(
                        row.contact_id, "link_clicked", platform=row.platform, channel=row.channel, external_id=one.id,
                        occurred_at=one.clicked_at, campaign=one.post_id, product=one.product,
                    ))  # fmt: skip
                    counted += 1
            last = changes[-1]
            store.set_mark(connection, self.database, "clicks", now, place=last.arrival, reached_at=last.click.clicked_at)
        return counted

    def write_answers(self) -> tuple[int, int]:
        """(answers drafted, held): the questions people asked, as cards with a drafted answer."""
        now = self.clock.now()
        with self.database.reading() as connection:
            owed = reads.answers_to_write(connection, now, MOST_ANSWERS)
            wishes = [one for row in owed if (one := self._answer_wish(connection, row, now)) is not None]
        batch = self.writer.write(wishes)
        silent = [one for one in batch.written if one.intent_class in replies.SILENT]
        asked, held = self.filer.file([one for one in batch.written if one not in silent])
        done = {one.wish.key for one in batch.written}
        with self.database.writing() as connection:
            for read in batch.written:
                if read.wish.answers_id is not None and read.intent_class in replies.INTENTS:
                    self.book.class_reply(connection, read.wish.answers_id, cast("IntentClass", read.intent_class))
            for quiet in silent:
                store.close(connection, quiet.wish.key, "cancelled", f"no answer: {quiet.intent_class}", now)
            for bad in held:
                who, where = bad.wish.person.name or "Somebody", rules.place_words(bad.wish.platform)
                said = {"kind": "outreach", "text": f"{who} wrote {where}; the drafted answer broke a rule: {bad.flaws[0]}"}
                self.events.emit(connection, "alert.raised", bad.wish.key, {**said, "key": bad.wish.key})
            for row in owed:
                if row.id not in done:
                    self._put_off(connection, row, {one.key for one in wishes}, now)
        return len(asked), len(held)

    def _put_off(self, connection: sa.Connection, row: QueueRow, wanted: set[str], now: datetime) -> None:
        """An answer the model could not write waits an hour; one nobody is owed any more is over."""
        if row.id in wanted:
            store.change_row(connection, row.id, {"scheduled_at": now + TRY_AGAIN_AFTER}, now)
        else:
            store.close(connection, row.id, "cancelled", "nobody to answer", now)

    def _answer_wish(self, connection: sa.Connection, row: QueueRow, now: datetime) -> Wish | None:
        said = crm_reads.interaction(connection, row.answers_id or "")
        person: Person | None = crm_reads.current_person(connection, row.contact_id)
        if said is None or person is None or not person.is_reachable or said.content is None:
            return None
        profile = reads.profile_of(connection, person.id, row.platform)
        known = know(connection, person, now, profile.score if profile else None)
        intent = said.intent_class or "unread"
        lane = rules.answer_lane(intent, known.standing.fit_signals)
        niche = person.niche or (profile.niche if profile else None)
        product = product_for(self.business, niche)
        quote = scoring.quotable(said.content, 140)
        return Wish(
            key=row.id, person=person, platform=row.platform, action="reply", lane=lane,
            reason=f"they wrote ({intent}): “{quote}”" if quote else f"they wrote ({intent}); their words give orders to machines",
            headline=person.headline, evidence_url=profile.profile_url if profile else person.profile_url, quotes=(said.content,),
            thread=known.thread, their_text=said.content, niche=niche, product=product if lane == "offer" else None,
            answers_id=row.answers_id, predicted_value_micro_usd=predicted_value(connection, person, product),
        )  # fmt: skip


def next_sync_at(now: datetime, settings: Settings) -> datetime:
    """The next hour of the working day (Monday to Saturday), else the next working morning."""
    day = local_date(now, settings.zone)
    later = now + timedelta(hours=1)
    if day.weekday() < 6 and wall_instant(day, OPENS, settings.zone) <= later <= wall_instant(day, CLOSES, settings.zone):
        return later
    ahead = (wall_instant(day + timedelta(days=offset), OPENS, settings.zone) for offset in range(3))
    return next(at for at in ahead if at > now and local_date(at, settings.zone).weekday() < 6)
