"""A pretend Resend: mail in, mailboxes, webhooks and replies out, keys that act once, limits in world time."""

from __future__ import annotations

import re
from email.utils import parseaddr
from typing import Any

from revenue_machine.integrations.resend import fake_post as post
from revenue_machine.integrations.resend.fake_people import (
    public_bounce,
    public_click,
    public_complain,
    public_domain,
    public_fail,
    public_inbox,
    public_mailbox,
    public_open,
    public_reply,
)
from revenue_machine.integrations.resend.fake_post import Document, Refused, public_advance
from revenue_machine.kit.clock import iso, parse_instant
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, FakeState, Routes, answer_json
from revenue_machine.kit.ids import content_hash
from revenue_machine.kit.signing import sign_standard

__all__ = [
    "hook_headers",
    "public_advance",
    "public_bounce",
    "public_click",
    "public_complain",
    "public_domain",
    "public_fail",
    "public_inbox",
    "public_mailbox",
    "public_open",
    "public_reply",
    "respond",
]

routes = Routes()
# Requests in one second of world time; recorded traffic shows policies of 2 and of 100 a second.
PER_SECOND = 100
KEY_LIFE_S = 86_400
_TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")
_UNLISTED = ("html", "text")
_FORMAT = "The email address needs to follow the `email@example.com` or `Name <email@example.com>` format."


def respond(state: FakeState, request: FakeRequest) -> FakeResponse:
    """One request to the API; every answer says how much of the second's allowance is left."""
    try:
        _check_key(state, request)
        limits = _spend(state)
    except Refused as refusal:
        return _refusal(refusal)
    try:
        answer = _once(state, request)
    except Refused as refusal:
        answer = _refusal(refusal)
    return FakeResponse(answer.status, answer.body, {**answer.headers, **limits}, answer.acted)


def hook_headers(state: FakeState, hook_key: str, body: bytes) -> dict[str, str]:
    """Svix's three headers for this delivery."""
    return sign_standard(hook_key, body, state.webhook_secret, state.now(), prefix="svix")


def _refusal(refusal: Refused) -> FakeResponse:
    body = {"statusCode": refusal.status, "name": refusal.name, "message": str(refusal)}
    return answer_json(refusal.status, body, refusal.headers)


def _check_key(state: FakeState, request: FakeRequest) -> None:
    given = request.bearer()
    if not given:
        raise Refused(401, "missing_api_key", "Missing API key in the authorization header.")
    if given != state.api_key:
        raise Refused(403, "invalid_api_key", "API key is invalid")


def _spend(state: FakeState) -> dict[str, str]:
    """One request out of this second's allowance."""
    second = int(state.now().timestamp())
    known = state.get("allowance", "team") or {"second": second, "used": 0}
    used = known["used"] + 1 if known["second"] == second else 1
    headers = {
        "ratelimit-limit": str(PER_SECOND), "ratelimit-policy": f"{PER_SECOND};w=1",
        "ratelimit-remaining": str(max(0, PER_SECOND - used)), "ratelimit-reset": "1",
    }  # fmt: skip
    if used > PER_SECOND:
        text = f"Too many requests. You can only make {PER_SECOND} requests per second."
        raise Refused(429, "rate_limit_exceeded", text, {**headers, "retry-after": "1"})
    state.put("allowance", "team", {"second": second, "used": used})
    return headers


def _once(state: FakeState, request: FakeRequest) -> FakeResponse:
    """The same key and body within a day: the first answer, and nothing happens; another body: a conflict."""
    key = request.headers.get("idempotency-key")
    if key is None or request.method != "POST":
        return _route(state, request)
    if not 1 <= len(key) <= 256:
        raise Refused(400, "invalid_idempotency_key", "The key must be between 1-256 characters.")
    now_s, meaning = int(state.now().timestamp()), content_hash([request.path, request.json()])
    held = state.get("key", key)
    if held is not None and now_s - held["at"] < KEY_LIFE_S:
        if held["meaning"] != meaning:
            text = "Same idempotency key used with a different request payload."
            raise Refused(409, "invalid_idempotent_request", text)
        return FakeResponse(held["status"], held["body"].encode(), {"content-type": "application/json"}, acted=False)
    answer = _route(state, request)
    state.put("key", key, {"meaning": meaning, "at": now_s, "status": answer.status, "body": answer.body.decode()})
    return answer


