"""A pretend Unipile with one linked LinkedIn account: search, invitations and chats, read from its contract."""

from __future__ import annotations

from datetime import timedelta

from revenue_machine.integrations.linkedin import fake_members as members
from revenue_machine.integrations.linkedin.fake_answers import (
    Problem,
    body_of,
    count_call,
    instant,
    page,
    page_size,
    refusal,
    whole,
    word,
)
from revenue_machine.integrations.linkedin.fake_members import (
    ACCOUNT_ID,
    APPLICATION_ID,
    OWNER_ID,
    OWNER_NAME,
    Document,
    public_accept_invitation,
    public_add_profile,
    public_block,
    public_disconnect,
    public_ignore_invitation,
    public_inbox,
    public_people,
    public_reconnect,
    public_reply,
    public_report,
    public_send_by_hand,
    stamp,
)
from revenue_machine.kit.clock import parse_instant
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, FakeState, Routes, answer_json
from revenue_machine.kit.signing import sign_unipile

__all__ = [
    "hook_headers",
    "public_accept_invitation",
    "public_add_profile",
    "public_block",
    "public_disconnect",
    "public_ignore_invitation",
    "public_inbox",
    "public_people",
    "public_reconnect",
    "public_reply",
    "public_report",
    "public_send_by_hand",
    "respond",
]

routes = Routes()
DAY, WEEK = timedelta(days=1), timedelta(days=7)
# Unipile refuses the 101st call of a day itself; the 201st invitation of a week is refused by LinkedIn.
INVITATIONS_PER_DAY = 100
INVITATIONS_PER_WEEK = 200
PROFILE_VIEWS_PER_DAY = 100
NOTE_CHARS = 300
RESEND_AFTER = timedelta(days=21)


def respond(state: FakeState, request: FakeRequest) -> FakeResponse:
    """Answer one call below /v2."""
    try:
        return _answer(state, request)
    except Problem as problem:
        return refusal(state, problem)


def _answer(state: FakeState, request: FakeRequest) -> FakeResponse:
    if request.headers.get("x-api-key") != state.api_key:
        raise Problem(401, "api/missing_authorization", "The API key is missing or unknown.")
    found = routes.find(request.method, request.path)
    if found is None:
        raise Problem(404, "api/resource_not_found", "No such method.")
    route, names = found
    if names.pop("account_id", ACCOUNT_ID) != ACCOUNT_ID:
        raise Problem(404, "api/resource_not_found", "Account not found.")
    if request.path.startswith(f"/{ACCOUNT_ID}/"):
        _check_account(state)
    return route(state, request, **names)


def hook_headers(state: FakeState, hook_key: str, body: bytes) -> dict[str, str]:
    """The signature of the moment of delivery."""
    return sign_unipile(body, state.webhook_secret, state.now())


def _check_account(state: FakeState) -> None:
    held = state.get("account", "status")
    if held and held["restricted"]:
        raise Problem(403, "api/account_restricted", "The account is restricted by the provider.")
    if held:
        raise Problem(401, "provider/invalid_credentials", "The account requires re-authentication.")


@routes("GET", "/accounts")
def _accounts(state: FakeState, request: FakeRequest) -> FakeResponse:
    wanted = (request.param("provider"), request.param("status"))
    account = _account_shape(state)
    fits = wanted[0] in (None, "linkedin") and wanted[1] in (None, account["status"])
    rows = [account] if fits and whole(request.param("offset"), "offset", 0) == 0 else []
    return answer_json(200, {"object": "AccountList", "data": rows, "has_more": False})


@routes("GET", "/accounts/{account_id}")
def _account(state: FakeState, request: FakeRequest) -> FakeResponse:
    return answer_json(200, _account_shape(state))


def _account_shape(state: FakeState) -> Document:
    status = (state.get("account", "status") or {"status": "running"})["status"]
    return {
        "object": "Account", "id": ACCOUNT_ID, "user_id": OWNER_ID, "name": OWNER_NAME, "status": status, "provider": "linkedin",
        "created_at": "2026-01-05T09:00:00.000Z", "application_id": APPLICATION_ID,
    }  # fmt: skip


