"""A pretend Telegram: one bot, its chats, taps and updates, read from the Bot API's published contract."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from email import message_from_bytes
from typing import Any

from revenue_machine.kit.clock import iso, parse_instant
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, FakeState, HookOut, answer_json

Params = dict[str, Any]
BOT = {"id": 7000000001, "is_bot": True, "first_name": "Revenue", "username": "revenue_sandbox_bot"}
# One message a second per chat on average; the contract allows short bursts above it and does not say how long.
BURST_MESSAGES = 60
# How long a tap may wait for its answer; the contract only says that an old one is refused.
TAP_LIVES = timedelta(minutes=15)
_FIRST_UPDATE = 500000000


class _Refusal(Exception):
    """A documented error answer on its way out."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


def respond(state: FakeState, request: FakeRequest) -> FakeResponse:
    """Answer one Bot API call: GET or POST, parameters from query, form, multipart or JSON."""
    try:
        return answer_json(200, {"ok": True, "result": _method(state, request.path)(state, _params(request))})
    except _Refusal as refusal:
        payload: dict[str, Any] = {"ok": False, "error_code": refusal.code, "description": refusal.description}
        if refusal.parameters:
            payload["parameters"] = refusal.parameters
        return answer_json(refusal.code, payload)


def _method(state: FakeState, path: str) -> Callable[[FakeState, Params], Any]:
    """The method a path names (in any case), once the token before it is ours."""
    parts = path.strip("/").split("/")
    method = _METHODS.get(parts[-1].lower())
    if len(parts) != 2 or not parts[0].startswith("bot") or method is None:
        raise _Refusal(404, "Not Found")
    if parts[0] != f"bot{state.api_key}":
        raise _Refusal(401, "Unauthorized")
    return method


def hook_headers(state: FakeState, hook_key: str, body: bytes) -> dict[str, str]:
    """The secret given with `setWebhook`; a webhook set without one sends no header."""
    secret = (state.get("webhook", "set") or {}).get("secret_token", state.webhook_secret)
    headers = {"content-type": "application/json"}
    return {**headers, "x-telegram-bot-api-secret-token": secret} if secret else headers


def _params(request: FakeRequest) -> Params:
    kind = request.headers.get("content-type", "")
    params: Params = dict(request.query)
    if kind.startswith("application/json"):
        sent = request.json()
        if request.body and not isinstance(sent, dict):
            raise _Refusal(400, "Bad Request: can't parse JSON object")
        return {**params, **(sent or {})}
    if kind.startswith("multipart/form-data"):
        return {**params, **_multipart(kind, request.body)}
    return {**params, **request.form()}


def _multipart(kind: str, body: bytes) -> Params:
    message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    found: Params = {}
    for part in message.get_payload() if message.is_multipart() else []:
        name = part.get_param("name", header="content-disposition")  # type: ignore[union-attr]
        content = part.get_payload(decode=True)  # type: ignore[union-attr]
        if isinstance(name, str) and isinstance(content, bytes):
            found[name] = content.decode("utf-8", "replace")
    return found


def _structure(params: Params, name: str) -> Any:
    """A parameter that is JSON-serialised text in a form and plain JSON in a JSON body."""
    value = params.get(name)
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise _Refusal(400, f"Bad Request: can't parse {name} JSON object") from None


def _number(params: Params, name: str, default: int | None = None) -> int | None:
    value = params.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or re.fullmatch(r"-?[0-9]{1,18}", str(value)) is None:
        raise _Refusal(400, f"Bad Request: invalid {name} specified")
    return int(value)


def _chat(state: FakeState, params: Params) -> dict[str, Any]:
    """The chat a call is about; blocked and migrated chats refuse as the contract says."""
    text = str(params.get("chat_id", ""))
    if not text:
        raise _Refusal(400, "Bad Request: chat_id is empty")
    if re.fullmatch(r"-?[1-9][0-9]{0,18}", text) is None:
        raise _Refusal(400, "Bad Request: chat not found")
    if state.get("blocked", text):
        raise _Refusal(403, "Forbidden: bot was blocked by the user")
    moved = state.get("migrated", text)
    if moved:
        raise _Refusal(
            400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=moved["migrate_to_chat_id"]
        )
    return _chat_object(int(text))


