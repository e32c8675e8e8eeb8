"""How credit follows from facts of other domains: signups, billing, and the day's snapshots."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from revenue_machine.domains.attribution.attribution_engine import AttributionEngine
from revenue_machine.domains.attribution.models import Conversion, EventType
from revenue_machine.engine.events import Event, on

_KINDS: Mapping[str, EventType] = {
    "billing.trial_started": "trial", "billing.purchased": "purchase", "billing.renewed": "renewal", "billing.refunded": "refund",
    "billing.churned": "churn",
}  # fmt: skip


@on("visitor.signed_up")
def credit_signup(event: Event, connection: sa.Connection, engine: AttributionEngine) -> None:
    """Find the touch behind a signup; everything else of that person inherits it."""
    engine.sign_up(connection, event.payload, event.occurred_at)


@on("billing.trial_started", "billing.purchased", "billing.renewed", "billing.refunded", "billing.churned")
def credit_billing(event: Event, connection: sa.Connection, engine: AttributionEngine) -> None:
    """Trials, money and farewells inherit the touch of their person; money keeps the ledger entry's id."""
    said, kind = event.payload, _KINDS[event.kind]
    ledger_id = said.get("ledger_id")
    engine.convert(connection, Conversion(
        key=f"ledger/{ledger_id}" if ledger_id else event.key, event_type=kind, occurred_at=event.occurred_at,
        user_id=said["user_id"], amount_micro_usd=int(said["amount_micro_usd"]), product=said["product"],
        subscription_id=said["subscription_id"], payment_id=said.get("payment_id"),
        refunds_payment_id=said.get("refunds_payment_id"),
    ))  # fmt: skip


@on("contact.linked", "contact.converted")
def name_contact(event: Event, connection: sa.Connection, engine: AttributionEngine) -> None:
    """Steps of a product's user whose contact is known name the contact."""
    engine.know(connection, event.payload["user_id"], event.payload["contact_id"])


@on("contact.merged", "contact.unmerged")
def follow_contacts(event: Event, connection: sa.Connection, engine: AttributionEngine) -> None:
    """Two contacts became one, or one two again: credit moves with them at the next sum."""
    engine.look_again(connection, (event.payload["kept_id"], event.payload["merged_id"]))


@on("revenue.snapshot_taken")
def sum_up(event: Event, connection: sa.Connection, engine: AttributionEngine) -> None:
    """Take the clicks, adopt what nobody told of, trace whoever was touched, and sum everything up; before the funnel looks."""
    engine.take_clicks(connection)
    engine.adopt_unclaimed_money(connection)
    engine.catch_up(connection)
    engine.sum_up(connection)
