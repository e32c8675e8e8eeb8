"""What becomes of a model call that left without an answer: it costs its worst case until the vendor says otherwise."""

from __future__ import annotations

from revenue_machine.domains.credit.reads import open_hold
from revenue_machine.engine.call import Call
from revenue_machine.engine.database import Database
from revenue_machine.engine.doubts import Doubt, Doubts, settles
from revenue_machine.engine.ledger import Entry
from revenue_machine.kit.clock import Clock


@settles("anthropic.complete")
def book_unanswered(doubt: Doubt, doubts: Doubts, database: Database, clock: Clock, call: Call) -> bool:
    """Book the worst case and close the intent; whoever needs the answer asks again."""
    with database.reading() as connection:
        hold = open_hold(connection, doubt.key)
    entry = None
    if hold is not None:
        entry = Entry(
            key=f"{doubt.key}#{doubt.attempt}/unanswered", kind=hold.kind, service=doubt.service,
            amount_micro_usd=-hold.amount_micro_usd, cause_type="intent", cause_id=doubt.key, occurred_at=clock.now(),
            state="unconfirmed", intent_id=doubt.intent_id, run_id=doubt.run_id, task_type=hold.task_type,
        )  # fmt: skip
    return doubts.book_and_close(doubt, entry, actor=call.actor, why="no answer came; booked at its worst case")
