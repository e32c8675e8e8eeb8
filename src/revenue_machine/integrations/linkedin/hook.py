"""Unipile's webhooks: the `unipile-signature` header over the raw bytes, and what each event is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from revenue_machine.integrations.linkedin.wire import Event, Message, Relation
from revenue_machine.kit.hooks import BadHook, HookEvent, HookRequest, hook_json
from revenue_machine.kit.signing import verify_unipile

T = TypeVar("T", bound=BaseModel)


def verify(request: HookRequest, secrets: Sequence[str], now: datetime) -> None:
    """Some secret signed exactly these bytes within five minutes of now. Raises: BadSignature."""
    verify_unipile(request.headers, request.body, secrets, now)


def read(request: HookRequest) -> HookEvent:
    """The envelope; its subject is the message, the new relation's member or the account. Raises: BadHook."""
    event = event_of(request)
    subject = event.account_id
    if event.type == "message.new":
        subject = message_of(event).id
    if event.type == "relation.new":
        subject = relation_of(event).user.id
    return HookEvent(event.id, event.type, subject, event.occurred_at, is_sandbox=not event.application_production)


def event_of(request: HookRequest) -> Event:
    """The whole event, typed. Raises: BadHook."""
    return _fit(Event, hook_json(request.body))


def message_of(event: Event) -> Message:
    """What a `message.new` carries; ours arrive too (`is_sender`). Raises: BadHook."""
    return _fit(Message, event.payload)


def relation_of(event: Event) -> Relation:
    """What a `relation.new` carries. Raises: BadHook."""
    return _fit(Relation, event.payload)


def _fit(kind: type[T], payload: object) -> T:
    try:
        return kind.model_validate(payload)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadHook(f"the Unipile {kind.__name__} is malformed: {where}: {first['msg']}") from None
