"""A pretend Blotato: one account per platform, submissions that go public within half a minute, read from its contract."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from revenue_machine.kit.clock import iso, parse_instant
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, FakeState, Routes, answer_json
from revenue_machine.kit.ids import content_hash
from revenue_machine.kit.rng import rng

routes = Routes()
ACCOUNT_IDS: Mapping[str, str] = {
    "twitter": "9101", "threads": "9102", "instagram": "9103", "tiktok": "9104", "facebook": "9105", "youtube": "9106",
    "linkedin": "9107", "pinterest": "9108", "bluesky": "9109",
}  # fmt: skip
USERNAME = "solo.growth.lab"
PAGES: Mapping[str, tuple[str, str]] = {"9105": ("771050001", "Solo Growth Lab"), "9107": ("771070001", "Solo Growth Lab")}
CALLS_PER_MINUTE: Mapping[str, int] = {"posts": 30, "media": 10}
SLOWEST_S = 30

_MEDIA_FIRST = ("instagram", "tiktok", "pinterest", "youtube")
_TARGET_NEEDS: Mapping[str, Mapping[str, type]] = {
    "facebook": {"pageId": str},
    "pinterest": {"boardId": str},
    "youtube": {"title": str, "privacyStatus": str, "shouldNotifySubscribers": bool},
    "tiktok": {
        "privacyLevel": str, "disabledComments": bool, "disabledDuet": bool, "disabledStitch": bool,
        "isBrandedContent": bool, "isYourBrand": bool, "isAiGenerated": bool,
    },
}  # fmt: skip
_ONE_OF: Mapping[str, tuple[str, ...]] = {
    "privacyStatus": ("public", "private", "unlisted"),
    "privacyLevel": ("PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "FOLLOWER_OF_CREATOR", "SELF_ONLY"),
}
_PUBLIC_NAMES = {"twitter": "x"}


class _Invalid(Exception):
    """A 422: where the request is wrong, and why."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(why)
        self.path = path
        self.why = why


def respond(state: FakeState, request: FakeRequest) -> FakeResponse:
    """Answer one call below /v2."""
    if request.headers.get("blotato-api-key") != state.api_key:
        return answer_json(401, {"message": "Missing or invalid API key"})
    found = routes.find(request.method, request.path)
    if found is None:
        return answer_json(404, {"message": "Not found"})
    route, names = found
    try:
        return route(state, request, **names)
    except _Invalid as mistake:
        where = {"path": mistake.path, "message": mistake.why}
        return answer_json(422, {"message": f"{mistake.path}: {mistake.why}", "errors": [where]})


@routes("GET", "/users/me")
def _me(state: FakeState, request: FakeRequest) -> FakeResponse:
    return answer_json(200, {"id": "usr_1", "subscriptionStatus": "active"})


@routes("GET", "/users/me/accounts")
def _accounts(state: FakeState, request: FakeRequest) -> FakeResponse:
    wanted = request.param("platform")
    rows = [
        {"id": account_id, "platform": platform, "fullname": "Solo Growth Lab", "username": USERNAME}
        for platform, account_id in ACCOUNT_IDS.items()
        if wanted in (None, platform)
    ]
    return answer_json(200, {"items": rows})


@routes("GET", "/users/me/accounts/{account_id}/subaccounts")
def _subaccounts(state: FakeState, request: FakeRequest, account_id: str) -> FakeResponse:
    page = PAGES.get(account_id)
    rows = [] if page is None else [{"id": page[0], "accountId": account_id, "name": page[1]}]
    return answer_json(200, {"items": rows})


@routes("POST", "/media")
def _upload(state: FakeState, request: FakeRequest) -> FakeResponse:
    if _is_too_often(state, "media"):
        return answer_json(429, {"message": "Rate limit exceeded"})
    url = _object(request.json(), "body").get("url")
    if not isinstance(url, str) or not url.startswith(("https://", "http://", "data:image/")):
        raise _Invalid("url", "must be a public URL or an image data URL")
    digest = content_hash(f"{state.seed} {url}")[:32]
    return answer_json(200, {"url": f"https://database.blotato.io/storage/v1/object/public/public_media/{digest}"})


