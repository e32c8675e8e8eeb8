"""What follows in product from other domains' facts, and from the end of a delegation."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.product import aso_endings, delegations_store, loop_reads, loop_store, reads
from revenue_machine.domains.product import delegations_rules as rules
from revenue_machine.domains.product.acd_delegation_engine import TOPIC, end_delegation, take_yes
from revenue_machine.domains.product.models import DelegateArgs
from revenue_machine.engine.approvals import decision_reason, load_payload
from revenue_machine.engine.events import Event, Events, on
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.settings import Settings


# --- delegations -------------------------------------------------------------------------------------------------------
@on("approval.decided")
def delegation_decided(event: Event, connection: sa.Connection, clock: Clock, events: Events) -> None:
    """A yes makes these words the task; a no or silence ends it; edited words are asked about anew."""
    if event.payload["topic"] != TOPIC or not str(event.payload["call_key"]).startswith("delegation/"):
        return
    row = reads.delegation(connection, str(event.payload["call_key"]).removeprefix("delegation/"))
    status, approval_id = str(event.payload["status"]), str(event.payload["approval_id"])
    if row is None:
        return
    if status == "approved":
        yes = DelegateArgs.model_validate(load_payload(connection, approval_id))
        if yes.project != row["project"]:
            words = "the project was edited: another project is another decision"
            end_delegation(connection, events, row, "rejected", clock, reason=words)
        elif row["status"] == "awaiting_approval":
            take_yes(connection, row, approval_id, yes, clock)
    elif status == "replaced":
        delegations_store.move(connection, row, "awaiting_approval", clock.now(), poll_at=None, reason="edited: asked anew")
    elif status == "rejected":
        said = decision_reason(connection, approval_id)
        end_delegation(connection, events, row, "rejected", clock, reason=f"a person said no{f': {said}' if said else ''}")
    elif status == "expired":
        words = rules.held_words(row) if row["status"] == "approved" else "nobody said yes in time"
        end_delegation(connection, events, row, "expired", clock, reason=words)


# --- the product loop --------------------------------------------------------------------------------------------------
@on("approval.decided")
def change_approved(event: Event, connection: sa.Connection) -> None:
    """A yes to a change of the loop's: its experiment is delegated from now on."""
    is_yes = event.payload["topic"] == TOPIC and event.payload["status"] == "approved"
    delegation_id = str(event.payload["call_key"]).removeprefix("delegation/")
    row = loop_reads.of_delegation(connection, delegation_id, None) if is_yes else None
    if row is not None and row["delegation_id"] == delegation_id:
        loop_store.move(connection, row, "delegated", event.occurred_at, due_at=None)


@on("delegation.ended")
def change_ended(event: Event, connection: sa.Connection) -> None:
    """The change is there and is measured from now on, or it never will be; a roll-out or removal is over."""
    delegation_id, outcome = str(event.payload["delegation_id"]), str(event.payload["outcome"])
    row = loop_reads.of_delegation(connection, delegation_id, event.payload.get("experiment_id"))
    if row is None:
        return
    if event.payload["kind"] == "fix_step":
        delegation = {"id": delegation_id, "status": outcome, "reason": event.payload.get("summary")}
        loop_store.follow(connection, row, delegation, event.occurred_at)
    elif row["finished_at"] is None:
        known = {"follow_up_id": delegation_id, "follow_up_outcome": outcome, "due_at": event.occurred_at}
        loop_store.note(connection, row, event.occurred_at, **known)


# --- App Store experiments ---------------------------------------------------------------------------------------------
@on("approval.decided")
def aso_decided(event: Event, connection: sa.Connection) -> None:
    """A yes lets a change of the store page go on, a no or silence ends it; edited words are another proposal."""
    aso_endings.decided(event, connection)


@on("delegation.ended")
def aso_delegation_ended(event: Event, connection: sa.Connection) -> None:
    """The new words are in the project and wait for a release, or never will be."""
    aso_endings.delegation_ended(event, connection)


@on("hand_task.closed")
def aso_task_closed(event: Event, connection: sa.Connection, settings: Settings) -> None:
    """The owner released the version on that day, or will not."""
    aso_endings.task_closed(event, connection, settings.zone)
