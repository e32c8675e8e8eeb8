"""LinkedIn's webhooks: an answer or a new connection is heard the moment Unipile tells of it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.outreach import reads
from revenue_machine.domains.outreach.hearing import Hearing
from revenue_machine.domains.outreach.models import Inbound
from revenue_machine.engine.inbox import StoredHook, on_hook
from revenue_machine.integrations.linkedin.wire import Member, Message, Relation


@on_hook("linkedin", "message.new")
def message_came(hook: StoredHook, connection: sa.Connection, hearing: Hearing) -> None:
    """Words of theirs; our own come back too and are left out."""
    said = Message.model_validate(hook.payload["payload"])
    if said.is_sender or said.is_deleted or said.is_event:
        return
    raw: dict[str, Any] = hook.payload["payload"].get("sender") or {}
    who = Member.model_validate(raw) if raw else None
    inbound = Inbound(
        "linkedin", said.id, said.sender_id, said.text or "", said.timestamp, who.public_identifier if who else None,
        who.display_name if who else None, who.profile_url if who else None, who.description if who else None,
    )  # fmt: skip
    hearing.hear(connection, inbound)


@on_hook("linkedin", "relation.new")
def connection_came(hook: StoredHook, connection: sa.Connection, hearing: Hearing) -> None:
    """An invitation was accepted, or somebody connected by themselves."""
    relation = Relation.model_validate(hook.payload["payload"])
    if reads.profile_at(connection, "linkedin", relation.user.id) is None and relation.user.display_name == "":
        return
    hearing.note_connection(connection, relation)
