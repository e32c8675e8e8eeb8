"""Stripe webhooks: the `Stripe-Signature` header over the raw bytes, and what each event is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel

from revenue_machine.integrations.stripe.wire import Event
from revenue_machine.kit.hooks import HookEvent, HookRequest, fit, hook_json
from revenue_machine.kit.signing import verify_stripe

T = TypeVar("T", bound=BaseModel)


def verify(request: HookRequest, secrets: Sequence[str], now: datetime) -> None:
    """Some secret signed exactly these bytes within five minutes of now. Raises: BadSignature."""
    verify_stripe(request.headers, request.body, secrets, now)


def read(request: HookRequest) -> HookEvent:
    """The envelope of a verified webhook; `is_sandbox` is true for test mode. Raises: BadHook."""
    event = event_of(request)
    return HookEvent(event.id, event.type, event.subject, event.occurred_at, is_sandbox=not event.livemode)


def event_of(request: HookRequest) -> Event:
    """The whole event, typed. Raises: BadHook."""
    return fit(Event, hook_json(request.body), "Stripe Event")


def object_of(event: Event, kind: type[T]) -> T:
    """The changed object as a `wire` model (`Subscription`, `Invoice`, `Charge` …). Raises: BadHook."""
    return fit(kind, event.data.object, f"Stripe {kind.__name__}")