@routes("GET", "/{account_id}/linkedin/search/parameters")
def _parameters(state: FakeState, request: FakeRequest) -> FakeResponse:
    if request.param("type") != "LOCATION":
        raise Problem(400, "api/invalid_parameters", "type: only LOCATION is known here.")
    words = (request.param("keywords") or "").lower()
    names = sorted({str(one["location"]) for one in state.list("member") if one["location"]})
    rows = [
        {"object": "SearchParameter", "id": _location_id(name), "name": name}
        for name in names
        if words in name.lower()
    ]  # fmt: skip
    return answer_json(200, {"data": rows, "total_count": len(rows), "next_cursor": None})


def _location_id(name: str) -> str:
    """The same place has the same number in every world."""
    return str(100_000_000 + int.from_bytes(name.lower().encode(), "big") % 899_999_999)


@routes("POST", "/{account_id}/linkedin/search/people")
def _search(state: FakeState, request: FakeRequest) -> FakeResponse:
    body = body_of(request)
    found = [one for one in state.list("member") if not state.get("blocked", one["id"]) and _fits(state, one, body)]
    offset, limit = whole(request.param("offset"), "offset", 0), page_size(request, 10)
    rows = [_found_shape(state, one) for one in found[offset : offset + limit]]
    return answer_json(200, {"data": rows, "total_count": len(found), "next_cursor": None})


def _fits(state: FakeState, member: Document, body: Document) -> bool:
    """Whether a member passes every filter of a classic search."""
    text = " ".join(str(member[name] or "") for name in ("name", "headline", "title", "company", "industry")).lower()
    finer = body.get("advanced_keywords") or {}
    places, degrees = body.get("location") or [], body.get("network_distance") or []
    return (
        all(word in text for word in str(body.get("keywords") or "").lower().split())
        and str(finer.get("title") or "").lower() in f"{member['title'] or ''} {member['headline']}".lower()
        and str(finer.get("company") or "").lower() in str(member["company"] or "").lower()
        and (not places or (member["location"] is not None and _location_id(member["location"]) in places))
        and (not degrees or _degree(state, member) in degrees)
    )


def _degree(state: FakeState, member: Document) -> int:
    return 1 if state.get("relation", member["id"]) else int(member["degree"])


def _distance(state: FakeState, member: Document) -> str:
    return {1: "FIRST_DEGREE", 2: "SECOND_DEGREE", 3: "THIRD_DEGREE"}[_degree(state, member)]


def _found_shape(state: FakeState, member: Document) -> Document:
    user = members.user_shape(member)
    return {
        "object": "PeopleSearchResult", "id": member["id"], "display_name": member["name"], "headline": member["headline"],
        "public_identifier": user["public_identifier"], "profile_url": user["profile_url"], "location": member["location"],
        "network_distance": _distance(state, member), "product": "classic", "industry": member["industry"],
        "relations_count": member["relations_count"], "is_premium": member["is_premium"],
        "is_open_profile": member["is_open_profile"],
    }  # fmt: skip


@routes("GET", "/{account_id}/users/{user_id}")
def _profile(state: FakeState, request: FakeRequest, user_id: str) -> FakeResponse:
    member = _visible(state, user_id)
    count_call(state, "profile views", PROFILE_VIEWS_PER_DAY, DAY)
    wants = "experience" in (request.param("with_sections") or "")
    asked = state.get("asked", member["id"])
    request_ = state.get("request", asked["id"]) if asked else None
    open_ = request_ if request_ and request_["status"] == "PENDING" else None
    first, _, last = str(member["name"]).partition(" ")
    job = {"company": {"id": None, "name": member["company"]}, "job_title": member["title"], "started_on": None, "ended_on": None}
    specifics = {
        "network_distance": _distance(state, member), "relation_request": _request_shape(state, open_) if open_ else None,
        "relation_request_status": request_["status"] if request_ and request_["status"] != "ACCEPTED" else None,
        "messaging_identifier": member["id"], "is_open_profile": member["is_open_profile"], "is_premium": member["is_premium"],
        "is_hiring": member["is_hiring"], "is_open_to_work": member["is_open_to_work"],
        "experience": [job] if wants and member["title"] else None,
    }  # fmt: skip
    user = {**members.user_shape(member), "object": "UserProfile"}
    own = {"first_name": first, "last_name": last or None, "bio": member["about"], "location": member["location"]}
    counts = {"relations_count": member["relations_count"], "is_blocked": False, "provider": "linkedin"}
    return answer_json(200, {**user, **own, **counts, "specifics": specifics})


