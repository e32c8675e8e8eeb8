"""A pretend market research service: searches the pretend competitors and keeps its platforms' pace in world time."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from revenue_machine.integrations.market_research.fake_posts import (
    NICHES,
    PLATFORMS,
    Post,
    item_at,
    numbers_at,
    page_overlaps,
    post_at,
    posts_of,
    views_at,
)
from revenue_machine.kit.clock import iso, parse_instant
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, FakeState, Routes, answer_json

routes = Routes()
WINDOW_DAYS = 7
URLS_PER_CALL = 100
METRIC_CALLS_PER_HOUR = 240
METRICS = ("views", "likes", "comments", "shares", "saves")


@dataclass(frozen=True)
class Pace:
    """How a platform may be read: sessions of so many minutes, a pause between them, pages an hour, items a search."""

    sessions_per_hour: int
    session_min: int
    pause_min: int
    pages_per_hour: int
    page_items: int
    search_items: int


PACES: Mapping[str, Pace] = {
    "x": Pace(2, 30, 5, 100, 20, 500),
    "threads": Pace(2, 30, 5, 100, 20, 200),
    "instagram": Pace(2, 15, 10, 60, 10, 15),
    "tiktok": Pace(3, 15, 5, 60, 10, 20),
    "facebook": Pace(3, 15, 5, 60, 20, 60),
}


class _Refusal(Exception):
    """An error answer on its way out."""

    def __init__(self, status: int, code: str, message: str, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.error: dict[str, Any] = {"code": code, "message": message}
        self.headers: dict[str, str] = {}
        if retry_after_s is not None:
            self.error["retry_after_s"] = retry_after_s
            self.headers["retry-after"] = str(retry_after_s)


def respond(state: FakeState, request: FakeRequest) -> FakeResponse:
    """Answer one call."""
    found = routes.find(request.method, request.path)
    try:
        if request.bearer() != state.api_key:
            return _refused(_Refusal(401, "unauthorized", "the key is missing or wrong"))
        if found is None or found[1]["platform"] not in PLATFORMS:
            return _refused(_Refusal(404, "not_found", "no such platform or path"))
        body = request.json()
        if not isinstance(body, dict):
            return _refused(_Refusal(422, "bad_request", "the body is not a JSON object"))
        return answer_json(200, found[0](state, found[1]["platform"], body))
    except _Refusal as refusal:
        return _refused(refusal)


def _refused(refusal: _Refusal) -> FakeResponse:
    return answer_json(refusal.status, {"error": refusal.error}, refusal.headers)


@routes("POST", "/api/research/{platform}/search")
def _search(state: FakeState, platform: str, body: dict[str, Any]) -> Any:
    niche, query, cursor = _text(body, "niche"), _text(body, "query"), body.get("cursor")
    wanted = min(_count(body), PACES[platform].search_items)
    offset = _offset(cursor)
    _take_turn(state, platform)
    ranked = _ranked(state, platform, niche, query)[:wanted]
    start = offset - 1 if offset and page_overlaps(state.seed, f"{platform}{niche}{query}{cursor}") else offset
    end = start + PACES[platform].page_items
    now = state.now()
    items = [item_at(post, now) for post in ranked[start:end]]
    return {"items": items, "next_cursor": f"o{end}" if end < len(ranked) else None}


@routes("POST", "/api/research/{platform}/niche")
def _niche(state: FakeState, platform: str, body: dict[str, Any]) -> Any:
    niche, wanted = _text(body, "niche"), min(_count(body), PACES[platform].search_items)
    _take_turn(state, platform)
    ranked = _ranked(state, platform, niche, "")
    followers = {post.handle: post.follower_count for post in ranked}
    creators = Counter(post.handle for post in ranked)
    tags = Counter(tag for post in ranked for tag in post.hashtags)
    return {
        "niche": niche,
        "creators": [{"handle": name, "follower_count": followers[name], "posts": count} for name, count in _leading(creators)],
        "hashtags": [{"tag": tag, "posts": count} for tag, count in _leading(tags)],
        "items": [item_at(post, state.now()) for post in ranked[:wanted]],
    }


@routes("POST", "/api/research/{platform}/metrics")
def _metrics(state: FakeState, platform: str, body: dict[str, Any]) -> Any:
    urls = body.get("urls")
    if not isinstance(urls, list) or len(urls) > URLS_PER_CALL or not all(isinstance(url, str) for url in urls):
        raise _Refusal(422, "bad_request", f"urls must be a list of at most {URLS_PER_CALL} addresses")
    _check_stuck(state, platform)
    _count_call(state, f"{platform} metrics", METRIC_CALLS_PER_HOUR)
    found = [(url, _numbers(state, platform, url)) for url in urls]
    return {
        "posts": [{"url": url, **numbers, "collected_at": iso(state.now())} for url, numbers in found if numbers is not None],
        "missing": [url for url, numbers in found if numbers is None],
    }


def _numbers(state: FakeState, platform: str, url: str) -> dict[str, int] | None:
    """Of one of our own posts as the world counts them, else of a competitor's post."""
    ours = state.get("metrics", _plain(url))
    if ours is not None:
        return {name: ours[name] for name in METRICS}
    post = post_at(state.seed, platform, _plain(url))
    return None if post is None or post.posted_at > state.now() else numbers_at(post, state.now())


