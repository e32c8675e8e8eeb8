"""How X's direct messages are asked for, and what its refusals mean."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import quote

from revenue_machine.integrations.direct_message.wire import (
    DirectMessage,
    Recipient,
    SentMessage,
    XEvents,
    XSent,
    XUserAnswer,
)
from revenue_machine.kit.errors import ContractBroken, Failure, OutsideAuthFailed, OutsideRateLimited, OutsideRejected
from revenue_machine.kit.service import ServiceClient, ServiceLink

PAGE = 100
MAX_PAGES = 15
# Every limit of direct messages has this window; the answer's own reset time is in a header of X's.
WINDOW_S = 900.0
_EVENT_FIELDS = "id,text,created_at,sender_id,dm_conversation_id,participant_ids,event_type"
_AUTH = ("client-forbidden", "unsupported-authentication", "oauth1-permissions")
_REASONS = {400: "invalid", 403: "not_allowed", 404: "unknown"}


class XLine(ServiceClient):
    """X API v2 in the name of one user."""

    service: ClassVar[str] = "direct_message"

    def __init__(self, link: ServiceLink) -> None:
        super().__init__(link)
        self._own_id: str | None = None

    def own_id(self) -> str:
        """The id of the account that writes; asked once."""
        if self._own_id is None:
            me = self.get("/2/users/me", XUserAnswer).data
            if me is None:
                raise ContractBroken("X does not say whose key this is")
            self._own_id = me.id
        return self._own_id

    def recipient(self, handle: str) -> Recipient | None:
        """A user by handle."""
        found = self.get(f"/2/users/by/username/{quote(handle.removeprefix('@'), safe='')}", XUserAnswer).data
        return None if found is None else Recipient("x", found.id, found.username, found.name)

    def send(self, person_id: str, text: str) -> SentMessage:
        """Write to a user by id."""
        path = f"/2/dm_conversations/with/{quote(person_id, safe='')}/messages"
        return SentMessage("x", self.post(path, XSent, {"text": text}).data.dm_event_id, person_id)

    def messages(self, since: datetime) -> Iterator[DirectMessage]:
        """Messages of every conversation, newest first, back to an instant (X keeps 30 days); a page costs one of 15 look-ups."""
        query: dict[str, Any] = {"max_results": PAGE, "event_types": "MessageCreate", "dm_event.fields": _EVENT_FIELDS}
        own_id, token = self.own_id(), None
        for _ in range(MAX_PAGES):
            page = self.get("/2/dm_events", XEvents, {**query, "pagination_token": token})
            for one in page.data:
                if one.created_at < since:
                    return
                yield DirectMessage("x", one.id, one.other_than(own_id), one.text, one.created_at, one.sender_id == own_id)
            token = page.meta.next_token
            if token is None:
                return

    def rejection(self, status: int, payload: Any) -> Failure | None:
        """X's problem object {type, title, detail, status}, or {errors: [{code, message}]}."""
        told = payload if isinstance(payload, dict) else {}
        kind = str(told.get("type", "")).rsplit("/", 1)[-1]
        message = f"X: {told.get('title', '')}: {told.get('detail', '')}"
        if status == 429:
            return OutsideRateLimited("X asks for fewer calls", retry_after_s=WINDOW_S)
        if status == 401 or kind in _AUTH:
            return OutsideAuthFailed(message, reason="restricted" if kind == "client-forbidden" else "key", vendor_code=kind)
        if status in _REASONS:
            return OutsideRejected(message, reason=_REASONS[status], vendor_code=kind)
        return None
