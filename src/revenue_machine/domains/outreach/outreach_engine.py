"""Outreach as one face: drafts asked for one at a time, the next action with somebody, opting out, and how everything stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from revenue_machine.domains.crm import reads as crm_reads
from revenue_machine.domains.crm.models import ContactBook, Person
from revenue_machine.domains.outreach import reads, rules
from revenue_machine.domains.outreach.asked import (
    BulkArgs,
    DraftResult,
    FollowUpResult,
    NextActionResult,
    OptOutResult,
    PlatformStatus,
    ProcessResult,
    QueueItem,
    QueueResult,
    Said,
    ScoreResult,
    StatsResult,
    StatusResult,
    Talk,
    TalksResult,
    ThreadResult,
    TopContact,
    TopResult,
)
from revenue_machine.domains.outreach.knowing import Known, know, tier_of
from revenue_machine.domains.outreach.nurturing import Nurturing
from revenue_machine.domains.outreach.platforms import Platforms
from revenue_machine.domains.outreach.rules import DM_PLATFORMS
from revenue_machine.domains.outreach.writing import Writer
from revenue_machine.engine.database import Database
from revenue_machine.engine.switch import pauses
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import ApprovalRequired, Conflict, Failure, NotFound
from revenue_machine.kit.settings import Settings

DAY, WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True)
class OutreachEngine:
    """Answers the topics that do not send."""

    database: Database
    clock: Clock
    settings: Settings
    book: ContactBook
    platforms: Platforms
    nurturing: Nurturing
    writer: Writer

    def process(self, most: int | None) -> ProcessResult:
        """Top up the day's direct messages; while anything waits for a person, that is the answer.

        Raises: approval_required with every question that waits.
        """
        result = self.nurturing.process(most)
        self._say_what_waits("dm.process_outreach", DM_PLATFORMS, result)
        return result

    def bulk(self, args: BulkArgs) -> ProcessResult:
        """Draft the same thing for several people. Raises: approval_required; conflict when nobody may be written to."""
        asked, refused = self.nurturing.bulk(args.platform, args.contact_ids, args.purpose)
        if not asked:
            raise Conflict("nobody can be written to: " + "; ".join(f"{one}: {why}" for one, why in sorted(refused.items())))
        raise ApprovalRequired(
            f"{len(asked)} messages wait for your approval, {len(refused)} could not be drafted",
            approval_id=asked[0], approval_ids=asked, queued=len(asked), refused=refused,
        )  # fmt: skip

    def follow_up(self, most: int = 50) -> FollowUpResult:
        """First messages and follow-ups on LinkedIn."""
        return self.nurturing.follow_up(("linkedin",), most)

    def draft(self, contact_id: str, platform: str | None, purpose: str) -> DraftResult:
        """One text for one person; nothing is stored and nothing sent."""
        with self.database.reading() as connection:
            person = self._person(connection, contact_id)
            where = platform or self._where(connection, person)
            why = self.nurturing.why_not(connection, person, where)
            if why is not None:
                raise Conflict(why, contact_id=person.id)
            profile = reads.profile_of(connection, person.id, where)
            is_stranger = where == "linkedin" and (profile is None or profile.standing != "connected")
            wish = self.nurturing.wish_for(connection, person, where, purpose=purpose, action="connect" if is_stranger else None)
        batch = self.writer.write([wish])
        if not batch.written:
            raise Conflict(batch.why_fewer or "the model wrote nothing", contact_id=person.id)
        one = batch.written[0]
        return DraftResult(
            contact_id=person.id, platform=where, action=wish.action, lane=wish.lane, text=one.text, reason=wish.reason,
            flaws=list(one.flaws), model=one.model, cost_micro_usd=one.cost_micro_usd,
        )  # fmt: skip

    def score_contact(self, contact_id: str) -> ScoreResult:
        """How warm somebody is now, kept with its reasons."""
        with self.database.writing() as connection:
            person = self._person(connection, contact_id)
            score = self.book.rescore(connection, person.id)
        return ScoreResult(contact_id=person.id, score=score.score, tier=score.tier, reasons=list(score.reasons))

    def top(self, platform: str | None, limit: int) -> TopResult:
        """The warmest who may be written to, each with the lane that is due."""
        platforms = DM_PLATFORMS if platform is None else (platform,)
        now = self.clock.now()
        with self.database.reading() as connection:
            found = self.nurturing.candidates(connection, platforms, now)[:limit]
            known = [(know(connection, person, now, self._fit(connection, person)), where) for person, where in found]
        return TopResult(contacts=[_top(one, where) for one, where in known])

    def next_action(self, contact_id: str) -> NextActionResult:
        """What is due with somebody, why, and when at the earliest."""
        now = self.clock.now()
        with self.database.reading() as connection:
            person = self._person(connection, contact_id)
            open_rows = reads.open_rows_of(connection, [person.id])
            known = know(connection, person, now, self._fit(connection, person))
        lane, why = rules.lane_of(known.standing)
        signals = list(known.standing.fit_signals)
        if not person.is_reachable:
            return NextActionResult(contact_id=person.id, action="none", lane=None, why="they asked not to be written to")
        if open_rows:
            words = f"a {open_rows[0].action.replace('_', ' ')} is {open_rows[0].status.replace('_', ' ')}"
            return NextActionResult(contact_id=person.id, action="wait", lane=lane, why=words, fit_signals=signals)
        newest = next((one for one in known.happened if one.direction in ("in", "out")), None)
        if newest is not None and newest.direction == "in" and newest.intent_class not in ("spam", "automated"):
            return NextActionResult(contact_id=person.id, action="answer", lane="reply", why="they wrote last", fit_signals=signals)
        if known.sent and known.sent[-1].sent_at is not None and now - known.sent[-1].sent_at < rules.ASK_AGAIN_AFTER:
            at = known.sent[-1].sent_at + rules.ASK_AGAIN_AFTER
            words = "the last message is less than a week old"
            return NextActionResult(
                contact_id=person.id, action="wait", lane=lane, why=words, not_before=at, fit_signals=signals
            )  # fmt: skip
        return NextActionResult(contact_id=person.id, action="write", lane=lane, why=why, fit_signals=signals)

    def opt_out(self, contact_id: str, reason: str) -> OptOutResult:
        """Close every channel to somebody at once."""
        with self.database.writing() as connection:
            person = self._person(connection, contact_id)
            waiting = len(reads.open_rows_of(connection, [person.id]))
            is_new = self.book.opt_out(connection, person.id, reason, "dm")
        return OptOutResult(contact_id=person.id, is_new=is_new, cancelled=waiting)

    def stats(self, days: int, platforms: Sequence[str]) -> StatsResult:
        """What became of the messages of some days."""
        end = self.clock.now() + timedelta(microseconds=1)
        start = end - timedelta(days=days)
        with self.database.reading() as connection:
            tally = reads.tally(connection, start, end, platforms)
            accepted, invited = reads.accepted_between(connection, start, end) if "linkedin" in platforms else (None, 0)
        sent = tally.of("sent")
        return StatsResult(
            days=days, prepared=sum(tally.by_status.values()), pending=tally.of("pending_approval", "draft"),
            approved=tally.of("approved", "sending"), rejected=tally.rejected, expired=tally.of("expired"), sent=sent,
            failed=tally.of("failed"), cancelled=tally.of("cancelled") - tally.rejected, replies=tally.replies, accepted=accepted,
            reply_rate=round(tally.replies / sent, 4) if sent else None,
            acceptance_rate=round(accepted / invited, 4) if accepted is not None and invited else None,
            by_lane=dict(sorted(tally.by_lane.items())), by_platform=dict(sorted(tally.by_platform.items())),
        )  # fmt: skip

    def status(self, platforms: Sequence[str]) -> StatusResult:
        """How each platform sends and what it may still send."""
        return StatusResult(platforms=[self._status(one) for one in platforms])

    def _status(self, platform: str) -> PlatformStatus:
        now, channel = self.clock.now(), rules.channel_of(platform)
        rule, cap = rules.CHANNELS[channel], self.settings.caps.get(channel)
        with self.database.reading() as connection:
            rests = [one for one in pauses(connection, now) if one.channel in (channel, rules.pause_name(platform))]
            day, week = (reads.sent_since(connection, channel, now - length) for length in (DAY, WEEK))
            last_sync_at = reads.mark(connection, f"{platform}/messages")[1]
        why = self.platforms.why_not(platform)
        return PlatformStatus(
            platform=platform, mode=self.platforms.mode_of(platform), is_ready=why is None and not rests, why_not=why,
            sent_24h=day, per_day=rule.per_day if cap is None or cap.per_day is None else min(rule.per_day, cap.per_day),
            sent_7d=week, per_week=rule.per_week, rests_until=rests[0].until if rests else None,
            rests_why=rests[0].reason if rests else None, last_sync_at=last_sync_at,
        )  # fmt: skip

    def account(self, platform: str) -> StatusResult:
        """The same, asked of the platform itself where that can be done."""
        result = self.status((platform,))
        client = self.platforms.linkedin() if platform == "linkedin" else None
        if client is None:
            return result
        (one,) = result.platforms
        try:
            state = client.account().status
        except Failure as failure:
            return StatusResult(platforms=[one.model_copy(update={"is_ready": False, "why_not": failure.message})])
        if state != "running":
            return StatusResult(platforms=[one.model_copy(update={"is_ready": False, "why_not": f"the account is {state}"})])
        return result

    def queue(self, status: str | None, platforms: Sequence[str] | None, limit: int) -> QueueResult:
        """Messages on their way."""
        with self.database.reading() as connection:
            total, rows = reads.queue(connection, status, platforms, limit)
        items = [
            QueueItem(
                queue_id=one.id, contact_id=one.contact_id, platform=one.platform, action=one.action, lane=one.lane,
                status=one.status, text=one.message, reason=one.reason, evidence_url=one.evidence_url,
                approval_id=one.approval_id, error=one.error, created_at=one.created_at, sent_at=one.sent_at,
            )
            for one in rows
        ]  # fmt: skip
        return QueueResult(total=total, items=items)

    def conversations(self, platforms: Sequence[str], limit: int) -> TalksResult:
        """Who was written with lately."""
        with self.database.reading() as connection:
            people = crm_reads.people(connection, reads.contacts_on(connection, platforms))
            spoken = [(one.last_interaction_at, one.id) for one in people.values() if one.last_interaction_at is not None]
            latest = sorted(spoken, key=lambda one: (-one[0].timestamp(), one[1]))[:limit]
            said = [(people[name], words[-1]) for _, name in latest if (words := crm_reads.conversation(connection, name, 1))]
        talks = [
            Talk(
                contact_id=person.id, name=person.name, platform=one.platform or "", last_text=one.content or "",
                last_direction=one.direction, last_at=one.occurred_at, intent_class=one.intent_class,
            )
            for person, one in said
        ]  # fmt: skip
        return TalksResult(total=len(spoken), conversations=talks)

    def thread(self, contact_id: str, limit: int) -> ThreadResult:
        """What was said to and fro with somebody on every channel."""
        with self.database.reading() as connection:
            person = self._person(connection, contact_id)
            said = crm_reads.conversation(connection, person.id, limit)
        messages = [
            Said(
                direction=one.direction,
                text=one.content or "",
                platform=one.platform,
                at=one.occurred_at,
                intent_class=one.intent_class,
            )
            for one in said
        ]
        return ThreadResult(contact_id=person.id, messages=messages)

    def _say_what_waits(self, topic: str, platforms: Sequence[str], result: ProcessResult) -> None:
        with self.database.reading() as connection:
            waiting = reads.pending_approvals(connection, platforms)
        if waiting:
            words = f"{len(waiting)} direct messages wait for your approval"
            fewer = f"; {result.drafted} new: {result.why_fewer}" if result.why_fewer else ""
            raise ApprovalRequired(
                f"{words}{fewer}", approval_id=waiting[0], approval_ids=waiting, topic=topic,
                drafted=result.drafted, held=result.held, why_fewer=result.why_fewer, sent_count=result.sent_count,
                failed_count=result.failed_count, queued=result.queued,
            )  # fmt: skip

    def _person(self, connection: sa.Connection, contact_id: str) -> Person:
        person = crm_reads.current_person(connection, contact_id)
        if person is None:
            raise NotFound(f"there is no contact {contact_id}", field="contact_id")
        return person

    def _where(self, connection: sa.Connection, person: Person) -> str:
        """The first platform of direct messages somebody is known on."""
        for platform in DM_PLATFORMS:
            if self.nurturing.why_not(connection, person, platform) is None:
                return platform
        raise Conflict(f"{person.id} is not known on any platform of direct messages", contact_id=person.id)

    def _fit(self, connection: sa.Connection, person: Person) -> float | None:
        profile = reads.profile_of(connection, person.id, person.platform or "linkedin")
        return profile.score if profile else None


def _top(known: Known, platform: str) -> TopContact:
    lane, why = rules.lane_of(known.standing)
    person, score = known.person, known.person.score or 0.0
    return TopContact(
        contact_id=person.id, name=person.name, platform=platform, status=person.status, score=score, tier=tier_of(score),
        lane=lane, why=why,
    )  # fmt: skip
