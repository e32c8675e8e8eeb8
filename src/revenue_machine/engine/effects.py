"""Outside writes: intent, then call, then record; what is in doubt is settled, never guessed at.

States of an intent: `sent` (committed before the call) → `settled` (answer kept) | `refused` (surely nothing
happened) | `unknown` (it may have happened). A crash leaves it `sent` with a dead owner, which is the same doubt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from pydantic import TypeAdapter

from revenue_machine.engine.audit import Audit
from revenue_machine.engine.call import Call, Moments
from revenue_machine.engine.database import Database
from revenue_machine.engine.gates import Chokepoint, Speech, Spend
from revenue_machine.engine.ledger import Entry, Ledger
from revenue_machine.engine.tables import INTENTS
from revenue_machine.engine.workers import Worker
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import Conflict, Failure, OutcomeUnknown, OutsideUnanswered
from revenue_machine.kit.ids import content_hash, make_id

A = TypeVar("A")
_ATTEMPT = ["state", "attempt", "owner", "payload_hash", "approval_id", "worst_case_micro_usd", "error", "settled_at", "run_id"]
# Built once: every effect runs them.
_INTENT = sa.select(INTENTS).where(INTENTS.c.key == sa.bindparam("intent_key"))
_SETTLED = (
    INTENTS.update()
    .where(INTENTS.c.key == sa.bindparam("intent_key"))
    .values(state="settled", answer=sa.bindparam("kept"), settled_at=sa.bindparam("at"), error=None)
)


@dataclass(frozen=True)
class Plan(Generic[A]):
    """One outside write, before it happens.

    `key` is the business key (one effect per service, operation and key, ever). `send` gets the idempotency key and
    does the call. `look_up` answers what stands at the vendor, None for surely nothing. `repeats_safely` when the
    vendor honours the idempotency key. `may_repeat_once` for calls whose repetition costs money but reaches nobody
    (a model's answer): after a crash they go out once more and both are booked.
    `prices` turns the answer into ledger entries. `still_wanted` raises when the reason for it has gone: it is asked in the
    intent's own transaction, so that nothing can happen between the look and the promise.
    """

    service: str
    operation: str
    key: str
    payload: Mapping[str, Any]
    answer: type[A]
    send: Callable[[str], A]
    look_up: Callable[[], A | None] | None = None
    repeats_safely: bool = False
    may_repeat_once: bool = False
    speech: Speech | None = None
    spend: Spend | None = None
    prices: Callable[[A], list[Entry]] = field(default=lambda _answer: [])
    still_wanted: Callable[[sa.Connection], None] = field(default=lambda _connection: None)

    @property
    def intent_key(self) -> str:
        return f"{self.service}.{self.operation}/{self.key}"


class Outside:
    """The only way a topic changes the world."""

    def __init__(
        self,
        *,
        call: Call,
        database: Database,
        clock: Clock,
        chokepoint: Chokepoint,
        ledger: Ledger,
        audit: Audit,
        worker: Worker,
        moments: Moments,
    ) -> None:
        self._call, self._database, self._clock, self._chokepoint = call, database, clock, chokepoint
        self._ledger, self._audit, self._worker, self._moments = ledger, audit, worker, moments

    def perform(self, plan: Plan[A]) -> A:
        """Do it once, whatever crashes.

        Returns: the vendor's answer, or the kept one when it was done before.
        Raises: what a gate forbids; the vendor's refusal; `outcome_unknown` when nobody can tell.
        """
        with self._worker.alone_on(plan.intent_key):
            return self._perform(plan)

    def _perform(self, plan: Plan[A]) -> A:
        row = self._intent(plan)
        if row is None or row["state"] == "refused":
            return self._attempt(plan, 1 if row is None else row["attempt"] + 1)
        if row["payload_hash"] != _payload_hash(plan):
            raise Conflict(f"{plan.intent_key} was asked before with other content")
        if row["state"] == "settled":
            return TypeAdapter(plan.answer).validate_json(row["answer"])
        if row["state"] == "sent" and self._worker.is_busy_elsewhere(row["owner"]):
            raise Conflict(f"{plan.intent_key} is being sent right now by {row['owner']}")
        return self._resolve(plan, row)

    def _resolve(self, plan: Plan[A], row: Mapping[str, Any]) -> A:
        """Settle a doubt: by the idempotency key, by looking, by one paid repetition, else by a person."""
        if plan.repeats_safely:
            return self._send(plan, row["attempt"])
        if plan.look_up is not None:
            found = plan.look_up()
            if found is not None:
                self._record(plan, found)
                return found
            self._mark(plan, "refused", "looked up: it never happened")
            return self._attempt(plan, row["attempt"] + 1)
        if plan.may_repeat_once and row["attempt"] < 2:
            self._book_unanswered(plan, row["attempt"])
            return self._attempt(plan, row["attempt"] + 1)
        self._mark(plan, "unknown", "nobody can tell whether it happened")
        raise OutcomeUnknown(f"{plan.intent_key}: sent before, no answer kept, and {plan.service} has no way to look it up")

    def _attempt(self, plan: Plan[A], attempt: int) -> A:
        with self._database.writing() as connection:
            plan.still_wanted(connection)
            self._chokepoint.admit(connection, plan.intent_key, self._call, plan.speech, plan.spend)
            row = {
                "id": make_id("int", plan.intent_key), "key": plan.intent_key, "service": plan.service, "operation": plan.operation,
                "topic": self._call.topic, "run_id": self._call.run_id, "state": "sent", "attempt": attempt,
                "owner": self._worker.name, "payload_hash": _payload_hash(plan),
                "channel": plan.speech.channel if plan.speech else None,
                "approval_id": self._call.approval_id,
                "worst_case_micro_usd": plan.spend.worst_case_micro_usd if plan.spend else None,
                "created_at": self._clock.now(), "answer": None, "error": None, "settled_at": None,
            }  # fmt: skip
            self._database.put(connection, INTENTS, row, ["key"], _ATTEMPT)
        return self._send(plan, attempt)

    def _send(self, plan: Plan[A], attempt: int) -> A:
        self._moments.reached("effect:before", plan.intent_key)
        try:
            answer = plan.send(f"{plan.intent_key}#{attempt}" if plan.may_repeat_once else plan.intent_key)
        except Failure as failure:
            self._failed(plan, attempt, failure)
            raise OutcomeUnknown(f"{plan.intent_key}: {failure.message}") if not _is_sure(plan, failure) else failure from None
        self._moments.reached("effect:acted", plan.intent_key)
        self._record(plan, answer)
        self._moments.reached("effect:recorded", plan.intent_key)
        return answer

    def _record(self, plan: Plan[A], answer: A) -> None:
        text = TypeAdapter(plan.answer).dump_json(answer).decode()
        with self._database.writing() as connection:
            connection.execute(_SETTLED, {"intent_key": plan.intent_key, "kept": text, "at": self._clock.now()})
            for entry in plan.prices(answer):
                self._ledger.book(connection, entry)
            self._chokepoint.settle(connection, plan.intent_key)
            self._audit.note(
                connection, self._call.actor, f"effect.{plan.operation}", plan.intent_key, "ok", detail=_payload_hash(plan)
            )

    def _failed(self, plan: Plan[A], attempt: int, failure: Failure) -> None:
        if _is_sure(plan, failure):
            self._mark(plan, "refused", failure.message)
        elif plan.may_repeat_once:
            # Nothing was reached but the purse: book the worst case and let the caller try again.
            self._book_unanswered(plan, attempt)
            self._mark(plan, "refused", failure.message, refund=False)
        else:
            self._book_unanswered(plan, attempt)
            self._mark(plan, "unknown", failure.message, refund=False)

    def _mark(self, plan: Plan[A], state: str, error: str, *, refund: bool = True) -> None:
        with self._database.writing() as connection:
            connection.execute(INTENTS.update().where(INTENTS.c.key == plan.intent_key).values(state=state, error=error))
            if state == "refused" and refund:
                self._chokepoint.refund(connection, plan.intent_key)
            self._audit.note(connection, self._call.actor, f"effect.{plan.operation}", plan.intent_key, state, detail=error)

    def _book_unanswered(self, plan: Plan[A], attempt: int) -> None:
        """A call that left without an answer costs its worst case until somebody knows better."""
        if plan.spend is None:
            return
        entry = Entry(
            key=f"{plan.intent_key}#{attempt}/unanswered", kind=plan.spend.kind, service=plan.service,
            amount_micro_usd=-plan.spend.worst_case_micro_usd, cause_type="intent", cause_id=plan.intent_key,
            occurred_at=self._clock.now(), state="unconfirmed", intent_id=make_id("int", plan.intent_key),
            run_id=self._call.run_id, task_type=plan.spend.task_type,
        )  # fmt: skip
        with self._database.writing() as connection:
            self._ledger.book(connection, entry)
            self._chokepoint.settle(connection, plan.intent_key)

    def _intent(self, plan: Plan[A]) -> dict[str, Any] | None:
        with self._database.reading() as connection:
            row = connection.execute(_INTENT, {"intent_key": plan.intent_key}).mappings().first()
        return dict(row) if row else None


def _payload_hash(plan: Plan[Any]) -> str:
    return content_hash(dict(plan.payload))


def _is_sure(plan: Plan[Any], failure: Failure) -> bool:
    """Whether a failure proves that nothing happened; a model that answered 5xx has not billed either."""
    if plan.may_repeat_once and not isinstance(failure, OutsideUnanswered) and failure.code == "outside_unavailable":
        return True
    return failure.nothing_happened
