"""A pretend X and a pretend Instagram behind one door: paths below /2 are X's, those below a version are Graph API's."""

from __future__ import annotations

from datetime import timedelta

from revenue_machine.integrations.direct_message.fake_people import (
    OWNER_HANDLE,
    OWNER_IDS,
    Document,
    find,
    is_restricted,
    last_word,
    messages_with,
    public_add_profile,
    public_block,
    public_inbox,
    public_people,
    public_reply,
    public_report,
    public_restore,
    public_send_by_hand,
    write,
)
from revenue_machine.kit.clock import iso, parse_instant
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, FakeState, Routes, answer_json

__all__ = [
    "public_add_profile",
    "public_block",
    "public_inbox",
    "public_people",
    "public_reply",
    "public_report",
    "public_restore",
    "public_send_by_hand",
    "respond",
]

routes = Routes()
INSTAGRAM_TOKEN = "sk_sandbox_instagram"
QUARTER_HOUR, DAY = timedelta(minutes=15), timedelta(days=1)
X_KEPT = timedelta(days=30)
WINDOW = timedelta(hours=24)
INSTAGRAM_CHARS = 1000
INSTAGRAM_PAGE = 25
_TOKEN = "7140dibdnow9c7b"
YOUNGEST = 20
_PROBLEM = "https://api.x.com/2/problems/"


def respond(state: FakeState, request: FakeRequest) -> FakeResponse:
    """Answer one call of either platform, told apart by its path."""
    first = request.path.strip("/").split("/")[0]
    is_x = first == "2"
    if not is_x and not (first.startswith("v") and first[1:].replace(".", "", 1).isdigit()):
        return answer_json(404, {"title": "Not Found", "type": "about:blank", "status": 404, "detail": "Not Found"})
    if request.bearer() != (state.api_key if is_x else INSTAGRAM_TOKEN):
        return _problem(401, "Unauthorized", "Unauthorized") if is_x else _error(401, 190, None, "Invalid OAuth access token")
    path = request.path if is_x else "/graph/" + request.path.strip("/").partition("/")[2]
    found = routes.find(request.method, path)
    if found is None:
        return _problem(404, "Not Found", "No such path") if is_x else _error(400, 100, 33, "Unsupported request")
    route, names = found
    return route(state, request, **names)


def _problem(status: int, title: str, detail: str, kind: str | None = None) -> FakeResponse:
    body = {"title": title, "type": f"{_PROBLEM}{kind}" if kind else "about:blank", "status": status, "detail": detail}
    return answer_json(status, body, {"content-type": "application/problem+json"})


def _error(status: int, code: int, subcode: int | None, message: str) -> FakeResponse:
    further = {} if subcode is None else {"error_subcode": subcode}
    kind = "OAuthException" if code in (10, 190) else "IGApiException"
    return answer_json(status, {"error": {"message": message, "type": kind, "code": code, **further, "fbtrace_id": "Aown"}})


def _too_often(state: FakeState, what: str, *limits: tuple[int, timedelta]) -> bool:
    """Whether a call exceeds one of its windows of world time; refused calls do not count."""
    now = state.now()
    calls = [at for at in (state.get("calls", what) or {"at": []})["at"] if now - parse_instant(at) < DAY]
    for most, window in limits:
        if len([at for at in calls if now - parse_instant(at) < window]) >= most:
            return True
    state.put("calls", what, {"at": [*calls, iso(now)]})
    return False


def _x_limited(state: FakeState) -> FakeResponse:
    reset = str(int((state.now() + QUARTER_HOUR).timestamp()))
    return answer_json(429, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}, {"x-rate-limit-reset": reset})


@routes("GET", "/2/users/me")
def _x_me(state: FakeState, request: FakeRequest) -> FakeResponse:
    return answer_json(200, {"data": {"id": OWNER_IDS["x"], "name": "Solo Growth Lab", "username": OWNER_HANDLE}})


@routes("GET", "/2/users/by/username/{username}")
def _x_user(state: FakeState, request: FakeRequest, username: str) -> FakeResponse:
    found = find(state, "handle", "x", username.lower())
    if found is None:
        detail = f"Could not find user with username: [{username}]."
        error = {
            "value": username, "detail": detail, "title": "Not Found Error", "resource_type": "user", "parameter": "username",
            "resource_id": username, "type": f"{_PROBLEM}resource-not-found",
        }  # fmt: skip
        return answer_json(200, {"errors": [error]})
    return answer_json(200, {"data": {"id": found["id"], "name": found["name"], "username": found["handle"]}})


@routes("POST", "/2/dm_conversations/with/{participant_id}/messages")
def _x_send(state: FakeState, request: FakeRequest, participant_id: str) -> FakeResponse:
    body = request.json()
    if (
        not isinstance(body, dict)
        or not isinstance(body.get("text"), str)
        or not body["text"]
        or set(body) - {"text", "attachments"}
    ):
        return _problem(400, "Invalid Request", "One or more parameters to your request was invalid.", "invalid-request")
    if is_restricted(state, "x"):
        return _problem(403, "Client Forbidden", "This account is suspended.", "client-forbidden")
    profile = find(state, "id", "x", participant_id)
    if profile is None:
        return _problem(404, "Not Found Error", "Could not find the participant.", "resource-not-found")
    if profile["blocked"] or not (profile["takes_messages"] or last_word(state, profile)):
        return _problem(403, "Forbidden", "You do not have permission to DM one or more participants.")
    if _too_often(state, "x send", (15, QUARTER_HOUR), (1440, DAY)):
        return _x_limited(state)
    message = write(state, profile, body["text"], is_ours=True)
    return answer_json(201, {"data": {"dm_conversation_id": _x_conversation(profile["id"]), "dm_event_id": message["id"]}})