@routes("POST", "/{account_id}/users/me/relation-requests")
def _invite(state: FakeState, request: FakeRequest) -> FakeResponse:
    body = body_of(request)
    note = body.get("message")
    if note is not None and (not isinstance(note, str) or len(note) > NOTE_CHARS):
        raise Problem(400, "api/invalid_parameters", f"message: at most {NOTE_CHARS} characters.")
    member = _visible(state, word(body, "user_id"))
    if members.standing(state, member["id"]) in ("connected", "invited"):
        raise Problem(409, "provider/conflict", "The user is already in your relations or already invited.")
    _check_resend(state, member["id"])
    count_call(state, "invitations", INVITATIONS_PER_DAY, DAY, (INVITATIONS_PER_WEEK, WEEK))
    number, now = state.next_number("request"), stamp(state.now())
    request_id = str(7_400_000_000_000_000_000 + number * 104_729)
    kept = {"id": request_id, "user_id": member["id"], "message": note, "created_at": now, "status": "PENDING"}
    state.put("request", request_id, kept)
    state.put("asked", member["id"], {"id": request_id})
    return answer_json(201, _request_shape(state, kept))


def _check_resend(state: FakeState, member_id: str) -> None:
    """After a withdrawn or ignored invitation LinkedIn wants three weeks to pass."""
    asked = state.get("asked", member_id)
    last = state.get("request", asked["id"]) if asked else None
    if last and last["status"] != "ACCEPTED" and state.now() - parse_instant(last["created_at"]) < RESEND_AFTER:
        raise Problem(422, "provider/unprocessable_entity", "You cannot resend an invitation to this user yet.")


@routes("GET", "/{account_id}/users/me/relation-requests")
def _requests(state: FakeState, request: FakeRequest) -> FakeResponse:
    if request.param("type") not in ("sent", "received"):
        raise Problem(400, "api/invalid_parameters", "type: must be sent or received.")
    rows = [one for one in state.list("request") if one["status"] == "PENDING"] if request.param("type") == "sent" else []
    return page(request, rows[::-1], lambda one: _request_shape(state, one))


@routes("POST", "/{account_id}/users/me/relation-requests/{request_id}/cancel")
def _cancel(state: FakeState, request: FakeRequest, request_id: str) -> FakeResponse:
    held = state.get("request", request_id)
    if held is None or held["status"] != "PENDING":
        raise Problem(404, "provider/resource_not_found", "No pending request by that id.")
    state.put("request", request_id, {**held, "status": "WITHDRAWN"})
    return answer_json(200, {"object": "RelationRequestCanceled"})


def _request_shape(state: FakeState, request_: Document) -> Document:
    member = state.get("member", request_["user_id"])
    return {
        "object": "RelationRequest", "type": "sent", "id": request_["id"], "created_at": request_["created_at"],
        "message": request_["message"], "user": members.user_shape(member) if member else None,
    }  # fmt: skip


@routes("GET", "/{account_id}/users/me/relations")
def _relations(state: FakeState, request: FakeRequest) -> FakeResponse:
    words = (request.param("search") or "").lower()
    rows = [members.relation_shape(state, one) for one in state.list("relation")[::-1]]
    return page(request, [one for one in rows if words in one["user"]["display_name"].lower()], lambda one: one)


@routes("GET", "/{account_id}/users/{user_id}/chat")
def _user_chat(state: FakeState, request: FakeRequest, user_id: str) -> FakeResponse:
    member = members.member_of(state, user_id)
    chat = state.get("chat", members.chat_id_of(state, member["id"])) if member else None
    rows = [{"chat_id": chat["id"], "inbox_id": None, "has_history": True}] if chat else []
    return answer_json(200, {"object": "UserChatList", "data": rows})


