"""Questions to Resend, and the one thing the product does there: send a mail once under its key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import BaseModel

from revenue_machine.integrations.resend.wire import (
    Domain,
    DomainPage,
    Email,
    EmailPage,
    Mail,
    ReceivedEmail,
    SentEmail,
    Suppression,
    SuppressionPage,
)
from revenue_machine.kit.errors import (
    BadInput,
    CapReached,
    ContractBroken,
    Failure,
    OutcomeUnknown,
    OutsideAuthFailed,
    OutsideRejected,
    OutsideUnavailable,
)
from revenue_machine.kit.ids import content_hash
from revenue_machine.kit.service import ServiceClient

PAGE = 100
MAX_PAGES = 1_000
# For that long a repeated key gives the first answer again; later it would send a second mail.
KEY_LIFE = timedelta(hours=24)
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,76}")
_ADDRESS = r"[^@\s<>\",]+@[^@\s<>\",.]+(?:\.[^@\s<>\",.]+)*"
_ONE_ADDRESS = re.compile(rf"{_ADDRESS}|(?:\"[^\"<>]*\"|[^\"<>@,]*)[ ]?<{_ADDRESS}>")
_TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")
# Another mail went out under the key: "refused" would claim that none did. A quota is no reason to hurry.
_MEANINGS: Mapping[str, type[Failure]] = {
    "invalid_idempotent_request": OutcomeUnknown,
    "concurrent_idempotent_requests": OutsideUnavailable,
    "daily_quota_exceeded": CapReached,
    "monthly_quota_exceeded": CapReached,
    "missing_api_key": OutsideAuthFailed,
    "restricted_api_key": OutsideAuthFailed,
    "invalid_api_key": OutsideAuthFailed,
}


T = TypeVar("T", bound=BaseModel)
P = TypeVar("P", EmailPage, DomainPage, SuppressionPage)


class ResendClient(ServiceClient):
    """Mail to one person at a time, what became of it, sender domains, and the replies."""

    service = "resend"

    @property
    def from_address(self) -> str:
        """The sender the owner set, maybe with a name. Raises not_configured without one."""
        return self.link.need("from_address")

    def send(self, mail: Mail, *, idempotency_key: str) -> SentEmail:
        """Send it; the same key with the same mail within 24 hours sends nothing again and answers the same id."""
        return self.post("/emails", SentEmail, body_of(mail), {"idempotency-key": _key(idempotency_key)})

    def find(self, email_id: str) -> Email | None:
        """One email with its bodies and last event; None when Resend has none by that id."""
        return self._find(f"/emails/{quote(email_id, safe='')}", Email)

    def emails(self, since: datetime | None = None) -> list[Email]:
        """Emails created at or after `since` (all without it), oldest first, without bodies."""
        found: list[Email] = []
        for page in self._pages("/emails", EmailPage):
            found += [one for one in page.data if since is None or one.created_at >= since]
            if since is not None and page.data and page.data[-1].created_at < since:
                break
        return found[::-1]

    def find_sent(self, mail: Mail, since: datetime) -> Email | None:
        """The first email since then with this mail's recipient and subject: settles a send whose key has expired."""
        wanted = (_plain(mail.to), mail.subject)
        return next((one for one in self.emails(since) if (_plain("".join(one.to[:1])), one.subject) == wanted), None)

    def domains(self) -> list[Domain]:
        """Every sender domain with its DNS records (SPF, DKIM), one question per domain."""
        names = [one.id for page in self._pages("/domains", DomainPage) for one in page.data]
        found = [self._find(f"/domains/{quote(name, safe='')}", Domain) for name in names]
        return [domain for domain in found if domain is not None]

    def received(self, email_id: str) -> ReceivedEmail | None:
        """A mail somebody wrote to us, with its text: `email.received` names only its id."""
        return self._find(f"/emails/receiving/{quote(email_id, safe='')}", ReceivedEmail)

    def suppressions(self) -> list[Suppression]:
        """Addresses Resend itself does not send to any more."""
        return [one for page in self._pages("/suppressions", SuppressionPage) for one in page.data]

    def _find(self, path: str, answer: type[T]) -> T | None:
        try:
            return self.get(path, answer)
        except OutsideRejected as refusal:
            if refusal.details.get("vendor_code") == "not_found":
                return None
            raise

    def _pages(self, path: str, kind: type[P]) -> Iterator[P]:
        """Pages to the end, newest first."""
        after: str | None = None
        for _ in range(MAX_PAGES):
            page = self.get(path, kind, {"limit": PAGE, "after": after})
            yield page
            if not page.has_more:
                return
            if not page.data or page.data[-1].id == after:
                raise ContractBroken(f"Resend promises more of {path} and sends nothing new")
            after = page.data[-1].id
        raise ContractBroken(f"Resend's list {path} does not end after {MAX_PAGES} pages")

    def rejection(self, status: int, payload: Any) -> Failure | None:
        """Resend's error object: {statusCode, name, message}."""
        if not isinstance(payload, dict) or not isinstance(payload.get("name"), str):
            return None
        name, message = payload["name"], f"Resend: {payload.get('message', '')}"
        if status == 429 and name not in _MEANINGS:
            return None
        return _meaning(status, name)(message, vendor_code=name)


def _meaning(status: int, name: str) -> type[Failure]:
    if name in _MEANINGS:
        return _MEANINGS[name]
    return OutsideUnavailable if status >= 500 else OutsideAuthFailed if status == 401 else OutsideRejected


def body_of(mail: Mail) -> dict[str, Any]:
    """The mail as Resend takes it. Raises bad_input for what would end up as another mail than was meant."""
    _check(mail)
    body = {
        "from": mail.from_address,
        "to": [mail.to],
        "subject": mail.subject,
        "html": mail.html,
        "text": mail.text,
        "reply_to": mail.reply_to,
        "headers": dict(mail.headers) or None,
        "tags": [{"name": name, "value": value} for name, value in sorted(mail.tags.items())] or None,
    }
    return {name: value for name, value in body.items() if value is not None}


def _check(mail: Mail) -> None:
    """One sender, one recipient, one line per header, tags of plain letters."""
    for field, value in (("from_address", mail.from_address), ("to", mail.to), ("reply_to", mail.reply_to)):
        if value is not None and not is_one_address(value):
            raise BadInput(f"'{value[:100]}' is not one mail address", field=field)
    if not mail.subject.strip() or _has_line_end(mail.subject):
        raise BadInput("a subject is one line of text", field="subject")
    for name, value in mail.headers.items():
        if _HEADER_NAME.fullmatch(name) is None or _has_line_end(value):
            raise BadInput(f"the header '{name[:100]}' is not one line", field="headers")
    for name, value in mail.tags.items():
        if _TAG.fullmatch(name) is None or _TAG.fullmatch(value) is None:
            raise BadInput(f"the tag '{name[:100]}' may only have letters, digits, _ and -", field="tags")


def is_one_address(text: str) -> bool:
    """Whether this is exactly one address, with or without a name before it."""
    return not _has_line_end(text) and _ONE_ADDRESS.fullmatch(text) is not None


def _plain(text: str) -> str:
    return parseaddr(text)[1].lower()


def _has_line_end(text: str) -> bool:
    return any(mark in text for mark in "\r\n\0")


def _key(key: str) -> str:
    """The key itself, or its hash where Resend would not take it."""
    return key if 1 <= len(key) <= 256 and key.isascii() and key.isprintable() else content_hash(key)
