"""The pretend competitors: what they posted on a day, and how its numbers have grown by now."""

from __future__ import annotations

import math
import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from revenue_machine.kit.clock import iso
from revenue_machine.kit.rng import rng, seed_of

PLATFORMS = ("x", "threads", "instagram", "tiktok", "facebook")
NICHES = ("ai_automation", "saas_growth", "content_creation", "digital_marketing", "creator_economy")
CREATORS_PER_NICHE = 60

# Formats with their weights; hours until two thirds of the views are in; reach per follower; shares of views that act.
_FORMATS: Mapping[str, Mapping[str, int]] = {
    "x": {"text": 55, "thread": 25, "image": 12, "video": 8},
    "threads": {"text": 65, "image": 25, "video": 10},
    "instagram": {"video": 50, "carousel": 35, "image": 15},
    "tiktok": {"video": 92, "carousel": 8},
    "facebook": {"video": 40, "image": 35, "text": 25},
}
_RISE_H: Mapping[str, float] = {"x": 9, "threads": 14, "instagram": 26, "tiktok": 44, "facebook": 30}
_REACH: Mapping[str, float] = {"x": 0.30, "threads": 0.35, "instagram": 0.28, "tiktok": 0.75, "facebook": 0.12}
_ACTS: Mapping[str, Mapping[str, float]] = {
    "x": {"likes": 0.018, "comments": 0.0016, "shares": 0.0024, "saves": 0.0030},
    "threads": {"likes": 0.028, "comments": 0.0040, "shares": 0.0016, "saves": 0.0008},
    "instagram": {"likes": 0.042, "comments": 0.0022, "shares": 0.0060, "saves": 0.0090},
    "tiktok": {"likes": 0.058, "comments": 0.0030, "shares": 0.0045, "saves": 0.0075},
    "facebook": {"likes": 0.014, "comments": 0.0028, "shares": 0.0022, "saves": 0.0006},
}
_MISSING = 0.04
_CROSSPOSTED = 0.12
# Post numbers are spread over the digits the platforms use, and can be read back (see `place_of`).
_FIRST_NUMBER = 7_300_000_000_000_000
_SPREAD = 7919
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Post:
    """One pretend post; `views` is where its views will end, `acts` the share of viewers doing each thing."""

    platform: str
    niche: str
    url: str
    posted_at: datetime
    content_type: str
    handle: str
    follower_count: int
    caption: str
    hook: str
    cta_type: str
    hashtags: tuple[str, ...]
    duration_s: int | None
    audio: str | None
    views: int
    acts: tuple[tuple[str, float], ...]
    hidden: frozenset[str]


