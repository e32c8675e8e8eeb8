"""RevenueCat webhooks: a static Authorization header, and what each event is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from revenue_machine.integrations.revenuecat.wire import Webhook, WebhookEvent
from revenue_machine.kit.hooks import HookEvent, HookRequest, fit, hook_json
from revenue_machine.kit.signing import verify_static


def verify(request: HookRequest, secrets: Sequence[str], now: datetime) -> None:
    """The Authorization header must be a known secret, alone or after `Bearer `; there is no time to check.

    Raises: BadSignature.
    """
    known = [secret for secret in secrets if secret]
    verify_static(request.headers, "authorization", [*known, *(f"Bearer {secret}" for secret in known)])


def read(request: HookRequest) -> HookEvent:
    """The envelope of a verified webhook. Raises: BadHook."""
    event = event_of(request)
    return HookEvent(event.id, event.type, event.subject, event.occurred_at, event.is_sandbox)


def event_of(request: HookRequest) -> WebhookEvent:
    """The whole event, typed. Raises: BadHook."""
    return fit(Webhook, hook_json(request.body), "RevenueCat event").event
