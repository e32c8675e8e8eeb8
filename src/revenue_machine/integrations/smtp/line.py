"""The lines an SMTP conversation goes over: a socket with TLS, or the sandbox's requests; smtplib holds the conversation."""

from __future__ import annotations

import io
import smtplib
import ssl
from typing import Any
from urllib.parse import urlsplit

import httpx2

from revenue_machine.kit.errors import NotConfigured, OutsideRejected
from revenue_machine.kit.service import TIMEOUT_S, ServiceLink, missing
from revenue_machine.kit.settings import is_loopback

_PORTS = {"smtp": 587, "smtps": 465}
# What an HTTP answer without a reply of its own says on this line: only the sandbox's faults make one.
_SLOW_DOWN = b"421 4.7.0 too many mails, try again later\r\n"
_BROKEN = b"451 4.3.0 something broke, try again later\r\n"
OWN_NAME = "revenue-machine.local"


def check_address(link: ServiceLink) -> None:
    """The relay's address is one this service can speak to. Raises not_configured."""
    parts = urlsplit(link.base_url)
    if parts.scheme in ("http", "https"):
        if link.settings.is_live:
            raise missing(link.manifest, "base_url")
    elif parts.scheme not in _PORTS or not parts.hostname or _port(link.base_url) is None:
        field = f"REVENUE_{link.manifest.service.upper()}__BASE_URL"
        raise NotConfigured(f"{link.manifest.name}: write smtp://host:587 or smtps://host:465", field=field)


def dial(link: ServiceLink) -> smtplib.SMTP:
    """A greeted conversation, encrypted wherever it leaves this machine. Raises what smtplib and sockets raise."""
    parts = urlsplit(link.base_url)
    if parts.scheme in ("http", "https"):
        return _SandboxSMTP(link)
    host, port = parts.hostname or "", _port(link.base_url) or 0
    if parts.scheme == "smtps":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            host, port, local_hostname=OWN_NAME, timeout=TIMEOUT_S, context=ssl.create_default_context()
        )
        smtp.ehlo_or_helo_if_needed()
        return smtp
    smtp = smtplib.SMTP(host, port, local_hostname=OWN_NAME, timeout=TIMEOUT_S)
    try:
        _encrypt(smtp, link)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _encrypt(smtp: smtplib.SMTP, link: ServiceLink) -> None:
    smtp.ehlo_or_helo_if_needed()
    if smtp.has_extn("starttls"):
        smtp.starttls(context=ssl.create_default_context())
        smtp.ehlo()
    elif not is_loopback(link.base_url):
        raise OutsideRejected(f"{link.manifest.name}: the relay offers no STARTTLS, and no password goes out unencrypted")


def _port(url: str) -> int | None:
    parts = urlsplit(url)
    try:
        return parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None


class _SandboxSMTP(smtplib.SMTP):
    """smtplib over the sandbox's line."""

    def __init__(self, link: ServiceLink) -> None:
        super().__init__(local_hostname=OWN_NAME)
        self._link = link
        code, reply = self.connect()
        if code != 220:
            self.close()
            raise smtplib.SMTPConnectError(code, reply)
        self.ehlo_or_helo_if_needed()

    def connect(self, host: str = "sandbox", port: int = 0, source_address: Any = None) -> tuple[int, bytes]:
        """Open the conversation and hear the greeting."""
        wire = _SandboxSocket(self._link)
        self.sock, self.file = wire, wire  # type: ignore[assignment]
        wire.ask("connect", b"")
        return self.getreply()


class _SandboxSocket:
    """As much of a socket, and of the file over it, as smtplib uses."""

    def __init__(self, link: ServiceLink) -> None:
        self._link = link
        self._conversation: str | None = None
        self._heard = io.BytesIO()
        self._expects: str | None = None

    def sendall(self, data: bytes) -> None:
        """Say one line, or the whole content of a mail."""
        self.ask(self._expects or data.split(None, 1)[0].decode("ascii", "replace").lower(), data)

    def readline(self, size: int = -1) -> bytes:
        return self._heard.readline(size)

    def close(self) -> None:
        """Nothing is held open."""

    def ask(self, step: str, data: bytes) -> None:
        """One request of the line's contract (README.md beside this file); its answer is what is heard next."""
        headers = {"content-type": "application/octet-stream"}
        if self._conversation is not None:
            headers["x-conversation"] = self._conversation
        try:
            answer = self._link.http.post(f"{self._link.base_url}/{step}", content=data, headers=headers, timeout=TIMEOUT_S)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise ConnectionRefusedError(type(error).__name__) from None
        except httpx2.RequestError as error:
            raise ConnectionResetError(type(error).__name__) from None
        self._conversation = answer.headers.get("x-conversation", self._conversation)
        said = answer.content if answer.status_code < 400 else _SLOW_DOWN if answer.status_code == 429 else _BROKEN
        self._heard = io.BytesIO(said)
        self._expects = {b"334": "auth", b"354": "message"}.get(said[:3])
