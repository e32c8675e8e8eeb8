"""A pretend Meta: signed webhooks of what changes on ads and pages, and its question whether the address is ours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, FakeState, HookOut, answer_json
from revenue_machine.kit.ids import content_hash
from revenue_machine.kit.signing import sign_hub

VERIFY_TOKEN = "sandbox-verify-token"


def respond(state: FakeState, request: FakeRequest) -> FakeResponse:
    """One request to the Graph API; nothing of it is pretended yet."""
    if request.bearer() != state.api_key and request.param("access_token") != state.api_key:
        return answer_json(401, {"error": {"message": "Invalid OAuth access token.", "type": "OAuthException", "code": 190}})
    return answer_json(404, {"error": {"message": "Unsupported request", "type": "GraphMethodException", "code": 100}})


def hook_headers(state: FakeState, hook_key: str, body: bytes) -> dict[str, str]:
    """The signature of this delivery."""
    return {**sign_hub(body, state.webhook_secret), "content-type": "application/json"}


def public_change(
    state: FakeState, kind: str, object_id: str, field: str, value: Mapping[str, Any], *, at: datetime | None = None
) -> str:
    """Something changes on an ad account or page; the key of its webhook."""
    moment = state.now() if at is None else at
    entry = {"id": object_id, "time": int(moment.timestamp()), "changes": [{"field": field, "value": dict(value)}]}
    body = json.dumps({"object": kind, "entry": [entry]}, separators=(",", ":")).encode()
    key = content_hash(body.decode())
    state.send_hook(HookOut(key, body, moment + timedelta(seconds=2)))
    return key


def challenge(number: int, token: str = VERIFY_TOKEN) -> str:
    """The query Meta asks with before it subscribes an address."""
    return urlencode({"hub.mode": "subscribe", "hub.challenge": number, "hub.verify_token": token})
