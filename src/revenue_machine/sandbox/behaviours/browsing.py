"""People see posts, react to them, and some come: through the link, or later by typing the address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from revenue_machine.kit.rng import rng
from revenue_machine.sandbox import journeys
from revenue_machine.sandbox.frontdoor import Knock, Reply
from revenue_machine.sandbox.postlife import PostLife
from revenue_machine.sandbox.truth import Deed

if TYPE_CHECKING:
    from revenue_machine.sandbox.world import World

ORDER = 2
NAME = "browsing"
_COOKIE = "cookie"
_BROWSERS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 16; Pixel 10) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
)
_REFERRERS = {"x": "https://t.co/", "threads": "https://l.threads.com/", "instagram": "https://l.instagram.com/",
              "tiktok": "https://www.tiktok.com/", "facebook": "https://l.facebook.com/",
              "linkedin": "https://www.linkedin.com/", "youtube": "https://www.youtube.com/"}  # fmt: skip


@dataclass(frozen=True)
class Click:
    """One tap on a link."""

    at: datetime
    life: PostLife
    number: int
    person: int

    @property
    def key(self) -> str:
        return f"{self.life.post_id}/{self.number}"


def turn(world: World, start: datetime, end: datetime) -> None:
    """Live one slice: taps go through the front door first, then everything is written at once."""
    clicks = arrivals(world, start, end)
    knocks = [knock_of(world, click) for click in clicks]
    replies = iter(world.knock([knock for knock in knocks if knock is not None]))
    answers = [next(replies) if knock is not None else None for knock in knocks]
    with world.living(NAME, end):
        for click, answer in zip(clicks, answers, strict=True):
            _arrive(world, click, answer)
        for lookup in arrivals(world, start, end, is_lookup=True):
            _look_up(world, lookup)
        _show_metrics(world, start, end)


def link_of(life: PostLife) -> str:
    """The link people tap: the tracking link where there is one, else the first."""
    return next((link for link in life.reading.links if is_tracking(link)), life.reading.links[0])


def is_tracking(link: str) -> bool:
    """Whether a link leads through the product's redirector."""
    return urlsplit(link).path.startswith("/r/")


def door_path(link: str) -> str:
    """Path and query of a link."""
    parts = urlsplit(link)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def arrivals(world: World, start: datetime, end: datetime, *, is_lookup: bool = False) -> list[Click]:
    """Who comes because of a post in [start, end): by its link, or by looking it up; in the order they come."""
    found: list[Click] = []
    for life in world.posts.lives():
        coming = life.lookups if is_lookup else life.clicks
        for number, after_s, person in coming.between(*life.window(start, end)):
            found.append(Click(life.published_at + timedelta(seconds=int(after_s)), life, number, person))
    return sorted(found, key=lambda click: (click.at, click.key))


def knock_of(world: World, click: Click) -> Knock | None:
    """The request a tap makes at the front door; None when the link leads straight to the landing page."""
    link = link_of(click.life)
    if not is_tracking(link):
        return None
    browser = _BROWSERS[rng(world.seed, "browser", click.person).randrange(len(_BROWSERS))]
    referrer = _REFERRERS.get(click.life.reading.platform, "")
    headers = {"user-agent": browser, "referer": referrer, "accept": "text/html", "accept-language": "en"}
    cookie = world.notes.get(_COOKIE, str(click.person))
    if cookie is not None:
        headers["cookie"] = cookie["text"]
    return Knock("GET", door_path(link), headers)


def _arrive(world: World, click: Click, answer: Reply | None) -> None:
    """The page behind a tap; a redirector that answers nothing useful loses the visitor."""
    link = link_of(click.life)
    name = journeys.person_name(world.seed, click.person)
    url = link if answer is None else landing_of(link, answer)
    world.note(Deed(click.at, "click", name, click.life.post_id, "post", seen=url is not None))
    if url is None:
        return
    _keep_cookie(world, click.person, answer)
    offer = journeys.offer_at(world, url, click.life.post_id)
    referrer = _REFERRERS.get(click.life.reading.platform, "")
    journeys.land(world, journeys.Visit(click.at, click.person, offer, url, referrer, "post", click.life.post_id, click.key))


def landing_of(link: str, answer: Reply) -> str | None:
    """Where a redirector sends people; None when it answers nothing useful."""
    location = answer.headers.get("location")
    return urljoin(link, location) if answer.status in (301, 302, 303, 307, 308) and location else None


def _keep_cookie(world: World, person: int, answer: Reply | None) -> None:
    """Browsers bring back what the redirector set; those that block analytics do not."""
    cookie = "" if answer is None else answer.headers.get("set-cookie", "").split(";", 1)[0]
    if cookie and journeys.sees_analytics(world, person):
        world.notes.put(_COOKIE, str(person), {"text": cookie})


def _look_up(world: World, lookup: Click) -> None:
    key = f"lookup/{lookup.key}"
    offer = journeys.offer_at(world, " ".join(lookup.life.reading.links), lookup.life.post_id)
    url = world.rates.offers[offer].landing_url
    journeys.land(world, journeys.Visit(lookup.at, lookup.person, offer, url, "", "lookup", lookup.life.post_id, key))


def _show_metrics(world: World, start: datetime, end: datetime) -> None:
    for life in world.posts.lives():
        counts = life.counts(end)
        if counts != life.counts(start) or life.published_at >= start:
            world.market.show_metrics(life.url, counts)