def _plain(url: str) -> str:
    """An address without what does not name the post (`watch?v=` does)."""
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.path == "/watch" else ""
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}{query}"


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str) or (name == "niche" and not value):
        raise _Refusal(422, "bad_request", f"{name} must be text")
    return value


def _count(body: dict[str, Any]) -> int:
    value = body.get("max_items", 20)
    if type(value) is not int or value < 1:
        raise _Refusal(422, "bad_request", "max_items must be a positive number")
    return value


def _offset(cursor: Any) -> int:
    if cursor is None:
        return 0
    if not (isinstance(cursor, str) and cursor[:1] == "o" and cursor[1:].isascii() and cursor[1:].isdigit() and len(cursor) < 8):
        raise _Refusal(422, "bad_request", "unknown cursor")
    return int(cursor[1:])


def _ranked(state: FakeState, platform: str, niche: str, query: str) -> list[Post]:
    """The niche's posts of the last days: those the query's words hit first, then what moves fastest. Unknown niches are empty."""
    if niche not in NICHES:
        return []
    return list(_ranking(state.seed, platform, niche, query, state.now()))


@lru_cache(maxsize=64)
def _ranking(seed: int, platform: str, niche: str, query: str, now: datetime) -> tuple[Post, ...]:
    """The same for every page of one search, which are asked for at the same moment."""
    terms = {word for word in query.lower().split() if len(word) > 2}
    days = [now.date() - timedelta(days=back) for back in range(WINDOW_DAYS)]
    posts = [post for day in days for post in posts_of(seed, platform, niche, day) if post.posted_at <= now]

    def place(post: Post) -> tuple[int, float, str]:
        caption = post.caption.lower()
        return -sum(term in caption for term in terms), -_heat(post, now), post.url

    return tuple(sorted(posts, key=place))


def _heat(post: Post, now: datetime) -> float:
    age_h = (now - post.posted_at).total_seconds() / 3600
    return float(views_at(post, now) / (age_h + 3) ** 0.8)


def _leading(counted: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counted.items(), key=lambda row: (-row[1], row[0]))[:20]


def _take_turn(state: FakeState, platform: str) -> None:
    """Let one page through, or say when the platform may be read again."""
    _check_stuck(state, platform)
    pace, now = PACES[platform], state.now()
    starts = [parse_instant(at) for at in (state.get("sessions", platform) or {"at": []})["at"]]
    recent = [at for at in starts if now - at < timedelta(hours=1)]
    if not recent or now >= recent[-1] + timedelta(minutes=pace.session_min):
        if recent and now < recent[-1] + timedelta(minutes=pace.session_min + pace.pause_min):
            raise _too_often(recent[-1] + timedelta(minutes=pace.session_min + pace.pause_min) - now)
        if len(recent) >= pace.sessions_per_hour:
            raise _too_often(recent[0] + timedelta(hours=1) - now)
        recent.append(now)
    _count_call(state, platform, pace.pages_per_hour)
    state.put("sessions", platform, {"at": [iso(at) for at in recent]})


def _count_call(state: FakeState, what: str, per_hour: int) -> None:
    now = state.now()
    known = [parse_instant(at) for at in (state.get("calls", what) or {"at": []})["at"]]
    recent = [at for at in known if now - at < timedelta(hours=1)]
    if len(recent) >= per_hour:
        raise _too_often(recent[0] + timedelta(hours=1) - now)
    state.put("calls", what, {"at": [iso(at) for at in [*recent, now]]})


def _too_often(wait: timedelta) -> _Refusal:
    return _Refusal(429, "rate_limited", "the platform's pace is kept", max(1, math.ceil(wait.total_seconds())))


def _check_stuck(state: FakeState, platform: str) -> None:
    stuck = state.get("stuck", platform)
    if stuck and state.now() < parse_instant(stuck["until"]):
        raise _Refusal(409, stuck["code"], "the platform wants to see a person")


def public_set_metrics(state: FakeState, url: str, *, views: int, likes: int, comments: int, shares: int, saves: int) -> None:
    """The world's count of one of our own posts; the newest stands."""
    numbers = {"views": views, "likes": likes, "comments": comments, "shares": shares, "saves": saves}
    state.put("metrics", _plain(url), numbers)


def public_block(state: FakeState, platform: str, code: str, until: datetime) -> None:
    """The platform has noticed the service: `captcha` or `login_required` until then."""
    state.put("stuck", platform, {"code": code, "until": iso(until)})
