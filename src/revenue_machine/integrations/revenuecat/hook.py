"""RevenueCat webhooks: a static Authorization header, and what each event is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from revenue_machine.integrations.revenuecat.wire import Envelope, Webhook, WebhookEvent
from revenue_machine.kit.hooks import HookEvent, HookRequest, fit, hook_json
from revenue_machine.kit.signing import BadSignature, verify_revenuecat, verify_static

# Beside the shared header RevenueCat can sign; `signing` is the secret of that.
SIGNS_TOO = True


def verify(request: HookRequest, secrets: Sequence[str], now: datetime, signing: Sequence[str] = ()) -> None:
    """Whatever the owner set must hold: the Authorization value (alone or after `Bearer `), the signature, or both.

    With the shared header alone there is no time to check, so no replay window. Raises: BadSignature.
    """
    known = [secret for secret in secrets if secret]
    sealed = [secret for secret in signing if secret]
    if not known and not sealed:
        raise BadSignature("no webhook secret is set")
    if known:
        verify_static(request.headers, "authorization", [*known, *(f"Bearer {secret}" for secret in known)])
    if sealed:
        verify_revenuecat(request.headers, request.body, sealed, now)


def read(request: HookRequest) -> HookEvent:
    """The envelope of a verified webhook; what the event says in detail is read when it is handled. Raises: BadHook."""
    event = fit(Envelope, hook_json(request.body), "RevenueCat event").event
    return HookEvent(event.id, event.type, event.subject, event.occurred_at, event.is_sandbox)


def event_of(request: HookRequest) -> WebhookEvent:
    """The whole event, typed. Raises: BadHook."""
    return fit(Webhook, hook_json(request.body), "RevenueCat event").event