@cache
def words() -> Any:
    """The vocabulary beside this file."""
    return tomllib.loads((Path(__file__).parent / "fake_words.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=4096)
def posts_of(seed: int, platform: str, niche: str, day: date) -> tuple[Post, ...]:
    """Everything the competitors of a niche posted on a platform on a UTC day, in order of their numbers."""
    count = rng(seed, "research_count", platform, niche, day).randint(16, 26)
    return tuple(_post(seed, platform, niche, day, index) for index in range(count))


def _post(seed: int, platform: str, niche: str, day: date, index: int) -> Post:
    own = rng(seed, "research_post", platform, niche, day, index)
    shared = rng(seed, "research_shared", niche, day, index)
    text = shared if own.random() < _CROSSPOSTED else own
    handle, followers = _creator(seed, niche, text.randrange(CREATORS_PER_NICHE))
    content_type = _weighted(own, _FORMATS[platform])
    week = day.toordinal() // 7
    hook_type = _weighted(text, _hook_weights(seed, niche, week))
    caption, hook, cta_type, tags = _caption(seed, niche, week, hook_type, text)
    moved = content_type == "video"
    pull = _pull(seed, platform, niche, week, hook_type) * _pull(seed, platform, niche, week, content_type)
    views = 40 + int(followers * _REACH[platform] * pull * own.lognormvariate(-0.6, 1.25))
    posted_at = datetime.combine(day, time(), UTC) + timedelta(seconds=own.randrange(86_400))
    return Post(
        platform=platform, niche=niche, url=_url(platform, handle, number_of(platform, niche, day, index)), posted_at=posted_at,
        content_type=content_type, handle=handle, follower_count=followers, caption=caption, hook=hook, cta_type=cta_type,
        hashtags=tags, duration_s=own.randint(7, 88) if moved else None, audio=_audio(own, platform, moved=moved), views=views,
        acts=tuple((name, share * own.lognormvariate(0, 0.45)) for name, share in _ACTS[platform].items()),
        hidden=frozenset(name for name in ("views", "follower_count", "hook_text", "post_date") if own.random() < _MISSING),
    )  # fmt: skip


def _weighted(draw: random.Random, weights: Mapping[str, float]) -> str:
    return draw.choices(list(weights), list(weights.values()))[0]


@lru_cache(maxsize=4096)
def _hook_weights(seed: int, niche: str, week: int) -> dict[str, float]:
    """Fashions: which kinds of hooks a niche writes this week."""
    return {kind: rng(seed, "research_fashion", niche, kind, week).uniform(0.6, 1.6) for kind in words()["hooks"]}


@lru_cache(maxsize=4096)
def _pull(seed: int, platform: str, niche: str, week: int, what: str) -> float:
    """What the audience likes there: a lasting taste and a smaller drift by week, both around 1."""
    lasting = rng(seed, "research_taste", platform, niche, what).uniform(0.6, 1.7)
    return lasting * rng(seed, "research_drift", platform, niche, what, week).uniform(0.85, 1.15)


@cache
def _creator(seed: int, niche: str, number: int) -> tuple[str, int]:
    """Handle and followers, median 8,000 with a heavy tail; a handle is the same on every platform."""
    draw, names = rng(seed, "research_creator", niche, number), words()["creators"]
    middle = draw.choice(["", ".", "_", "the"])
    handle = f"{draw.choice(names['first'])}{middle}{draw.choice(names['last'])}"
    if draw.random() < 0.4:
        handle += str(draw.randint(2, 99))
    return handle, max(120, int(draw.lognormvariate(9.0, 1.4)))


@lru_cache(maxsize=4096)
def _trending(seed: int, niche: str, week: int) -> Sequence[str]:
    """The niche's topics with this week's three favourites repeated."""
    topics = words()["niches"][niche]["topic"]
    return [*topics, *rng(seed, "research_trend", niche, week).sample(topics, 3) * 4]


def _caption(seed: int, niche: str, week: int, hook_type: str, draw: random.Random) -> tuple[str, str, str, tuple[str, ...]]:
    """Caption, hook, kind of call to action, hashtags."""
    book, field = words(), words()["niches"][niche]
    fill = {name: draw.choice(field[name]) for name in ("tool", "pain", "outcome", "people")}
    fill |= {"topic": draw.choice(_trending(seed, niche, week)), "small": str(draw.randint(3, 9))}
    fill |= {"number": str(draw.randint(11, 96)), "days": str(draw.choice([7, 14, 21, 30, 45, 60, 90]))}
    hook = _filled(draw.choice(book["hooks"][hook_type]), fill)
    lines = [_filled(line, fill) for line in draw.sample(book["body"]["lines"], draw.randint(1, 4))]
    cta_type = draw.choice(list(book["cta"]))
    closing = _filled(draw.choice(book["cta"][cta_type]), fill)
    spice, tags = book["spice"], tuple(draw.sample(field["hashtags"], draw.randint(0, 5)))
    emoji = f" {draw.choice(spice['emoji'])}" if draw.random() < 0.35 else ""
    extra = [draw.choice(spice["bilingual"])] if draw.random() < 0.06 else []
    extra += [draw.choice(spice["injection"])] if draw.random() < 0.015 else []
    text = draw.choice(["\n", "\n\n", " "]).join([hook + emoji, *lines, *extra, *([closing] if closing else [])])
    return text + ("\n" + " ".join(f"#{tag}" for tag in tags) if tags else ""), hook, cta_type, tags


def _filled(template: str, fill: Mapping[str, str]) -> str:
    text = template.format_map(fill)
    return text[:1].upper() + text[1:]


def _audio(draw: random.Random, platform: str, *, moved: bool) -> str | None:
    name = draw.choice(words()["spice"]["audio"])
    return name if moved and platform in ("tiktok", "instagram") else None


def number_of(platform: str, niche: str, day: date, index: int) -> int:
    """A number that no other post has."""
    row = (day.toordinal() * len(NICHES) + NICHES.index(niche)) * len(PLATFORMS) + PLATFORMS.index(platform)
    return _FIRST_NUMBER + (row * 100 + index) * _SPREAD


def _url(platform: str, handle: str, number: int) -> str:
    return {
        "x": f"https://x.com/{handle.replace('.', '_')}/status/{number}",
        "threads": f"https://www.threads.net/@{handle}/post/D{_code(number)}",
        "instagram": f"https://www.instagram.com/p/D{_code(number)}",
        "tiktok": f"https://www.tiktok.com/@{handle}/video/{number}",
        "facebook": f"https://www.facebook.com/{handle}/posts/{number}",
    }[platform]


def _code(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _BASE36[rest] + digits
    return digits


def post_at(seed: int, platform: str, url: str) -> Post | None:
    """The competitors' post behind an address, or None."""
    last = url.rsplit("/", 1)[-1]
    coded = platform in ("threads", "instagram") and last.startswith("D")
    text, base = (last[1:], 36) if coded else (last, 10)
    if not (text.isascii() and text.isalnum() and len(text) <= 20):
        return None
    try:
        rest, odd = divmod(int(text, base) - _FIRST_NUMBER, _SPREAD)
    except ValueError:
        return None
    row, index = divmod(rest, 100)
    row, place = divmod(row, len(PLATFORMS))
    ordinal, field = divmod(row, len(NICHES))
    if odd or PLATFORMS[place] != platform or not date.min.toordinal() <= ordinal <= date.max.toordinal():
        return None
    posts = posts_of(seed, platform, NICHES[field], date.fromordinal(ordinal))
    return posts[index] if index < len(posts) and posts[index].url == url else None


def views_at(post: Post, now: datetime) -> int:
    """Views by `now`."""
    age_h = max(0.0, (now - post.posted_at).total_seconds() / 3600)
    return int(post.views * (1 - math.exp(-age_h / _RISE_H[post.platform])))


def numbers_at(post: Post, now: datetime) -> dict[str, int]:
    """Views and acts by `now`: quick at first, then flattening; never falling."""
    views = views_at(post, now)
    return {"views": views, **{name: int(views * min(share, 0.5)) for name, share in post.acts}}


def item_at(post: Post, now: datetime) -> dict[str, Any]:
    """The post as `/search` tells it; a few fields are missing here and there."""
    numbers = numbers_at(post, now)
    acted = numbers["likes"] + numbers["comments"] + numbers["shares"] + numbers["saves"]
    rate = round(acted / numbers["views"], 5) if numbers["views"] else None
    has_views = "views" not in post.hidden and not (post.platform == "instagram" and post.content_type != "video")
    return {
        "source_platform": post.platform,
        "source_url": post.url,
        "research_type": "competitor_content",
        "content_type": post.content_type,
        "creator": {"handle": post.handle, "follower_count": None if "follower_count" in post.hidden else post.follower_count},
        "metrics": {**numbers, "views": numbers["views"] if has_views else None, "engagement_rate": rate if has_views else None},
        "content": {
            "caption": post.caption, "hashtags": list(post.hashtags), "duration_seconds": post.duration_s, "audio_name": post.audio,
            "hook_text": None if "hook_text" in post.hidden else post.hook, "cta_type": post.cta_type,
        },
        "post_date": None if "post_date" in post.hidden else iso(post.posted_at),
        "collected_at": iso(now),
    }  # fmt: skip


def page_overlaps(seed: int, cursor: str) -> bool:
    """Whether the page at this cursor tells the last post of the page before once more."""
    return seed_of(seed, "research_overlap", cursor) % 2 == 0
