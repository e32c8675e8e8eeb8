"""What SMTP takes and says: a rendered mail to one person, and the relay's last word on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from revenue_machine.kit.service import Wire


@dataclass(frozen=True)
class Mail:
    """One rendered mail to one person.

    `from_address` and `to` may carry a name (`Ann <ann@example.com>`); `headers` are further ones (List-Unsubscribe …).
    """

    from_address: str
    to: str
    subject: str
    html: str
    text: str
    reply_to: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class SentMail(Wire):
    """The relay has taken the mail; `reply` is what it said."""

    message_id: str
    reply: str
