"""Unipile's webhooks: signed bytes only, messages and relations typed, nothing malformed gets through."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue_machine.integrations.linkedin import hook
from revenue_machine.kit.errors import Failure
from revenue_machine.kit.hooks import BadHook, HookEvent, HookRequest
from revenue_machine.kit.signing import BadSignature, sign_unipile

Own = Callable[[str, str], bytes]
NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
SECRET = "whsec_right"
KNOWN = "t=1795327200,v0=2f0d9bb4fdb0b1ee4c9d65b1b8da3a8d0aa55ac7b0f6a57f4a1e2a7a0a4de5c5"


def signed(body: bytes, secret: str = SECRET, at: datetime = NOW) -> HookRequest:
    return HookRequest(sign_unipile(body, secret, at), body)


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("event_message_new.json", HookEvent("evt_own1", "message.new", "msg_own1", datetime(2026, 11, 22, 8, 0, 1, tzinfo=UTC))),
        ("event_relation_new.json", HookEvent("evt_own2", "relation.new", "ACoAAown1", datetime(2026, 11, 22, 9, tzinfo=UTC))),
        (
            "event_account.json",
            HookEvent("evt_own3", "account.status.disconnected", "acc_own1", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ),
    ],
)
def test_signed_events_are_read(name: str, event: HookEvent, own: Own) -> None:
    request = signed(own("linkedin", name))
    hook.verify(request, ["whsec_new", SECRET], NOW)
    assert hook.read(request) == event


def test_payloads_are_typed(own: Own) -> None:
    message = hook.message_of(hook.event_of(signed(own("linkedin", "event_message_new.json"))))
    relation = hook.relation_of(hook.event_of(signed(own("linkedin", "event_relation_new.json"))))
    assert (message.text, message.chat_id, message.is_sender) == ("Tell me more", "chat_own1", False)
    assert relation.user.display_name == "Ada Example"


def test_test_application_counts_as_sandbox(own: Own) -> None:
    payload = {**json.loads(own("linkedin", "event_message_new.json")), "application_production": False}
    assert hook.read(signed(json.dumps(payload).encode())).is_sandbox


@pytest.mark.parametrize(
    "request_",
    [
        signed(b"{}", "whsec_wrong"), signed(b"{}", at=NOW - timedelta(minutes=6)), signed(b"{}", at=NOW + timedelta(minutes=6)),
        HookRequest(sign_unipile(b"{}", SECRET, NOW), b"{ }"), HookRequest({}, b"{}"),
        HookRequest({"unipile-signature": "t=1795327200"}, b"{}"), HookRequest({"unipile-signature": "v0=ab"}, b"{}"),
        HookRequest({"unipile-signature": sign_unipile(b"{}", SECRET, NOW)["unipile-signature"].replace("v0=", "v1=")}, b"{}"),
        HookRequest({"unipile-signature": KNOWN}, b"{}"),
    ],
)  # fmt: skip
def test_unproven_webhook_is_refused(request_: HookRequest) -> None:
    with pytest.raises(BadSignature):
        hook.verify(request_, [SECRET], NOW)


@pytest.mark.parametrize("secrets", [[], [""]])
def test_unset_secret_opens_nothing(secrets: list[str]) -> None:
    with pytest.raises(BadSignature):
        hook.verify(signed(b"{}", ""), secrets, NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"id": ""},
        {"type": None},
        {"created_at": "yesterday"},
        {"created_at": "2026-11-22T08:00:00"},
        {"payload": []},
    ],
)
def test_malformed_events_are_refused(change: dict[str, object], own: Own) -> None:
    payload = {**json.loads(own("linkedin", "event_message_new.json")), **change}
    with pytest.raises(BadHook):
        hook.read(signed(json.dumps(payload).encode()))


def test_odd_payload_is_kept_for_the_reader(own: Own) -> None:
    payload = {**json.loads(own("linkedin", "event_message_new.json")), "payload": {}}
    assert hook.read(signed(json.dumps(payload).encode())).subject == payload["account_id"]


@given(body=st.binary(max_size=200), header=st.text(max_size=80))
def test_noise_only_ever_fails_cleanly(body: bytes, header: str) -> None:
    request = HookRequest({"unipile-signature": header}, body)
    with pytest.raises(Failure) as refusal:
        hook.verify(request, [SECRET], NOW)
    assert 400 <= refusal.value.http_status < 500
    with pytest.raises(Failure):
        hook.read(request)


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=9), lambda inner: st.lists(inner, max_size=3))


@given(name=st.sampled_from(["id", "type", "created_at", "account_id", "payload"]), value=JSON)
def test_altered_fields_never_crash(name: str, value: object) -> None:
    event = {
        "id": "evt_1", "type": "message.new", "created_at": "2026-11-22T08:00:00Z", "account_id": "a", "account_provider": "linkedin",
        "payload": {"id": "m", "chat_id": "c", "sender_id": "s", "timestamp": "2026-11-22T08:00:00Z", "is_sender": False},
    }  # fmt: skip
    body = json.dumps({**event, name: value}).encode()
    with contextlib.suppress(BadHook):
        assert hook.read(HookRequest({}, body)).external_id
