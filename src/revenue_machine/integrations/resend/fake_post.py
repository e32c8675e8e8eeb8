"""What becomes of a mail at the pretend Resend: accepted, scheduled, delivered, delayed, bounced or suppressed, each told once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any

from revenue_machine.kit.clock import iso, parse_instant
from revenue_machine.kit.fakeschedule import FakeSchedule, epoch_ms
from revenue_machine.kit.fakeserver import FakeState, HookOut
from revenue_machine.kit.ids import content_hash

Document = dict[str, Any]
# A receiving server that is full is tried for that long before the mail comes back.
GIVES_UP = timedelta(hours=12)
HOME_DOMAIN = "mail.maker.example"
_TEST_DOMAIN = "resend.dev"
# The vendor's own test recipients (`bounced+label@resend.dev`).
_TEST_RULES = {"bounced": "hard_bounce", "complained": "complain", "suppressed": "suppressed"}
# How far an email has come; a late word never takes it back.
_RANK = ("scheduled", "queued", "sent", "delivery_delayed", "delivered", "opened", "clicked", "complained")
_PERMANENT = {
    "message": "The recipient's mail server permanently rejected the email: the mailbox does not exist.",
    "type": "Permanent", "subType": "General", "diagnosticCode": ["smtp; 550 5.1.1 user unknown"],
}  # fmt: skip
_TRANSIENT = {
    "message": "The recipient's mailbox was full until the mail server stopped accepting retries.",
    "type": "Transient", "subType": "MailboxFull", "diagnosticCode": ["smtp; 452 4.2.2 mailbox full"],
}  # fmt: skip
_SUPPRESSED = {
    "message": "The address is on the account's suppression list.", "type": "OnAccountSuppressionList", "diagnosticCode": [],
}  # fmt: skip


class Refused(Exception):
    """A documented error answer on its way out."""

    def __init__(self, status: int, name: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.name, self.headers = status, name, dict(headers or {})


def plain(address: str) -> str:
    """The bare address, in lower case."""
    return parseaddr(address)[1].lower()


def new_id(state: FakeState, kind: str) -> str:
    """The next id of a kind, in the vendor's spelling."""
    number = state.next_number(kind)
    digits = content_hash(["resend", state.seed, kind, number])
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}"


def domains(state: FakeState) -> list[Document]:
    """Sender domains, oldest first; the founder's own is there from the start."""
    if state.count("domain") == 0:
        write_domain(state, HOME_DOMAIN, {"SPF": "verified", "DKIM": "verified"})
    return state.list("domain")


def write_domain(state: FakeState, name: str, records: Mapping[str, str]) -> str:
    """Add or change a domain; `records` says how far SPF and DKIM are. Returns: its id."""
    held = next((one for one in state.list("domain") if one["name"] == name), None)
    domain_id = str(held["id"]) if held is not None else new_id(state, "domain")
    states = set(records.values())
    status = "verified" if states == {"verified"} else "failed" if "failed" in states else "pending"
    rows = [
        {"record": "SPF", "name": "send", "type": "MX", "ttl": "Auto", "status": records["SPF"],
         "value": "feedback-smtp.us-east-1.amazonses.com", "priority": 10},
        {"record": "SPF", "name": "send", "type": "TXT", "ttl": "Auto", "status": records["SPF"],
         "value": "v=spf1 include:amazonses.com ~all"},
        {"record": "DKIM", "name": "resend._domainkey", "type": "TXT", "ttl": "Auto", "status": records["DKIM"],
         "value": f"p={content_hash([name, state.seed])}"},
    ]  # fmt: skip
    state.put("domain", domain_id, {
        "id": domain_id, "name": name, "status": status, "created_at": held["created_at"] if held else iso(state.now()),
        "region": "us-east-1", "records": rows,
    })  # fmt: skip
    return domain_id


def check_sender(state: FakeState, sender: Sequence[str], to: Sequence[str]) -> None:
    """Only verified domains send; the vendor's test domain writes to its own test addresses."""
    if len(sender) != 1:
        raise Refused(422, "validation_error", "Invalid `from` field.")
    domain = plain(sender[0]).rpartition("@")[2]
    if domain == _TEST_DOMAIN:
        if all(plain(one).endswith(f"@{_TEST_DOMAIN}") for one in to):
            return
        raise Refused(403, "validation_error", "You can only send testing emails to your own email address.")
    if domain not in [one["name"] for one in domains(state) if one["status"] == "verified"]:
        raise Refused(403, "validation_error", f"The {domain} domain is not verified. Please, add and verify your domain.")


def accept(state: FakeState, wanted: Document) -> str:
    """Keep a mail, and send it or remember when to. Returns: its id."""
    email_id = new_id(state, "email")
    email = {
        "object": "email", "id": email_id, "message_id": f"<{email_id}@{plain(wanted['from']).rpartition('@')[2]}>",
        "created_at": _spaced(state.now()), "last_event": "queued", **wanted,
    }  # fmt: skip
    if wanted["scheduled_at"] is not None and parse_instant(wanted["scheduled_at"]) > state.now():
        schedule(state, email)
        tell(state, email, "scheduled")
    else:
        state.put("email", email_id, email)
        _go(state, email)
    return email_id


def schedule(state: FakeState, email: Document) -> None:
    """Remember when a mail goes out."""
    state.put("email", email["id"], {**email, "last_event": "scheduled"})
    FakeSchedule(state).add(epoch_ms(parse_instant(email["scheduled_at"])), f"send {email['id']}")


