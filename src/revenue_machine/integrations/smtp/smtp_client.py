"""One mail, handed to a relay once; up to the last dot a failure proves that nothing went out, after it nobody can tell."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from revenue_machine.integrations.smtp.line import check_address, dial
from revenue_machine.integrations.smtp.mime import bare, build
from revenue_machine.integrations.smtp.wire import Mail, SentMail
from revenue_machine.kit.errors import (
    Failure,
    OutsideAuthFailed,
    OutsideRateLimited,
    OutsideRejected,
    OutsideUnanswered,
    OutsideUnavailable,
    OutsideUnreached,
)
from revenue_machine.kit.service import Exchange, ServiceClient, ServiceLink

_STATUS = re.compile(r"^([245])\.(\d{1,3})\.(\d{1,3})\b")
_RATE_WORDS = re.compile(r"\b(rate|too many|too much|quota|limit|slow down|throttl)", re.IGNORECASE)
_DOT = re.compile(rb"^\.", re.MULTILINE)
# Subject 1 is the address, 2.1 a closed mailbox: this person cannot be written to (RFC 3463).
_GONE = ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1")
_AUTH_CODES = (530, 534, 535, 538)


class MailDeferred(OutsideUnavailable):
    """The relay did not take the mail now; nothing went out."""

    nothing_happened = True
    is_for_now = True


class SmtpClient(ServiceClient):
    """Mail over SMTP. There is no key and no look-up: an unanswered send stays unknown until a person decides."""

    service = "smtp"

    def __init__(self, link: ServiceLink) -> None:
        super().__init__(link)
        check_address(link)

    @property
    def from_address(self) -> str:
        """The sender the owner set, maybe with a name. Raises not_configured without one."""
        return self.link.need("from_address")

    def send(self, mail: Mail, *, message_id: str) -> SentMail:
        """Hand one mail to the relay, under a Message-ID that follows from the intent (`mime.message_id_for`).

        Raises: bad_input for what is not one mail to one person; outside_rejected for a 5xx (`reason` is `no_such_recipient`
        when this address is no good for ever, else `refused`), outside_rate_limited or outside_unavailable for a 4xx;
        OutsideUnanswered when the line broke after the content had begun: it may have gone out.
        """
        content = build(mail, message_id, self.link.clock.now())
        with self._spoken() as smtp:
            self._said(smtp.docmd("MAIL", f"FROM:<{bare(mail.from_address)}>"), 250)
            self._said(smtp.docmd("RCPT", f"TO:<{bare(mail.to)}>"), 250, 251, is_recipient=True)
            self._said(smtp.docmd("DATA"), 354)
            code, reply = self._hand_over(smtp, content)
            self._said((code, reply), 250)
            with suppress(OSError, smtplib.SMTPException):
                smtp.quit()
        return SentMail(message_id=message_id, reply=_text(reply))

    def check(self) -> None:
        """Log in and leave; nothing is sent. Raises what `send` would raise before a mail."""
        with self._spoken() as smtp:
            self._said(smtp.noop(), 250)

    @contextmanager
    def _spoken(self) -> Iterator[smtplib.SMTP]:
        """A logged-in conversation; whatever breaks in it before the content is a failure that proves nothing went out."""
        name = self.link.manifest.name
        try:
            smtp = dial(self.link)
            try:
                smtp.login(self.link.need("username"), self.link.api_key)
                yield smtp
            finally:
                smtp.close()
        except UnicodeError:
            raise OutsideAuthFailed(f"{name}: user and password may only have ASCII letters, digits and signs") from None
        except smtplib.SMTPNotSupportedError:
            raise OutsideAuthFailed(f"{name}: the relay asks for no password, and without one it is not ours") from None
        except smtplib.SMTPResponseException as error:
            raise self._meaning(error.smtp_code, error.smtp_error) from None
        except ssl.SSLError as error:
            raise OutsideUnreached(f"{name}: no trusted encryption with the relay ({error.reason})") from None
        except (OSError, smtplib.SMTPException) as error:
            raise OutsideUnreached(f"{name} cannot be reached ({type(error).__name__})") from None

    def _hand_over(self, smtp: smtplib.SMTP, content: bytes) -> tuple[int, bytes]:
        """The content and the answer to it. Raises OutsideUnanswered when there is none."""
        name = self.link.manifest.name
        try:
            smtp.send(_DOT.sub(b"..", content) + b".\r\n")
            code, reply = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise OutsideUnanswered(f"{name} gave no answer to a mail it may have taken ({type(error).__name__})") from None
        said = self.link.hide(_text(reply))
        self.link.record(Exchange(self.service, "DATA", "/message", self.link.hide(content.decode("ascii")), code, said))
        if not 200 <= code < 600 or 300 <= code < 400:
            raise OutsideUnanswered(f"{name} gave no readable answer to a mail it may have taken: {said[:200]}")
        return code, reply

    def _said(self, answer: tuple[int, bytes], *wanted: int, is_recipient: bool = False) -> None:
        code, reply = answer
        if code not in wanted:
            raise self._meaning(code, reply, is_recipient=is_recipient)

    def _meaning(self, code: int, reply: bytes | str, *, is_recipient: bool = False) -> Failure:
        """What a refusal means; the reply is the relay's own words."""
        text = self.link.hide(_text(reply))
        message = f"{self.link.manifest.name}: {code} {text[:200]}"
        status = _STATUS.match(text)
        details: dict[str, Any] = {"smtp_code": code, "smtp_status": status.group(0) if status else None}
        if code in _AUTH_CODES:
            return OutsideAuthFailed(message, **details)
        if 500 <= code < 600:
            is_gone = is_recipient and (status.group(0) in _GONE if status else code in (550, 551, 553))
            return OutsideRejected(message, reason="no_such_recipient" if is_gone else "refused", **details)
        if _RATE_WORDS.search(text):
            return OutsideRateLimited(message, **details)
        return MailDeferred(message, **details)


def _text(reply: bytes | str) -> str:
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
