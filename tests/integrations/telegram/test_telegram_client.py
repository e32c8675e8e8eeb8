"""What the Telegram client sends, understands, refuses and never tells."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from revenue_machine.integrations.telegram.telegram_client import Button, TelegramClient
from revenue_machine.kit.errors import (
    BadInput,
    ContractBroken,
    Failure,
    NotConfigured,
    OutsideAuthFailed,
    OutsideRateLimited,
    OutsideRejected,
    OutsideUnavailable,
)
from revenue_machine.kit.service import Exchange

Own = Callable[[str, str], bytes]
Hearing = Callable[..., TelegramClient]
TOKEN = "123456:canary-token-AAE"
SECRET = "canary-webhook-secret"


class Line:
    """Answers every request alike and keeps what was asked."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        self.body = body
        self.status = status
        self.asked: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        return httpx2.Response(self.status, content=self.body)

    def sent(self) -> Any:
        return json.loads(self.asked[-1].content)


def test_message_goes_to_the_chat(client_hearing: Hearing, own: Own) -> None:
    line = Line(own("telegram", "send_message.json"))
    client = client_hearing(TelegramClient, line, chat_id="4242", api_key=TOKEN)
    assert client.send_message("MRR is up", buttons=[[Button("Approve", "nonce-1:yes")]]) == 1
    assert str(line.asked[0].url) == f"https://api.telegram.org/bot{TOKEN}/sendMessage"
    assert line.sent() == {
        "chat_id": 4242,
        "text": "MRR is up",
        "link_preview_options": {"is_disabled": True},
        "reply_markup": {"inline_keyboard": [[{"text": "Approve", "callback_data": "nonce-1:yes"}]]},
    }
    assert "authorization" not in line.asked[0].headers


def test_channel_name_stays_text(client_hearing: Hearing, own: Own) -> None:
    line = Line(own("telegram", "send_message.json"))
    client_hearing(TelegramClient, line, chat_id="@growth").send_message("hello")
    assert line.sent()["chat_id"] == "@growth"


def test_updates_are_read(client_hearing: Hearing, own: Own) -> None:
    line = Line(own("telegram", "updates.json"))
    said, tapped = client_hearing(TelegramClient, line, chat_id="4242").get_updates(500000001)
    assert line.sent()["offset"] == 500000001
    assert said.message is not None
    assert (said.message.text, said.message.sender and said.message.sender.id) == ("/start", 4242)
    assert tapped.callback_query is not None
    assert (tapped.callback_query.data, tapped.callback_query.sender.id) == ("nonce-1:yes", 4242)


def test_webhook_carries_the_secret(client_hearing: Hearing) -> None:
    line = Line(b'{"ok":true,"result":true}')
    client_hearing(TelegramClient, line, chat_id="4242", webhook_secret=SECRET).set_webhook("https://me.example.com/hooks/telegram")
    assert line.sent()["secret_token"] == SECRET
    assert line.sent()["allowed_updates"] == ["message", "edited_message", "callback_query"]


def test_token_and_secret_are_never_recorded(
    client_hearing: Hearing, exchanges: list[Exchange], caplog: pytest.LogCaptureFixture
) -> None:
    line = Line(b'{"ok":true,"result":true}')
    client = client_hearing(TelegramClient, line, chat_id="4242", api_key=TOKEN, webhook_secret=SECRET)
    with caplog.at_level(logging.DEBUG):
        client.set_webhook("https://me.example.com/hooks/telegram")
        client.answer_callback("77")
        with pytest.raises(ContractBroken):
            client.me()
    assert [exchange.path for exchange in exchanges] == [
        "/bot<token>/setWebhook", "/bot<token>/answerCallbackQuery", "/bot<token>/getMe",
    ]  # fmt: skip
    told = repr(exchanges) + caplog.text
    assert "/bot<token>/setWebhook" in caplog.text
    assert TOKEN not in told
    assert SECRET not in told


def test_failures_do_not_hold_the_token(client_hearing: Hearing) -> None:
    def broken(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout(f"no answer from {request.url}", request=request)

    with pytest.raises(OutsideUnavailable) as failure:
        client_hearing(TelegramClient, broken, chat_id="4242", api_key=TOKEN).send_message("hello")
    assert TOKEN not in repr(failure.value.as_dict())


ERRORS: list[tuple[int, type[Failure], dict[str, Any]]] = [
    (0, OutsideRejected, {"reason": "chat_not_found"}),
    (1, OutsideRejected, {"reason": "chat_migrated", "migrate_to_chat_id": -1001234567890}),
    (2, OutsideAuthFailed, {}),
    (3, OutsideRejected, {"reason": "chat_unreachable"}),
    (4, OutsideAuthFailed, {}),
    (5, OutsideRejected, {"reason": "conflict"}),
    (6, OutsideRateLimited, {}),
    (7, OutsideUnavailable, {}),
]


@pytest.mark.parametrize(("place", "kind", "details"), ERRORS)
def test_errors_mean_failures(place: int, kind: type[Failure], details: dict[str, Any], client_hearing: Hearing, own: Own) -> None:
    error = json.loads(own("telegram", "errors.json"))[place]
    line = Line(json.dumps(error).encode(), error["error_code"])
    with pytest.raises(kind) as failure:
        client_hearing(TelegramClient, line, chat_id="4242").send_message("hello")
    assert type(failure.value) is kind
    assert failure.value.details == details
    assert failure.value.retry_after_s == (7.0 if place == 6 else None)


def test_unchanged_edit_is_fine(client_hearing: Hearing) -> None:
    line = Line(b'{"ok":false,"error_code":400,"description":"Bad Request: message is not modified: same"}', 400)
    client_hearing(TelegramClient, line, chat_id="4242").edit_message(1, "MRR is up")
    assert len(line.asked) == 1


def test_page_instead_of_json_breaks_the_contract(client_hearing: Hearing) -> None:
    with pytest.raises(ContractBroken):
        client_hearing(TelegramClient, Line(b"<html>"), chat_id="4242").send_message("hello")


@pytest.mark.parametrize(
    ("text", "buttons"),
    [
        ("", []), ("  \n", []), ("x" * 4097, []), ("\U0001f680" * 2049, []),
        ("hello", [[Button("Approve", "")]]), ("hello", [[Button("Approve", "\u00e9" * 33)]]), ("hello", [[Button(" ", "yes")]]),
    ],
)  # fmt: skip
def test_bad_messages_are_not_sent(text: str, buttons: list[list[Button]], client_hearing: Hearing) -> None:
    line = Line(b"")
    with pytest.raises(BadInput):
        client_hearing(TelegramClient, line, chat_id="4242").send_message(text, buttons=buttons)
    assert line.asked == []


def test_long_notice_is_not_sent(client_hearing: Hearing) -> None:
    line = Line(b"")
    with pytest.raises(BadInput):
        client_hearing(TelegramClient, line, chat_id="4242").answer_callback("77", "x" * 201)
    assert line.asked == []


def test_missing_chat_names_its_setting(client_hearing: Hearing) -> None:
    with pytest.raises(NotConfigured) as failure:
        client_hearing(TelegramClient, Line(b""))
    assert failure.value.field == "REVENUE_TELEGRAM__CHAT_ID"
