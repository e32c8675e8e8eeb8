"""Unipile's webhooks: the `unipile-signature` header over the raw bytes, and what each event is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from revenue_machine.integrations.linkedin.wire import Event, Message, Relation
from revenue_machine.kit.hooks import BadHook, HookEvent, HookRequest, fit, hook_json
from revenue_machine.kit.signing import verify_unipile


def verify(request: HookRequest, secrets: Sequence[str], now: datetime) -> None:
    """Some secret signed exactly these bytes within five minutes of now. Raises: BadSignature."""
    verify_unipile(request.headers, request.body, secrets, now)


def read(request: HookRequest) -> HookEvent:
    """The envelope; its subject is the message, the new relation's member or the account. Raises: BadHook.

    A payload that is not what Unipile documents is kept all the same: whoever handles it says so.
    """
    event = event_of(request)
    return HookEvent(event.id, event.type, _subject(event)[:255], event.occurred_at, is_sandbox=not event.application_production)


def _subject(event: Event) -> str:
    try:
        if event.type == "message.new":
            return message_of(event).id
        return relation_of(event).user.id if event.type == "relation.new" else event.account_id
    except BadHook:
        return event.account_id


def event_of(request: HookRequest) -> Event:
    """The whole event, typed. Raises: BadHook."""
    return fit(Event, hook_json(request.body), "Unipile Event")


def message_of(event: Event) -> Message:
    """What a `message.new` carries; ours arrive too (`is_sender`). Raises: BadHook."""
    return fit(Message, event.payload, "Unipile Message")


def relation_of(event: Event) -> Relation:
    """What a `relation.new` carries. Raises: BadHook."""
    return fit(Relation, event.payload, "Unipile Relation")
