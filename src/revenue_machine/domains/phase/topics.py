"""The owner's hand on the phase."""

from __future__ import annotations

from revenue_machine.domains.phase import reads, store
from revenue_machine.domains.phase.models import PHASE_WORDS, OverrideArgs, OverrideResult
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.engine.topic import Approval, Effect, topic
from revenue_machine.kit.clock import Clock, iso


@topic(
    "funnel.override", effect=Effect.WRITES, section="own: definitions §4.2 wants a manual override with a reason",
    approval=Approval.ALWAYS,
)  # fmt: skip
def override(args: OverrideArgs, database: Database, events: Events, clock: Clock) -> OverrideResult:
    """Hold a phase by hand, with a reason, whatever the count says; without a phase the rule holds again.

    Ceilings of sends and the ads' cap follow at once. Said once in the owner's chat.
    """
    now = clock.now()
    with database.writing() as connection:
        before = reads.current_phase(connection)
        store.keep_override(database, connection, args.phase, args.reason, now)
        after = reads.standing(connection)
        if after.phase != before:
            words = "by hand" if args.phase is not None else "by the rule again"
            text = f"Phase {before} -> {after.phase} {words} ({PHASE_WORDS[after.phase]}): {args.reason}"
            key = f"phase/override/{iso(now)}"
            events.emit(connection, "alert.raised", key, {"kind": "phase_override", "text": text, "key": key})
    return OverrideResult(phase=after.phase, by_rule=after.by_rule, override=after.override, reason=args.reason)