def _route(state: FakeState, request: FakeRequest) -> FakeResponse:
    found = routes.find(request.method, request.path)
    if found is None:
        raise Refused(404, "not_found", "The requested endpoint does not exist")
    route, names = found
    return route(state, request, **names)


@routes("POST", "/emails")
def _send(state: FakeState, request: FakeRequest) -> FakeResponse:
    wanted = _ordered(state, request.json())
    return answer_json(200, {"id": post.accept(state, wanted)})


@routes("POST", "/emails/batch")
def _send_batch(state: FakeState, request: FakeRequest) -> FakeResponse:
    """All or none: every mail is looked at before the first one goes."""
    rows = request.json()
    if not isinstance(rows, list) or not 1 <= len(rows) <= 100:
        raise Refused(422, "validation_error", "The batch must be an array of 1 to 100 emails.")
    wanted = [_ordered(state, row) for row in rows]
    return answer_json(200, {"data": [{"id": post.accept(state, one)} for one in wanted]})


@routes("GET", "/emails")
def _list(state: FakeState, request: FakeRequest) -> FakeResponse:
    rows = [_without(one, _UNLISTED) for one in state.list("email")]
    return answer_json(200, _paged(request, rows))


@routes("GET", "/emails/receiving")
def _list_received(state: FakeState, request: FakeRequest) -> FakeResponse:
    rows = [
        {name: value for name, value in one.items() if name not in ("text", "html", "headers")} for one in state.list("received")
    ]
    return answer_json(200, _paged(request, rows))


@routes("GET", "/emails/receiving/{id}")
def _received(state: FakeState, request: FakeRequest, id: str) -> FakeResponse:
    return answer_json(200, {"object": "email", **_one(state, "received", id, "Email")})


@routes("GET", "/emails/{id}")
def _email(state: FakeState, request: FakeRequest, id: str) -> FakeResponse:
    return answer_json(200, _without(_one(state, "email", id, "Email"), ()))


@routes("PATCH", "/emails/{id}")
def _reschedule(state: FakeState, request: FakeRequest, id: str) -> FakeResponse:
    held = _scheduled(state, id)
    at = _instant((request.json() or {}).get("scheduled_at"))
    post.schedule(state, {**held, "scheduled_at": at})
    return answer_json(200, {"object": "email", "id": id})


@routes("POST", "/emails/{id}/cancel")
def _cancel(state: FakeState, request: FakeRequest, id: str) -> FakeResponse:
    state.put("email", id, {**_scheduled(state, id), "last_event": "canceled"})
    return answer_json(200, {"object": "email", "id": id})


@routes("GET", "/domains")
def _domains(state: FakeState, request: FakeRequest) -> FakeResponse:
    rows = [_without(one, ("records",)) for one in post.domains(state)]
    return answer_json(200, _paged(request, rows))


@routes("GET", "/domains/{id}")
def _domain(state: FakeState, request: FakeRequest, id: str) -> FakeResponse:
    post.domains(state)
    return answer_json(200, {"object": "domain", **_one(state, "domain", id, "Domain")})


@routes("GET", "/suppressions")
def _suppressions(state: FakeState, request: FakeRequest) -> FakeResponse:
    origin = request.param("origin")
    return answer_json(200, _paged(request, [one for one in state.list("suppression") if origin in (None, one["origin"])]))


@routes("POST", "/suppressions")
def _suppress(state: FakeState, request: FakeRequest) -> FakeResponse:
    address = parseaddr(str((request.json() or {}).get("email", "")))[1].lower()
    if "@" not in address:
        raise Refused(422, "missing_required_field", "Missing `email` field.")
    return answer_json(201, {"object": "suppression", "id": post.suppress(state, address, "manual", None)["id"]})


@routes("GET", "/suppressions/{name}")
def _suppression(state: FakeState, request: FakeRequest, name: str) -> FakeResponse:
    return answer_json(200, {"object": "suppression", **_suppressed(state, name)})


@routes("DELETE", "/suppressions/{name}")
def _unsuppress(state: FakeState, request: FakeRequest, name: str) -> FakeResponse:
    held = _suppressed(state, name)
    state.drop("suppression", held["email"])
    return answer_json(200, {"object": "suppression", "id": held["id"], "deleted": True})


def _suppressed(state: FakeState, name: str) -> Document:
    for held in state.list("suppression"):
        if name.lower() in (held["id"], held["email"]):
            return held
    raise Refused(404, "not_found", "Suppression not found")


