"""What the pretend LinkedIn remembers: members, invitations, connections, chats, and what members do of their own accord."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from revenue_machine.kit.clock import parse_instant
from revenue_machine.kit.fakeserver import FakeState, HookOut
from revenue_machine.kit.ids import content_hash, make_id
from revenue_machine.kit.rng import rng

Document = dict[str, Any]
ACCOUNT_ID = "acc_sandbox_owner"
APPLICATION_ID = "app_sandbox"
OWNER_ID = "ACoAAOwner0000000000000000000000000000"
OWNER_NAME = "Solo Growth Lab"
# LinkedIn tells nobody about an accepted invitation; Unipile notices it within hours.
SLOWEST_NOTICE_MINUTES = 480
# The contract does not say how many complaints cost an account; three within thirty days do here.
REPORTS_TO_RESTRICTION = 3
REPORTS_COUNT_FOR = timedelta(days=30)


def stamp(instant: datetime) -> str:
    """Unipile's spelling of an instant."""
    return instant.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"


def member_of(state: FakeState, person: str) -> Document | None:
    """A member by the world's name for the person, by LinkedIn's id or by public identifier."""
    known = state.get("person", person) or state.get("handle", person)
    return state.get("member", known["id"] if known else person)


def public_add_profile(state: FakeState, person: str, *, name: str, headline: str, **further: Any) -> str:
    """Place a person of the world on LinkedIn, once; returns the member id.

    `further`: location, company, title, about, industry, degree (2 or 3), is_open_to_work, is_hiring, is_open_profile,
    is_premium, relations_count. The same person keeps id and connections when placed again with new words.
    """
    known = state.get("person", person)
    digest = content_hash(f"{state.seed} linkedin {person}")
    member_id = known["id"] if known else f"ACoAA{digest[:34]}"
    handle = f"{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-') or 'member'}-{digest[:6]}"
    draw = rng(state.seed, "linkedin_member", person)
    usual = {
        "location": None, "company": None, "title": None, "about": None, "industry": None, "degree": 2 + (draw.random() < 0.5),
        "is_open_to_work": False, "is_hiring": False, "is_open_profile": False, "is_premium": False,
        "relations_count": draw.randint(40, 900),
    }  # fmt: skip
    before = state.get("member", member_id) or {}
    own = {"id": member_id, "person": person, "name": name, "headline": headline, "handle": before.get("handle", handle)}
    state.put("member", member_id, {**usual, **before, **further, **own})
    state.put("person", person, {"id": member_id})
    state.put("handle", own["handle"], {"id": member_id})
    return member_id


def public_people(state: FakeState) -> list[Document]:
    """Every member placed so far with how they stand to the owner: none, invited, connected or blocked."""
    return [{**member, "standing": standing(state, member["id"])} for member in state.list("member")]


def standing(state: FakeState, member_id: str) -> str:
    """none, invited, connected or blocked."""
    if state.get("blocked", member_id):
        return "blocked"
    if state.get("relation", member_id):
        return "connected"
    return "invited" if pending(state, member_id) else "none"


def pending(state: FakeState, member_id: str) -> Document | None:
    """Our open invitation to a member."""
    asked = state.get("asked", member_id)
    request = state.get("request", asked["id"]) if asked else None
    return request if request and request["status"] == "PENDING" else None


def public_inbox(state: FakeState, person: str) -> list[Document]:
    """What reached a person from the owner, oldest first: `kind` invitation or message, `id`, `text`, `at` and `status`.

    An invitation's status is PENDING, ACCEPTED, IGNORED or WITHDRAWN; a message's is delivered.
    """
    member = _member(state, person)
    invitations = [
        {"kind": "invitation", "id": one["id"], "text": one["message"], "at": one["created_at"], "status": one["status"]}
        for one in state.list("request")
        if one["user_id"] == member["id"]
    ]
    messages = [
        {"kind": "message", "id": one["id"], "text": one["text"], "at": one["timestamp"], "status": "delivered"}
        for one in state.list("message")
        if one["user_id"] == member["id"] and one["is_sender"]
    ]
    return sorted([*invitations, *messages], key=lambda one: (parse_instant(one["at"]), one["id"]))


def public_accept_invitation(state: FakeState, person: str) -> bool:
    """The person accepts the pending invitation, if there is one; Unipile notices up to eight hours later."""
    member = _member(state, person)
    request = pending(state, member["id"])
    if request is None:
        return False
    state.put("request", request["id"], {**request, "status": "ACCEPTED"})
    now = state.now()
    relation = {"id": make_id("rel", state.seed, request["id"]), "user_id": member["id"], "created_at": stamp(now)}
    state.put("relation", member["id"], relation)
    late = rng(state.seed, "linkedin_notice", request["id"]).randint(5, SLOWEST_NOTICE_MINUTES)
    send_event(state, "relation.new", relation["id"], relation_shape(state, relation), now + timedelta(minutes=late))
    return True


def public_ignore_invitation(state: FakeState, person: str) -> bool:
    """The person declines without a word; whether there was anything to decline."""
    request = pending(state, _member(state, person)["id"])
    if request is not None:
        state.put("request", request["id"], {**request, "status": "IGNORED"})
    return request is not None


def public_reply(state: FakeState, person: str, text: str) -> str | None:
    """The person writes to the owner; the message id, None when they are not connected."""
    member = _member(state, person)
    if standing(state, member["id"]) != "connected":
        return None
    message = write(state, member["id"], text, is_sender=False)
    send_event(state, "message.new", message["id"], message_shape(state, message), state.now())
    return str(message["id"])


