"""Unipile's LinkedIn payloads, exactly as it sends them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import AwareDatetime, Field

from revenue_machine.kit.service import Wire

Distance = Literal["SELF", "FIRST_DEGREE", "SECOND_DEGREE", "THIRD_DEGREE", "OUT_OF_NETWORK"]
T = TypeVar("T")


class Page(Wire, Generic[T]):
    """One page of a list; the next one is asked for by `next_cursor`, or by offset where there is none."""

    data: list[T]
    total_count: int | None = None
    next_cursor: str | None = None


class Member(Wire):
    """A LinkedIn member as other payloads name one; `id` is what invitations and chats are addressed to."""

    id: str = Field(min_length=1)
    display_name: str
    public_identifier: str | None = None
    profile_url: str | None = None
    description: str | None = None


class FoundMember(Wire):
    """One result of a people search."""

    id: str = Field(min_length=1)
    display_name: str
    headline: str
    network_distance: Distance
    location: str | None = None
    public_identifier: str | None = None
    profile_url: str | None = None
    industry: str | None = None
    relations_count: int | None = None
    shared_relations_count: int | None = None
    is_premium: bool | None = None
    is_open_profile: bool | None = None


class Company(Wire):
    """The company of a position."""

    id: str | None = None
    name: str | None = None


class Position(Wire):
    """One entry of a member's experience; `ended_on` is absent for the present one."""

    job_title: str
    company: Company
    started_on: str | None = None
    ended_on: str | None = None


class Invitation(Wire):
    """A pending connection request; `sent` is ours, `received` theirs."""

    id: str = Field(min_length=1)
    type: Literal["sent", "received"]
    created_at: AwareDatetime | None = None
    message: str | None = None
    user: Member | None = None


class ProfileSpecifics(Wire):
    """What only LinkedIn knows of a member."""

    network_distance: Distance
    relation_request: Invitation | None = None
    relation_request_status: Literal["PENDING", "IGNORED", "WITHDRAWN"] | None = None
    is_open_profile: bool | None = None
    is_premium: bool | None = None
    is_hiring: bool | None = None
    is_open_to_work: bool | None = None
    experience: list[Position] | None = None


class Profile(Wire):
    """A member's whole profile; `description` is the headline, `bio` the section about."""

    id: str = Field(min_length=1)
    display_name: str
    public_identifier: str | None = None
    profile_url: str | None = None
    description: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    bio: str | None = None
    location: str | None = None
    relations_count: int | None = None
    is_blocked: bool
    specifics: ProfileSpecifics

    @property
    def is_connected(self) -> bool:
        """Whether messages may be sent."""
        return self.specifics.network_distance == "FIRST_DEGREE"

    @property
    def position(self) -> Position | None:
        """The present position, None when the profile shows none."""
        return next((one for one in self.specifics.experience or [] if one.ended_on is None), None)


class Relation(Wire):
    """A first-degree connection."""

    id: str
    user: Member
    created_at: AwareDatetime | None = None


class SearchParameter(Wire):
    """A place (or company, industry …) by the id a search filters with."""

    id: str
    name: str


class Account(Wire):
    """The owner's linked account; only `running` acts."""

    id: str
    provider: str
    status: Literal["running", "errored", "disconnected", "paused"]
    name: str | None = None
    user_id: str


class Accounts(Wire):
    """`GET /accounts/`."""

    data: list[Account]
    has_more: bool


class Chat(Wire):
    """A conversation; `user_id` is the other member of a chat of two."""

    id: str = Field(min_length=1)
    name: str
    type: Literal["group", "1to1", "channel"]
    user_id: str | None = None
    unread_count: int
    is_readonly: bool
    last_message_timestamp: AwareDatetime | None = None


class Message(Wire):
    """One message; `is_sender` is true for ours."""

    id: str = Field(min_length=1)
    chat_id: str
    sender_id: str
    text: str | None = None
    timestamp: AwareDatetime
    is_sender: bool
    is_deleted: bool = False
    is_event: bool = False


class Sent(Wire):
    """`POST …/messages/send` and `…/chats/send`; LinkedIn may split a long text into several messages."""

    chat_id: str | None = None
    message_id: str | list[str | None] | None

    @property
    def first_id(self) -> str | None:
        """The message's id, the first of several, None when the provider told none."""
        ids = self.message_id if isinstance(self.message_id, list) else [self.message_id]
        return next((one for one in ids if one), None)


class UserChat(Wire):
    """A chat with a member; `has_history` false for one that holds nothing yet."""

    chat_id: str
    has_history: bool | None = None


class UserChats(Wire):
    """`GET /users/{id}/chat`."""

    data: list[UserChat]


class Event(Wire):
    """The envelope of every webhook; `payload` depends on `type`."""

    id: str = Field(min_length=1)
    type: str = Field(min_length=1)
    created_at: AwareDatetime
    account_id: str
    account_provider: str
    application_production: bool = True
    payload: dict[str, Any]

    @property
    def occurred_at(self) -> datetime:
        return self.created_at
