"""What X and Instagram send about direct messages, exactly as they send it, and the one shape both are read into."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BeforeValidator, Field

from revenue_machine.kit.service import Wire

Platform = Literal["x", "instagram"]


def _zone(value: Any) -> Any:
    """Graph API writes its zone without a colon."""
    return value[:-5] + "+00:00" if isinstance(value, str) and value.endswith("+0000") else value


GraphTime = Annotated[AwareDatetime, BeforeValidator(_zone)]


@dataclass(frozen=True)
class Recipient:
    """A person on a platform; `id` is what messages are addressed to."""

    platform: Platform
    id: str
    handle: str
    name: str | None


@dataclass(frozen=True)
class DirectMessage:
    """One message of either platform; `person_id` is the other side, whoever wrote."""

    platform: Platform
    id: str
    person_id: str
    text: str
    sent_at: datetime
    is_ours: bool


@dataclass(frozen=True)
class SentMessage:
    """What a platform answers to a message it took."""

    platform: Platform
    id: str
    person_id: str


class XUser(Wire):
    """A user of X."""

    id: str
    username: str
    name: str | None = None


class XUserAnswer(Wire):
    """`GET /2/users/…`; an unknown name has no data and errors in a 200."""

    data: XUser | None = None


class XSentData(Wire):
    """Where a message went."""

    dm_conversation_id: str
    dm_event_id: str = Field(min_length=1)


class XSent(Wire):
    """`POST /2/dm_conversations/with/{id}/messages`."""

    data: XSentData


class XEvent(Wire):
    """A direct-message event."""

    id: str
    dm_conversation_id: str
    sender_id: str
    created_at: AwareDatetime
    text: str = ""
    participant_ids: tuple[str, ...] = ()

    def other_than(self, own_id: str) -> str:
        """The person on the other side: named by the conversation of two, whose id is both ids."""
        ids = [part for part in (*self.participant_ids, *self.dm_conversation_id.split("-")) if part != own_id]
        return ids[0] if self.sender_id == own_id and ids else self.sender_id


class XMeta(Wire):
    """Where the list goes on."""

    next_token: str | None = None


class XEvents(Wire):
    """`GET /2/dm_events`; without any there is no `data`."""

    data: tuple[XEvent, ...] = ()
    meta: XMeta = XMeta()


class InstagramUser(Wire):
    """A person as a conversation names one."""

    id: str
    username: str | None = None


class InstagramUsers(Wire):
    """A list of people."""

    data: tuple[InstagramUser, ...] = ()


class InstagramMessage(Wire):
    """A message of a conversation."""

    id: str
    created_time: GraphTime
    sender: InstagramUser = Field(alias="from")
    message: str = ""


class InstagramMessages(Wire):
    """The youngest messages of a conversation."""

    data: tuple[InstagramMessage, ...] = ()


class InstagramConversation(Wire):
    """A conversation of two."""

    id: str
    participants: InstagramUsers
    messages: InstagramMessages = InstagramMessages()


class GraphCursors(Wire):
    """Where the list goes on."""

    after: str | None = None


class GraphPaging(Wire):
    """Paging of Graph API; without `next` this was the last page."""

    cursors: GraphCursors = GraphCursors()
    next: str | None = None


class InstagramConversations(Wire):
    """`GET /me/conversations`."""

    data: tuple[InstagramConversation, ...] = ()
    paging: GraphPaging = GraphPaging()


class InstagramMe(Wire):
    """`GET /me`: the account itself."""

    user_id: str
    username: str | None = None


class InstagramSent(Wire):
    """`POST /me/messages`."""

    recipient_id: str
    message_id: str = Field(min_length=1)
