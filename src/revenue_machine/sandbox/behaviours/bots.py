"""Programs follow links too: previewers right after a post, prefetchers, crawlers later on; none of them is a person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from revenue_machine.kit.rng import array_rng
from revenue_machine.sandbox.behaviours.browsing import door_path, is_tracking, link_of
from revenue_machine.sandbox.frontdoor import Knock
from revenue_machine.sandbox.postlife import PostLife
from revenue_machine.sandbox.rates import Traffic
from revenue_machine.sandbox.truth import Deed

if TYPE_CHECKING:
    from revenue_machine.sandbox.world import World

ORDER = 1
NAME = "bots"
Program = tuple[str, str, Mapping[str, str]]
_PREVIEWERS: tuple[Program, ...] = (
    ("GET", "Twitterbot/1.0", {}),
    ("GET", "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", {}),
    ("HEAD", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", {}),
    ("GET", "TelegramBot (like TwitterBot)", {}),
    ("GET", "Mozilla/5.0 (Linux; Android 16; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
     {"sec-purpose": "prefetch;prerender", "purpose": "prefetch"}),
)  # fmt: skip
_CRAWLERS: tuple[Program, ...] = (
    ("GET", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", {}),
    ("GET", "Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)", {}),
    ("GET", "python-requests/2.32.5", {}),
)


def turn(world: World, start: datetime, end: datetime) -> None:
    """Live one slice of machine traffic."""
    calls = [call for life in world.posts.lives() for call in _calls(world, life, start, end)]
    calls.sort(key=lambda call: (call[0], call[1].post_id))
    world.knock([knock for _, _, knock in calls])
    with world.living(NAME, end):
        for at, life, knock in calls:
            world.note(Deed(at, "bot", knock.headers["user-agent"], life.post_id, "post"))


def _calls(world: World, life: PostLife, start: datetime, end: datetime) -> list[tuple[datetime, PostLife, Knock]]:
    if not life.reading.links or not is_tracking(link_of(life)):
        return []
    low_s, high_s = life.window(start, end)
    found = []
    for after_s, (method, agent, extra) in _visits(world.seed, life.post_id, world.rates.traffic, world.rates.life_of_post_hours):
        if low_s <= after_s < high_s:
            knock = Knock(method, door_path(link_of(life)), {"user-agent": agent, "accept": "*/*", **extra})
            found.append((life.published_at + timedelta(seconds=int(after_s)), life, knock))
    return found


@lru_cache(maxsize=4096)
def _visits(seed: int, post_id: str, traffic: Traffic, hours: int) -> list[tuple[float, Program]]:
    """All program visits of a post's life, the same whenever they are asked for."""
    draws = array_rng(seed, "bots", post_id)
    early = [(float(after), _PREVIEWERS[pick]) for after, pick in _drawn(draws, traffic.bots_per_post, 600.0, len(_PREVIEWERS))]
    late_count = traffic.crawlers_per_post_per_day * hours / 24
    late = [(float(after), _CRAWLERS[pick]) for after, pick in _drawn(draws, late_count, hours * 3600.0, len(_CRAWLERS))]
    return early + late


def _drawn(draws: np.random.Generator, mean: float, span_s: float, kinds: int) -> list[tuple[float, int]]:
    count = int(draws.poisson(mean))
    return [
        (float(after), int(pick)) for after, pick in zip(draws.random(count) * span_s, draws.integers(0, kinds, count), strict=True)
    ]
