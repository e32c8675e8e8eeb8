"""What Resend takes and sends: a rendered mail, emails with their last event, domains, replies and webhook events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BeforeValidator, Field

from revenue_machine.kit.service import Wire


def _instant(text: object) -> object:
    """Both spellings Resend uses: ISO 8601, and `2025-11-30 20:39:59.540771+00`; without a zone it is UTC."""
    if not isinstance(text, str):
        return text
    read = datetime.fromisoformat(text)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def _listed(value: object) -> object:
    """One address, several or none, as a list."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else value


Instant = Annotated[datetime, BeforeValidator(_instant)]
Addresses = Annotated[list[str], BeforeValidator(_listed)]


@dataclass(frozen=True)
class Mail:
    """One rendered mail to one person.

    `from_address` and `to` may carry a name (`Ann <ann@example.com>`); `tags` come back on every webhook
    (names and values: ASCII letters, digits, `_`, `-`, at most 256 each).
    """

    from_address: str
    to: str
    subject: str
    html: str
    text: str
    reply_to: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


class SentEmail(Wire):
    """The answer to a send."""

    id: str = Field(min_length=1)


class Email(Wire):
    """An email at Resend; a list leaves the bodies out.

    `last_event` is queued, scheduled, sent, delivered, delivery_delayed, opened, clicked, bounced, complained, failed, suppressed
    or canceled.
    """

    id: str = Field(min_length=1)
    sender: str = Field(alias="from")
    to: Addresses
    subject: str
    created_at: Instant
    last_event: str
    message_id: str | None = None
    html: str | None = None
    text: str | None = None
    reply_to: Addresses = Field(default_factory=list)


class EmailPage(Wire):
    """One page of a list, newest first."""

    data: list[Email]
    has_more: bool = False


class DomainRecord(Wire):
    """A DNS record of a domain: `record` is SPF, DKIM, Receiving MX, Tracking …; `status` is `verified` when it is found."""

    record: str
    name: str
    type: str
    value: str
    status: str
    ttl: str | None = None
    priority: int | None = None


class Domain(Wire):
    """A sender domain; `status` sums up its records."""

    id: str = Field(min_length=1)
    name: str
    status: str
    region: str | None = None
    records: list[DomainRecord] = Field(default_factory=list)

    @property
    def is_verified(self) -> bool:
        return self.status == "verified"

    @property
    def spf_ok(self) -> bool:
        return self._holds("SPF")

    @property
    def dkim_ok(self) -> bool:
        return self._holds("DKIM")

    def _holds(self, kind: str) -> bool:
        """Every record of that kind is there, and there is one."""
        states = [one.status for one in self.records if one.record == kind]
        return bool(states) and set(states) == {"verified"}


class DomainPage(Wire):
    """One page of domains, without their records."""

    data: list[Domain]
    has_more: bool = False


class ReceivedEmail(Wire):
    """A mail somebody wrote to us; headers in whatever case they came."""

    id: str = Field(min_length=1)
    sender: str = Field(alias="from")
    to: Addresses
    subject: str = ""
    created_at: Instant
    message_id: str | None = None
    text: str | None = None
    html: str | None = None
    reply_to: Addresses = Field(default_factory=list)
    headers: dict[str, str] = Field(default_factory=dict)

    @property
    def in_reply_to(self) -> str | None:
        """The Message-ID this mail answers."""
        return next((value for name, value in sorted(self.headers.items()) if name.lower() == "in-reply-to"), None)


class Suppression(Wire):
    """An address Resend does not send to any more; `origin` is bounce, complaint or manual."""

    id: str = Field(min_length=1)
    email: str
    origin: str
    source_id: str | None = None
    created_at: Instant


class SuppressionPage(Wire):
    """One page of suppressed addresses."""

    data: list[Suppression]
    has_more: bool = False


class Bounce(Wire):
    """Why a mail came back; older deliveries only have the message."""

    message: str = ""
    type: str | None = None
    sub_type: str | None = Field(None, alias="subType")
    diagnostic_code: Addresses = Field(default_factory=list, alias="diagnosticCode")

    @property
    def is_permanent(self) -> bool:
        """Whether the address is to be left alone; a bounce that does not say so is taken as permanent."""
        return self.type not in ("Transient", "Undetermined")


class Click(Wire):
    """Which link, when, from where."""

    link: str
    timestamp: Instant
    ip_address: str | None = Field(None, alias="ipAddress")
    user_agent: str | None = Field(None, alias="userAgent")


class Reason(Wire):
    """Why a mail failed or was suppressed."""

    reason: str = ""
    message: str = ""
    type: str | None = None


class EventData(Wire):
    """The email an event is about."""

    email_id: str = Field(min_length=1)
    created_at: Instant
    sender: str = Field(alias="from")
    to: Addresses
    subject: str = ""
    message_id: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    bounce: Bounce | None = None
    click: Click | None = None
    failed: Reason | None = None
    suppressed: Reason | None = None


class EmailEvent(Wire):
    """The body of an `email.…` webhook."""

    type: str = Field(pattern=r"^email\.[a-z_]+$")
    created_at: Instant
    data: EventData


class Envelope(Wire):
    """What every webhook has, of whatever kind."""

    type: str = Field(min_length=1, max_length=255)
    created_at: Instant
    data: dict[str, object]
