"""A pretend relay: one SMTP conversation at a time, spoken line by line, and the mailboxes behind it."""

from __future__ import annotations

import base64
import binascii
import html as html_text
import re
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from revenue_machine.kit.clock import iso, parse_instant
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, FakeState, answer_json

__all__ = ["public_inbox", "public_mailbox", "respond"]

Document = dict[str, Any]
RULES = ("accept", "hard_bounce", "soft_bounce", "slow_down")
MAX_BYTES = 10_485_760
_PATH = re.compile(rb"<([^<>\s@]+@[^<>\s@]+)>(?:\s.*)?", re.DOTALL)
_HREF = re.compile(r"""<a\b[^>]*?\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_PLAIN_LINK = re.compile(r"https?://[^\s<>\"')\]]+")
_AT_RCPT = {
    "hard_bounce": b"550 5.1.1 no such user here", "soft_bounce": b"452 4.2.2 mailbox full",
    "slow_down": b"450 4.7.1 too many mails from you, slow down",
}  # fmt: skip


def respond(state: FakeState, request: FakeRequest) -> FakeResponse:
    """One step of a conversation (README.md beside this file); only a mail taken at `/message` acts."""
    step = request.path.strip("/")
    if request.method != "POST":
        return answer_json(405, {"error": "a conversation is made of POSTs"})
    if step == "connect":
        number = str(state.next_number("conversation"))
        state.put("conversation", number, {"user": None, "sender": None, "to": [], "mode": "command", "greeted": False})
        return _reply(b"220 smtp.revenue.local ESMTP sandbox", number)
    number = request.headers.get("x-conversation", "")
    talk = state.get("conversation", number)
    if talk is None:
        return answer_json(404, {"error": "there is no such conversation"})
    before = state.count("mail")
    said = _message(state, talk, request.body) if talk["mode"] == "content" else _line(state, talk, request.body)
    state.put("conversation", number, talk)
    if said.startswith((b"221", b"421")):
        state.drop("conversation", number)
    return _reply(said, number, acted=state.count("mail") > before)


def _reply(said: bytes, number: str, *, acted: bool = False) -> FakeResponse:
    return FakeResponse(200, said + b"\r\n", {"content-type": "application/octet-stream", "x-conversation": number}, acted)


def _line(state: FakeState, talk: Document, raw: bytes) -> bytes:
    """One command line."""
    if not raw.endswith(b"\r\n") or len(raw) > 12_288:
        return b"500 5.5.2 a command is one line"
    line = raw.rstrip(b"\r\n")
    if talk["mode"] != "command":
        return _secret(state, talk, line)
    word, _, rest = line.partition(b" ")
    command = _COMMANDS.get(word.upper())
    if command is None:
        return b"500 5.5.1 command not recognised"
    return command(state, talk, rest.strip())


def _ehlo(state: FakeState, talk: Document, rest: bytes) -> bytes:
    if not rest:
        return b"501 5.5.4 say who you are"
    talk.update(greeted=True, sender=None, to=[])
    return b"250-smtp.revenue.local\r\n250-SIZE %d\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 AUTH PLAIN LOGIN" % MAX_BYTES


def _helo(state: FakeState, talk: Document, rest: bytes) -> bytes:
    talk.update(greeted=True, sender=None, to=[])
    return b"250 smtp.revenue.local"


def _auth(state: FakeState, talk: Document, rest: bytes) -> bytes:
    kind, _, first = rest.partition(b" ")
    if talk["user"] is not None:
        return b"503 5.5.1 you have logged in"
    if kind.upper() == b"PLAIN":
        talk["mode"] = "plain"
        return _secret(state, talk, first) if first else b"334 "
    if kind.upper() == b"LOGIN":
        talk["mode"] = "login user"
        return _secret(state, talk, first) if first else b"334 VXNlcm5hbWU6"
    return b"504 5.5.4 that is no way to log in here"


def _secret(state: FakeState, talk: Document, line: bytes) -> bytes:
    """What follows a 334."""
    mode, talk["mode"] = talk["mode"], "command"
    try:
        text = base64.b64decode(line, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return b"501 5.5.2 that is not base64"
    if mode == "login user":
        talk.update(mode="login password", name=text)
        return b"334 UGFzc3dvcmQ6"
    user, password = (talk["name"], text) if mode == "login password" else _plain_parts(text)
    if not user or password != state.api_key:
        return b"535 5.7.8 user or password is wrong"
    talk["user"] = user
    return b"235 2.7.0 welcome"


def _plain_parts(text: str) -> tuple[str, str]:
    parts = text.split("\0")
    return (parts[1], parts[2]) if len(parts) == 3 else ("", "")


def _mail(state: FakeState, talk: Document, rest: bytes) -> bytes:
    path = _PATH.fullmatch(rest[5:].strip()) if rest[:5].upper() == b"FROM:" else None
    if talk["user"] is None:
        return b"530 5.7.0 log in first"
    if talk["sender"] is not None:
        return b"503 5.5.1 one mail at a time"
    if path is None:
        return b"501 5.1.7 MAIL FROM:<you@example.com>"
    size = re.search(rb"\sSIZE=(\d+)", rest, re.IGNORECASE)
    if size is not None and int(size.group(1)) > MAX_BYTES:
        return b"552 5.3.4 too big"
    talk["sender"] = path.group(1).decode("utf-8", "replace")
    return b"250 2.1.0 sender fine"


def _rcpt(state: FakeState, talk: Document, rest: bytes) -> bytes:
    path = _PATH.fullmatch(rest[3:].strip()) if rest[:3].upper() == b"TO:" else None
    if talk["sender"] is None:
        return b"503 5.5.1 MAIL first"
    if path is None:
        return b"501 5.1.3 RCPT TO:<them@example.com>"
    address = path.group(1).decode("utf-8", "replace").lower()
    refusal = _AT_RCPT.get((state.get("mailbox", address) or {"rule": "accept"})["rule"])
    if refusal is not None:
        return refusal
    talk["to"] = [*talk["to"], address]
    return b"250 2.1.5 recipient fine"


def _data(state: FakeState, talk: Document, rest: bytes) -> bytes:
    if not talk["to"]:
        return b"503 5.5.1 RCPT first"
    talk["mode"] = "content"
    return b"354 end with a dot on its own line"


def _message(state: FakeState, talk: Document, raw: bytes) -> bytes:
    """The content with its last dot: the mail is in the mailboxes before the answer is said."""
    talk["mode"] = "command"
    if not (b"\r\n" + raw).endswith(b"\r\n.\r\n"):
        return b"554 5.6.0 the mail did not end"
    content = re.sub(rb"(?m)^\.", b"", raw[: -len(b".\r\n")])
    sender, everybody = talk["sender"], talk["to"]
    talk.update(sender=None, to=[])
    if len(content) > MAX_BYTES:
        return b"552 5.3.4 too big"
    number = state.next_number("mail")
    state.put("mail", str(number), {"id": str(number), "sender": sender, "content": content.decode("utf-8", "surrogateescape")})
    for address in everybody:
        box = state.get("inbox", address) or {"mails": []}
        state.put("inbox", address, {"mails": [*box["mails"], [str(number), iso(state.now())]]})
    return b"250 2.0.0 taken as %d" % number


def _rset(state: FakeState, talk: Document, rest: bytes) -> bytes:
    talk.update(sender=None, to=[])
    return b"250 2.0.0 forgotten"


def _noop(state: FakeState, talk: Document, rest: bytes) -> bytes:
    return b"250 2.0.0 still here"


def _quit(state: FakeState, talk: Document, rest: bytes) -> bytes:
    return b"221 2.0.0 goodbye"


_COMMANDS = {
    b"EHLO": _ehlo, b"HELO": _helo, b"AUTH": _auth, b"MAIL": _mail, b"RCPT": _rcpt, b"DATA": _data, b"RSET": _rset, b"NOOP": _noop,
    b"QUIT": _quit,
}  # fmt: skip


def public_mailbox(state: FakeState, address: str, rule: str = "accept") -> None:
    """How a mailbox treats mail from now on: accept, hard_bounce (550), soft_bounce (452) or slow_down (450)."""
    if rule not in RULES:
        raise BadInput(f"'{rule}' is no mailbox rule; one of {', '.join(RULES)}", field="rule")
    state.put("mailbox", address.lower(), {"rule": rule})


def public_inbox(state: FakeState, address: str, since: datetime | None = None) -> list[Document]:
    """Mail taken for an address at or after `since`, oldest first, as a mail program shows it.

    Each: email_id, message_id, delivered_at (ISO), from, to (list), reply_to (list), subject, text, html, headers and links (those
    of the HTML in order, each once; those of the text when there is no HTML).
    """
    box = state.get("inbox", address.lower()) or {"mails": []}
    return [_seen(state, number, at) for number, at in box["mails"] if since is None or parse_instant(at) >= since]


def _seen(state: FakeState, number: str, delivered_at: str) -> Document:
    held = state.get("mail", number) or {"content": ""}
    message = message_from_bytes(held["content"].encode("utf-8", "surrogateescape"), policy=policy.default)
    text, html = _part(message, "plain"), _part(message, "html")
    headers = {name: str(value) for name, value in message.items()}
    links = [html_text.unescape(one or other) for one, other in _HREF.findall(html)] if html else _PLAIN_LINK.findall(text or "")
    return {
        "email_id": number, "message_id": headers.get("Message-ID"), "delivered_at": delivered_at, "from": headers.get("From"),
        "to": [headers["To"]] if "To" in headers else [], "reply_to": [headers["Reply-To"]] if "Reply-To" in headers else [],
        "subject": headers.get("Subject", ""), "text": text, "html": html, "headers": headers,
        "links": list(dict.fromkeys(links)),
    }  # fmt: skip


def _part(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    content = part.get_content() if part is not None else None
    return content.replace("\r\n", "\n") if isinstance(content, str) else None
