"""A pretend sender of Standard Webhooks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from revenue_machine.kit.clock import iso
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, FakeState, HookOut, answer_json
from revenue_machine.kit.ids import make_id
from revenue_machine.kit.signing import sign_standard


def respond(state: FakeState, request: FakeRequest) -> FakeResponse:
    """A sender has no API of its own."""
    return answer_json(404, {"error": f"there is nothing at {request.path}"})


def hook_headers(state: FakeState, hook_key: str, body: bytes) -> dict[str, str]:
    """The three headers of this delivery."""
    return {**sign_standard(hook_key, body, state.webhook_secret, state.now()), "content-type": "application/json"}


def public_send(state: FakeState, kind: str, data: Mapping[str, Any], at: datetime | None = None) -> str:
    """Tell the product something; the message's id."""
    moment = state.now() if at is None else at
    key = make_id("msg", str(state.seed), str(state.next_number("message")))
    body = json.dumps({"type": kind, "timestamp": iso(moment), "data": dict(data)}, separators=(",", ":")).encode()
    state.send_hook(HookOut(key, body, moment))
    return key
