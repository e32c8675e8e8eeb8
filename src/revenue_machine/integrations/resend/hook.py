"""Resend's webhooks: Svix signatures over the raw bytes, and what each event is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from revenue_machine.integrations.resend.wire import EmailEvent, Envelope
from revenue_machine.kit.hooks import BadHook, HookEvent, HookRequest, fit, hook_json
from revenue_machine.kit.signing import verify_standard

EMAIL_KINDS = (
    "email.sent", "email.delivered", "email.delivery_delayed", "email.opened", "email.clicked", "email.bounced", "email.complained",
    "email.failed", "email.scheduled", "email.suppressed", "email.received",
)  # fmt: skip


def verify(request: HookRequest, secrets: Sequence[str], now: datetime) -> None:
    """Some secret signed exactly these bytes within five minutes of now. Raises: BadSignature."""
    verify_standard(request.headers, request.body, secrets, now, prefix=_prefix(request))


def read(request: HookRequest) -> HookEvent:
    """The envelope of a verified webhook, read in detail when it is handled; repeats have the same `svix-id`. Raises: BadHook."""
    event = fit(Envelope, hook_json(request.body), "Resend Envelope")
    external_id = request.headers.get(f"{_prefix(request)}-id", "")
    if not external_id:
        raise BadHook("the Resend webhook has no id")
    subject = event.data.get("email_id", event.data.get("id"))
    return HookEvent(external_id, event.type, subject[:255] if isinstance(subject, str) and subject else None, event.created_at)


def event_of(request: HookRequest) -> EmailEvent:
    """The whole `email.…` event, typed. Raises: BadHook."""
    return fit(EmailEvent, hook_json(request.body), "Resend EmailEvent")


def _prefix(request: HookRequest) -> str:
    """Svix's own header names, or those of Standard Webhooks, which Svix sends too."""
    return "webhook" if "webhook-id" in request.headers and "svix-id" not in request.headers else "svix"
