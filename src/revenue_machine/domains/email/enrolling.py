"""Who comes into a sequence, who is held out, when the next mail is due, and when it is over."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from revenue_machine.domains.crm import reads as crm_reads
from revenue_machine.domains.crm.models import Person, Status
from revenue_machine.domains.email import reads, rules, store
from revenue_machine.domains.email.models import Enrolment, Step
from revenue_machine.domains.email.models import Sequence as MailSequence
from revenue_machine.domains.revenue import reads as revenue_reads
from revenue_machine.engine.choices import Choice, log_choices
from revenue_machine.engine.database import Database
from revenue_machine.engine.gates import EVERY_DAY, Window
from revenue_machine.kit.clock import Clock, local_date, wall_instant
from revenue_machine.kit.ids import make_id
from revenue_machine.kit.rng import rng
from revenue_machine.kit.settings import Settings

MIDWEEK = frozenset({1, 2, 3})
SPREAD_MINUTES = 55
WARM_SCORE = 40.0
WARM_STAGES = frozenset({"warming", "ready_for_dm", "contacted", "replied", "follow_up_1", "follow_up_2", "call_booked"})
NEVER_WARM = frozenset({"closed_won", "archived"})
MOST_WARM = 100_000
# Who left longer ago than the win-back waits is not called back out of the blue.
WIN_BACK_REACH = timedelta(days=30)


@cache
def seeded() -> tuple[dict[str, Any], ...]:
    """The seed's sequences as rows, without their time."""
    found = tomllib.loads((Path(__file__).parent / "sequences.toml").read_text(encoding="utf-8"))["sequences"]
    return tuple({**one, "id": make_id("seq", one["name"]), "active": True} for one in found)


def is_warm(person: Person) -> bool:
    """Whether somebody knows us well enough for the weekly mail: by score or by where they stand."""
    if person.status in NEVER_WARM:
        return False
    return person.status in WARM_STAGES or (person.score or 0.0) >= WARM_SCORE


