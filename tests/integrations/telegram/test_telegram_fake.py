"""The pretend Telegram behaves as the Bot API says, for our client and for any other bot library."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from revenue_machine.integrations.telegram import fake, hook
from revenue_machine.integrations.telegram.telegram_client import Button, TelegramClient
from revenue_machine.kit.errors import OutsideAuthFailed, OutsideRateLimited, OutsideRejected
from revenue_machine.kit.fakeserver import FakeRequest
from revenue_machine.kit.hooks import HookRequest
from revenue_machine.kit.ids import canonical_json
from revenue_machine.kit.settings import sandbox_webhook_secret
from revenue_machine.sandbox.store import ServiceState, WorldStore
from revenue_machine.sandbox.vendors import Outside

Make = Callable[..., TelegramClient]
OWNER, STRANGER = 4242, 666
LONG_DATA = {"inline_keyboard": [[{"text": "a", "callback_data": "\u00e9" * 33}]]}


@pytest.fixture
def client(client_of: Make) -> TelegramClient:
    return client_of(TelegramClient, chat_id=str(OWNER))


@pytest.fixture
def state(outside: Outside) -> ServiceState:
    return outside.state("telegram")


def call(state: ServiceState, method: str, token: str | None = None, **body: Any) -> tuple[int, Any]:
    path = f"/bot{state.api_key if token is None else token}/{method}"
    answer = fake.respond(state, FakeRequest("POST", path, (), {"content-type": "application/json"}, json.dumps(body).encode()))
    return answer.status, json.loads(answer.body)


def test_sent_message_looks_like_the_fixture(state: ServiceState, own: Callable[[str, str], bytes]) -> None:
    wanted = json.loads(own("telegram", "send_message.json"))
    buttons = wanted["result"]["reply_markup"]
    assert call(state, "sendMessage", chat_id=OWNER, text="MRR is up", reply_markup=buttons) == (200, wanted)


def test_people_see_what_the_bot_said(client: TelegramClient, state: ServiceState) -> None:
    message_id = client.send_message("Approve the offer?", buttons=[[Button("Yes", "n1:y"), Button("No", "n1:n")]])
    client.edit_message(message_id, "Approved")
    client.edit_message(message_id, "Approved")
    assert fake.public_messages(state) == [
        {
            "message_id": 1, "chat_id": OWNER, "text": "Approved", "buttons": [],
            "sent_at": "2026-11-22T06:00:00+00:00", "edited_at": "2026-11-22T06:00:00+00:00",
        }
    ]  # fmt: skip


def test_tap_comes_back_and_is_answered(client: TelegramClient, state: ServiceState) -> None:
    message_id = client.send_message("Approve?", buttons=[[Button("Yes", "n1:y")]])
    tap_id = fake.public_tap(state, STRANGER, "n1:y", message_id)
    [update] = client.get_updates()
    assert update.callback_query is not None
    assert (update.callback_query.id, update.callback_query.sender.id, update.callback_query.data) == (tap_id, STRANGER, "n1:y")
    assert update.callback_query.message is not None
    assert update.callback_query.message.chat.id == OWNER
    assert fake.public_notice(state, tap_id) is None
    client.answer_callback(tap_id, "done")
    assert fake.public_notice(state, tap_id) == "done"


def test_old_tap_is_refused(client: TelegramClient, state: ServiceState) -> None:
    tap_id = fake.public_tap(state, OWNER, "n1:y", client.send_message("Approve?"))
    state.store.move_to(state.now() + timedelta(minutes=16))
    with pytest.raises(OutsideRejected) as refusal:
        client.answer_callback(tap_id)
    assert refusal.value.details == {"reason": "query_too_old"}


def test_offset_confirms_updates(client: TelegramClient, state: ServiceState) -> None:
    for text in ("one", "two", "three"):
        fake.public_say(state, OWNER, text)
    seen = client.get_updates()
    assert [update.message and update.message.text for update in seen] == ["one", "two", "three"]
    assert [update.update_id for update in client.get_updates(limit=2)] == [seen[0].update_id, seen[1].update_id]
    assert [update.update_id for update in client.get_updates(seen[2].update_id)] == [seen[2].update_id]
    assert [update.update_id for update in client.get_updates()] == [seen[2].update_id]
    assert client.get_updates(seen[2].update_id + 1) == []


def test_negative_offset_keeps_the_newest(state: ServiceState) -> None:
    for text in ("one", "two", "three"):
        fake.public_say(state, OWNER, text)
    _, answer = call(state, "getUpdates", offset=-1)
    assert [update["message"]["text"] for update in answer["result"]] == ["three"]
    assert call(state, "getWebhookInfo")[1]["result"]["pending_update_count"] == 1


def test_webhook_and_polling_exclude_each_other(client: TelegramClient, state: ServiceState) -> None:
    client.set_webhook("https://me.example.com/hooks/telegram")
    with pytest.raises(OutsideRejected) as refusal:
        client.get_updates()
    assert refusal.value.details == {"reason": "conflict"}
    client.delete_webhook()
    assert client.get_updates() == []


def hooks(state: ServiceState) -> list[tuple[str, bytes]]:
    return [(row[0], row[1]) for row in state.store.run("select key, body from hooks where service = 'telegram' order by place")]


def test_webhook_gets_waiting_and_new_updates(client: TelegramClient, state: ServiceState) -> None:
    fake.public_say(state, OWNER, "before")
    client.set_webhook("https://me.example.com/hooks/telegram")
    fake.public_say(state, OWNER, "after")
    texts = [json.loads(body)["message"]["text"] for _, body in hooks(state)]
    assert texts == ["before", "after"]
    key, body = hooks(state)[1]
    request = HookRequest(fake.hook_headers(state, key, body), body)
    hook.verify(request, [sandbox_webhook_secret("telegram")], state.now())
    assert (hook.read(request).external_id, hook.read(request).kind) == (key, "message")


def test_webhook_without_secret_sends_no_header(state: ServiceState) -> None:
    assert call(state, "setWebhook", url="https://me.example.com/")[0] == 200
    assert "x-telegram-bot-api-secret-token" not in fake.hook_headers(state, "1", b"{}")


def test_owner_may_set_the_webhook(state: ServiceState) -> None:
    fake.public_set_webhook(state, "https://me.example.com/hooks/telegram")
    headers = fake.hook_headers(state, "1", b"{}")
    assert headers["x-telegram-bot-api-secret-token"] == sandbox_webhook_secret("telegram")


def test_only_allowed_kinds_are_queued(state: ServiceState) -> None:
    call(state, "getUpdates", allowed_updates=["callback_query"])
    fake.public_say(state, OWNER, "not wanted")
    assert call(state, "getUpdates")[1]["result"] == []
    call(state, "getUpdates", allowed_updates=[])
    fake.public_say(state, OWNER, "wanted")
    assert len(call(state, "getUpdates")[1]["result"]) == 1


def test_flood_is_told_to_wait(client: TelegramClient, state: ServiceState) -> None:
    for _ in range(fake.BURST_MESSAGES):
        client.send_message("tick")
    with pytest.raises(OutsideRateLimited) as refusal:
        client.send_message("tick")
    assert refusal.value.retry_after_s == 1.0
    assert len(fake.public_messages(state)) == fake.BURST_MESSAGES
    state.store.move_to(state.now() + timedelta(seconds=1))
    client.send_message("tick")
    with pytest.raises(OutsideRateLimited):
        client.send_message("tick")


def test_blocked_and_moved_chats_refuse(client: TelegramClient, client_of: Make, state: ServiceState) -> None:
    fake.public_block(state, OWNER)
    with pytest.raises(OutsideRejected) as blocked:
        client.send_message("hello")
    assert blocked.value.details == {"reason": "chat_unreachable"}
    fake.public_migrate(state, -77, -1001234567890)
    with pytest.raises(OutsideRejected) as moved:
        client_of(TelegramClient, chat_id="-77").send_message("hello")
    assert moved.value.details == {"reason": "chat_migrated", "migrate_to_chat_id": -1001234567890}
    assert fake.public_messages(state) == []


def test_unknown_token_is_refused(client_of: Make) -> None:
    with pytest.raises(OutsideAuthFailed):
        client_of(TelegramClient, chat_id="4242", api_key="123:other").me()


@pytest.mark.parametrize(
    ("body", "description"),
    [
        ({"text": "hi"}, "Bad Request: chat_id is empty"),
        ({"chat_id": 0, "text": "hi"}, "Bad Request: chat not found"),
        ({"chat_id": "nobody", "text": "hi"}, "Bad Request: chat not found"),
        ({"chat_id": OWNER}, "Bad Request: message text is empty"),
        ({"chat_id": OWNER, "text": " \n"}, "Bad Request: message text is empty"),
        ({"chat_id": OWNER, "text": "x" * 4097}, "Bad Request: message is too long"),
        ({"chat_id": OWNER, "text": "<b></b>", "parse_mode": "HTML"}, "Bad Request: message text is empty"),
        ({"chat_id": OWNER, "text": "<x>", "parse_mode": "HTML"}, "Bad Request: can't parse entities: unsupported start tag"),
        ({"chat_id": OWNER, "text": "hi", "reply_markup": "{"}, "Bad Request: can't parse reply_markup JSON object"),
        ({"chat_id": OWNER, "text": "hi", "reply_markup": {}}, "Bad Request: object expected as reply markup"),
        (
            {
                "chat_id": OWNER,
                "text": "hi",
                "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "\u00e9" * 33}]]},
            },
            "Bad Request: BUTTON_DATA_INVALID",
        ),
    ],
)
def test_bad_messages_are_refused(body: dict[str, Any], description: str, state: ServiceState) -> None:
    assert call(state, "sendMessage", **body) == (400, {"ok": False, "error_code": 400, "description": description})
    assert fake.public_messages(state) == []


def test_longest_texts_and_data_pass(state: ServiceState) -> None:
    keyboard = {"inline_keyboard": [[{"text": "a", "callback_data": "\u00e9" * 32}]]}
    assert call(state, "sendMessage", chat_id=OWNER, text="x" * 4096, reply_markup=keyboard)[0] == 200
    assert call(state, "sendMessage", chat_id=OWNER, text="<b>" + "x" * 4096 + "</b>", parse_mode="HTML")[0] == 200


def test_parameters_come_in_any_form(state: ServiceState) -> None:
    path = f"/bot{state.api_key}/SENDMESSAGE"
    keyboard = '{"inline_keyboard":[[{"text":"a","callback_data":"b"}]]}'
    form = {"content-type": "application/x-www-form-urlencoded"}
    parts = {"content-type": "multipart/form-data; boundary=cut"}
    body = (
        '--cut\r\nContent-Disposition: form-data; name="chat_id"\r\n\r\n4242\r\n'
        f'--cut\r\nContent-Disposition: form-data; name="reply_markup"\r\n\r\n{keyboard}\r\n'
        '--cut\r\nContent-Disposition: form-data; name="text"\r\n\r\nÜber\r\n--cut--\r\n'
    )
    for request in (
        FakeRequest("GET", path, (("chat_id", "4242"), ("text", "Über"), ("reply_markup", keyboard))),
        FakeRequest("POST", path, (), form, b"chat_id=4242&text=%C3%9Cber&reply_markup=" + keyboard.encode()),
        FakeRequest("POST", path, (), parts, body.encode()),
    ):
        assert fake.respond(state, request).status == 200
    seen = fake.public_messages(state)
    assert [(message["text"], message["buttons"]) for message in seen] == [("Über", [[{"text": "a", "data": "b"}]])] * 3


@pytest.mark.parametrize(
    ("url", "secret", "status"), [("http://me.example.com/", "a", 400), ("https://me.example.com/", "a b", 400), ("", "", 200)]
)
def test_webhook_settings_are_checked(url: str, secret: str, status: int, state: ServiceState) -> None:
    assert call(state, "setWebhook", url=url, secret_token=secret)[0] == status
    assert state.get("webhook", "set") is None


def test_same_world_gives_same_bytes(tmp_path: Path) -> None:
    logs = []
    for name in ("one", "two"):
        store = WorldStore(tmp_path / name)
        outside = Outside(store, 7)
        state = outside.state("telegram")
        store.set_setting("now", "2026-11-22T06:00:00+00:00")
        fake.public_say(state, OWNER, "/start")
        logs.append(canonical_json([call(state, "sendMessage", chat_id=OWNER, text="hi"), call(state, "getUpdates")]))
        store.close()
    assert logs[0] == logs[1]


def test_methods_and_fields_are_published(shared: Path, state: ServiceState) -> None:
    contract = json.loads((shared / "contracts" / "telegram" / "bot_api.trimmed.json").read_bytes())
    assert set(fake._METHODS) <= {name.lower() for name in contract["methods"]}
    sent = call(state, "sendMessage", chat_id=OWNER, text="hi")[1]["result"]
    fake.public_tap(state, OWNER, "x", sent["message_id"])
    [update] = call(state, "getUpdates")[1]["result"]
    info, me = call(state, "getWebhookInfo")[1]["result"], call(state, "getMe")[1]["result"]
    things = [("Message", sent), ("User", sent["from"]), ("Chat", sent["chat"]), ("Update", update), ("WebhookInfo", info)]
    for kind, thing in [*things, ("CallbackQuery", update["callback_query"]), ("User", me)]:
        fields = {field["name"]: field["required"] for field in contract["types"][kind]["fields"]}
        assert set(thing) <= set(fields), kind
        assert {name for name, needed in fields.items() if needed} <= set(thing), kind
