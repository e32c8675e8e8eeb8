"""Superwall's webhooks: Svix signatures over the raw bytes, and what each event is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from revenue_machine.integrations.superwall.wire import Envelope, Event, Webhook, at_ms
from revenue_machine.kit.hooks import BadHook, HookEvent, HookRequest, fit, hook_json
from revenue_machine.kit.signing import verify_standard


def verify(request: HookRequest, secrets: Sequence[str], now: datetime) -> None:
    """Some secret signed exactly these bytes within five minutes of now. Raises: BadSignature."""
    verify_standard(request.headers, request.body, secrets, now, prefix=_prefix(request))


def read(request: HookRequest) -> HookEvent:
    """The envelope of a verified webhook; what the event says in detail is read when it is handled. Raises: BadHook."""
    envelope = fit(Envelope, hook_json(request.body), "Superwall event")
    data = envelope.data
    external_id = data.get("id") or request.headers.get(f"{_prefix(request)}-id")
    happened, subject = data.get("ts"), data.get("originalTransactionId")
    if not isinstance(external_id, str):
        raise BadHook("the Superwall event has no id")
    at = happened if type(happened) is int and 0 <= happened <= envelope.timestamp else envelope.timestamp
    subject = subject if isinstance(subject, str) and subject else None
    return HookEvent(external_id, envelope.type, subject, at_ms(at), is_sandbox=data.get("environment") == "SANDBOX")


def event_of(request: HookRequest) -> Event:
    """The whole event, typed. Raises: BadHook."""
    return fit(Webhook, hook_json(request.body), "Superwall event").data


def _prefix(request: HookRequest) -> str:
    """Svix's own header names, or those of Standard Webhooks, which Svix sends too."""
    return "webhook" if "webhook-id" in request.headers and "svix-id" not in request.headers else "svix"
