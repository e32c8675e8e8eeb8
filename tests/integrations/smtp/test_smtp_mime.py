"""A mail becomes the bytes it should, the same ones every time, and nothing can be smuggled into it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue_machine.integrations.smtp.mime import build, message_id_for
from revenue_machine.integrations.smtp.wire import Mail
from revenue_machine.kit.errors import BadInput

Own = Callable[[str, str], bytes]
NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
ID = "<abc123@mail.maker.example>"
PLAIN = Mail("hello@mail.maker.example", "ann@people.example", "Hi", "<p>Hi</p>", "Hi")


@pytest.fixture
def mail(own: Own) -> Mail:
    return Mail(**json.loads(own("smtp", "mail.json")))


def test_mail_is_read_back_whole(mail: Mail) -> None:
    message = message_from_bytes(build(mail, ID, NOW), policy=policy.default)
    assert {name: str(value) for name, value in message.items() if name not in ("Content-Type", "MIME-Version")} == {
        "From": mail.from_address, "To": mail.to, "Subject": mail.subject, "Reply-To": mail.reply_to, **mail.headers,
        "Date": "Sun, 22 Nov 2026 06:00:00 +0000", "Message-ID": ID,
    }  # fmt: skip
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    plain, html = (part.get_content().replace("\r\n", "\n").rstrip("\n") for part in message.iter_parts())
    assert (plain, html) == (mail.text, mail.html)


def test_bytes_fit_any_relay(mail: Mail) -> None:
    content = build(mail, ID, NOW)
    lines = content.split(b"\r\n")
    assert content.isascii()
    assert b"\n" not in b"".join(lines)
    assert b"\r" not in b"".join(lines)
    assert max(len(line) for line in lines) < 998
    assert lines[-1] == b""


def test_unsubscribe_address_stays_one_line(mail: Mail) -> None:
    wanted = f"List-Unsubscribe: {mail.headers['List-Unsubscribe']}\r\n".encode()
    assert wanted in build(mail, ID, NOW)
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in build(mail, ID, NOW)


def test_same_mail_same_bytes(mail: Mail) -> None:
    assert build(mail, ID, NOW) == build(mail, ID, NOW)
    assert build(mail, ID, NOW) != build(replace(mail, text="other"), ID, NOW)


def test_message_id_follows_from_key() -> None:
    first = message_id_for("email.send/s1", "Maker <hello@mail.maker.example>")
    assert first == message_id_for("email.send/s1", "hello@mail.maker.example")
    assert first != message_id_for("email.send/s2", "hello@mail.maker.example")
    assert first.startswith("<")
    assert first.endswith("@mail.maker.example>")
    assert f"Message-ID: {first}\r\n".encode() in build(PLAIN, first, NOW)


@pytest.mark.parametrize(
    "changed",
    [
        {"to": "a@b.example, c@d.example"}, {"to": "a@b.example\r\nBcc: x@y.example"}, {"to": "a"}, {"to": "jürgen@b.example"},
        {"from_address": "a@b.example\nX: y"}, {"from_address": ""}, {"reply_to": "x y@z.example"}, {"subject": "  "},
        {"subject": "Hi\r\nBcc: x@y.example"}, {"subject": "Hi\nX"}, {"headers": {"X-A": "b\r\n\r\nbody"}},
        {"headers": {"X A": "b"}}, {"headers": {"X:Y": "b"}}, {"headers": {"Bcc": "x@y.example"}}, {"headers": {"subject": "two"}},
        {"headers": {"X\r\nBcc": "x@y.example"}}, {"to": "Ann\u2028 <a@b.example>"}, {"text": "half \ud800"},
    ],
)  # fmt: skip
def test_smuggled_mail_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        build(replace(PLAIN, **changed), ID, NOW)


@pytest.mark.parametrize("message_id", ["", "abc", "<abc>", "<a@b>\r\nX: y", "<a b@c>", f"<{'a' * 250}@b>"])
def test_odd_message_id_is_refused(message_id: str) -> None:
    with pytest.raises(BadInput):
        build(PLAIN, message_id, NOW)


@given(st.text(max_size=120), st.text(max_size=120), st.text(max_size=300))
def test_no_text_adds_a_header(subject: str, value: str, text: str) -> None:
    try:
        content = build(replace(PLAIN, subject=subject, headers={"X-Note": value}, text=text), ID, NOW)
    except BadInput:
        return
    names = message_from_bytes(content, policy=policy.default).keys()
    assert sorted(names) == ["Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To", "X-Note"]
