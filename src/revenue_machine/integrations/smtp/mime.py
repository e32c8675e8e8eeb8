"""A mail as bytes: plain text and HTML, unsubscribe headers, nothing smuggled, the same bytes for the same mail."""

from __future__ import annotations

import re
from datetime import datetime
from email import policy
from email.errors import HeaderParseError
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any

from revenue_machine.integrations.smtp.wire import Mail
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.ids import content_hash

_ADDRESS = r"[^@\s<>\",]+@[^@\s<>\",.]+(?:\.[^@\s<>\",.]+)*"
_ONE_ADDRESS = re.compile(rf"{_ADDRESS}|(?:\"[^\"<>]*\"|[^\"<>@,]*)[ ]?<{_ADDRESS}>")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,76}")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]+@[!-;=?-~]+>")
# Written by this module; a second one would say something else.
_OWN_HEADERS = {
    "from", "to", "cc", "bcc", "subject", "date", "message-id", "reply-to", "sender", "return-path", "mime-version", "content-type",
    "content-transfer-encoding",
}  # fmt: skip


class _Writing(policy.EmailPolicy):
    """Folds only what has to be encoded: the library would write a long address in List-Unsubscribe as an encoded word."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        text = str(value)
        if text.isascii() and len(name) + len(text) <= 900:
            return f"{name}: {text}\r\n".encode("ascii")
        return super().fold_binary(name, value)


_WRITING = _Writing(linesep="\r\n", max_line_length=76)


def message_id_for(key: str, from_address: str) -> str:
    """The Message-ID of the mail a business key stands for: the same key, the same id."""
    return f"<{content_hash(key)[:32]}@{bare(from_address).rpartition('@')[2]}>"


def bare(address: str) -> str:
    """The address without its name."""
    return parseaddr(address)[1]


def build(mail: Mail, message_id: str, now: datetime) -> bytes:
    """The message with CRLF line ends, 7-bit throughout. Raises bad_input for anything that is not one mail to one person."""
    _check(mail, message_id)
    message = EmailMessage(policy=_WRITING)
    message["From"], message["To"], message["Subject"] = mail.from_address, mail.to, mail.subject
    if mail.reply_to is not None:
        message["Reply-To"] = mail.reply_to
    message["Date"], message["Message-ID"] = format_datetime(now), message_id
    try:
        for name, value in sorted(mail.headers.items()):
            message[name] = value
        message.set_content(mail.text, cte="quoted-printable")
        message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
        message.set_boundary(f"=_{content_hash([message_id, mail.text, mail.html])[:40]}")
        return message.as_bytes()
    except (ValueError, HeaderParseError) as error:
        raise BadInput(f"the mail cannot be written: {type(error).__name__}") from None


def _check(mail: Mail, message_id: str) -> None:
    for field, value in (("from_address", mail.from_address), ("to", mail.to), ("reply_to", mail.reply_to)):
        if value is not None and (_has_line_end(value) or _ONE_ADDRESS.fullmatch(value) is None or not bare(value).isascii()):
            raise BadInput(f"'{value[:100]}' is not one plain mail address", field=field)
    if not mail.subject.strip() or _has_line_end(mail.subject):
        raise BadInput("a subject is one line of text", field="subject")
    if _MESSAGE_ID.fullmatch(message_id) is None or len(message_id) > 250:
        raise BadInput(f"'{message_id[:100]}' is no Message-ID", field="message_id")
    for name, value in mail.headers.items():
        if _HEADER_NAME.fullmatch(name) is None or name.lower() in _OWN_HEADERS or _has_line_end(value):
            raise BadInput(f"the header '{name[:100]}' is not one line of our own", field="headers")


def _has_line_end(text: str) -> bool:
    return any(mark in text for mark in "\r\n\0\v\f\x1c\x1d\x1e\x85\u2028\u2029")
