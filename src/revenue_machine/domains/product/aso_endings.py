"""What others decide about an App Store experiment: a person's yes or no, the end of its delegation, the owner's own hand."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from revenue_machine.domains.product import aso_reads, aso_rules, aso_store
from revenue_machine.domains.product.acd_delegation_engine import TOPIC as DELEGATE
from revenue_machine.domains.product.aso import START, start_payload
from revenue_machine.domains.product.aso_models import Status
from revenue_machine.engine.approvals import decision_reason, load_payload
from revenue_machine.engine.events import Event
from revenue_machine.kit.clock import local_date

_OF_DELEGATION: Mapping[str, Status] = {
    "failed": "failed", "timed_out": "failed", "rejected": "rejected", "expired": "expired",
}  # fmt: skip


def decided(event: Event, connection: sa.Connection) -> None:
    """A decision about a start, or about the delegation of a change."""
    topic, key = str(event.payload["topic"]), str(event.payload["call_key"])
    approval_id, status = str(event.payload["approval_id"]), str(event.payload["status"])
    if topic == DELEGATE and status == "approved":
        row = aso_reads.by_approval(connection, approval_id)
        if row is not None:
            aso_store.move(connection, row, "approved", event.occurred_at, waits_for="the coding harness")
    if topic != START or not key.startswith("aso/"):
        return
    row = aso_reads.experiment(connection, key.removeprefix("aso/"))
    if row is None:
        return
    if status == "approved":
        _approved(connection, row, approval_id, event)
    elif status == "rejected":
        said = decision_reason(connection, approval_id)
        words = f"a person said no{f': {said}' if said else ''}"
        aso_store.move(connection, row, "rejected", event.occurred_at, result=words)
    elif status == "expired":
        asked = row["status"] == "awaiting_approval"
        words = "nobody said yes in time" if asked else "its yes ran out before Apple had accepted it"
        aso_store.move(connection, row, "expired", event.occurred_at, result=words)


def delegation_ended(event: Event, connection: sa.Connection) -> None:
    """The change was made, or it was not."""
    key, outcome = str(event.payload["decision_key"]), str(event.payload["outcome"])
    if not key.startswith("aso/") or not key.endswith("/ship"):
        return
    row = aso_reads.by_decision(connection, key.removesuffix("/ship"))
    if row is None:
        return
    known = {"delegation_id": str(event.payload["delegation_id"])}
    if outcome == "done":
        started = {"started_at": event.occurred_at, "waits_for": "the release"}
        aso_store.move(connection, row, "releasing", event.occurred_at, **started, **known)
        return
    words = str(event.payload.get("summary") or outcome.replace("_", " "))
    aso_store.move(connection, row, _OF_DELEGATION[outcome], event.occurred_at, result=words, **known)


def task_closed(event: Event, connection: sa.Connection, zone: ZoneInfo) -> None:
    """The owner pressed done: the public has the change since that day. Let go: it will not be tried."""
    key, outcome = str(event.payload["key"]), str(event.payload["outcome"])
    if not key.startswith("aso/"):
        return
    _, aso_id, task = key.split("/")
    row = aso_reads.experiment(connection, aso_id)
    if row is None or task == "apply":
        return
    if task == "release" and outcome == "done" and row["status"] == "releasing":
        live_on = local_date(event.occurred_at, zone)
        waits = f"14 days of figures and Apple's two days: measured on {aso_rules.measure_from(live_on).isoformat()}"
        known = {"live_on": live_on, "live_words": "the owner pressed done", "waits_for": waits}
        aso_store.move(connection, row, "measuring", event.occurred_at, **known)
    elif outcome == "dropped":
        aso_store.move(connection, row, "rejected", event.occurred_at, result="its owner let it go")


def _approved(connection: sa.Connection, row: dict[str, object], approval_id: str, event: Event) -> None:
    if load_payload(connection, approval_id) != start_payload(row):
        words = "the words were edited: propose them anew, so that they are checked"
        aso_store.move(connection, row, "rejected", event.occurred_at, result=words)
        return
    known = {"approval_id": approval_id, "waits_for": "its turn at Apple"}
    aso_store.move(connection, row, "approved", event.occurred_at, **known)
