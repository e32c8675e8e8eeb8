"""Telegram's webhook: only the shared secret opens it, and malformed updates are a 4xx."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue_machine.integrations.telegram import hook
from revenue_machine.integrations.telegram.wire import Message, Update
from revenue_machine.kit.errors import Failure
from revenue_machine.kit.hooks import BadHook, HookEvent, HookRequest
from revenue_machine.kit.signing import BadSignature

Own = Callable[[str, str], bytes]
NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)


def request(body: object, secret: str = "right") -> HookRequest:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HookRequest({"x-telegram-bot-api-secret-token": secret}, text)


def test_right_secret_opens() -> None:
    hook.verify(request({}), ["new", "right"], NOW)


@pytest.mark.parametrize("secret", ["wrong", "", "Right", "right ", "r\u00efght"])
def test_wrong_secret_is_refused(secret: str) -> None:
    with pytest.raises(BadSignature):
        hook.verify(request({}, secret), ["right"], NOW)


def test_missing_header_is_refused() -> None:
    with pytest.raises(BadSignature):
        hook.verify(HookRequest({}, b"{}"), ["right"], NOW)


@pytest.mark.parametrize("secrets", [[], [""]])
def test_unset_secret_opens_nothing(secrets: list[str]) -> None:
    with pytest.raises(BadSignature):
        hook.verify(request({}, ""), secrets, NOW)


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("update_message.json", HookEvent("500000001", "message", "4242/2", NOW)),
        ("update_edited_message.json", HookEvent("500000003", "edited_message", "4242/2", NOW.replace(minute=1))),
        ("update_callback_query.json", HookEvent("500000002", "callback_query", None, NOW)),
    ],
)
def test_updates_are_read(name: str, event: HookEvent, own: Own) -> None:
    assert hook.read(request(own("telegram", name))) == event


def test_unknown_kind_without_time_is_the_epoch() -> None:
    event = hook.read(request({"update_id": 5, "poll": {"id": "1"}}))
    assert (event.kind, event.subject, event.occurred_at) == ("poll", None, datetime(1970, 1, 1, tzinfo=UTC))


MESSAGE: dict[str, Any] = {"message_id": 1, "date": 5, "chat": {"id": 1, "type": "private"}}


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, {}, {"update_id": 1}, {"message": MESSAGE},
        {"update_id": True, "message": MESSAGE}, {"update_id": "1", "message": MESSAGE}, {"update_id": -1, "message": MESSAGE},
        {"update_id": 1, "message": []}, {"update_id": 1, "message": None}, {"update_id": 1, "message": MESSAGE, "poll": {}},
        {"update_id": 1, "message": {**MESSAGE, "date": "5"}}, {"update_id": 1, "message": {**MESSAGE, "date": 10**18}},
        {"update_id": 1, "message": {**MESSAGE, "date": -1}}, {"update_id": 1, "message": {**MESSAGE, "date": None}},
        {"update_id": 1, "message": {**MESSAGE, "chat": {}}}, {"update_id": 1, "message": {**MESSAGE, "message_id": "1"}},
        {"update_id": 1, "callback_query": {"id": "1"}}, {"update_id": 1, "callback_query": {"id": 1, "from": {"id": 1}}},
        {"update_id": 1, "callback_query": {"id": "1", "from": {"id": "1"}}},
        {"update_id": 1, "callback_query": {"id": "1", "from": {"id": 1}, "message": "x"}},
    ],
)  # fmt: skip
def test_malformed_update_is_refused(body: object) -> None:
    with pytest.raises(BadHook) as refusal:
        hook.read(request(body))
    assert refusal.value.http_status == 400


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "date", "chat", "from", "message"]), inner),
    max_leaves=12,
)


@given(JSON, JSON, st.sampled_from(["message", "callback_query", "edited_message", "poll"]))
def test_any_update_is_read_or_refused(update_id: object, thing: object, kind: str) -> None:
    read_or_refuse(json.dumps({"update_id": update_id, kind: thing}).encode())


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    read_or_refuse(body)


def read_or_refuse(body: bytes) -> None:
    told = None
    try:
        told = hook.read(request(body)).external_id
    except Failure as refusal:
        told = str(refusal.http_status)
    assert told == "400" or json.loads(body)["update_id"] == int(told)


def test_documented_updates_are_read(shared: Path) -> None:
    kinds = {}
    for place in sorted((shared / "fixtures" / "telegram").glob("docs_update__*.json")):
        payload = json.loads(place.read_bytes())
        event = hook.read(request(place.read_bytes()))
        assert event.external_id == str(payload["update_id"])
        assert Update.model_validate(payload).update_id == payload["update_id"]
        kinds[place.stem.removeprefix("docs_update__")] = (event.kind, event.subject, event.occurred_at.isoformat())
    assert kinds == {
        "callback_query": ("callback_query", None, "2025-07-19T07:26:02+00:00"),
        "edited_message": ("edited_message", "1111111/1365", "2015-09-07T17:23:20+00:00"),
        "forwarded_message": ("message", "1111111/1365", "2015-09-07T17:05:32+00:00"),
        "message": ("message", "1111111/1365", "2015-09-07T17:05:32+00:00"),
        "message_with_reply": ("message", "1111111/1365", "2015-09-07T17:05:32+00:00"),
    }


def test_public_messages_are_read(shared: Path) -> None:
    places = sorted((shared / "fixtures" / "telegram").glob("message__*.json"))
    assert len(places) >= 20
    for number, place in enumerate(places):
        payload = json.loads(place.read_bytes())
        kind = "message_reaction" if "reaction" in place.name else "message"
        event = hook.read(request({"update_id": number, kind: payload}))
        assert event.subject == f"{payload['chat']['id']}/{payload['message_id']}"
        if kind == "message":
            assert Message.model_validate(payload).text == payload.get("text")


def test_documented_non_updates_are_refused(shared: Path) -> None:
    for body in json.loads((shared / "fixtures" / "telegram" / "not_updates.json").read_bytes()):
        with pytest.raises(BadHook):
            hook.read(request(body))