@routes("POST", "/{account_id}/chats/send")
def _start_chat(state: FakeState, request: FakeRequest) -> FakeResponse:
    body = body_of(request)
    wanted = body.get("users_ids")
    ids = [wanted] if isinstance(wanted, str) else wanted
    if not isinstance(ids, list) or len(ids) != 1 or not isinstance(ids[0], str):
        raise Problem(400, "api/invalid_parameters", "users_ids: exactly one user here.")
    message = _send(state, _visible(state, ids[0])["id"], word(body, "text"))
    return answer_json(200, {"object": "ChatStarted", "chat_id": message["chat_id"], "message_id": message["id"]})


@routes("POST", "/{account_id}/chats/{chat_id}/messages/send")
def _send_message(state: FakeState, request: FakeRequest, chat_id: str) -> FakeResponse:
    message = _send(state, _chat(state, chat_id)["user_id"], word(body_of(request), "text"))
    return answer_json(200, {"object": "MessageSent", "message_id": message["id"]})


def _send(state: FakeState, member_id: str, text: str) -> Document:
    how = members.standing(state, member_id)
    if how == "blocked":
        raise Problem(403, "provider/insufficient_permissions", "You cannot message this user.")
    if how != "connected":
        raise Problem(422, "provider/unprocessable_entity", "The recipient is not in your relations.")
    message = members.write(state, member_id, text, is_sender=True)
    members.send_event(state, "message.new", message["id"], members.message_shape(state, message), state.now())
    return message


@routes("GET", "/{account_id}/chats")
def _chats(state: FakeState, request: FakeRequest) -> FakeResponse:
    rows = sorted(state.list("chat"), key=lambda one: -int(one["last_number"]))
    unread = request.param("is_unread")
    if unread is not None:
        rows = [one for one in rows if (one["unread"] > 0) is (unread == "true")]
    return page(request, rows if request.param("type") in (None, "1to1") else [], lambda one: _chat_shape(state, one))


def _chat_shape(state: FakeState, chat: Document) -> Document:
    member = state.get("member", chat["user_id"]) or {}
    is_open = members.standing(state, chat["user_id"]) == "connected"
    user = members.user_shape(member)
    last = {"text": chat["last"]["text"], "sender_display_name": None, "is_sender": chat["last"]["is_sender"]}
    return {
        "object": "Chat", "id": chat["id"], "name": member["name"], "type": "1to1", "user_id": chat["user_id"],
        "created_at": chat["created_at"], "last_message_timestamp": chat["last_at"], "muted_until": False, "is_group": False,
        "is_1to1": True, "is_channel": False, "is_pinned": False, "is_readonly": not is_open, "is_archived": False,
        "folders": ["INBOX"], "unread_count": chat["unread"], "restrictions": None if is_open else ["send_message"],
        "last_message": last, "user": user, "provider": "linkedin",
    }  # fmt: skip


@routes("GET", "/{account_id}/chats/{chat_id}/messages")
def _messages(state: FakeState, request: FakeRequest, chat_id: str) -> FakeResponse:
    chat = _chat(state, chat_id)
    after = instant(request.param("after"), "after")
    rows = [
        one
        for one in state.list("message")[::-1]
        if one["chat_id"] == chat["id"] and (after is None or parse_instant(one["timestamp"]) > after)
    ]
    return page(request, rows, lambda one: members.message_shape(state, one))


def _chat(state: FakeState, chat_id: str) -> Document:
    chat = state.get("chat", chat_id)
    if chat is None:
        raise Problem(404, "provider/resource_not_found", "Chat not found.")
    return chat


def _visible(state: FakeState, user_id: str) -> Document:
    """The member as the owner can see them; one who blocked the owner is gone."""
    member = members.member_of(state, user_id)
    if member is None or state.get("blocked", member["id"]):
        raise Problem(404, "provider/resource_not_found", "User not found.")
    return member
