"""Messages of Standard Webhooks: `v1` or `v1a` signatures over the raw bytes, and the envelope the specification recommends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from revenue_machine.integrations.standard.wire import Message
from revenue_machine.kit.clock import parse_instant
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.hooks import HookEvent, HookRequest, fit, hook_json
from revenue_machine.kit.signing import verify_standard


def verify(request: HookRequest, secrets: Sequence[str], now: datetime) -> None:
    """Some secret or key signed exactly these bytes within five minutes of now. Raises: BadSignature."""
    verify_standard(request.headers, request.body, secrets, now)


def read(request: HookRequest) -> HookEvent:
    """The envelope of a verified message; its id is the header's, its time the sender's or that of signing. Raises: BadHook."""
    held = fit(Message, hook_json(request.body), "message")
    signed_at = datetime.fromtimestamp(int(request.headers["webhook-timestamp"]), UTC)
    return HookEvent(request.headers["webhook-id"], held.kind, None, _happened(held.timestamp) or signed_at)


def _happened(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        return parse_instant(text).astimezone(UTC)
    except (BadInput, OverflowError):
        return None
