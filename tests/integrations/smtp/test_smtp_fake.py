"""The pretend relay: reached in-process, over HTTP and over a real socket, by our client and by the standard library's."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx2
import pytest

from revenue_machine.app import build
from revenue_machine.integrations.smtp import fake
from revenue_machine.integrations.smtp.mime import message_id_for
from revenue_machine.integrations.smtp.smtp_client import MailDeferred, SmtpClient
from revenue_machine.integrations.smtp.wire import Mail
from revenue_machine.kit.errors import (
    BadInput,
    Failure,
    NotConfigured,
    OutsideAuthFailed,
    OutsideRateLimited,
    OutsideRejected,
    OutsideUnanswered,
    OutsideUnreached,
)
from revenue_machine.kit.fakeserver import FakeRequest
from revenue_machine.kit.settings import load
from revenue_machine.sandbox.mail_port import mail_port
from revenue_machine.sandbox.store import ServiceState, WorldStore
from revenue_machine.sandbox.transport import SandboxTransport
from revenue_machine.sandbox.vendors import Outside
from tests.app_fixture import WorldClock
from tests.integrations.conftest import START
from tests.integrations.loopback import served

Make = Callable[..., SmtpClient]
ANN = "ann@people.example"
LINK = "https://maker.example/go/abc?a=1&b=2"
MAIL = Mail(
    "Maker <hello@mail.maker.example>", f"Ann Müller <{ANN}>", "Tag 1 – los", f'<p>Grüße <a href="{LINK.replace("&", "&amp;")}">auf</a></p>',
    f"Grüße: {LINK}\n.\n..", "replies@mail.maker.example", {"List-Unsubscribe": "<https://maker.example/u/t>"},
)  # fmt: skip
ID = message_id_for("email.send/s1", MAIL.from_address)


@pytest.fixture
def client(client_of: Make) -> SmtpClient:
    return client_of(SmtpClient, username="maker", from_address="Maker <hello@mail.maker.example>")


@pytest.fixture
def state(outside: Outside) -> ServiceState:
    return outside.state("smtp")


def steps(state: ServiceState) -> list[tuple[str, int]]:
    return [
        (path, acted) for path, acted in state.store.run("select path, acted from journal where service = 'smtp' order by place")
    ]


def test_mail_reaches_its_inbox(client: SmtpClient, state: ServiceState) -> None:
    sent = client.send(MAIL, message_id=ID)
    assert (sent.message_id, sent.reply) == (ID, "2.0.0 taken as 1")
    [seen] = fake.public_inbox(state, ANN)
    headers = seen.pop("headers")
    assert seen == {
        "email_id": "1", "message_id": ID, "delivered_at": "2026-11-22T06:00:00+00:00", "from": MAIL.from_address, "to": [MAIL.to],
        "reply_to": ["replies@mail.maker.example"], "subject": "Tag 1 – los", "text": f"{MAIL.text}\n", "html": f"{MAIL.html}\n",
        "links": [LINK],
    }  # fmt: skip
    assert headers["List-Unsubscribe"] == "<https://maker.example/u/t>"
    assert headers["Date"] == "Sun, 22 Nov 2026 06:00:00 +0000"


def test_only_the_content_acts(client: SmtpClient, state: ServiceState) -> None:
    client.send(MAIL, message_id=ID)
    assert steps(state) == [
        ("/connect", 0), ("/ehlo", 0), ("/auth", 0), ("/mail", 0), ("/rcpt", 0), ("/data", 0), ("/message", 1), ("/quit", 0),
    ]  # fmt: skip
    assert state.count("conversation") == 0


def test_inbox_since_leaves_older_out(client: SmtpClient, state: ServiceState) -> None:
    client.send(MAIL, message_id=ID)
    state.store.move_to(START + timedelta(hours=1))
    client.send(MAIL, message_id=message_id_for("email.send/s2", MAIL.from_address))
    assert len(fake.public_inbox(state, ANN.upper())) == 2
    assert [mail["email_id"] for mail in fake.public_inbox(state, ANN, START + timedelta(hours=1))] == ["2"]


def test_relay_that_hangs_up_after_taking_leaves_doubt(client: SmtpClient, outside: Outside, state: ServiceState) -> None:
    outside.add_fault("smtp", "/message", "act_then_drop", 1)
    with pytest.raises(OutsideUnanswered) as failure:
        client.send(MAIL, message_id=ID)
    assert not failure.value.nothing_happened
    assert [mail["message_id"] for mail in fake.public_inbox(state, ANN)] == [ID]


FAULTS: list[tuple[str, str, type[Failure], bool]] = [
    ("/connect", "down", OutsideUnreached, True), ("/connect", "429", OutsideRateLimited, True), ("/ehlo", "act_then_drop", OutsideUnreached, True),
    ("/mail", "500", MailDeferred, True), ("/rcpt", "slow", OutsideUnreached, True), ("/data", "act_then_drop", OutsideUnreached, True),
    ("/message", "500", MailDeferred, True), ("/message", "429", OutsideRateLimited, True), ("/message", "down", OutsideUnanswered, False),
    ("/message", "slow", OutsideUnanswered, False),
]  # fmt: skip


@pytest.mark.parametrize(("step", "fault", "kind", "nothing_happened"), FAULTS)
def test_faults_mean_failures(
    step: str, fault: str, kind: type[Failure], nothing_happened: bool, client: SmtpClient, outside: Outside
) -> None:
    outside.add_fault("smtp", step, fault, 1)
    with pytest.raises(Failure) as failure:
        client.send(MAIL, message_id=ID)
    assert type(failure.value) is kind
    assert failure.value.nothing_happened is nothing_happened
    arrived = len(fake.public_inbox(outside.state("smtp"), ANN))
    assert arrived == 0 or not nothing_happened


@pytest.mark.parametrize(
    ("rule", "kind", "reason"),
    [
        ("hard_bounce", OutsideRejected, "no_such_recipient"),
        ("soft_bounce", MailDeferred, None),
        ("slow_down", OutsideRateLimited, None),
    ],
)
def test_mailboxes_refuse(rule: str, kind: type[Failure], reason: str | None, client: SmtpClient, state: ServiceState) -> None:
    fake.public_mailbox(state, ANN, rule)
    with pytest.raises(kind) as failure:
        client.send(MAIL, message_id=ID)
    assert failure.value.details.get("reason") == reason
    fake.public_mailbox(state, ANN)
    client.send(MAIL, message_id=ID)
    assert len(fake.public_inbox(state, ANN)) == 1
    with pytest.raises(BadInput):
        fake.public_mailbox(state, ANN, "eats_it")


def test_wrong_password_is_refused(client_of: Make, state: ServiceState) -> None:
    with pytest.raises(OutsideAuthFailed):
        client_of(SmtpClient, username="maker", api_key="sk_sandbox_other").send(MAIL, message_id=ID)
    assert state.count("mail") == 0


def test_same_client_over_http(client_of: Make, outside: Outside, state: ServiceState) -> None:
    with served(outside) as base:
        over = client_of(SmtpClient, username="maker", base_url=f"{base}/smtp")
        object.__setattr__(over.link, "http", httpx2.Client())
        over.send(MAIL, message_id=ID)
        over.check()
        over.link.http.close()
    assert [mail["message_id"] for mail in fake.public_inbox(state, ANN)] == [ID]


def test_same_client_over_a_socket(client_of: Make, outside: Outside, state: ServiceState) -> None:
    with mail_port(outside) as url:
        client = client_of(SmtpClient, username="maker", base_url=url)
        client.send(MAIL, message_id=ID)
        outside.add_fault("smtp", "/message", "act_then_drop", 1)
        with pytest.raises(OutsideUnanswered):
            client.send(MAIL, message_id=ID)
        outside.add_fault("smtp", "/mail", "500", 1)
        with pytest.raises(MailDeferred):
            client.send(MAIL, message_id=ID)
        outside.add_fault("smtp", "/connect", "down", 1)
        with pytest.raises(OutsideUnreached):
            client.send(MAIL, message_id=ID)
    assert [mail["text"] for mail in fake.public_inbox(state, ANN)] == [f"{MAIL.text}\n"] * 2


def test_standard_library_is_at_home(outside: Outside, state: ServiceState) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@b.example", "c@d.example, e@f.example", "Grüße"
    message.set_content(".dot\nsee https://maker.example/x\n")
    fake.public_mailbox(state, "e@f.example", "hard_bounce")
    with mail_port(outside) as url, smtplib.SMTP("127.0.0.1", int(url.rpartition(":")[2])) as smtp:
        assert smtp.noop()[0] == 250
        with pytest.raises(smtplib.SMTPSenderRefused):
            smtp.send_message(message)
        smtp.user, smtp.password = "maker", "sk_sandbox_smtp"
        smtp.ehlo()
        assert smtp.auth("LOGIN", smtp.auth_login)[0] == 235
        assert smtp.send_message(message) == {"e@f.example": (550, b"5.1.1 no such user here")}
        assert smtp.docmd("VRFY", "c")[0] == 500
    [seen] = fake.public_inbox(state, "c@d.example")
    assert (seen["subject"], seen["text"], seen["links"]) == (
        "Grüße",
        ".dot\nsee https://maker.example/x\n",
        ["https://maker.example/x"],
    )
    assert fake.public_inbox(state, "e@f.example") == []


def test_long_line_does_not_end_a_mail(outside: Outside, state: ServiceState) -> None:
    with mail_port(outside) as url, smtplib.SMTP("127.0.0.1", int(url.rpartition(":")[2])) as smtp:
        smtp.login("maker", "sk_sandbox_smtp")
        assert smtp.mail("a@b.example")[0] == smtp.rcpt("c@d.example")[0] == 250
        assert smtp.data(b"\r\n" + b"x" * 12_288 + b".\r\nlast\r\n")[0] == 250
    [seen] = fake.public_inbox(state, "c@d.example")
    assert seen["text"] == f"{'x' * 12_288}.\nlast\n"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("MAIL FROM:<a@b.example>", b"530"), ("RCPT TO:<a@b.example>", b"503"), ("DATA", b"503"), ("EHLO", b"501"), ("HELO me", b"250"),
        ("AUTH CRAM-MD5", b"504"), ("AUTH PLAIN !", b"501"), ("AUTH PLAIN eA==", b"535"), ("RSET", b"250"), ("BANANA", b"500"), ("", b"500"),
    ],
)  # fmt: skip
def test_out_of_turn_is_refused(line: str, code: bytes, state: ServiceState) -> None:
    number = fake.respond(state, FakeRequest("POST", "/connect")).headers["x-conversation"]
    said = fake.respond(state, FakeRequest("POST", "/x", (), {"x-conversation": number}, f"{line}\r\n".encode()))
    assert said.body[:3] == code
    assert not said.acted


def test_unknown_conversation_is_refused(state: ServiceState) -> None:
    assert fake.respond(state, FakeRequest("POST", "/noop", (), {"x-conversation": "9"}, b"NOOP\r\n")).status == 404
    assert fake.respond(state, FakeRequest("GET", "/connect")).status == 405


def test_sandbox_never_reaches_a_relay(tmp_path: Path) -> None:
    store = WorldStore(tmp_path / "world.db")
    outside = Outside(store, 7)
    own = {"BASE_URL": "smtp://mail.relay.example:587", "API_KEY": "real-password", "USERNAME": "me"}
    settings = load({"REVENUE_HOME": str(tmp_path), **{f"REVENUE_SMTP__{name}": value for name, value in own.items()}})
    app = build(settings, WorldClock(START, store), SandboxTransport(outside))
    client: Any = app.clients.of("smtp")
    assert (client.link.base_url, client.link.api_key) == ("https://smtp.revenue.local", "sk_sandbox_smtp")
    client.send(MAIL, message_id=ID)
    assert len(fake.public_inbox(outside.state("smtp"), ANN)) == 1
    app.close()
    store.close()


def test_live_needs_an_address(client_of: Make) -> None:
    with pytest.raises(NotConfigured) as failure:
        client_of(SmtpClient, username="me", api_key="real-password")
    assert failure.value.field == "REVENUE_SMTP__BASE_URL"
    with pytest.raises(NotConfigured) as failure:
        client_of(SmtpClient)
    assert failure.value.field == "REVENUE_SMTP__USERNAME"
