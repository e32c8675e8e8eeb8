"""What the SMTP client makes of relays that refuse, wait, hang up or are not ours: the standard library's sockets, real relays."""

from __future__ import annotations

import json
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx2
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from revenue_machine.integrations.smtp import line
from revenue_machine.integrations.smtp.smtp_client import MailDeferred, SmtpClient
from revenue_machine.integrations.smtp.wire import Mail
from revenue_machine.kit.errors import (
    Failure,
    NotConfigured,
    OutsideAuthFailed,
    OutsideRateLimited,
    OutsideRejected,
    OutsideUnanswered,
    OutsideUnreached,
)
from revenue_machine.kit.service import Exchange

Own = Callable[[str, str], bytes]
Hearing = Callable[..., SmtpClient]
ID = "<abc123@mail.maker.example>"
MAIL = Mail("Maker <hello@mail.maker.example>", "Ann <ann@people.example>", "Hi", "<p>Hi</p>", "Hi\n.\nthere")
FAILURES: Mapping[str, type[Failure]] = {
    "MailDeferred": MailDeferred, "OutsideRejected": OutsideRejected, "OutsideAuthFailed": OutsideAuthFailed,
    "OutsideRateLimited": OutsideRateLimited,
}  # fmt: skip
GOOD = {
    "connect": b"220 relay\r\n", "ehlo": b"250-relay\r\n250 AUTH PLAIN\r\n", "auth": b"235 2.7.0 ok\r\n", "mail": b"250 ok\r\n",
    "rcpt": b"250 ok\r\n", "data": b"354 go on\r\n", "message": b"250 2.0.0 queued as 7\r\n", "quit": b"221 bye\r\n", "noop": b"250 ok\r\n",
}  # fmt: skip


class Relay(socketserver.ThreadingTCPServer):
    """Says what it was told for each step; an empty answer hangs up."""

    daemon_threads = True

    def __init__(self, answers: Mapping[str, bytes]) -> None:
        self.answers, self.heard = answers, list[tuple[str, bytes]]()
        super().__init__(("127.0.0.1", 0), _Caller)


class _Caller(socketserver.StreamRequestHandler):
    server: Relay

    def handle(self) -> None:
        step, said = "connect", b""
        while answer := self.server.answers[step]:
            self.wfile.write(answer)
            if answer.startswith(b"354"):
                step, said = "message", b"".join(iter(self.rfile.readline, b".\r\n"))
            else:
                said = self.rfile.readline()
                step = said.split(None, 1)[0].decode().lower() if said else "gone"
            if step == "gone":
                return
            self.server.heard.append((step, said))


@contextmanager
def relay(**changed: bytes) -> Iterator[tuple[str, Relay]]:
    server = Relay({**GOOD, **changed})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"smtp://127.0.0.1:{server.server_address[1]}", server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def nobody(request: httpx2.Request) -> httpx2.Response:
    raise AssertionError(f"no HTTP to {request.url}")


@pytest.fixture
def client_at(client_hearing: Hearing) -> Callable[..., SmtpClient]:
    """`client_at(url)`: a client of the relay there, with a live password."""
    own = {"username": "maker", "api_key": "canary-password", "from_address": "hello@mail.maker.example"}
    return lambda url, **options: client_hearing(SmtpClient, nobody, **{**own, "base_url": url, **options})


def test_mail_is_handed_over_once(client_at: Callable[..., SmtpClient], exchanges: list[Exchange]) -> None:
    with relay() as (url, server):
        sent = client_at(url).send(MAIL, message_id=ID)
    assert (sent.message_id, sent.reply) == (ID, "2.0.0 queued as 7")
    assert [step for step, _ in server.heard] == ["ehlo", "auth", "mail", "rcpt", "data", "message", "quit"]
    heard = dict(server.heard)
    assert (heard["mail"], heard["rcpt"]) == (b"MAIL FROM:<hello@mail.maker.example>\r\n", b"RCPT TO:<ann@people.example>\r\n")
    assert b"\r\n..\r\nthere\r\n" in heard["message"]
    assert message_from_bytes(heard["message"])["Message-ID"] == ID
    [kept] = exchanges
    assert (kept.method, kept.path, kept.status, kept.answer_text) == ("DATA", "/message", 250, "2.0.0 queued as 7")
    assert "canary-password" not in repr(exchanges)


@pytest.mark.parametrize("place", range(17))
def test_refusals_mean_failures(place: int, client_at: Callable[..., SmtpClient], own: Own) -> None:
    row = json.loads(own("smtp", "replies.json"))[place]
    with relay(**{row["step"]: f"{row['code']} {row['reply']}\r\n".encode()}) as (url, _), pytest.raises(Failure) as failure:
        client_at(url).send(MAIL, message_id=ID)
    assert type(failure.value) is FAILURES[row["failure"]]
    assert failure.value.nothing_happened
    assert (failure.value.details["smtp_code"], failure.value.details.get("reason")) == (row["code"], row["reason"])


@pytest.mark.parametrize("step", ["connect", "ehlo", "auth", "mail", "rcpt", "data"])
def test_hanging_up_early_sends_nothing(step: str, client_at: Callable[..., SmtpClient]) -> None:
    with relay(**{step: b""}) as (url, _), pytest.raises(OutsideUnreached) as failure:
        client_at(url).send(MAIL, message_id=ID)
    assert failure.value.nothing_happened