def _chat_object(chat_id: int) -> dict[str, Any]:
    if chat_id > 0:
        return {"id": chat_id, "type": "private", "first_name": _first_name(chat_id)}
    return {"id": chat_id, "type": "supergroup" if chat_id < -1000000000000 else "group", "title": "Growth room"}


def _first_name(user_id: int) -> str:
    return f"Person {user_id}"


def _text(params: Params) -> str:
    """The text that would show, trimmed: 1-4096 characters after entity parsing."""
    text = str(params.get("text", ""))
    shown = text.strip()
    if str(params.get("parse_mode", "")).lower() == "html":
        shown = re.sub(r"</?(b|i|u|s|a|code|pre|strong|em|del|ins|tg-spoiler|blockquote)(\s[^<>]*)?>", "", shown)
        if "<" in shown:
            raise _Refusal(400, "Bad Request: can't parse entities: unsupported start tag")
    if not shown:
        raise _Refusal(400, "Bad Request: message text is empty")
    if len(shown.encode("utf-16-le", "surrogatepass")) // 2 > 4096:
        raise _Refusal(400, "Bad Request: message is too long")
    return shown


def _markup(params: Params) -> dict[str, Any] | None:
    markup = _structure(params, "reply_markup")
    if markup is None:
        return None
    rows = markup.get("inline_keyboard") if isinstance(markup, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise _Refusal(400, "Bad Request: object expected as reply markup")
    for button in (button for row in rows for button in row):
        _check_button(button)
    return {"inline_keyboard": rows}


def _check_button(button: Any) -> None:
    if not isinstance(button, dict) or not str(button.get("text", "")).strip():
        raise _Refusal(400, "Bad Request: text buttons are unallowed in the inline keyboard")
    if "callback_data" in button:
        if not 1 <= len(str(button["callback_data"]).encode()) <= 64:
            raise _Refusal(400, "Bad Request: BUTTON_DATA_INVALID")
    elif "url" not in button:
        raise _Refusal(400, "Bad Request: text buttons are unallowed in the inline keyboard")


def _stamp(instant: datetime) -> int:
    return int(instant.timestamp())


def _spend(state: FakeState, chat_id: int) -> None:
    """One message out of the chat's allowance; 429 with the seconds to wait when it is used up."""
    now = state.now()
    left = float(BURST_MESSAGES)
    known = state.get("allowance", str(chat_id))
    if known:
        passed_s = (now - parse_instant(known["at"])).total_seconds()
        left = min(left, known["left"] + passed_s)
    if left < 1:
        wait_s = max(1, math.ceil(1 - left))
        raise _Refusal(429, f"Too Many Requests: retry after {wait_s}", retry_after=wait_s)
    state.put("allowance", str(chat_id), {"left": left - 1, "at": iso(now)})


def _send_message(state: FakeState, params: Params) -> dict[str, Any]:
    chat, text, markup = _chat(state, params), _text(params), _markup(params)
    _spend(state, chat["id"])
    message = {"message_id": state.next_number("message"), "from": BOT, "chat": chat, "date": _stamp(state.now()), "text": text}
    if markup:
        message["reply_markup"] = markup
    state.put("message", str(message["message_id"]), message)
    return message


def _edit_message(state: FakeState, params: Params) -> dict[str, Any]:
    chat, message_id = _chat(state, params), _number(params, "message_id")
    message = state.get("message", str(message_id))
    if message is None or message["chat"]["id"] != chat["id"]:
        raise _Refusal(400, "Bad Request: message to edit not found")
    if message["from"] != BOT:
        raise _Refusal(400, "Bad Request: message can't be edited")
    text, markup = _text(params), _markup(params)
    if (message["text"], message.get("reply_markup")) == (text, markup):
        raise _Refusal(
            400,
            "Bad Request: message is not modified: specified new message content and reply markup are exactly the same "
            "as a current content and reply markup of the message",
        )
    edited = {**message, "text": text, "edit_date": _stamp(state.now())}
    edited.pop("reply_markup", None)
    if markup:
        edited["reply_markup"] = markup
    state.put("message", str(message_id), edited)
    return edited


def _answer_callback(state: FakeState, params: Params) -> bool:
    tap = state.get("tap", str(params.get("callback_query_id", "")))
    if tap is None or state.now() - parse_instant(tap["at"]) > TAP_LIVES:
        raise _Refusal(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
    notice = str(params.get("text", ""))
    if len(notice) > 200:
        raise _Refusal(400, "Bad Request: MESSAGE_TOO_LONG")
    state.put("tap", tap["id"], {**tap, "answered": True, "notice": notice})
    return True


def _get_updates(state: FakeState, params: Params) -> list[dict[str, Any]]:
    """Earliest first; an offset confirms what lies before it, a negative one keeps only the newest."""
    if state.get("webhook", "set"):
        raise _Refusal(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete it first")
    _remember_kinds(state, params)
    offset, limit = _number(params, "offset", 0) or 0, _number(params, "limit", 100) or 100
    waiting = state.list("update")
    if offset < 0:
        offset = waiting[max(0, len(waiting) + offset)]["update_id"] if waiting else 0
    for update in waiting:
        if update["update_id"] < offset:
            state.drop("update", str(update["update_id"]))
    return [update for update in waiting if update["update_id"] >= offset][: max(1, min(limit, 100))]


def _set_webhook(state: FakeState, params: Params) -> bool:
    url, secret = str(params.get("url", "")), params.get("secret_token")
    if not url:
        return _delete_webhook(state, params)
    if not url.startswith("https://"):
        raise _Refusal(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
    if secret is not None and re.fullmatch(r"[A-Za-z0-9_-]{1,256}", str(secret)) is None:
        raise _Refusal(400, "Bad Request: secret token contains unallowed characters")
    _remember_kinds(state, params)
    _forget_pending(state, params)
    _activate(state, url, str(secret) if secret is not None else "")
    return True


def _activate(state: FakeState, url: str, secret: str) -> None:
    """From now on updates are delivered; those still waiting go first."""
    state.put("webhook", "set", {"url": url, "secret_token": secret})
    for update in state.list("update"):
        state.drop("update", str(update["update_id"]))
        _deliver(state, update)


def _delete_webhook(state: FakeState, params: Params) -> bool:
    _forget_pending(state, params)
    state.drop("webhook", "set")
    return True


def _webhook_info(state: FakeState, params: Params) -> dict[str, Any]:
    url = (state.get("webhook", "set") or {"url": ""})["url"]
    return {"url": url, "has_custom_certificate": False, "pending_update_count": state.count("update")}


def _get_me(state: FakeState, params: Params) -> dict[str, Any]:
    return {**BOT, "can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}


def _remember_kinds(state: FakeState, params: Params) -> None:
    """`allowed_updates` stands until it is given again; an empty list means the usual kinds."""
    kinds = _structure(params, "allowed_updates")
    if kinds is not None:
        state.put("kinds", "allowed", {"kinds": list(kinds)})


def _forget_pending(state: FakeState, params: Params) -> None:
    if str(params.get("drop_pending_updates", "")).lower() in ("true", "1"):
        for update in state.list("update"):
            state.drop("update", str(update["update_id"]))


def _happen(state: FakeState, kind: str, thing: dict[str, Any]) -> None:
    """Something happened that the bot may hear of: queued, or delivered when a webhook is set."""
    allowed = (state.get("kinds", "allowed") or {"kinds": []})["kinds"]
    if allowed and kind not in allowed:
        return
    update = {"update_id": _FIRST_UPDATE + state.next_number("update"), kind: thing}
    if state.get("webhook", "set"):
        _deliver(state, update)
    else:
        state.put("update", str(update["update_id"]), update)


def _deliver(state: FakeState, update: dict[str, Any]) -> None:
    body = json.dumps(update, separators=(",", ":"), ensure_ascii=False).encode()
    state.send_hook(HookOut(str(update["update_id"]), body, state.now()))


def _person(user_id: int) -> dict[str, Any]:
    return {"id": user_id, "is_bot": False, "first_name": _first_name(user_id), "language_code": "en"}


def public_messages(state: FakeState) -> list[dict[str, Any]]:
    """What people see of the bot, oldest first: message_id, chat_id, text, buttons (rows of text and data), times (ISO)."""
    return [_seen(message) for message in state.list("message") if message["from"] == BOT]


def _seen(message: dict[str, Any]) -> dict[str, Any]:
    rows = message.get("reply_markup", {"inline_keyboard": []})["inline_keyboard"]
    return {
        "message_id": message["message_id"],
        "chat_id": message["chat"]["id"],
        "text": message["text"],
        "buttons": [[{"text": button["text"], "data": button.get("callback_data", "")} for button in row] for row in rows],
        "sent_at": _readable(message["date"]),
        "edited_at": _readable(message["edit_date"]) if "edit_date" in message else None,
    }


def _readable(seconds: int) -> str:
    return iso(parse_instant("1970-01-01T00:00:00+00:00") + timedelta(seconds=seconds))


def public_tap(state: FakeState, user_id: int, data: str, message_id: int) -> str:
    """Somebody taps a button under a message (a modified app may send any data); returns the callback query's id."""
    message = state.get("message", str(message_id))
    if message is None:
        raise LookupError(f"there is no message {message_id}")
    tap_id = str(4400000000000000000 + state.next_number("tap"))
    state.put("tap", tap_id, {"id": tap_id, "at": iso(state.now()), "answered": False, "notice": ""})
    query = {"id": tap_id, "from": _person(user_id), "message": message, "chat_instance": str(message["chat"]["id"]), "data": data}
    _happen(state, "callback_query", query)
    return tap_id


def public_notice(state: FakeState, tap_id: str) -> str | None:
    """What the tapping person saw as an answer; None while the button still waits."""
    tap = state.get("tap", tap_id)
    return tap["notice"] if tap and tap["answered"] else None


def public_say(state: FakeState, user_id: int, text: str, chat_id: int | None = None, reply_to: int | None = None) -> int:
    """Somebody writes to the bot, in private unless a group is named, maybe in answer to a message; returns the message id."""
    chat = _chat_object(user_id if chat_id is None else chat_id)
    message_id = state.next_number("message")
    message = {"message_id": message_id, "from": _person(user_id), "chat": chat, "date": _stamp(state.now()), "text": text}
    if reply_to is not None:
        message["reply_to_message"] = state.get("message", str(reply_to))
    state.put("message", str(message_id), message)
    _happen(state, "message", message)
    return message_id


def public_block(state: FakeState, chat_id: int) -> None:
    """The person blocks the bot; every message to that chat is refused from now on."""
    state.put("blocked", str(chat_id), {"at": iso(state.now())})


def public_migrate(state: FakeState, chat_id: int, new_chat_id: int) -> None:
    """The group becomes a supergroup with another id."""
    state.put("migrated", str(chat_id), {"migrate_to_chat_id": new_chat_id})


def public_set_webhook(state: FakeState, url: str) -> None:
    """The owner has set the webhook by hand, with the secret the product knows."""
    _activate(state, url, state.webhook_secret)


_METHODS: dict[str, Callable[[FakeState, Params], Any]] = {
    "sendmessage": _send_message,
    "editmessagetext": _edit_message,
    "answercallbackquery": _answer_callback,
    "getupdates": _get_updates,
    "setwebhook": _set_webhook,
    "deletewebhook": _delete_webhook,
    "getwebhookinfo": _webhook_info,
    "getme": _get_me,
}
