"""How upwork answers to a person: a decision about a proposal, and the word that it was sent."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.upwork import reads, store
from revenue_machine.domains.upwork.proposals import CHANNEL, TOPIC, take_yes
from revenue_machine.engine.approvals import load_payload
from revenue_machine.engine.events import Event, on
from revenue_machine.engine.ledger import Ledger
from revenue_machine.kit.clock import Clock, local_date
from revenue_machine.kit.settings import Settings

_NO = {"rejected": "refused by you", "expired": "nobody answered in time"}
_UNDONE = {"dropped": "not sent: you let it go", "expired": "not sent in time"}


@on("approval.decided")
def proposal_decided(event: Event, connection: sa.Connection, clock: Clock) -> None:
    """A yes makes these words the proposal; a no or silence ends it; an edit is asked about anew."""
    if event.payload["topic"] != TOPIC:
        return
    row = reads.job(connection, str(event.payload["call_key"]).removeprefix("proposal/"))
    status, approval_id = str(event.payload["status"]), str(event.payload["approval_id"])
    if row is None or status == "replaced":
        return
    if status == "approved":
        take_yes(connection, row, approval_id, str(load_payload(connection, approval_id)["text"]), clock)
    elif status in _NO and row["hand_task_id"] is None:
        store.move(connection, row, "skipped", clock.now(), lost_reason=reads.refusal(connection, approval_id) or _NO[status])


@on("hand_task.closed")
def proposal_sent(event: Event, connection: sa.Connection, clock: Clock, ledger: Ledger, settings: Settings) -> None:
    """Sent: submitted, and its connects are booked. Let go: the job is over."""
    if event.payload["channel"] != CHANNEL or event.payload["topic"] != TOPIC:
        return
    row = reads.job(connection, str(event.payload["key"]).removeprefix("proposal/"))
    if row is None:
        return
    outcome, now = str(event.payload["outcome"]), clock.now()
    if outcome == "done":
        store.submit(connection, ledger, row, now, local_date(now, settings.zone))
    elif row["status"] == "approved":
        store.move(connection, row, "skipped", now, lost_reason=_UNDONE[outcome])