@pytest.mark.parametrize("said", [b"", b"2\r\n", b"nonsense\r\n", b"354 more\r\n", b"999 what\r\n"])
def test_no_answer_after_content_is_doubt(said: bytes, client_at: Callable[..., SmtpClient]) -> None:
    with relay(message=said) as (url, server), pytest.raises(OutsideUnanswered) as failure:
        client_at(url).send(MAIL, message_id=ID)
    assert not failure.value.nothing_happened
    assert [step for step, _ in server.heard].count("message") == 1


@pytest.mark.parametrize("said", [b"", b"500 what\r\n"])
def test_rude_goodbye_changes_nothing(said: bytes, client_at: Callable[..., SmtpClient]) -> None:
    with relay(quit=said) as (url, _):
        assert client_at(url).send(MAIL, message_id=ID).message_id == ID


def test_relay_without_password_is_not_ours(client_at: Callable[..., SmtpClient]) -> None:
    with relay(ehlo=b"250 relay\r\n") as (url, server), pytest.raises(OutsideAuthFailed):
        client_at(url).send(MAIL, message_id=ID)
    assert [step for step, _ in server.heard] == ["ehlo"]


@pytest.mark.parametrize("said", [b"535 5.7.8 no\r\n", b"534 5.7.9 app password needed\r\n"])
def test_wrong_password_is_named(said: bytes, client_at: Callable[..., SmtpClient]) -> None:
    with relay(auth=said) as (url, _), pytest.raises(OutsideAuthFailed):
        client_at(url).check()


def test_strange_password_is_named(client_at: Callable[..., SmtpClient]) -> None:
    with relay() as (url, _), pytest.raises(OutsideAuthFailed):
        client_at(url, api_key="pässwort").check()


def test_closed_port_is_unreached(client_at: Callable[..., SmtpClient]) -> None:
    with relay() as (url, _):
        pass
    with pytest.raises(OutsideUnreached):
        client_at(url).send(MAIL, message_id=ID)


@pytest.mark.parametrize(
    "url", ["smtp://", "ftp://relay.example", "smtp://relay.example:port", "relay.example", "https://relay.example", None]
)
def test_unusable_address_names_its_setting(url: str | None, client_at: Callable[..., SmtpClient]) -> None:
    with pytest.raises(NotConfigured) as failure:
        client_at(url)
    assert failure.value.field == "REVENUE_SMTP__BASE_URL"


class Box:
    """A handler of a real relay that keeps what it was given."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.was_encrypted: list[bool] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.mails.append(envelope)
        self.was_encrypted.append(session.ssl is not None)
        return "250 2.0.0 kept"


def _right(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=data == LoginPassword(b"maker", b"canary-password"), handled=False)


@pytest.fixture
def certified(tmp_path: Path) -> ssl.SSLContext:
    """A server's TLS with a certificate for this machine, signed by itself; `cert.pem` beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(7).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (tmp_path / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    own = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "key.pem").write_bytes(own)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    return context


@contextmanager
def real_relay(box: Box, **options: Any) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    controller = Controller(box, hostname="127.0.0.1", port=port, authenticator=_right, auth_required=True, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def test_real_relay_takes_it_encrypted(
    client_at: Callable[..., SmtpClient], certified: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: Own
) -> None:
    box, mail = Box(), Mail(**json.loads(own("smtp", "mail.json")))
    with real_relay(box, tls_context=certified, require_starttls=True) as port:
        with pytest.raises(OutsideUnreached, match="no trusted encryption"):
            client_at(f"smtp://127.0.0.1:{port}").send(mail, message_id=ID)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        assert client_at(f"smtp://127.0.0.1:{port}").send(mail, message_id=ID).reply == "2.0.0 kept"
        with pytest.raises(OutsideAuthFailed):
            client_at(f"smtp://127.0.0.1:{port}", api_key="wrong").send(mail, message_id=ID)
    [taken] = box.mails
    assert box.was_encrypted == [True]
    assert (taken.mail_from, taken.rcpt_tos) == ("hello@mail.maker.example", ["ann@people.example"])
    assert isinstance(taken.content, bytes)
    assert message_from_bytes(taken.content)["List-Unsubscribe"] == mail.headers["List-Unsubscribe"]


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_smtps_is_encrypted_from_the_start(
    client_at: Callable[..., SmtpClient], certified: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Box()
    with real_relay(box, ssl_context=certified, auth_require_tls=False) as port:
        with pytest.raises(OutsideUnreached, match="no trusted encryption"):
            client_at(f"smtps://127.0.0.1:{port}").check()
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        client_at(f"smtps://127.0.0.1:{port}").send(MAIL, message_id=ID)
    assert [mail.rcpt_tos for mail in box.mails] == [["ann@people.example"]]


def test_password_never_leaves_unencrypted(client_at: Callable[..., SmtpClient], monkeypatch: pytest.MonkeyPatch) -> None:
    with relay() as (url, server):
        client = client_at(url)
        monkeypatch.setattr(line, "is_loopback", lambda _url: False)
        with pytest.raises(OutsideRejected, match="no STARTTLS"):
            client.send(MAIL, message_id=ID)
    assert [step for step, _ in server.heard] == ["ehlo"]
