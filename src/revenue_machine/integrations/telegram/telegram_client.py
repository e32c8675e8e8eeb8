"""How we speak to Telegram: one chat, plain text, buttons; the token never leaves the request itself."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import httpx2
from pydantic import ValidationError

from revenue_machine.integrations.telegram.wire import (
    DoneAnswer,
    EditAnswer,
    ErrorAnswer,
    MeAnswer,
    MessageAnswer,
    Update,
    UpdatesAnswer,
    User,
)
from revenue_machine.kit.errors import BadInput, Failure, OutsideAuthFailed, OutsideRateLimited, OutsideRejected
from revenue_machine.kit.messages import MAX_TEXT, text_units
from revenue_machine.kit.service import Exchange, ServiceClient, missing
from revenue_machine.kit.settings import ServiceSettings

T = TypeVar("T")
MAX_DATA_BYTES = 64
MAX_NOTICE = 200
MOST_WAIT_S = 25
UPDATE_KINDS = ("message", "edited_message", "callback_query")
# A preview is fetched by the messenger the moment a message stands: whoever gets an address into a question would be called.
_NO_PREVIEW = {"link_preview_options": {"is_disabled": True}}
_USER_ID = re.compile(r"[1-9][0-9]{0,18}")
_TOKEN_IN_URL = re.compile(r"/bot[^/\s\"]+")


@dataclass(frozen=True)
class Button:
    """An inline button; `data` (1-64 bytes) comes back in the callback query of a tap."""

    text: str
    data: str


class _TokenFilter(logging.Filter):
    """The HTTP library logs every URL at INFO, and Telegram's URLs hold the token."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        hidden = _TOKEN_IN_URL.sub("/bot<token>", text)
        if hidden != text:
            record.msg, record.args = hidden, ()
        return True


_FILTER = _TokenFilter()
logging.getLogger("httpx2").addFilter(_FILTER)


class TelegramClient(ServiceClient):
    """The bot's side of one chat. Sending has no idempotency key and cannot be looked up afterwards."""

    service: ClassVar[str] = "telegram"

    def send_message(self, text: str, *, buttons: Sequence[Sequence[Button]] | None = None) -> int:
        """Send plain text with rows of buttons; returns the message id. Raises `bad_input` beyond 4096 characters."""
        body = {"chat_id": self._chat_id(), "text": _checked_text(text), **_NO_PREVIEW, **_keyboard(buttons)}
        return self._call("sendMessage", MessageAnswer, body).result.message_id

    def edit_message(self, message_id: int, text: str, *, buttons: Sequence[Sequence[Button]] | None = None) -> None:
        """Replace text and buttons of a message of ours (no buttons: they go); the same text again is fine."""
        said = {"text": _checked_text(text), **_NO_PREVIEW, **_keyboard(buttons)}
        body = {"chat_id": self._chat_id(), "message_id": message_id, **said}
        try:
            self._call("editMessageText", EditAnswer, body)
        except OutsideRejected as refusal:
            if refusal.details.get("reason") != "not_modified":
                raise

    def answer_callback(self, callback_query_id: str, text: str = "") -> None:
        """Stop the waiting sign on a tapped button, with a short notice (at most 200 characters)."""
        if len(text) > MAX_NOTICE:
            raise BadInput(f"a notice has at most {MAX_NOTICE} characters", field="text")
        self._call("answerCallbackQuery", DoneAnswer, {"callback_query_id": callback_query_id, "text": text})

    def get_updates(self, offset: int | None = None, *, limit: int = 100, wait_s: int = 0) -> list[Update]:
        """What happened since; `offset` is one above the last update seen and confirms all before it.

        With `wait_s` (at most 25) Telegram answers as soon as something happens, or with nothing after that long.
        """
        body: dict[str, Any] = {"limit": limit, "timeout": min(wait_s, MOST_WAIT_S), "allowed_updates": list(UPDATE_KINDS)}
        if offset is not None:
            body["offset"] = offset
        return self._call("getUpdates", UpdatesAnswer, body).result

    def set_webhook(self, url: str) -> None:
        """Have updates delivered to our https address, proven by the webhook secret of the settings."""
        secret = self.link.settings.webhook_secret
        if secret is None:
            raise missing(self.link.manifest, "webhook_secret")
        body = {"url": url, "secret_token": secret.get_secret_value(), "allowed_updates": list(UPDATE_KINDS)}
        self._call("setWebhook", DoneAnswer, body)

    def delete_webhook(self) -> None:
        """Back to asking with `get_updates`; what is pending stays."""
        self._call("deleteWebhook", DoneAnswer, {})

    def me(self) -> User:
        """The bot itself: proves that the token works."""
        return self._call("getMe", MeAnswer, {}).result

    def auth_headers(self) -> dict[str, str]:
        return {}

    def rejection(self, status: int, payload: Any) -> Failure | None:
        try:
            error = ErrorAnswer.model_validate(payload)
        except ValidationError:
            return None
        return _meaning(status, error)

    def _call(self, method: str, answer: type[T], body: dict[str, Any]) -> T:
        return self.post(f"/bot{self.link.api_key}/{method}", answer, body)

    def _exchange(self, method: str, path: str, request: httpx2.Request, response: httpx2.Response) -> Exchange:
        """As the base records it, without token and webhook secret."""
        plain = super()._exchange(method, _TOKEN_IN_URL.sub("/bot<token>", path), request, response)
        return Exchange(
            plain.service, plain.method, plain.path, self._hidden(plain.request_text), plain.status, self._hidden(plain.answer_text)
        )

    def _hidden(self, text: str) -> str:
        settings = self.link.settings
        for secret in (settings.api_key, settings.webhook_secret, settings.webhook_secret_old):
            if secret is not None and secret.get_secret_value():
                text = text.replace(secret.get_secret_value(), "<secret>")
        return text

    def _chat_id(self) -> int | str:
        """Numbers as numbers, `@channel` names as text."""
        text = self.link.need("chat_id").strip()
        return int(text) if re.fullmatch(r"-?[0-9]{1,19}", text) else text