@routes("POST", "/posts")
def _publish(state: FakeState, request: FakeRequest) -> FakeResponse:
    if _is_too_often(state, "posts"):
        return answer_json(429, {"message": "Rate limit exceeded"})
    body = _object(request.json(), "body")
    post = _object(body.get("post"), "post")
    content, target = _object(post.get("content"), "post.content"), _object(post.get("target"), "post.target")
    platform = _checked_platform(post.get("accountId"), content, target)
    _check_content(content, platform)
    _check_target(target, platform)
    number = state.next_number("submission")
    submission_id = _as_uuid(content_hash(f"{state.seed} submission {number}"))
    due_at = _due_at(state, body, submission_id)
    broken = state.get("broken", platform)
    state.put("post", submission_id, {
        "id": submission_id, "number": number, "platform": platform, "accountId": post["accountId"], "content": content,
        "target": target, "dueAt": iso(due_at), "error": broken["message"] if broken else None,
    })  # fmt: skip
    return answer_json(201, {"postSubmissionId": submission_id})


@routes("GET", "/posts/{submission_id}")
def _status(state: FakeState, request: FakeRequest, submission_id: str) -> FakeResponse:
    post = state.get("post", submission_id)
    if post is None:
        return answer_json(404, {"message": "Post submission not found"})
    answer: dict[str, Any] = {"postSubmissionId": submission_id, "status": _stage(post, state.now())}
    if answer["status"] == "published":
        answer["publicUrl"] = _public_url(post)
    if answer["status"] == "failed":
        answer["errorMessage"] = post["error"]
    return answer_json(200, answer)


def _stage(post: dict[str, Any], now: datetime) -> str:
    if parse_instant(post["dueAt"]) > now:
        return "in-progress"
    return "failed" if post["error"] else "published"