def _x_conversation(person_id: str) -> str:
    return f"{OWNER_IDS['x']}-{person_id}"


@routes("GET", "/2/dm_events")
def _x_events(state: FakeState, request: FakeRequest) -> FakeResponse:
    size, token = request.param("max_results") or "100", request.param("pagination_token")
    start = token.removeprefix(_TOKEN) if token else "0"
    if not (size.isdigit() and 1 <= int(size) <= 100 and start.isascii() and start.isdigit()):
        return _problem(400, "Invalid Request", "One or more parameters to your request was invalid.", "invalid-request")
    if _too_often(state, "x look", (15, QUARTER_HOUR)):
        return _x_limited(state)
    rows = [
        one for one in state.list("message")[::-1]
        if one["platform"] == "x" and state.now() - parse_instant(one["at"]) <= X_KEPT
    ]  # fmt: skip
    if token:
        rows = [one for one in rows if one["number"] < int(start)]
    shown = rows[: int(size)]
    meta = {"result_count": len(shown)}
    if len(rows) > len(shown):
        return answer_json(200, _x_page(shown, {**meta, "next_token": f"{_TOKEN}{shown[-1]['number']:05d}"}))
    return answer_json(200, _x_page(shown, meta))


def _x_page(shown: list[Document], meta: Document) -> Document:
    rows = [
        {
            "id": one["id"], "event_type": "MessageCreate", "text": one["text"],
            "dm_conversation_id": _x_conversation(one["person_id"]), "participant_ids": [OWNER_IDS["x"], one["person_id"]],
            "sender_id": OWNER_IDS["x"] if one["is_ours"] else one["person_id"],
            "created_at": parse_instant(one["at"]).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        }
        for one in shown
    ]  # fmt: skip
    return {"data": rows, "meta": meta} if rows else {"meta": meta}


@routes("GET", "/graph/me")
def _instagram_me(state: FakeState, request: FakeRequest) -> FakeResponse:
    return answer_json(200, {"user_id": OWNER_IDS["instagram"], "username": OWNER_HANDLE, "id": OWNER_IDS["instagram"]})


@routes("POST", "/graph/me/messages")
def _instagram_send(state: FakeState, request: FakeRequest) -> FakeResponse:
    body = request.json() if isinstance(request.json(), dict) else {}
    recipient, message = body.get("recipient"), body.get("message")
    text = message.get("text") if isinstance(message, dict) else None
    if not isinstance(recipient, dict) or not isinstance(text, str) or not 0 < len(text) <= INSTAGRAM_CHARS:
        return _error(400, 100, None, "Invalid parameter")
    if is_restricted(state, "instagram"):
        return _error(400, 25, 2207050, "The account is restricted")
    profile = find(state, "id", "instagram", str(recipient.get("id")))
    if profile is None:
        return _error(400, 100, 2534014, "The requested user cannot be found")
    if profile["blocked"]:
        return _error(400, 551, 1545041, "This person isn't available right now")
    heard = last_word(state, profile)
    if heard is None or state.now() - heard > WINDOW:
        return _error(400, 10, 2534022, "This message is sent outside of allowed window.")
    sent = write(state, profile, text, is_ours=True)
    return answer_json(200, {"recipient_id": profile["id"], "message_id": sent["id"]})


@routes("GET", "/graph/me/conversations")
def _instagram_conversations(state: FakeState, request: FakeRequest) -> FakeResponse:
    talks = [
        (held, profile)
        for profile in state.list("profile")
        if profile["platform"] == "instagram" and (held := messages_with(state, profile))
    ]
    talks.sort(key=lambda talk: -int(talk[0][-1]["number"]))
    after = request.param("after") or "0"
    start = int(after) if after.isascii() and after.isdigit() else 0
    end = start + INSTAGRAM_PAGE
    rows = [_conversation(held, profile) for held, profile in talks[start:end]]
    paging: Document = {"cursors": {"before": str(start), "after": str(end)}}
    if end < len(talks):
        paging["next"] = f"https://graph.instagram.com/me/conversations?after={end}"
    return answer_json(200, {"data": rows, "paging": paging} if rows else {"data": []})


def _conversation(held: list[Document], profile: Document) -> Document:
    owner = {"id": OWNER_IDS["instagram"], "username": OWNER_HANDLE}
    person = {"id": profile["id"], "username": profile["handle"]}
    rows = [
        {
            "id": one["id"], "created_time": parse_instant(one["at"]).strftime("%Y-%m-%dT%H:%M:%S+0000"),
            "from": owner if one["is_ours"] else person, "message": one["text"],
        }
        for one in held[::-1][:YOUNGEST]
    ]  # fmt: skip
    return {"id": f"aWdfZAG{profile['id']}", "participants": {"data": [owner, person]}, "messages": {"data": rows}}
