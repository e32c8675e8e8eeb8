"""How mail stands, what goes to whom in the days ahead and why, what came of it: for topics and for people who look."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.crm import reads as crm_reads
from revenue_machine.domains.crm.models import Person
from revenue_machine.domains.email import letterpress, models, reads, rules
from revenue_machine.domains.email.email_engine import EmailEngine, Ground
from revenue_machine.domains.email.enrolling import Enroller
from revenue_machine.domains.email.models import Enrolment, Sequence, Step, Wording
from revenue_machine.domains.email.postman import CHANNELS, Postman
from revenue_machine.domains.email.sender_check import SenderDesk
from revenue_machine.domains.email.text_desk import BECAUSE, TextDesk
from revenue_machine.engine.switch import pauses
from revenue_machine.kit.clock import local_date
from revenue_machine.kit.errors import NotConfigured, NotFound

NOBODY = "nobody"
PREVIEW_URL = "https://example.invalid"


class MailView:
    """Answers the reading topics."""

    def __init__(
        self, *, ground: Ground, enroller: Enroller, desk: TextDesk, postman: Postman, sender: SenderDesk, engine: EmailEngine
    ) -> None:
        self._ground, self._enroller, self._desk = ground, enroller, desk
        self._postman, self._sender, self._engine = postman, sender, engine
        self._database, self._clock = ground.database, ground.clock

    def status(self, send_id: str | None) -> models.StatusResult:
        """The channel, and one mail. Raises: not_found."""
        now, settings = self._clock.now(), self._ground.settings
        refusal = self._engine.refusal()
        with self._database.reading() as connection:
            rests = [one.reason for one in pauses(connection, now) if one.channel == CHANNELS["marketing"]]
            health = reads.health(connection, now)
            row = None if send_id is None else reads.send_row(connection, send_id)
            if send_id is not None and row is None:
                raise NotFound(f"there is no mail {send_id}", field="send_id")
            sent_today = reads.slots_on(connection, CHANNELS["marketing"], local_date(now, settings.zone))
            counts, texts = reads.enrolment_counts(connection), reads.wording_counts(connection)
        return models.StatusResult(
            provider=self._provider(), ready=refusal is None and not rests, reason=None if refusal is None else refusal.message,
            paused=rests[0] if rests else None, sent_today=sent_today, per_day=self._postman.ceiling().per_day, sent_7d=health.sent,
            bounced_7d=health.bounced, complained_7d=health.complained, warning=rules.reason_to_warn(health), enrolments=counts,
            texts=texts, sender=self._sender.check(), send=None if row is None else _shown(row),
        )  # fmt: skip

    def _provider(self) -> str | None:
        try:
            return self._postman.provider
        except NotConfigured:
            return None

    def list_mails(self, args: models.ListArgs) -> models.ListResult:
        """Mails that were made, newest first, and those that are planned. Raises: not_found."""
        until = self._clock.now() + timedelta(days=args.days)
        with self._database.reading() as connection:
            known = self._enroller.known(connection)
            sequence = self._named(connection, args.sequence) if args.sequence else None
            person = None if args.contact is None else self._person(connection, args.contact)
            only = {"sequence_id": sequence.id if sequence else None, "contact_id": person.id if person else None}
            total, rows = reads.list_sends(connection, args.limit, **only)
            planned = reads.planned(connection, until, args.limit, **only)
        sends = [
            models.SentMail(sequence=known[row["sequence_id"]].name, step=row["step_number"], **{
                name: row[name] for name in ("id", "contact_id", "subject", "status", "sent_at", "opened_at", "clicked_at")
            })
            for row in rows
        ]  # fmt: skip
        upcoming = [line for one in planned for line in self._ahead(one, known[one.sequence_id], until)]
        upcoming.sort(key=lambda line: (line.at or until, line.contact_id, line.sequence, line.step))
        return models.ListResult(total=total, sends=sends, upcoming=upcoming[: args.limit])

    def _ahead(self, enrolment: Enrolment, sequence: Sequence, until: datetime) -> list[models.Upcoming]:
        """Every further mail of an enrolment up to an instant, as it is planned now."""
        said = enrolment.hold_reason
        lines = [self._line(enrolment, sequence, enrolment.step, enrolment.next_send_at, said and f"held: {said}")]
        if sequence.trigger == "weekly":
            step, number = sequence.steps[0], enrolment.step + 1
            while (at := self._enroller.planned_at(step, number, None, enrolment.id, enrolment.anchor_at)) <= until:
                lines.append(self._line(enrolment, sequence, number, at, None))
                number += 1
            return lines
        for step in sequence.steps:
            if step.number > enrolment.step:
                at = self._enroller.planned_at(step, step.number, None, enrolment.id, enrolment.anchor_at)
                lines += [self._line(enrolment, sequence, step.number, at, None)] if at <= until else []
        return lines

    def _line(
        self, enrolment: Enrolment, sequence: Sequence, number: int, at: datetime | None, held: str | None
    ) -> models.Upcoming:
        step = sequence.step(number)
        day = "" if step is None else f", {'every week' if sequence.trigger == 'weekly' else f'day {step.day}'}"
        reason = held or f"{BECAUSE[sequence.trigger]}{day}"
        return models.Upcoming(at=at, sequence=sequence.name, step=number, contact_id=enrolment.contact_id, reason=reason)

    def stats(self, args: models.StatsArgs) -> models.StatsResult:
        """Counts by step, and each sequence beside its hold-out."""
        since = self._clock.now() - timedelta(days=args.days)
        with self._database.reading() as connection:
            known = self._enroller.known(connection)
            rows = reads.counts_by_step(connection, since)
            outcomes = {one.id: reads.outcomes(connection, one.id) for one in known.values()}
        steps = [
            models.StepStats(
                sequence=known[sequence_id].name, step=step, **{name.removesuffix("_at"): count for name, count in counts.items()}
            )
            for sequence_id, step, counts in rows
        ]
        return models.StatsResult(steps=steps, lift=[_lift(known[name].name, arms) for name, arms in outcomes.items() if arms])

    def webhooks(self, handled: int) -> models.WebhookResult:
        """What was read just now, and what still lies there."""
        with self._database.reading() as connection:
            counts = reads.hook_counts(connection)
        return models.WebhookResult(handled=handled, waiting=counts.get("received", 0), dead=counts.get("dead", 0))

    def preview(self, args: models.PreviewArgs) -> models.PreviewResult:
        """Every step as this person would get it; nothing is asked, written or sent. Raises: not_found."""
        with self._database.reading() as connection:
            sequence = self._named(connection, args.sequence)
            person = None if args.contact is None else self._person(connection, args.contact)
            mine = reads.enrolments_in(connection, sequence.id, [] if person is None else [person.id])
            enrolment = mine.get(person.id) if person is not None else None
            steps = [self._previewed(connection, sequence, step, person, enrolment) for step in sequence.steps]
        return models.PreviewResult(sequence=sequence.name, contact_id=None if person is None else person.id, steps=steps)

    def _previewed(
        self, connection: sa.Connection, sequence: Sequence, step: Step, person: Person | None, enrolment: Enrolment | None
    ) -> models.PreviewStep:
        now = self._clock.now()
        stands_in = enrolment or _imagined(sequence, step, person, now)
        number = step.number if sequence.trigger != "weekly" else stands_in.step or rules.week_number(now.date())
        wanted = self._desk.wanted(step, sequence.trigger, stands_in, number)
        zone = None if person is None else person.timezone
        at = self._enroller.planned_at(step, number, zone, stands_in.id, stands_in.anchor_at)
        wording = self._desk.newest(connection, wanted)
        reason = self._why(enrolment, step, wording)
        base: dict[str, Any] = {
            "step": number,
            "planned_at": at,
            "reason": reason,
            "approved": wording is not None and wording.status == "approved",
        }
        if wording is None:
            return models.PreviewStep(**base, version=None, subject="", html="", text="", headers={})
        home = (self._ground.settings.public_url or PREVIEW_URL).rstrip("/")
        recipient = letterpress.Recipient(
            None if person is None else person.first_name, {"product": f"{home}/r/preview"}, f"{home}/u/preview"
        )
        letter = letterpress.plate(wording, self._ground.business).print(recipient)
        return models.PreviewStep(
            **base, version=wording.version, subject=letter.subject, html=letter.html, text=letter.text, headers=letter.headers
        )

    def _why(self, enrolment: Enrolment | None, step: Step, wording: Wording | None) -> str:
        if wording is None:
            return "written and asked about shortly before it goes"
        if enrolment is None:
            return "not in this sequence; as somebody new would get it"
        if enrolment.status != "active":
            return f"{enrolment.status.replace('_', ' ')}{f': {enrolment.exit_reason}' if enrolment.exit_reason else ''}"
        if enrolment.step > step.number and step.weekday is None:
            return "behind them"
        if wording.status != "approved":
            return "waits for your yes to this text"
        return enrolment.hold_reason or "goes at its hour"

    def _named(self, connection: sa.Connection, name: str) -> Sequence:
        known = self._enroller.known(connection)
        found = next((one for one in known.values() if one.name == name), None)
        if found is None:
            names = ", ".join(sorted(one.name for one in known.values()))
            raise NotFound(f"there is no sequence {name}; there are {names}", field="sequence")
        return found

    def _person(self, connection: sa.Connection, word: str) -> Person:
        contact_id = self._ground.book.contact_of(connection, "email", word) if "@" in word else word
        person = None if contact_id is None else crm_reads.current_person(connection, contact_id)
        if person is None:
            raise NotFound(f"there is no contact {word}", field="contact")
        return person


def _imagined(sequence: Sequence, step: Step, person: Person | None, now: datetime) -> Enrolment:
    """Somebody who would enter now."""
    contact_id = NOBODY if person is None else person.id
    return Enrolment(
        id=f"preview/{contact_id}", sequence_id=sequence.id, contact_id=contact_id, product=None, user_id=None, status="active",
        arm="treated", step=0, anchor_at=now, next_send_at=None, next_due_at=None, hold_reason=None, exit_reason=None,
        created_at=now,
    )  # fmt: skip


def _lift(name: str, arms: dict[str, tuple[int, int, int]]) -> models.LiftStats:
    treated, held_out = arms.get("treated", (0, 0, 0)), arms.get("held_out", (0, 0, 0))
    found = rules.lift(treated[:2], held_out[:2])
    return models.LiftStats(
        sequence=name, treated=treated[0], treated_converted=treated[1], held_out=held_out[0], held_out_converted=held_out[1],
        difference=None if found is None else round(found.difference, 6), low=None if found is None else round(found.low, 6),
        high=None if found is None else round(found.high, 6),
        revenue_per_treated_micro_usd=treated[2] // treated[0] if treated[0] else 0,
        revenue_per_held_out_micro_usd=held_out[2] // held_out[0] if held_out[0] else 0,
    )  # fmt: skip


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """A mail without its secrets: neither address nor token."""
    hidden = ("recipient", "unsubscribe_hash", "owner", "intent_key")
    plain = {name: value for name, value in row.items() if name not in hidden}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in plain.items()}
