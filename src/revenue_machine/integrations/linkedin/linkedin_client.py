"""Questions to LinkedIn through Unipile, and the two things the product does there: invite and write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote

from revenue_machine.integrations.linkedin.wire import (
    Account,
    Accounts,
    Chat,
    FoundMember,
    Invitation,
    Message,
    Page,
    Profile,
    Relation,
    SearchParameter,
    Sent,
    UserChats,
)
from revenue_machine.kit.clock import iso
from revenue_machine.kit.errors import (
    BadInput,
    ContractBroken,
    Failure,
    OutsideAuthFailed,
    OutsideRateLimited,
    OutsideRejected,
)
from revenue_machine.kit.service import ServiceClient, Wire

T = TypeVar("T")
PAGE = 100
MAX_PAGES = 1_000
MAX_NOTE_CHARS = 300

# What a refusal means, by the part of the vendor's error type behind the slash; the older API's finer words are read too.
_AUTH: Mapping[str, str] = {
    "missing_authorization": "key", "expired_authorization": "key", "invalid_auth_format": "key", "inactive_subscription": "key",
    "invalid_authorization": "disconnected", "invalid_credentials": "disconnected",
    "unknown_authentication_context": "disconnected", "disconnected_account": "disconnected", "account_restricted": "restricted",
}  # fmt: skip
_REJECTED: Mapping[str, str] = {
    "resource_not_found": "unknown", "conflict": "already", "already_exists": "already", "already_connected": "already",
    "already_invited_recently": "already", "unprocessable_entity": "refused", "no_connection_with_recipient": "refused",
    "cannot_resend_yet": "refused", "blocked_recipient": "blocked", "method_not_allowed": "not_allowed",
    "insufficient_permissions": "not_allowed", "invalid_parameters": "invalid",
}  # fmt: skip
_LIMITS = ("limit_exceeded", "connection_limit_reached")


@dataclass(frozen=True)
class PeopleSearch:
    """Who is looked for; what is left out does not filter. `location_ids` come from `locations`, degrees are 1, 2 and 3."""

    keywords: str | None = None
    title: str | None = None
    company: str | None = None
    location_ids: tuple[str, ...] = ()
    degrees: tuple[int, ...] = ()

    def body(self) -> dict[str, Any]:
        """The search as Unipile reads it."""
        words = {"title": self.title, "company": self.company}
        whole = {
            "keywords": self.keywords,
            "location": list(self.location_ids),
            "network_distance": list(self.degrees),
            "advanced_keywords": {name: value for name, value in words.items() if value},
        }
        return {name: value for name, value in whole.items() if value}


class LinkedinClient(ServiceClient):
    """Speaks for one linked account. There is no idempotency key: an unknown outcome is settled by looking it up."""

    service: ClassVar[str] = "linkedin"

    def auth_headers(self) -> dict[str, str]:
        return {"x-api-key": self.link.api_key}

    def account(self) -> Account:
        """The linked account and whether it runs."""
        return self.get(f"/accounts/{_one(self.link.need('account_id'))}", Account)

    def accounts(self) -> list[Account]:
        """Every LinkedIn account behind the key."""
        found: list[Account] = []
        for _ in range(MAX_PAGES):
            page = self.get("/accounts/", Accounts, {"provider": "linkedin", "offset": len(found), "limit": PAGE})
            found.extend(page.data)
            if not page.has_more or not page.data:
                return found
        raise ContractBroken("Unipile's list of accounts does not end")

    def locations(self, keywords: str) -> list[SearchParameter]:
        """The places LinkedIn knows by these words, for `PeopleSearch.location_ids`."""
        query = {"type": "LOCATION", "keywords": keywords, "limit": PAGE}
        return self.get(self._path("/linkedin/search/parameters"), Page[SearchParameter], query).data

    def search_people(self, search: PeopleSearch, *, offset: int = 0, limit: int = 25) -> Page[FoundMember]:
        """One page of members; the next one starts at `offset + len(page.data)` while that is below `total_count`."""
        if not search.body():
            raise BadInput("a search needs words or a filter", field="search")
        path = self._path(f"/linkedin/search/people?offset={offset}&limit={limit}")
        return self.post(path, Page[FoundMember], search.body())

    def profile(self, user_id: str) -> Profile:
        """A member by id or public identifier; counts as a profile view."""
        return self.get(self._path(f"/users/{_one(user_id)}"), Profile, {"with_sections": "experience"})

    def invite(self, user_id: str, note: str | None = None) -> Invitation:
        """Ask a member to connect, with a note of at most 300 characters."""
        if note is not None and not 0 < len(note.strip()) <= len(note) <= MAX_NOTE_CHARS:
            raise BadInput(f"a note has 1 to {MAX_NOTE_CHARS} characters", field="note")
        body = {"user_id": user_id} if note is None else {"user_id": user_id, "message": note}
        return self.post(self._path("/users/me/relation-requests"), Invitation, body)

    def cancel_invitation(self, invitation_id: str) -> None:
        """Withdraw a pending invitation; LinkedIn then refuses a new one for weeks."""
        self.post(self._path(f"/users/me/relation-requests/{_one(invitation_id)}/cancel"), Wire, {})

    def sent_invitations(self, cursor: str | None = None, limit: int = PAGE) -> Page[Invitation]:
        """Pending invitations of ours, newest first."""
        query = {"type": "sent", **_paging(cursor, limit)}
        return self.get(self._path("/users/me/relation-requests"), Page[Invitation], query)

    def sent_invitation_to(self, user_id: str) -> Invitation | None:
        """The pending invitation to a member; settles an unknown `invite` together with `relation_with`."""
        return self._find(self.sent_invitations, lambda one: one.user is not None and one.user.id == user_id)

    def relations(self, cursor: str | None = None, limit: int = PAGE) -> Page[Relation]:
        """Connections of the account, newest first."""
        return self.get(self._path("/users/me/relations"), Page[Relation], _paging(cursor, limit))

    def relation_with(self, user_id: str) -> Relation | None:
        """The connection with a member, None when there is none."""
        return self._find(self.relations, lambda one: one.user.id == user_id)

    def start_chat(self, user_id: str, text: str) -> Sent:
        """The first message to a connection; a chat that exists already is continued."""
        return self.post(self._path("/chats/send"), Sent, {"users_ids": [user_id], "text": _text(text)})

    def send_message(self, chat_id: str, text: str) -> Sent:
        """A further message in a chat."""
        return self.post(self._path(f"/chats/{_one(chat_id)}/messages/send"), Sent, {"text": _text(text)})

    def chats(self, cursor: str | None = None, limit: int = PAGE, *, is_unread: bool | None = None) -> Page[Chat]:
        """Conversations of two, the last active first."""
        unread = {} if is_unread is None else {"is_unread": str(is_unread).lower()}
        return self.get(self._path("/chats"), Page[Chat], {"type": "1to1", **unread, **_paging(cursor, limit)})

    def chat_with(self, user_id: str) -> str | None:
        """The id of the chat with a member, None when nobody wrote yet."""
        found = self.get(self._path(f"/users/{_one(user_id)}/chat"), UserChats).data
        return found[0].chat_id if found else None

    def messages(
        self, chat_id: str, cursor: str | None = None, limit: int = PAGE, *, after: datetime | None = None
    ) -> Page[Message]:
        """Messages of a chat, newest first; `after` leaves out what is not younger."""
        since = {} if after is None else {"after": iso(after)}
        return self.get(self._path(f"/chats/{_one(chat_id)}/messages"), Page[Message], {**since, **_paging(cursor, limit)})

    def sent_message(self, user_id: str, text: str, since: datetime) -> Message | None:
        """Our message of exactly this text to a member, sent at an instant or later; settles an unknown sending."""
        chat_id = self.chat_with(user_id)
        if chat_id is None:
            return None
        # The vendor's filter leaves out its own instant and its clock is not ours.
        after = since - timedelta(seconds=1)
        return self._find(
            lambda cursor: self.messages(chat_id, cursor, after=after),
            lambda one: one.is_sender and one.text == text,
        )

    def rejection(self, status: int, payload: Any) -> Failure | None:
        """Unipile's problem object: {object: Error, type: thrower/info, status, title, detail}."""
        kind = payload.get("type") if isinstance(payload, dict) else None
        if not isinstance(kind, str):
            return None
        return _meaning(status, kind, f"Unipile: {payload.get('title', '')}: {payload.get('detail', '')}")

    def _path(self, below: str) -> str:
        return f"/{_one(self.link.need('account_id'))}{below}"

    def _find(self, page_at: Callable[[str | None], Page[T]], fits: Callable[[T], bool]) -> T | None:
        """The first entry of a paged list that fits."""
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            page = page_at(cursor)
            for one in page.data:
                if fits(one):
                    return one
            if page.next_cursor is None:
                return None
            if page.next_cursor == cursor or not page.data:
                raise ContractBroken("Unipile promises more of a list and sends nothing new")
            cursor = page.next_cursor
        raise ContractBroken(f"Unipile's list does not end after {MAX_PAGES} pages")


def _meaning(status: int, kind: str, message: str) -> Failure | None:
    """The failure a `thrower/info` stands for; None leaves it to the status code."""
    thrower, _, info = kind.partition("/")
    if info in _LIMITS or (status == 429 and thrower == "provider"):
        return OutsideRateLimited(f"LinkedIn itself asks for fewer calls ({message})", reason="provider_limit", vendor_code=kind)
    if info in _AUTH:
        return OutsideAuthFailed(message, reason=_AUTH[info], vendor_code=kind)
    if info == "insufficient_permissions" and thrower == "api":
        return OutsideAuthFailed(message, reason="key", vendor_code=kind)
    if info in _REJECTED or status == 501:
        return OutsideRejected(message, reason=_REJECTED.get(info, "refused"), vendor_code=kind)
    return None


def _one(part: str) -> str:
    """One path segment."""
    if not part or part in (".", ".."):
        raise BadInput("an id is missing", field="id")
    return quote(part, safe="")


def _text(text: str) -> str:
    if not text.strip():
        raise BadInput("a message needs text", field="text")
    return text


def _paging(cursor: str | None, limit: int) -> dict[str, Any]:
    return {"limit": limit} if cursor is None else {"cursor": cursor, "limit": limit}
