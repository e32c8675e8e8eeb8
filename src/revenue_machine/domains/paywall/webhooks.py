"""What Superwall's webhooks tell of money, kept beside the ledger as a second opinion on charts."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.paywall import store
from revenue_machine.engine.database import Database
from revenue_machine.engine.inbox import StoredHook, on_hook
from revenue_machine.integrations.superwall.wire import Webhook
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.money import micro


@on_hook("superwall")
def money_told(hook: StoredHook, connection: sa.Connection, database: Database, clock: Clock) -> None:
    """Proceeds after store and tax; refunds come with a minus, so the sum is what is left (Superwall's own rule)."""
    webhook = Webhook.model_validate(hook.payload)
    event, application = webhook.data, hook.payload.get("applicationId")
    told = {
        "event_id": event.id, "application_id": str(application if isinstance(application, int | str) else ""), "kind": event.name,
        "product_id": event.product_id, "proceeds_micro_usd": 0 if event.proceeds is None else micro(event.proceeds),
        "is_sandbox": event.is_sandbox, "occurred_at": event.occurred_at, "created_at": clock.now(),
    }  # fmt: skip
    store.keep_told(connection, database, told)
