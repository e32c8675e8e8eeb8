"""Meta's webhooks: its question whether the address is ours, `X-Hub-Signature-256` over the raw bytes, and what changed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from revenue_machine.integrations.meta_ads.wire import Webhook
from revenue_machine.kit.hooks import BadHook, HookEvent, HookRequest, fit, hook_json
from revenue_machine.kit.settings import ServiceSettings
from revenue_machine.kit.signing import same_text, verify_hub

_PLAIN_WORD = re.compile(r"[A-Za-z0-9_-]{1,200}")


class NotOurs(BadHook):
    """The question does not know our verify token."""

    http_status = 403


def greet(asked: Mapping[str, str], settings: ServiceSettings) -> str:
    """The challenge back to whoever knows the verify token. Raises: BadHook, NotOurs."""
    challenge, token = asked.get("hub.challenge", ""), settings.option("verify_token")
    if asked.get("hub.mode") != "subscribe" or token is None or not same_text(asked.get("hub.verify_token", ""), [token]):
        raise NotOurs
    if _PLAIN_WORD.fullmatch(challenge) is None:
        raise BadHook("the challenge is no plain word")
    return challenge


def verify(request: HookRequest, secrets: Sequence[str], now: datetime) -> None:
    """The app's secret signed exactly these bytes; Meta sends no time, so there is no replay window. Raises: BadSignature."""
    verify_hub(request.headers, request.body, secrets)


def read(request: HookRequest) -> HookEvent:
    """The envelope of a verified webhook; Meta gives it no id, so its bytes are its id. Raises: BadHook."""
    held = fit(Webhook, hook_json(request.body), "Meta webhook")
    first = held.entry[0]
    field = next((one["field"] for one in first.changes if isinstance(one.get("field"), str) and one["field"]), None)
    kind = held.object if field is None else f"{held.object}.{field}"[:255]
    at = max((one.time for one in held.entry if one.time is not None), default=0)
    return HookEvent(hashlib.sha256(request.body).hexdigest(), kind, str(first.id)[:255] or None, datetime.fromtimestamp(at, UTC))
