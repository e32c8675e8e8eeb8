"""How Instagram's messages are asked for, and what its refusals mean."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar

from revenue_machine.integrations.direct_message.wire import (
    DirectMessage,
    InstagramConversation,
    InstagramConversations,
    InstagramMe,
    InstagramSent,
    Recipient,
    SentMessage,
)
from revenue_machine.kit.errors import Failure, OutsideAuthFailed, OutsideRateLimited, OutsideRejected, OutsideUnavailable
from revenue_machine.kit.service import ServiceClient, ServiceLink

VERSION = "v24.0"
WINDOW = timedelta(hours=24)
MAX_PAGES = 200
_FIELDS = "id,participants,messages{id,created_time,from,message}"
_LIMIT_CODES = (4, 17, 32, 613, 80002)
_WINDOW_SUBCODES = (2534022, 2018278)


class InstagramLine(ServiceClient):
    """Instagram API with Instagram login, in the name of one professional account."""

    service: ClassVar[str] = "direct_message"

    def __init__(self, link: ServiceLink) -> None:
        super().__init__(link)
        self._own_id: str | None = None

    def own_id(self) -> str:
        """The id of the account that writes; asked once."""
        if self._own_id is None:
            self._own_id = self.get(f"/{VERSION}/me", InstagramMe, {"fields": "user_id,username"}).user_id
        return self._own_id

    def recipient(self, handle: str) -> Recipient | None:
        """A person by handle, among those who have written: Instagram finds nobody else."""
        wanted = handle.removeprefix("@").lower()
        for talk in self._conversations():
            for one in talk.participants.data:
                if (one.username or "").lower() == wanted and one.id != self.own_id():
                    return Recipient("instagram", one.id, one.username or wanted, None)
        return None

    def send(self, person_id: str, text: str) -> SentMessage:
        """Answer a person who wrote within the last 24 hours."""
        body = {"recipient": {"id": person_id}, "message": {"text": text}}
        return SentMessage("instagram", self.post(f"/{VERSION}/me/messages", InstagramSent, body).message_id, person_id)

    def messages(self, since: datetime) -> Iterator[DirectMessage]:
        """Messages of every conversation back to an instant, by conversation; each tells its youngest twenty."""
        own_id = self.own_id()
        for talk in self._conversations():
            person_id = next((one.id for one in talk.participants.data if one.id != own_id), talk.id)
            for one in talk.messages.data:
                if one.created_time >= since:
                    ours = one.sender.id == own_id
                    yield DirectMessage("instagram", one.id, person_id, one.message, one.created_time, ours)

    def _conversations(self) -> Iterator[InstagramConversation]:
        after: str | None = None
        for _ in range(MAX_PAGES):
            query = {"platform": "instagram", "fields": _FIELDS, "after": after}
            page = self.get(f"/{VERSION}/me/conversations", InstagramConversations, query)
            yield from page.data
            if page.paging.next is None or page.paging.cursors.after in (None, after):
                return
            after = page.paging.cursors.after

    def rejection(self, status: int, payload: Any) -> Failure | None:
        """Graph API's error object: {error: {message, type, code, error_subcode}}."""
        error = payload.get("error") if isinstance(payload, dict) else None
        if not isinstance(error, dict):
            return None
        code, subcode = error.get("code"), error.get("error_subcode")
        message, vendor_code = f"Instagram: {error.get('message', '')}", f"{code}/{subcode}"
        if subcode in _WINDOW_SUBCODES:
            why = f"Instagram takes messages only within 24 hours after the person wrote ({error.get('message', '')})"
            return OutsideRejected(why, reason="window_closed", vendor_code=vendor_code)
        if code in (10, 25, 190, 200):
            return OutsideAuthFailed(message, reason="restricted" if code == 25 else "key", vendor_code=vendor_code)
        if code in _LIMIT_CODES:
            return OutsideRateLimited(message, vendor_code=vendor_code)
        if status >= 500 or code in (1, 2):
            return OutsideUnavailable(message, vendor_code=vendor_code)
        reason = "blocked" if code == 551 else "unknown" if subcode == 2534014 else "invalid"
        return OutsideRejected(message, reason=reason, vendor_code=vendor_code)