def _object(value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Invalid(path, "must be an object")
    return value


def _checked_platform(account_id: Any, content: dict[str, Any], target: dict[str, Any]) -> str:
    platform = str(content.get("platform"))
    if platform not in ACCOUNT_IDS:
        raise _Invalid("post.content.platform", "must be one of the supported platforms")
    if target.get("targetType") != platform:
        raise _Invalid("post.target.targetType", "must equal post.content.platform")
    if account_id not in ACCOUNT_IDS.values():
        raise _Invalid("post.accountId", "unknown account")
    if account_id != ACCOUNT_IDS[platform]:
        raise _Invalid("post.accountId", f"is not a {platform} account")
    return platform


def _check_content(content: dict[str, Any], platform: str) -> None:
    _check_part(content, "post.content")
    further = content.get("additionalPosts", [])
    if not isinstance(further, list) or len(further) > 10:
        raise _Invalid("post.content.additionalPosts", "must be a list of at most 10")
    for place, part in enumerate(further):
        _check_part(_object(part, f"post.content.additionalPosts.{place}"), f"post.content.additionalPosts.{place}")
    if platform in _MEDIA_FIRST and not content["mediaUrls"]:
        raise _Invalid("post.content.mediaUrls", f"{platform} requires media")


def _check_part(part: dict[str, Any], path: str) -> None:
    text, urls = part.get("text"), part.get("mediaUrls")
    if not isinstance(text, str):
        raise _Invalid(f"{path}.text", "is required")
    if not isinstance(urls, list) or len(urls) > 20:
        raise _Invalid(f"{path}.mediaUrls", "must be a list of at most 20")
    if not all(isinstance(url, str) and url.startswith(("https://", "http://")) for url in urls):
        raise _Invalid(f"{path}.mediaUrls", "must be public URLs")
    if not text.strip() and not urls:
        raise _Invalid(f"{path}.text", "must not be empty without media")


def _check_target(target: dict[str, Any], platform: str) -> None:
    for name, kind in _TARGET_NEEDS.get(platform, {}).items():
        value = target.get(name)
        if type(value) is not kind or value == "":
            raise _Invalid(f"post.target.{name}", f"is required for {platform}")
        if name in _ONE_OF and value not in _ONE_OF[name]:
            raise _Invalid(f"post.target.{name}", f"must be one of {', '.join(_ONE_OF[name])}")


def _due_at(state: FakeState, body: dict[str, Any], submission_id: str) -> datetime:
    """When it goes public: soon, at `scheduledTime`, or at the next full hour as the free slot. Only the root counts."""
    soon = state.now() + timedelta(seconds=rng(state.seed, "blotato_delay", submission_id).randint(3, SLOWEST_S))
    if body.get("useNextFreeSlot") is True:
        return state.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    text = body.get("scheduledTime")
    if text is None:
        return soon
    try:
        return max(parse_instant(str(text)), soon)
    except BadInput:
        raise _Invalid("scheduledTime", "must be an ISO 8601 time with a zone") from None


def _is_too_often(state: FakeState, endpoint: str) -> bool:
    """Whether this call exceeds the endpoint's calls in the last minute of world time; refused calls do not count."""
    now = state.now()
    known = state.get("calls", endpoint) or {"at": []}
    recent = [at for at in known["at"] if now - parse_instant(at) < timedelta(minutes=1)]
    if len(recent) >= CALLS_PER_MINUTE[endpoint]:
        return True
    state.put("calls", endpoint, {"at": [*recent, iso(now)]})
    return False


def _as_uuid(digest: str) -> str:
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"


def _public_url(post: dict[str, Any]) -> str:
    """Where the world sees the post; the number in it is unique per submission."""
    long = str(1992000000000000000 + post["number"] * 104729)
    short = content_hash(post["id"])[:11]
    page = post["target"].get("pageId", USERNAME)
    return {
        "twitter": f"https://x.com/{USERNAME.replace('.', '_')}/status/{long}",
        "threads": f"https://www.threads.net/@{USERNAME}/post/{short}",
        "instagram": f"https://www.instagram.com/p/{short}/",
        "tiktok": f"https://www.tiktok.com/@{USERNAME}/video/{long}",
        "facebook": f"https://www.facebook.com/{page}/posts/{long}",
        "youtube": f"https://www.youtube.com/watch?v={short}",
        "linkedin": f"https://www.linkedin.com/feed/update/urn:li:share:{long}",
        "pinterest": f"https://www.pinterest.com/pin/{long}/",
        "bluesky": f"https://bsky.app/profile/{USERNAME}/post/{short}",
    }[post["platform"]]


def public_posts(state: FakeState) -> list[dict[str, Any]]:
    """Every post the world can see by now, in the order it went public; `platform` is `x` where Blotato says `twitter`."""
    now = state.now()
    seen = [post for post in state.list("post") if _stage(post, now) == "published" and not _is_private(post)]
    return [
        {
            "id": post["id"],
            "platform": _PUBLIC_NAMES.get(post["platform"], post["platform"]),
            "account_id": post["accountId"],
            "text": post["content"]["text"],
            "additional_texts": [part["text"] for part in post["content"].get("additionalPosts", [])],
            "media_urls": list(post["content"]["mediaUrls"]),
            "url": _public_url(post),
            "published_at": post["dueAt"],
        }
        for post in sorted(seen, key=lambda post: (post["dueAt"], post["id"]))
    ]


def _is_private(post: dict[str, Any]) -> bool:
    target: dict[str, Any] = post["target"]
    return (target.get("privacyStatus"), target.get("privacyLevel")) in (("private", None), (None, "SELF_ONLY"))


def public_break(state: FakeState, platform: str, message: str) -> None:
    """The platform (Blotato's name) rejects what is handed in from now on, with this message, until mended."""
    state.put("broken", platform, {"message": message})


def public_mend(state: FakeState, platform: str) -> None:
    """The platform takes posts again."""
    state.drop("broken", platform)