def approver_ids(settings: ServiceSettings) -> frozenset[int]:
    """Telegram user ids that may decide.

    `REVENUE_TELEGRAM__APPROVER_IDS` names them. Without it nobody may in a group, and in a private chat the one person it
    is with: a private chat has that person's id.
    """
    named, chat = settings.option("approver_ids"), (settings.option("chat_id") or "").strip()
    if named is None:
        return frozenset({int(chat)} if _USER_ID.fullmatch(chat) else ())
    ids = [one.strip() for one in named.split(",") if one.strip()]
    if not all(_USER_ID.fullmatch(one) for one in ids):
        raise BadInput("approver ids are Telegram user numbers, parted by commas", field="REVENUE_TELEGRAM__APPROVER_IDS")
    return frozenset(int(one) for one in ids)


def _meaning(status: int, error: ErrorAnswer) -> Failure | None:
    """The failure behind a refusal; None leaves faults of the server (5xx) to the base."""
    after, moved = error.parameters.retry_after, error.parameters.migrate_to_chat_id
    if status == 429:
        return OutsideRateLimited("Telegram asks for fewer messages", retry_after_s=None if after is None else float(after))
    if status in (401, 404):
        return OutsideAuthFailed("Telegram does not know this bot token")
    if moved is not None:
        why = f"the group has moved: set REVENUE_TELEGRAM__CHAT_ID to {moved}"
        return OutsideRejected(why, reason="chat_migrated", migrate_to_chat_id=moved)
    if status in _REASONS:
        said = error.description.lower()
        reason = next(reason for words, reason in _REASONS[status] if words in said)
        return OutsideRejected(f"Telegram refused: {error.description}", reason=reason)
    return None


# By HTTP status: words of the description, and the stable word that we give for them.
_REASONS = {
    400: (
        ("message is not modified", "not_modified"),
        ("chat not found", "chat_not_found"),
        ("query is too old", "query_too_old"),
        ("message to edit not found", "message_not_found"),
        ("", "bad_request"),
    ),
    403: (("", "chat_unreachable"),),
    409: (("", "conflict"),),
}


def _checked_text(text: str) -> str:
    if not text.strip():
        raise BadInput("a message needs text", field="text")
    if text_units(text) > MAX_TEXT:
        raise BadInput(f"a message has at most {MAX_TEXT} characters; split it first", field="text")
    return text


def _keyboard(buttons: Sequence[Sequence[Button]] | None) -> dict[str, Any]:
    rows = [[_button(button) for button in row] for row in buttons or () if row]
    return {"reply_markup": {"inline_keyboard": rows}} if rows else {}


def _button(button: Button) -> dict[str, str]:
    if not 1 <= len(button.data.encode()) <= MAX_DATA_BYTES:
        raise BadInput(f"button data has 1 to {MAX_DATA_BYTES} bytes", field="buttons")
    if not button.text.strip():
        raise BadInput("a button needs a label", field="buttons")
    return {"text": button.text, "callback_data": button.data}
