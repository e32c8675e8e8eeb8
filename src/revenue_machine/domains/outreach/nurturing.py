"""Drafts what comes after the first word: messages to new connections, follow-ups, and direct messages by lane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from revenue_machine.domains.crm import reads as crm_reads
from revenue_machine.domains.crm.models import ContactBook, Person, Status
from revenue_machine.domains.outreach import reads, rules
from revenue_machine.domains.outreach.asked import FollowUpResult, ProcessResult
from revenue_machine.domains.outreach.knowing import Known, know, predicted_value, product_for
from revenue_machine.domains.outreach.models import Profile, QueueRow
from revenue_machine.domains.outreach.platforms import profile_link
from revenue_machine.domains.outreach.queueing import Filer
from revenue_machine.domains.outreach.rules import DM_PLATFORMS
from revenue_machine.domains.outreach.writing import Batch, Wish, Writer
from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.phase import reads as phase_reads
from revenue_machine.engine.database import Database
from revenue_machine.kit.clock import Clock, day_bounds, local_date
from revenue_machine.kit.ids import make_id
from revenue_machine.kit.settings import Settings

WARM: tuple[Status, ...] = (
    "new", "qualified", "warming", "ready_for_dm", "contacted", "replied", "follow_up_1", "follow_up_2", "call_booked",
    "closed_won",
)  # fmt: skip
QUIET_AFTER_A_TOUCH = timedelta(days=2)
LOOKED_AT = 400


@dataclass(frozen=True)
class Nurturing:
    """Whom to write to next among those we know."""

    database: Database
    clock: Clock
    settings: Settings
    business: Business
    book: ContactBook
    writer: Writer
    filer: Filer

    def follow_up(self, platforms: Sequence[str], most: int) -> FollowUpResult:
        """First messages to new connections, then follow-ups at 3, 7 and 14 days; after 21 silent days no more."""
        now = self.clock.now()
        cold = self._leave_cold(platforms, now)
        with self.database.reading() as connection:
            firsts = self._first_messages(connection, now, most) if "linkedin" in platforms else []
            nexts = self._next_steps(connection, platforms, now, most - len(firsts))
        batch, _, held = self._file([*firsts, *nexts])
        done = {one.wish.key for one in batch.written if not one.flaws}
        return FollowUpResult(
            first_messages=sum(one.key in done for one in firsts), follow_ups=sum(one.key in done for one in nexts),
            gone_cold=cold, held=held, why_fewer=batch.why_fewer,
        )  # fmt: skip

    def process(self, most: int | None) -> ProcessResult:
        """Top today's direct messages up to the phase's target, the warmest first; nothing is sent here."""
        now = self.clock.now()
        start, _ = day_bounds(local_date(now, self.settings.zone), self.settings.zone)
        drafted_statuses = ("pending_approval", "approved", "sending", "sent", "cancelled", "expired")
        with self.database.reading() as connection:
            prepared = reads.count(connection, DM_PLATFORMS, drafted_statuses, since=start)
            waiting = reads.approved_waiting(connection, DM_PLATFORMS)
            most = phase_reads.volume(connection, "dm_drafts").most or 0 if most is None else most
        wanted, why = rules.drafts_wanted(most, prepared, waiting)
        self._leave_cold(DM_PLATFORMS, now)
        with self.database.reading() as connection:
            wishes = self._next_steps(connection, DM_PLATFORMS, now, wanted) if wanted else []
            taken = {one.person.id for one in wishes}
            wishes += self._warmest(connection, now, wanted - len(wishes), taken) if wanted > len(wishes) else []
        batch, asked, held = self._file(wishes)
        short = f"{len(wishes)} people may be written to now, {wanted} were wanted" if len(wishes) < wanted else None
        fewer = why or batch.why_fewer or short or (f"{held} texts broke the rules twice" if held else None)
        with self.database.reading() as connection:
            return ProcessResult(
                sent_count=reads.count(connection, DM_PLATFORMS, ("sent",), since=start),
                failed_count=reads.count(connection, DM_PLATFORMS, ("failed",), since=start),
                queued=reads.count(connection, DM_PLATFORMS, rules.OPEN_STATUSES), drafted=len(asked), held=held,
                why_fewer=fewer if prepared + len(asked) < most else None,
            )  # fmt: skip

    def bulk(self, platform: str, contact_ids: Sequence[str], purpose: str) -> tuple[list[str], dict[str, str]]:
        """(questions asked, why not by contact): the same thing to several people, each in words of their own."""
        now, wishes, refused = self.clock.now(), list[Wish](), dict[str, str]()
        with self.database.reading() as connection:
            busy = reads.busy_contacts(connection, contact_ids, now - rules.ASK_AGAIN_AFTER)
            for contact_id in dict.fromkeys(contact_ids):
                person = crm_reads.current_person(connection, contact_id)
                why = self.why_not(connection, person, platform)
                if why is not None or person is None or person.id in busy:
                    refused[contact_id] = why or "a message to them is open or a week young"
                    continue
                wishes.append(self.wish_for(connection, person, platform, purpose=purpose))
        batch, asked, _ = self._file(wishes)
        refused |= {one.wish.person.id: "; ".join(one.flaws) for one in batch.written if one.flaws}
        return asked, refused

    def why_not(self, connection: sa.Connection, person: Person | None, platform: str) -> str | None:
        """Why somebody cannot be written to on a platform at all; None when they can."""
        if person is None:
            return "there is no such contact"
        if not person.is_reachable:
            return "they asked not to be written to"
        if reads.profile_of(connection, person.id, platform) is None and not _has_handle(connection, person, platform):
            return f"they are not known on {platform}"
        return None

    def wish_for(
        self, connection: sa.Connection, person: Person, platform: str, *, purpose: str = "", step: int = 0,
        action: str | None = None, campaign_id: str | None = None,
    ) -> Wish:  # fmt: skip
        """A message to somebody we know, in the lane that is due."""
        now = self.clock.now()
        profile = reads.profile_of(connection, person.id, platform)
        known = know(connection, person, now, profile.score if profile else None)
        lane, why = rules.lane_of(known.standing)
        act = action or ("message" if platform == "linkedin" else "dm")
        product = product_for(self.business, person.niche) if lane == "offer" and act != "connect" else None
        day = local_date(now, self.settings.zone).isoformat()
        handle = (profile.handle if profile else None) or person.handle or (profile.external_id if profile else "")
        needs = rules.needs_opt_out(lane, has_ever_replied=known.standing.has_ever_replied, touches=len(known.sent))
        return Wish(
            key=make_id("out", person.id, platform, act, step, day, campaign_id or ""), person=person, platform=platform,
            action=act, lane=lane, reason=_reason(known, why, step), step=step, purpose=purpose,
            headline=person.headline or (profile.headline if profile else None), about=profile.about if profile else None,
            evidence_url=(profile.profile_url if profile else None) or person.profile_url or profile_link(platform, handle),
            quotes=known.quotes, thread=known.thread, niche=person.niche, product=product, campaign_id=campaign_id,
            needs_opt_out=needs and act != "connect",
            predicted_value_micro_usd=predicted_value(connection, person, product_for(self.business, person.niche)),
        )  # fmt: skip

    def _file(self, wishes: Sequence[Wish]) -> tuple[Batch, list[str], int]:
        batch = self.writer.write(wishes)
        asked, held = self.filer.file(batch.written)
        return batch, asked, len(held)

    def _first_messages(self, connection: sa.Connection, now: datetime, most: int) -> list[Wish]:
        """To those who accepted at least two hours ago."""
        since = now - rules.COLD_AFTER
        profiles = reads.connected_without_message(connection, now - rules.FIRST_MESSAGE_AFTER, since, max(0, most))
        people = crm_reads.people(connection, [one.contact_id for one in profiles if one.contact_id])
        found = [people[str(one.contact_id)] for one in profiles if one.contact_id in people]
        return [self.wish_for(connection, one, "linkedin") for one in found if one.is_reachable]

    def _next_steps(self, connection: sa.Connection, platforms: Sequence[str], now: datetime, most: int) -> list[Wish]:
        """Follow-ups that are due, those who wait longest first."""
        wishes: list[Wish] = []
        firsts = reads.first_sends(connection, platforms, now - rules.COLD_AFTER)
        busy = reads.busy_contacts(connection, [one.contact_id for one in firsts], now - QUIET_AFTER_A_TOUCH)
        sent = reads.sent_rows_of(connection, [one.contact_id for one in firsts])
        for first in firsts:
            if len(wishes) >= most:
                break
            if first.contact_id in busy:
                continue
            step = self._step_due(connection, first, sent.get(first.contact_id, []), now)
            person = crm_reads.current_person(connection, first.contact_id)
            if step is None or person is None or not person.is_reachable or person.status in ("closed_won", "closed_lost"):
                continue
            if not crm_reads.has_replied_since(connection, person.id, first.sent_at or first.created_at):
                wishes.append(self.wish_for(
                    connection, person, first.platform, step=step, action="follow_up", campaign_id=first.campaign_id,
                ))  # fmt: skip
        return wishes

    def _step_due(self, connection: sa.Connection, first: QueueRow, sent: Sequence[QueueRow], now: datetime) -> int | None:
        """The number of the follow-up that is due now."""
        mine = [one for one in sent if one.platform == first.platform and one.action == "follow_up"]
        step = 1 + max((one.step for one in mine), default=0)
        last_at = max([one.sent_at for one in (first, *mine) if one.sent_at is not None], default=first.created_at)
        days = reads.campaign_steps(connection, first.campaign_id) or rules.FOLLOW_UPS_AFTER_DAYS
        due_at = rules.next_step_at(step, first.sent_at or first.created_at, last_at, days)
        return step if due_at is not None and due_at <= now else None

    def _leave_cold(self, platforms: Sequence[str], now: datetime) -> int:
        """Who stayed silent for three weeks is left alone."""
        with self.database.reading() as connection:
            firsts = reads.first_sends(connection, platforms, now - 2 * rules.COLD_AFTER)
            people = crm_reads.people(connection, [one.contact_id for one in firsts])
        silent = {
            one.contact_id for one in firsts if rules.is_cold(one.sent_at or now, now)
            and people[one.contact_id].status in ("contacted", "follow_up_1", "follow_up_2")
        }  # fmt: skip
        if not silent:
            return 0
        with self.database.writing() as connection:
            return sum(self.book.advance(connection, one, "closed_lost", "no answer in 21 days") for one in sorted(silent))

    def _warmest(self, connection: sa.Connection, now: datetime, most: int, taken: set[str]) -> list[Wish]:
        """People we may write to by direct message, the warmest first."""
        found = [
            (person, platform)
            for person, platform in self.candidates(connection, DM_PLATFORMS, now)
            if person.id not in taken and not _was_touched(connection, person, now)
        ]
        return [self.wish_for(connection, person, platform) for person, platform in found[:most]]

    def candidates(self, connection: sa.Connection, platforms: Sequence[str], now: datetime) -> list[tuple[Person, str]]:
        """Who is known on these platforms and has heard nothing for a week, with where, the warmest first."""
        since = now - rules.ASK_AGAIN_AFTER
        where: dict[str, str] = {}
        profiles: list[Profile] = reads.writable_profiles(connection, platforms, since, LOOKED_AT)
        for one in profiles:
            where.setdefault(str(one.contact_id), one.platform)
        people = crm_reads.people(connection, where)
        for platform in platforms:
            for person in crm_reads.people_by_status(connection, WARM, platform=platform, limit=LOOKED_AT):
                if person.id not in people:
                    people[person.id], where[person.id] = person, platform
        busy = reads.busy_contacts(connection, people, since)
        fitting = [one for one in people.values() if one.is_reachable and one.status in WARM and one.id not in busy]
        return [(one, where[one.id]) for one in sorted(fitting, key=lambda one: (-(one.score or 0.0), one.id))]


def _reason(known: Known, why: str, step: int) -> str:
    """Why this person now, in one sentence."""
    last = next((one for one in known.happened if one.direction == "in"), None)
    parts = [f"follow-up {step}" if step else "", why, f"last wrote on {last.occurred_at:%d %b}" if last else "never wrote yet"]
    return "; ".join(one for one in parts if one)


def _has_handle(connection: sa.Connection, person: Person, platform: str) -> bool:
    keys = crm_reads.identities(connection, person.id)
    return any(one["kind"] == "handle" and one["platform"] == platform for one in keys)


def _was_touched(connection: sa.Connection, person: Person, now: datetime) -> bool:
    touched_at = crm_reads.last_touch_at(connection, person.id)
    return touched_at is not None and now - touched_at < QUIET_AFTER_A_TOUCH
