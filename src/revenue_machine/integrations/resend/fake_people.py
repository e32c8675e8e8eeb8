"""What people and their mail servers do with mail of the pretend Resend: read, open, click, bounce, complain, answer."""

from __future__ import annotations

import html
import re
from datetime import datetime

from revenue_machine.integrations.resend import fake_post as post
from revenue_machine.integrations.resend.fake_post import Document
from revenue_machine.kit.clock import iso, parse_instant
from revenue_machine.kit.errors import BadInput, NotFound
from revenue_machine.kit.fakeserver import FakeState

RULES = ("accept", "hard_bounce", "soft_bounce", "complain")
_BROWSER = "Mozilla/5.0 (sandbox)"
_HREF = re.compile(r"""<a\b[^>]*?\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_PLAIN_LINK = re.compile(r"https?://[^\s<>\"')\]]+")


def public_mailbox(state: FakeState, address: str, rule: str = "accept") -> None:
    """How a mailbox treats mail from now on: accept, hard_bounce, soft_bounce or complain."""
    if rule not in RULES:
        raise BadInput(f"'{rule}' is no mailbox rule; one of {', '.join(RULES)}", field="rule")
    state.put("mailbox", post.plain(address), {"rule": rule})


def public_domain(state: FakeState, name: str, spf: str = "verified", dkim: str = "verified") -> str:
    """Add or change a sender domain; its id. States: not_started, pending, verified, failed, temporary_failure."""
    post.domains(state)
    return post.write_domain(state, name, {"SPF": spf, "DKIM": dkim})


def public_inbox(state: FakeState, address: str, since: datetime | None = None) -> list[Document]:
    """Mail delivered to an address at or after `since`, oldest first.

    Each: email_id, message_id, delivered_at (ISO), from, to, reply_to (list), subject, text, html, headers, tags and
    links (those of the HTML in order, each once; those of the text when there is no HTML).
    """
    box = state.get("inbox", post.plain(address)) or {"ids": []}
    return [_seen(state, email_id, at) for email_id, at in box["ids"] if since is None or parse_instant(at) >= since]


def public_open(state: FakeState, email_id: str) -> None:
    """Somebody looks at a delivered mail with pictures on. Raises not_found when it reached nobody."""
    _delivered(state, email_id)
    post.happen(state, email_id, "opened")


def public_click(state: FakeState, email_id: str, link: str) -> str:
    """Somebody follows a link of a delivered mail; the address their browser opens. Raises not_found for a link not in it."""
    email = _delivered(state, email_id)
    if link not in _links(email):
        raise NotFound(f"the mail {email_id} has no link {link}")
    click = {"ipAddress": "192.0.2.10", "link": link, "timestamp": iso(state.now()), "userAgent": _BROWSER}
    post.happen(state, email_id, "clicked", {"click": click})
    return link


def public_bounce(state: FakeState, email_id: str, *, permanently: bool = True) -> None:
    """A mail comes back after all, as some servers do it; a permanent bounce suppresses its first recipient."""
    email = _held(state, email_id)
    post.bounce(state, email_id, post.plain(email["to"][0]), permanently=permanently)


def public_fail(state: FakeState, email_id: str, reason: str = "reached_daily_quota") -> None:
    """Resend itself could not send a mail it had accepted."""
    post.happen(state, _held(state, email_id)["id"], "failed", {"failed": {"reason": reason}})


def public_complain(state: FakeState, email_id: str) -> None:
    """The first recipient marks a delivered mail as spam."""
    post.complain(state, email_id, post.plain(_delivered(state, email_id)["to"][0]))


def public_reply(state: FakeState, email_id: str, text: str, headers: dict[str, str] | None = None) -> str:
    """The first recipient answers a delivered mail; the id of the received mail. `headers` are further ones (Auto-Submitted …)."""
    email = _delivered(state, email_id)
    reply_id = post.new_id(state, "received")
    subject = email["subject"] if email["subject"].lower().startswith("re:") else f"Re: {email['subject']}"
    sender, to = email["to"][0], email["reply_to"] or [email["from"]]
    message_id = f"<{reply_id}@{post.plain(sender).rpartition('@')[2]}>"
    at = iso(state.now())
    own = {"in-reply-to": email["message_id"], "references": email["message_id"], **(headers or {})}
    state.put("received", reply_id, {
        "id": reply_id, "to": to, "from": sender, "created_at": at, "subject": subject, "text": text, "html": None, "headers": own,
        "bcc": [], "cc": [], "reply_to": [], "received_for": to, "message_id": message_id, "attachments": [],
    })  # fmt: skip
    data = {
        "email_id": reply_id, "created_at": at, "from": sender, "to": to, "subject": subject, "message_id": message_id, "bcc": [],
        "cc": [], "attachments": [],
    }  # fmt: skip
    post.queue(state, "email.received", data)
    return reply_id


def _held(state: FakeState, email_id: str) -> Document:
    email = state.get("email", email_id)
    if email is None:
        raise NotFound(f"there is no mail {email_id}")
    return email


def _delivered(state: FakeState, email_id: str) -> Document:
    email = _held(state, email_id)
    box = state.get("inbox", post.plain(email["to"][0])) or {"ids": []}
    if email_id not in [held for held, _ in box["ids"]]:
        raise NotFound(f"the mail {email_id} was not delivered")
    return email


def _seen(state: FakeState, email_id: str, delivered_at: str) -> Document:
    email = _held(state, email_id)
    return {
        "email_id": email_id, "message_id": email["message_id"], "delivered_at": delivered_at,
        "from": email["from"], "to": email["to"], "reply_to": email["reply_to"], "subject": email["subject"],
        "text": email["text"], "html": email["html"], "headers": email["_headers"], "tags": email["_tags"], "links": _links(email),
    }  # fmt: skip


def _links(email: Document) -> list[str]:
    if email["html"]:
        found = [html.unescape(one or other) for one, other in _HREF.findall(email["html"])]
    else:
        found = _PLAIN_LINK.findall(email["text"] or "")
    return list(dict.fromkeys(found))
