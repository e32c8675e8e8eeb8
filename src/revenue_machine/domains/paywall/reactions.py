"""How a paywall test goes on when the coding harness is done, or when somebody closed it in the book."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.paywall import reads, store, wording
from revenue_machine.domains.paywall.endings import undo_key
from revenue_machine.domains.paywall.paywall_experiments import ship_key
from revenue_machine.engine.events import Event, on
from revenue_machine.kit.clock import Clock

_OUTCOMES = {"rejected": "rejected", "expired": "expired"}
# Until a winner is being shipped, the book may end a test by itself: its time was up, or a person closed it.
_ENDS_BY_BOOK = ("found", "testing", "shipped", "measuring")


@on("delegation.ended")
def delegation_ended(event: Event, connection: sa.Connection, clock: Clock) -> None:
    """Done: it is measured. Anything else: nothing was shipped, and the test ends saying so."""
    loop = reads.loop(connection, str(event.payload.get("experiment_id") or ""))
    if loop is None:
        return
    key, outcome, now = str(event.payload["decision_key"]), str(event.payload["outcome"]), clock.now()
    delegation_id = str(event.payload["delegation_id"])
    if key == ship_key(loop["id"]) and loop["state"] in ("shipping", "awaiting"):
        if outcome == "done":
            words = f"{loop['winner']} is shipped"
            store.move(connection, loop, "shipped", now, shipped_at=event.occurred_at, delegation_id=delegation_id, words=words)
            return
        ended = _OUTCOMES.get(outcome, "failed")
        words = f"{wording.ended_words(ended, str(event.payload.get('summary') or ''))}."
        words = (words[:1].upper() + words[1:])[:1000]
        changes = {"outcome": ended, "outcome_words": words, "words": words[:500], "delegation_id": delegation_id}
        store.move(connection, loop, "closing", now, **changes)
    elif loop["outcome"] is not None and key == undo_key(loop) and loop["state"] in ("undoing", "undo_awaiting"):
        said = f"{loop['control']} is shown to everybody" if outcome == "done" else f"taking it back ended: {outcome}"
        words = f"{loop['outcome'].replace('_', ' ')}: {said}"
        store.move(connection, loop, "ended", now, ended_at=now, next_due_at=None, words=words, undo_delegation_id=delegation_id)


@on("experiment.closed")
def experiment_closed(event: Event, connection: sa.Connection, clock: Clock) -> None:
    """The book ended a test by itself: remember it."""
    loop = reads.loop(connection, str(event.payload["experiment_id"]))
    if loop is not None and loop["state"] in _ENDS_BY_BOOK:
        outcome = str(event.payload["outcome"])
        words = "It was closed in the book, not by its counts."
        store.move(connection, loop, "closing", clock.now(), outcome=outcome, outcome_words=words, words=words)