def _without(document: Document, names: tuple[str, ...]) -> Document:
    """What the vendor shows of a document; names that begin with an underscore are the fake's own."""
    return {name: value for name, value in document.items() if name not in names and not name.startswith("_")}


def _one(state: FakeState, kind: str, id: str, title: str) -> Document:
    held = state.get(kind, id)
    if held is None:
        raise Refused(404, "not_found", f"{title} not found")
    return held


def _scheduled(state: FakeState, id: str) -> Document:
    held = _one(state, "email", id, "Email")
    if held["last_event"] != "scheduled":
        raise Refused(422, "validation_error", "Only scheduled emails can be changed.")
    return held


def _paged(request: FakeRequest, oldest_first: list[Document]) -> Document:
    """A page, newest first, between cursors that are ids."""
    rows = oldest_first[::-1]
    text = request.param("limit") or "20"
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 100:
        raise Refused(422, "validation_error", "The `limit` must be a number from 1 to 100.")
    limit, names = int(text), [one["id"] for one in rows]
    after, before = request.param("after"), request.param("before")
    for cursor in (after, before):
        if cursor is not None and cursor not in names:
            raise Refused(422, "validation_error", "The pagination cursor does not exist.")
    if before is not None:
        stop = names.index(before)
        start = max(0, stop - limit)
        return {"object": "list", "has_more": start > 0, "data": rows[start:stop]}
    start = 0 if after is None else names.index(after) + 1
    return {"object": "list", "has_more": start + limit < len(rows), "data": rows[start : start + limit]}


def _ordered(state: FakeState, body: Any) -> Document:
    """The mail a body asks for, or the refusal the contract names."""
    if not isinstance(body, dict):
        raise Refused(400, "validation_error", "The request body must be a JSON object.")
    for name in ("from", "to", "subject"):
        if not body.get(name):
            raise Refused(422, "missing_required_field", f"Missing `{name}` field.")
    if not body.get("html") and not body.get("text"):
        raise Refused(422, "validation_error", "Missing `html` or `text` field.")
    people = {name: _addresses(body.get(name), name) for name in ("to", "cc", "bcc", "reply_to")}
    if len(people["to"]) > 50:
        raise Refused(422, "validation_error", "The `to` field takes at most 50 addresses.")
    sender = _addresses(body["from"], "from")
    post.check_sender(state, sender, people["to"])
    tags, headers = _tags(body.get("tags") or []), _headers(body.get("headers") or {})
    at = body.get("scheduled_at")
    return {
        **people, "from": sender[0], "subject": str(body["subject"]), "html": body.get("html"), "text": body.get("text"),
        "_headers": headers, "_tags": tags,
        "scheduled_at": None if at is None else _instant(at),
    }  # fmt: skip


def _addresses(value: Any, field: str) -> list[str]:
    listed = [value] if isinstance(value, str) else value or []
    for one in listed if isinstance(listed, list) else [None]:
        local, _, domain = parseaddr(one)[1].rpartition("@") if isinstance(one, str) else ("", "", "")
        if not local or not domain or any(mark in f"{one}" for mark in "\r\n") or re.search(r"[\s<>]", local + domain):
            raise Refused(422, "validation_error", f"Invalid `{field}` field. {_FORMAT}")
    return list(listed)


def _headers(given: Any) -> dict[str, str]:
    named = {str(name): str(value) for name, value in given.items()} if isinstance(given, dict) else {"": "\n"}
    if any(mark in f"{name}{value}" for name, value in named.items() for mark in "\r\n"):
        raise Refused(422, "validation_error", "The `headers` field must be an object of single lines.")
    return named


def _tags(rows: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in rows if isinstance(rows, list) else [None]:
        name, value = (str(row.get("name", "")), str(row.get("value", ""))) if isinstance(row, dict) else ("", "")
        if _TAG.fullmatch(name) is None or _TAG.fullmatch(value) is None:
            text = "Tags should only contain ASCII letters, numbers, underscores, or dashes."
            raise Refused(422, "validation_error", text)
        found[name] = value
    return found


def _instant(text: Any) -> str:
    try:
        return iso(parse_instant(str(text)))
    except BadInput:
        raise Refused(422, "validation_error", "Invalid `scheduled_at` field. Use an ISO 8601 date.") from None
