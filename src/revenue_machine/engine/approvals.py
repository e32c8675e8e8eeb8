"""What a person agreed to: bound to the exact bytes, one use, expiring to no; an edit is a new question."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from revenue_machine.engine.audit import Audit
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.engine.questions import Verdict, card, people_who_decide, with_words
from revenue_machine.engine.tables import APPROVALS
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import ApprovalRequired, BadInput, Conflict, Failure, NotFound
from revenue_machine.kit.ids import canonical_json, content_hash, make_id, random_key

MESSAGE_LIFETIME = timedelta(hours=24)
MONEY_LIFETIME = timedelta(hours=4)
# How long a yes to a message stands while ceilings, windows or a pause hold it back; a yes to money keeps its four hours.
MESSAGE_STANDS = timedelta(days=7)
HOLD_UNLESS_TOLD = timedelta(minutes=15)
SECOND_STEP_AFTER = timedelta(seconds=5)
DECISIONS = ("approve", "reject")
# From so many people on, nobody spends alone.
PEOPLE_FOR_TWO = 2
# Built once: every tick asks them.
_LATE = sa.and_(
    APPROVALS.c.status.in_(("pending", "approved")),
    APPROVALS.c.expires_at <= sa.bindparam("now", type_=APPROVALS.c.expires_at.type),
)
_ANY_LATE = sa.select(APPROVALS.c.id).where(_LATE).limit(1)
_APPROVED_TOPICS = (
    sa.select(APPROVALS)
    .where(
        APPROVALS.c.status == "approved",
        APPROVALS.c.kind == "topic",
        sa.or_(APPROVALS.c.not_before.is_(None), APPROVALS.c.not_before <= sa.bindparam("now", type_=APPROVALS.c.not_before.type)),
    )
    .order_by(APPROVALS.c.decided_at, APPROVALS.c.id)
)


@dataclass(frozen=True)
class Question:
    """What a person is asked: the exact payload, and what helps to decide.

    `kind` says what the payload is (`topic` runs it when approved; a domain may use kinds of its own and
    react to `approval.decided`). `price_micro_usd` is what saying yes may cost, `predicted_value_micro_usd` what it may bring;
    `channel` is the one it speaks on, `hours_of` (`gates.hours_of`) whose hours there it waits for.
    """

    topic: str
    call_key: str
    payload: Mapping[str, Any]
    title: str
    why: str
    kind: str = "topic"
    evidence: str | None = None
    price_micro_usd: int | None = None
    is_money: bool = False
    requested_by: str = "machine"
    replaces_id: str | None = None
    channel: str | None = None
    hours_of: str | None = None
    predicted_value_micro_usd: int | None = None


class Approvals:
    """Files questions, takes decisions, and hands an approval out exactly once.

    `approvers` is how many people may decide elsewhere than by a token (in Telegram).
    """

    def __init__(self, database: Database, clock: Clock, audit: Audit, events: Events, approvers: int = 0) -> None:
        self._database, self._clock, self._audit, self._events = database, clock, audit, events
        self._approvers = approvers

    def file(self, connection: sa.Connection, question: Question) -> str:
        """Put a question into the inbox; the same bytes for the same call are the same question, unless it expired. Returns its id.

        What a person said no to stays a no: it is not asked again.
        """
        payload = canonical_json(question.payload)
        approval_id, holds = self._place(connection, question, payload)
        now = self._clock.now()
        row = {
            "id": approval_id, "topic": question.topic, "call_key": question.call_key, "kind": question.kind, "payload": payload,
            "payload_hash": content_hash(payload), "title": question.title, "why": question.why, "evidence": question.evidence,
            "price_micro_usd": question.price_micro_usd, "predicted_value_micro_usd": question.predicted_value_micro_usd,
            "is_money": question.is_money, "status": "pending", "holds": holds,
            "replaces_id": question.replaces_id, "channel": question.channel, "hours_of": question.hours_of,
            "requested_by": question.requested_by,
            "requested_at": now,
            "expires_at": now + (MONEY_LIFETIME if question.is_money else MESSAGE_LIFETIME),
        }  # fmt: skip
        if self._database.put(connection, APPROVALS, row, ["id"]):
            self._audit.note(connection, question.requested_by, "approval.request", approval_id, "pending", detail=payload)
            facts = {"approval_id": approval_id, "kind": question.kind, "is_money": question.is_money}
            self._events.emit(connection, "approval.requested", approval_id, facts)
        return approval_id

    def _place(self, connection: sa.Connection, question: Question, payload: str) -> tuple[str, int]:
        """(id, first run number): whatever was asked before about the same bytes and nobody answered in time is another round.

        The run of an approved call has a name of its own each time: an earlier round may have used up the first ones.
        """
        # What an edit leads to is new even where the bytes were asked about before: the earlier question is void.
        edited = () if question.replaces_id is None else (question.replaces_id,)
        natural = ("apr", question.kind, question.topic, question.call_key, payload, *edited)
        approval_id, round_number = make_id(*natural), 0
        holds = self._next_run(connection, question.replaces_id)
        self._expire_late(
            connection, sa.and_(_LATE, APPROVALS.c.topic == question.topic, APPROVALS.c.call_key == question.call_key)
        )
        while (row := _stands(connection, approval_id)) is not None and row.status == "expired":
            round_number += 1
            approval_id, holds = make_id(*natural, f"round {round_number}"), row.holds + 1
        return approval_id, holds

    def _next_run(self, connection: sa.Connection, replaces_id: str | None) -> int:
        row = None if replaces_id is None else _stands(connection, replaces_id)
        return 0 if row is None else row.holds + 1

    def require(self, question: Question) -> Failure:
        """File the question and return the answer its caller gets: it waits, or it was decided for good."""
        with self._database.writing() as connection:
            approval_id = self.file(connection, question)
            row = _stands(connection, approval_id)
        status = "pending" if row is None else row.status
        if status == "rejected":
            words = f"a person said no to exactly this: {row.reason or 'without a reason'}"
            return Conflict(words, approval_id=approval_id, status=status)
        if status == "used":
            return Conflict(f"{question.topic} was approved and has run with exactly this", approval_id=approval_id, status=status)
        waits = "is approved and waits for its turn" if status == "approved" else "waits for your approval"
        return ApprovalRequired(f"{question.topic} {waits}", approval_id=approval_id)

    def cards(self, status: str | None = "pending") -> list[dict[str, Any]]:
        """Cards, oldest first; expired ones are no longer pending."""
        self.expire()
        query = sa.select(APPROVALS).order_by(APPROVALS.c.requested_at, APPROVALS.c.id)
        if status is not None:
            query = query.where(APPROVALS.c.status == status)
        with self._database.reading() as connection:
            return [card(dict(row)) for row in connection.execute(query).mappings()]

    def find(self, approval_id: str) -> dict[str, Any]:
        """One card, whatever became of it; `not_found`."""
        self.expire()
        with self._database.reading() as connection:
            row = connection.execute(sa.select(APPROVALS).where(APPROVALS.c.id == approval_id)).mappings().first()
        if row is None:
            raise NotFound(f"there is no approval {approval_id}", field="id")
        return card(dict(row))

    def decide(
        self,
        approval_id: str,
        decision: str,
        payload_hash: str,
        *,
        actor: str,
        reason: str | None = None,
        confirm: str | None = None,
    ) -> dict[str, Any]:
        """Take one decision on exactly these bytes.

        Raises: not_found; conflict (other bytes, decided already, expired, second step too early); money answers
        first with a `confirm` code that has to come back at least 5 s later.
        """
        self.expire()
        with self._on_record(actor, approval_id), self._database.writing() as connection:
            if decision not in DECISIONS:
                raise BadInput("decision is approve or reject", field="decision")
            row = self._standing(connection, approval_id, payload_hash, ("pending",))
            if decision == "approve" and row["is_money"]:
                first_step = self._second_step(connection, row, actor, confirm)
                if first_step is not None:
                    return first_step
            status = "approved" if decision == "approve" else "rejected"
            self._settle(connection, row, status, actor, reason)
        return {"id": approval_id, "status": status}

    def decide_all(self, verdicts: Sequence[Verdict], *, actor: str) -> list[dict[str, Any]]:
        """Take each decision on its own; an item that is refused says why and stops none of the others.

        Money is never approved in a batch.
        """
        return [self._decide_one(one, actor) for one in verdicts]

    def _decide_one(self, verdict: Verdict, actor: str) -> dict[str, Any]:
        try:
            if verdict.decision == "approve":
                self._refuse_money(verdict.approval_id, actor)
            return self.decide(verdict.approval_id, verdict.decision, verdict.payload_hash, actor=actor, reason=verdict.reason)
        except Failure as refusal:
            return {"id": verdict.approval_id, "error": refusal.as_dict()}

    def _refuse_money(self, approval_id: str, actor: str) -> None:
        with self._database.reading() as connection:
            mine = sa.select(APPROVALS.c.is_money).where(APPROVALS.c.id == approval_id)
            is_money = bool(connection.execute(mine).scalar())
        if is_money:
            with self._on_record(actor, approval_id):
                raise BadInput("money is approved one by one", field="decision")

    def edit(self, approval_id: str, payload_hash: str, payload: Mapping[str, Any] | str, *, actor: str) -> str:
        """Other bytes are another question: the old one is void, though it had a yes; the new one pending. Returns the new id.

        `payload` is the whole payload, or just the words that replace its text.
        """
        self.expire()
        with self._on_record(actor, approval_id), self._database.writing() as connection:
            row = self._standing(connection, approval_id, payload_hash, ("pending", "approved"))
            edited = with_words(json.loads(row["payload"]), payload) if isinstance(payload, str) else payload
            self._settle(connection, row, "replaced", actor, "edited")
            question = Question(
                row["topic"], row["call_key"], edited, row["title"], row["why"], row["kind"], row["evidence"],
                row["price_micro_usd"], row["is_money"], actor, approval_id, row["channel"], row["hours_of"],
                row["predicted_value_micro_usd"],
            )  # fmt: skip
            return self.file(connection, question)

    def refuse(self, approval_id: str, actor: str, why: Failure) -> None:
        """Write down an attempt that did not get as far as a decision: no right to it, a stranger's tap, a used button."""
        with self._database.writing() as connection:
            self._audit.note(connection, actor, "approval.refused", approval_id, why.code, detail=why.message)

    def wait(self, connection: sa.Connection, approval_id: str, until: datetime) -> None:
        """Let an approved call not be tried before an instant at which it may pass; the gates decide then as ever."""
        self._hold_all(connection, APPROVALS.c.id == approval_id, until)

    def withdraw(self, connection: sa.Connection, approval_id: str, why: str) -> bool:
        """Take a question back, in the caller's transaction: what it asks is over. Whether it could still have run."""
        mine = sa.and_(APPROVALS.c.id == approval_id, APPROVALS.c.status.in_(("pending", "approved")))
        row = connection.execute(sa.select(APPROVALS).where(mine).with_for_update()).mappings().first()
        if row is not None:
            self._settle(connection, dict(row), "expired", "machine", why)
        return row is not None

    def claim(self, connection: sa.Connection, approval_id: str, payload: Mapping[str, Any], *, topic: str, call_key: str) -> None:
        """Use an approval up for exactly these bytes of this call; repeated after a crash, it may claim it again."""
        mine = sa.and_(
            APPROVALS.c.id == approval_id, APPROVALS.c.payload_hash == content_hash(canonical_json(payload)),
            APPROVALS.c.topic == topic, APPROVALS.c.call_key == call_key,
        )  # fmt: skip
        if connection.execute(sa.select(APPROVALS.c.status).where(mine)).scalar() == "used":
            return
        used = connection.execute(
            APPROVALS.update()
            .where(mine, APPROVALS.c.status == "approved", APPROVALS.c.expires_at > self._clock.now())
            .values(status="used", used_at=self._clock.now())
        )
        if used.rowcount == 0:
            raise ApprovalRequired("this approval does not cover these bytes, is used up or has expired", approval_id=approval_id)

    def expire(self) -> int:
        """No answer in time is a no; returns how many questions ended that way."""
        now = self._clock.now()
        with self._database.reading() as connection:
            if connection.execute(_ANY_LATE, {"now": now}).first() is None:
                return 0
        with self._database.writing() as connection:
            return self._expire_late(connection, _LATE)

    def _expire_late(self, connection: sa.Connection, which: sa.ColumnElement[bool]) -> int:
        query = sa.select(APPROVALS).where(which).order_by(APPROVALS.c.id).with_for_update()
        rows = connection.execute(query, {"now": self._clock.now()}).mappings().all()
        for row in rows:
            self._settle(connection, dict(row), "expired", "clock", None)
        return len(rows)

    def approved_topics(self) -> list[dict[str, Any]]:
        """Approved questions whose payload is a topic call and which nothing holds back, oldest decision first."""
        with self._database.reading() as connection:
            return [dict(row) for row in connection.execute(_APPROVED_TOPICS, {"now": self._clock.now()}).mappings()]

    def may_run(self, approval_id: str) -> bool:
        """Whether an approved call still waits for nothing but its turn."""
        with self._database.reading() as connection:
            query = _APPROVED_TOPICS.where(APPROVALS.c.id == approval_id)
            return connection.execute(query, {"now": self._clock.now()}).first() is not None

    def hold(self, approval_id: str, refusal: Failure) -> None:
        """Let an approval wait: a gate held its call and surely nothing happened; it runs again when the gate may be open.

        A whole channel that is closed holds every approval that speaks on it, the night of a zone every one that is for people
        there, so that not each of them has to try.
        """
        after = HOLD_UNLESS_TOLD if refusal.retry_after_s is None else timedelta(seconds=refusal.retry_after_s)
        not_before, mine = self._clock.now() + after, APPROVALS.c.id == approval_id
        with self._database.writing() as connection:
            connection.execute(
                APPROVALS.update()
                .where(mine, APPROVALS.c.status.in_(("approved", "used")))
                .values(status="approved", used_at=None, not_before=not_before, holds=APPROVALS.c.holds + 1)
            )
            row = connection.execute(sa.select(APPROVALS.c.channel, APPROVALS.c.hours_of).where(mine)).one()
            for column, mine_too in zip((APPROVALS.c.channel, APPROVALS.c.hours_of), row, strict=True):
                if mine_too is not None and refusal.details.get(column.name) == mine_too:
                    self._hold_all(connection, column == mine_too, not_before)
            self._audit.note(connection, "clock", "approval.held", approval_id, refusal.code, detail=refusal.message)

    def _hold_all(self, connection: sa.Connection, which: sa.ColumnElement[bool], until: datetime) -> None:
        sooner = sa.or_(APPROVALS.c.not_before.is_(None), APPROVALS.c.not_before < until)
        held = APPROVALS.update().where(which, APPROVALS.c.status == "approved", sooner)
        connection.execute(held.values(not_before=until))

    @contextmanager
    def _on_record(self, actor: str, approval_id: str) -> Iterator[None]:
        """An attempt that is refused changes nothing but is written down."""
        try:
            yield
        except Failure as refusal:
            self.refuse(approval_id, actor, refusal)
            raise

    def _standing(
        self, connection: sa.Connection, approval_id: str, payload_hash: str, statuses: tuple[str, ...]
    ) -> dict[str, Any]:
        query = sa.select(APPROVALS).where(APPROVALS.c.id == approval_id).with_for_update()
        row = connection.execute(query).mappings().first()
        if row is None:
            raise NotFound(f"there is no approval {approval_id}", field="id")
        if row["status"] not in statuses:
            raise Conflict(f"this was already {row['status']}", status=row["status"])
        if row["payload_hash"] != payload_hash:
            raise Conflict("the text has changed since you saw it; look again", payload_hash=row["payload_hash"])
        return dict(row)

    def _second_step(
        self, connection: sa.Connection, row: Mapping[str, Any], actor: str, confirm: str | None
    ) -> dict[str, Any] | None:
        """What the first step is answered: the code to come back with. None when the second step is fine."""
        now = self._clock.now()
        needs_other = max(self._approvers, people_who_decide(connection, now)) >= PEOPLE_FOR_TWO
        if confirm is None:
            code = random_key()
            connection.execute(
                APPROVALS.update()
                .where(APPROVALS.c.id == row["id"])
                .values(confirm_hash=content_hash(code), confirm_from_at=now + SECOND_STEP_AFTER, confirm_by=actor)
            )
            self._audit.note(connection, actor, "approval.first_step", row["id"], "pending", detail=row["payload"])
            return {"id": row["id"], "status": "pending", "confirm": code, "needs_other_person": needs_other}
        if row["confirm_hash"] != content_hash(confirm):
            raise Conflict("the confirm code is not the one given for this item", field="confirm")
        if now < row["confirm_from_at"]:
            raise Conflict("money needs a second look: confirm at least 5 seconds later", field="confirm")
        if needs_other and row["confirm_by"] == actor:
            raise Conflict("you took the first step; somebody else who may approve takes the second", field="confirm")
        return None

    def _settle(self, connection: sa.Connection, row: Mapping[str, Any], status: str, actor: str, reason: str | None) -> None:
        now = self._clock.now()
        stands = {"expires_at": now + MESSAGE_STANDS} if status == "approved" and not row["is_money"] else {}
        connection.execute(
            APPROVALS.update()
            .where(APPROVALS.c.id == row["id"])
            .values(status=status, decided_by=actor, decided_at=now, reason=reason, **stands)
        )
        self._audit.note(connection, actor, f"approval.{status}", row["id"], status, detail=row["payload"])
        facts = {
            "approval_id": row["id"],
            "status": status,
            "kind": row["kind"],
            "topic": row["topic"],
            "call_key": row["call_key"],
        }
        self._events.emit(connection, "approval.decided", f"{row['id']}/{status}", facts)


def _stands(connection: sa.Connection, approval_id: str) -> Any:
    """How a question stands (status, reason, holds); None when there is none."""
    query = sa.select(APPROVALS.c.status, APPROVALS.c.reason, APPROVALS.c.holds).where(APPROVALS.c.id == approval_id)
    return connection.execute(query).first()


def load_payload(connection: sa.Connection, approval_id: str) -> dict[str, Any]:
    """The exact payload a question is about."""
    text = connection.execute(sa.select(APPROVALS.c.payload).where(APPROVALS.c.id == approval_id)).scalar()
    if text is None:
        raise NotFound(f"there is no approval {approval_id}", field="id")
    payload: dict[str, Any] = json.loads(text)
    return payload


def decision_reason(connection: sa.Connection, approval_id: str) -> str | None:
    """What the person who decided said of it."""
    said: str | None = connection.execute(sa.select(APPROVALS.c.reason).where(APPROVALS.c.id == approval_id)).scalar()
    return said