class Enroller:
    """Every method works inside the caller's transaction and may be repeated."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database, self._clock, self._settings = database, clock, settings

    def sequences(self, connection: sa.Connection) -> dict[str, MailSequence]:
        """Every sequence by id; the seed's are written down at the first look."""
        found = reads.sequences(connection)
        if not found:
            rows = [{**one, "created_at": self._clock.now()} for one in seeded()]
            store.keep_sequences(connection, self._database, rows)
            found = reads.sequences(connection)
        return found

    def known(self, connection: sa.Connection) -> dict[str, MailSequence]:
        """Every sequence by id as it stands, or as it will be written down; writes nothing."""
        return reads.sequences(connection) or {one["id"]: reads.sequence_of(one) for one in seeded()}

    def started_by(self, connection: sa.Connection, trigger: str) -> list[MailSequence]:
        """Active sequences that this begins."""
        return [one for one in self.sequences(connection).values() if one.trigger == trigger and one.active]

    def begin(
        self,
        connection: sa.Connection,
        trigger: str,
        contact_id: str,
        anchor_at: datetime,
        *,
        product: str | None,
        user_id: str | None,
    ) -> int:
        """Put a person into whatever this begins, each sequence once for ever; how many are new."""
        person = crm_reads.current_person(connection, contact_id)
        if person is None or person.email is None or not person.is_reachable:
            return 0
        return sum(
            self._enrol(connection, sequence, [(person, anchor_at)], product=product, user_id=user_id)
            for sequence in self.started_by(connection, trigger)
        )

    def begin_for_user(self, connection: sa.Connection, contact_id: str, user_id: str) -> int:
        """Somebody turns out to be a product's user: the trial they are in, or left, begins its sequence now."""
        fresh, now = 0, self._clock.now()
        for held in revenue_reads.subscriptions_of(connection, [user_id]):
            known = {"product": held["product"], "user_id": user_id}
            status = rules.standing_of(str(held["status"]), has_paid=held["paid_at"] is not None)
            if status == "trial" and held["trial_started_at"] is not None:
                fresh += self.begin(connection, "trial_started", contact_id, held["trial_started_at"], **known)
            elif status == "expired" and held["paid_at"] and held["ended_at"] and now - held["ended_at"] < WIN_BACK_REACH:
                fresh += self.begin(connection, "churned", contact_id, held["ended_at"], **known)
        return fresh

    def begin_weekly(self, connection: sa.Connection) -> int:
        """Put everybody who is warm into the weekly mail; who had left it as cold comes back."""
        fresh, now = 0, self._clock.now()
        for sequence in self.started_by(connection, "weekly"):
            people = [one for one in crm_reads.people_by_status(connection, _STAGES, limit=MOST_WARM) if self._may_weekly(one)]
            known = reads.enrolments_in(connection, sequence.id, [one.id for one in people])
            fresh += self._enrol(
                connection, sequence, [(one, now) for one in people if one.id not in known], product=None, user_id=None
            )
            for one in people:
                left = known.get(one.id)
                if left is not None and left.status == "exited" and left.exit_reason == "no longer warm":
                    store.reopen(connection, left, now, **self.first_times(sequence, one, left.id, now))
        return fresh

    def _may_weekly(self, person: Person) -> bool:
        has_address = person.email is not None and person.email_state not in ("bounced", "complained")
        return has_address and person.is_reachable and person.lawful_basis is not None and is_warm(person)

    def _enrol(
        self, connection: sa.Connection, sequence: MailSequence, people: Sequence[tuple[Person, datetime]], *,
        product: str | None, user_id: str | None,
    ) -> int:  # fmt: skip
        rows, choices = [], []
        for person, anchor_at in people:
            row = self._row(sequence, person, anchor_at) | {"product": product, "user_id": user_id}
            rows.append(row)
            choices.append(Choice("email.hold_out", row["id"], row["arm"], row["propensity"], ["treated", "held_out"]))
        if not rows:
            return 0
        log_choices(connection, self._database, self._clock, choices)
        return store.enrol(connection, self._database, rows)

    def _row(self, sequence: MailSequence, person: Person, anchor_at: datetime) -> dict[str, Any]:
        now, share = self._clock.now(), self._settings.lift.mail_hold_out_share
        enrolment_id = make_id("enr", sequence.id, person.id)
        is_held_out = sequence.kind == "marketing" and rng(self._settings.seed, "email.hold_out", enrolment_id).random() < share
        times = self.first_times(sequence, person, enrolment_id, anchor_at)
        if is_held_out:
            times |= {"next_send_at": None, "next_due_at": None}
        return {
            "id": enrolment_id, "sequence_id": sequence.id, "contact_id": person.id,
            "status": "held_out" if is_held_out else "active",
            "arm": "held_out" if is_held_out else "treated", "propensity": share if is_held_out else 1 - share,
            "anchor_at": anchor_at, "revenue_micro_usd": 0, "created_at": now, "updated_at": now, **times,
        }  # fmt: skip

    def first_times(self, sequence: MailSequence, person: Person, enrolment_id: str, anchor_at: datetime) -> dict[str, Any]:
        """Step, planned time and first attention of somebody who enters now."""
        step = sequence.steps[0]
        number = step.number
        if sequence.trigger == "weekly":
            today = local_date(self._clock.now(), self._zone(person))
            number = rules.week_number(today)
            if self.planned_at(step, number, person.timezone, enrolment_id, anchor_at) <= self._clock.now():
                number += 1
        send_at = self.planned_at(step, number, person.timezone, enrolment_id, anchor_at)
        return {"step": number, "next_send_at": send_at, "next_due_at": self.attention_at(step, send_at, is_first=True)}

    def attention_at(self, step: Step, send_at: datetime, *, is_first: bool = False) -> datetime:
        """When a step first wants something done: its text has to be asked about in time."""
        now = self._clock.now()
        if step.policy == "once":
            return min(now, send_at) if is_first else send_at
        return max(now, send_at - rules.ASKED_BEFORE[step.policy])

    def planned_at(self, step: Step, number: int, zone: str | None, key: str, anchor_at: datetime) -> datetime:
        """When a step goes: days after the start in the hours people read, or the weekly hour of the recipient's own day."""
        if step.weekday is not None and step.wall is not None:
            home = ZoneInfo(zone) if zone is not None and _is_known(zone) else self._settings.zone
            return wall_instant(rules.day_of_week(number, step.weekday), time.fromisoformat(step.wall), home)
        target = anchor_at + timedelta(days=step.day)
        days = MIDWEEK if step.policy == "person" else EVERY_DAY
        window = Window(zone, rules.PREFERRED_OPENS, rules.PREFERRED_CLOSES, days)
        opens_at = target if window.is_open(target) else window.opens_at(target)
        if opens_at is None:  # no hour is good for everybody somebody could be
            wide = Window(zone, rules.OPENS, rules.CLOSES, days)
            opens_at = target if wide.is_open(target) else wide.opens_at(target) or target
        minutes = rng(self._settings.seed, "email.spread", key, number).randrange(SPREAD_MINUTES)
        return opens_at + timedelta(minutes=minutes)

    def next_times(self, sequence: MailSequence, enrolment: Enrolment, zone: str | None) -> dict[str, Any] | None:
        """Step and times after the current one; None when it was the last."""
        if sequence.trigger == "weekly":
            step, number = sequence.steps[0], enrolment.step + 1
            while (at := self.planned_at(step, number, zone, enrolment.id, enrolment.anchor_at)) <= self._clock.now():
                number += 1
        else:
            later = [one for one in sequence.steps if one.number > enrolment.step]
            if not later:
                return None
            step, number = later[0], later[0].number
            at = max(
                self.planned_at(step, number, zone, enrolment.id, enrolment.anchor_at), self._clock.now() + timedelta(hours=20)
            )
        return {"step": number, "next_send_at": at, "next_due_at": self.attention_at(step, at), "hold_reason": None}

    def convert(self, connection: sa.Connection, contact_id: str, at: datetime, amount_micro_usd: int) -> None:
        """Money after the start of a sequence, with mail or held out: that is what lift counts."""
        for one in reads.enrolments_of(connection, contact_id):
            if one.anchor_at <= at <= one.anchor_at + rules.CONVERTS_WITHIN:
                store.convert(connection, one.id, at, amount_micro_usd)

    def end(self, connection: sa.Connection, contact_id: str, reason: str, triggers: Mapping[str, str] | None = None) -> None:
        """End a person's running sequences; with `triggers` only those, each for its own reason."""
        now, kinds = self._clock.now(), self.sequences(connection)
        for one in reads.enrolments_of(connection, contact_id):
            why = reason if triggers is None else triggers.get(kinds[one.sequence_id].trigger)
            if one.status == "active" and why is not None:
                store.finish(connection, one.id, "exited", why, now)

    def _zone(self, person: Person) -> ZoneInfo:
        return ZoneInfo(person.timezone) if person.timezone and _is_known(person.timezone) else self._settings.zone


_STAGES: tuple[Status, ...] = (
    "new", "qualified", "warming", "ready_for_dm", "contacted", "replied", "follow_up_1", "follow_up_2", "call_booked",
    "closed_lost",
)  # fmt: skip


def _is_known(zone: str | None) -> bool:
    try:
        return zone is not None and ZoneInfo(zone) is not None
    except (KeyError, ValueError, OSError):
        return False