def public_advance(state: FakeState) -> None:
    """World time has moved: scheduled mails go out, full mailboxes are given up."""
    schedule_ = FakeSchedule(state)
    while (due := schedule_.take(epoch_ms(state.now()))) is not None:
        what, _, email_id = due[1].partition(" ")
        email = state.get("email", email_id)
        if email is None:
            continue
        if what == "send" and email["last_event"] == "scheduled" and epoch_ms(parse_instant(email["scheduled_at"])) == due[0]:
            _go(state, email)
        elif what == "give_up" and email["last_event"] == "delivery_delayed":
            happen(state, email_id, "bounced", {"bounce": _TRANSIENT})


def _go(state: FakeState, email: Document) -> None:
    """Try to deliver now; the worst that happens to a recipient is what the email's last event says."""
    everybody = [*email["to"], *email["cc"], *email["bcc"]]
    blocked = [one for one in everybody if rule_of(state, plain(one)) == "suppressed"]
    if len(blocked) == len(everybody):
        origin = (state.get("suppression", plain(blocked[0])) or {"origin": "bounce"})["origin"]
        reason = "previous_complaint" if origin == "complaint" else "previous_bounce"
        happen(state, email["id"], "suppressed", {"suppressed": {**_SUPPRESSED, "reason": reason}})
        return
    happen(state, email["id"], "sent")
    for one in everybody:
        if one not in blocked:
            _arrive(state, email["id"], plain(one))


def _arrive(state: FakeState, email_id: str, address: str) -> None:
    rule = rule_of(state, address)
    if rule == "hard_bounce":
        bounce(state, email_id, address, permanently=True)
    elif rule == "soft_bounce":
        happen(state, email_id, "delivery_delayed")
        FakeSchedule(state).add(epoch_ms(state.now() + GIVES_UP), f"give_up {email_id}")
    else:
        box = state.get("inbox", address) or {"ids": []}
        state.put("inbox", address, {"ids": [*box["ids"], [email_id, iso(state.now())]]})
        happen(state, email_id, "delivered")
        if rule == "complain":
            complain(state, email_id, address)


def rule_of(state: FakeState, address: str) -> str:
    """What a mailbox does with mail: accept, hard_bounce, soft_bounce, complain; suppressed comes before all."""
    local, _, domain = address.rpartition("@")
    if state.get("suppression", address) is not None:
        return "suppressed"
    if domain == _TEST_DOMAIN:
        return _TEST_RULES.get(local.partition("+")[0], "accept")
    return str((state.get("mailbox", address) or {"rule": "accept"})["rule"])


def bounce(state: FakeState, email_id: str, address: str, *, permanently: bool) -> None:
    """The mail comes back; a permanent bounce puts the address on the suppression list."""
    if permanently:
        suppress(state, address, "bounce", email_id)
    happen(state, email_id, "bounced", {"bounce": _PERMANENT if permanently else _TRANSIENT})


def complain(state: FakeState, email_id: str, address: str) -> None:
    """Somebody calls the mail spam; nothing goes to that address any more."""
    suppress(state, address, "complaint", email_id)
    happen(state, email_id, "complained")


def suppress(state: FakeState, address: str, origin: str, source_id: str | None) -> Document:
    """Put an address on the account's list; it is there once."""
    held = state.get("suppression", address)
    if held is None:
        held = {"id": new_id(state, "suppression"), "email": address, "origin": origin, "source_id": source_id,
                "created_at": _spaced(state.now())}  # fmt: skip
        state.put("suppression", address, held)
    return held


def happen(state: FakeState, email_id: str, kind: str, more: Document | None = None) -> None:
    """Something happened to an email: its last event moves forward, and the product is told."""
    email = state.get("email", email_id)
    if email is None:
        raise KeyError(email_id)
    if _rank(kind) >= _rank(email["last_event"]):
        email = {**email, "last_event": kind}
        state.put("email", email_id, email)
    tell(state, email, kind, more)


def _rank(kind: str) -> int:
    return _RANK.index(kind) if kind in _RANK else len(_RANK)


def tell(state: FakeState, email: Document, kind: str, more: Document | None = None) -> None:
    """Queue the webhook of an outbound email."""
    data: Document = {
        "email_id": email["id"], "created_at": _zulu(parse_instant(email["created_at"])), "from": email["from"], "to": email["to"],
        "subject": email["subject"], "message_id": email["message_id"], **(more or {}),
    }  # fmt: skip
    if email["_tags"]:
        data["tags"] = email["_tags"]
    if email["_headers"]:
        data["headers"] = [{"name": name, "value": value} for name, value in email["_headers"].items()]
    queue(state, f"email.{kind}", data)


def queue(state: FakeState, kind: str, data: Document) -> None:
    """One webhook, due now, under an id of its own."""
    body = {"type": kind, "created_at": _zulu(state.now()), "data": data}
    key = f"msg_{content_hash(['resend', state.seed, state.next_number('event')])[:27]}"
    state.send_hook(HookOut(key, json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode(), state.now()))


def _zulu(instant: datetime) -> str:
    return iso(instant).replace("+00:00", "Z")


def _spaced(instant: datetime) -> str:
    """The older spelling of lists and records: `2026-11-22 06:00:00+00`."""
    return iso(instant).replace("T", " ").replace("+00:00", "+00")