def public_send_by_hand(state: FakeState, person: str, text: str, *, is_invitation: bool) -> bool:
    """The owner himself invites or writes on the website; whether LinkedIn let him."""
    member = member_of(state, person)
    how = None if member is None else standing(state, member["id"])
    if member is None or how not in (("none",) if is_invitation else ("connected",)):
        return False
    if not is_invitation:
        write(state, member["id"], text, is_sender=True)
        return True
    request_id = str(7_400_000_000_000_000_000 + state.next_number("request") * 104_729)
    kept = {"id": request_id, "user_id": member["id"], "message": text, "created_at": stamp(state.now()), "status": "PENDING"}
    state.put("request", request_id, kept)
    state.put("asked", member["id"], {"id": request_id})
    return True


def public_block(state: FakeState, person: str) -> None:
    """The person blocks the owner: the connection ends and the profile is gone for us."""
    member = _member(state, person)
    state.put("blocked", member["id"], {"at": stamp(state.now())})
    state.drop("relation", member["id"])
    public_ignore_invitation(state, person)


def public_report(state: FakeState, person: str, reason: str = "spam") -> None:
    """The person blocks and reports the owner; the third report within thirty days restricts the account."""
    public_block(state, person)
    now = state.now()
    number = state.next_number("report")
    state.put(
        "report", str(number), {"user_id": _member(state, person)["id"], "reason": reason, "at": stamp(now), "number": number}
    )
    recent = [one for one in state.list("report") if now - parse_instant(one["at"]) <= REPORTS_COUNT_FOR]
    if len(recent) >= REPORTS_TO_RESTRICTION:
        state.put("account", "status", {"status": "disconnected", "restricted": True})
        send_event(state, "account.status.disconnected", f"restricted {number}", {"timestamp": stamp(now)}, now)


def public_disconnect(state: FakeState) -> None:
    """The session of the linked account ends, as it does after a changed password."""
    state.put("account", "status", {"status": "disconnected", "restricted": False})
    number = state.next_number("disconnect")
    send_event(state, "account.status.disconnected", f"disconnect {number}", {"timestamp": stamp(state.now())}, state.now())


def public_reconnect(state: FakeState) -> None:
    """The owner links the account anew; old reports no longer count."""
    for report in state.list("report"):
        state.drop("report", str(report["number"]))
    state.drop("account", "status")


def chat_id_of(state: FakeState, member_id: str) -> str:
    """A chat of two has one id for ever."""
    return make_id("chat", state.seed, member_id)


def write(state: FakeState, member_id: str, text: str, *, is_sender: bool) -> Document:
    """Put a message into the chat with a member and move the chat up."""
    number, now, chat_id = state.next_number("message"), stamp(state.now()), chat_id_of(state, member_id)
    message: Document = {
        "id": make_id("msg", state.seed, number), "number": number, "chat_id": chat_id, "user_id": member_id,
        "sender_id": OWNER_ID if is_sender else member_id, "text": text, "timestamp": now, "is_sender": is_sender,
    }  # fmt: skip
    chat = state.get("chat", chat_id) or {"id": chat_id, "user_id": member_id, "created_at": now, "unread": 0}
    unread = 0 if is_sender else chat["unread"] + 1
    state.put("message", message["id"], message)
    last = {"text": text, "is_sender": is_sender}
    state.put("chat", chat_id, {**chat, "unread": unread, "last_at": now, "last_number": number, "last": last})
    return message


def send_event(state: FakeState, kind: str, key: str, payload: Mapping[str, Any], due_at: datetime) -> None:
    """Queue a webhook; its id follows from what it is about."""
    event_id = make_id("evt", state.seed, kind, key)
    event = {
        "id": event_id, "type": kind, "created_at": stamp(due_at), "account_id": ACCOUNT_ID, "account_provider": "linkedin",
        "account_name": OWNER_NAME, "application_id": APPLICATION_ID, "application_production": False, "payload": dict(payload),
    }  # fmt: skip
    state.send_hook(HookOut(event_id, json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode(), due_at))


def user_shape(member: Document) -> Document:
    """A member as lists name one."""
    return {
        "object": "User", "id": member["id"], "type": "individual", "public_identifier": member["handle"],
        "display_name": member["name"], "profile_url": f"https://www.linkedin.com/in/{member['handle']}",
        "description": member["headline"],
    }  # fmt: skip


def relation_shape(state: FakeState, relation: Document) -> Document:
    """A connection as lists and webhooks carry it."""
    user = user_shape(_member(state, relation["user_id"]))
    return {"object": "UserRelation", "id": relation["id"], "user": user, "created_at": relation["created_at"]}


def message_shape(state: FakeState, message: Document) -> Document:
    """A message as lists and webhooks carry it."""
    sender = None if message["is_sender"] else user_shape(_member(state, message["user_id"]))
    return {
        "object": "Message", "id": message["id"], "chat_id": message["chat_id"], "sender_id": message["sender_id"],
        "text": message["text"], "timestamp": message["timestamp"], "is_sender": message["is_sender"], "is_hidden": False,
        "is_seen": False, "is_delivered": True, "is_deleted": False, "is_edited": False, "is_pinned": False, "is_event": False,
        "is_mentionned": False, "reactions_counter": [], "sender": sender, "provider": "linkedin", "attachments": [],
    }  # fmt: skip


def _member(state: FakeState, person: str) -> Document:
    member = member_of(state, person)
    if member is None:
        raise KeyError(f"nobody placed {person} on LinkedIn")
    return member
