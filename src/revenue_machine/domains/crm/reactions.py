"""What people do in the products is written on their timeline, as soon as it is known who they are."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.crm import rules
from revenue_machine.domains.crm.crm_engine import CrmEngine
from revenue_machine.domains.crm.models import IdentityDraft
from revenue_machine.engine.events import Event, on


@on(
    "visitor.signed_up", "billing.trial_started", "billing.purchased", "billing.renewed", "billing.refunded", "billing.churned",
)  # fmt: skip
def know_user(event: Event, connection: sa.Connection, crm: CrmEngine) -> None:
    """Whose user id this is: a known one, or one that is a known mail address; then what they did is theirs."""
    user_id = event.payload.get("user_id")
    if not user_id:
        return
    contact_id = crm.contact_of(connection, "distinct_id", user_id) or crm.contact_of(connection, "subscriber", user_id)
    email = event.payload.get("email") or (user_id if rules.is_email(rules.folded(user_id)) else None)
    if contact_id is None and email:
        contact_id = crm.contact_of(connection, "email", email)
    if contact_id is None:
        return
    is_billing = event.kind.startswith("billing.")
    source = f"event:{event.kind}"
    crm.link(connection, contact_id, IdentityDraft("subscriber" if is_billing else "distinct_id", user_id, None, source, event.key))
    crm.take_in_steps(connection, contact_id, user_id)


@on("contact.linked")
def catch_up(event: Event, connection: sa.Connection, crm: CrmEngine) -> None:
    """Somebody turns out to be a product's user: what that user did before is theirs too."""
    crm.take_in_steps(connection, event.payload["contact_id"], event.payload["user_id"])


@on("revenue.snapshot_taken")
def rescore(event: Event, connection: sa.Connection, crm: CrmEngine) -> None:
    """Scores cool down with the days, once each morning."""
    if event.payload["slot"] == "am":
        crm.rescore_all(connection)
