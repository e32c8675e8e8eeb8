"""A posting plan: which posts go out where and when, drawn from a strategy without any machine behind it."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import Field, ValidationError

from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.rng import rng
from revenue_machine.sandbox.rates import Group, WorldRates
from revenue_machine.sandbox.reading import Reading

Weights = Mapping[str, float]


class Strategy(Group):
    """What to post; an empty table of weights means all alike."""

    name: str = Field(default="steady", min_length=1, max_length=40)
    posts_per_day: dict[str, int] = Field(
        default_factory=lambda: {"x": 20, "threads": 10, "instagram": 5, "tiktok": 5, "facebook": 10},
        description="posts a day by network; the seed's fifty, each network below its ceiling",
    )
    first_hour: int = Field(default=7, ge=0, le=23, description="first hour (UTC) something goes out")
    last_hour: int = Field(default=22, ge=0, le=23, description="last hour (UTC)")
    niches: dict[str, float] = Field(default_factory=dict, description="weights")
    hooks: dict[str, float] = Field(default_factory=dict, description="weights")
    frameworks: dict[str, float] = Field(default_factory=dict, description="weights")
    offers: dict[str, float] = Field(default_factory=dict, description="weights; left out: the world's own")


@dataclass(frozen=True)
class LightPost:
    """A post as people meet it; `is_withheld` was planned and stayed in the drawer."""

    post_id: str
    at: datetime
    reading: Reading
    landing_url: str
    is_withheld: bool = False


def read_strategy(path: Path, rates: WorldRates) -> Strategy:
    """A strategy from TOML; a name the world does not know is refused. Raises bad_input."""
    try:
        found = Strategy.model_validate({"name": path.stem, **tomllib.loads(path.read_text(encoding="utf-8"))})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"{path}: {error}", field="strategy") from None
    except ValidationError as error:
        mistake = error.errors(include_url=False)[0]
        raise BadInput(f"{path}: {mistake['msg']}", field=".".join(str(part) for part in mistake["loc"])) from None
    known: dict[str, Mapping[str, object]] = {
        "posts_per_day": rates.platforms, "niches": rates.niches, "hooks": rates.hooks, "frameworks": rates.frameworks,
        "offers": rates.offers,
    }  # fmt: skip
    for field, names in known.items():
        for name, weight in getattr(found, field).items():
            if name not in names:
                raise BadInput(f"{path}: there is no '{name}' in this world; one of {', '.join(names)}", field=field)
            if weight < 0:
                raise BadInput(f"{path}: '{name}' is below zero", field=field)
    if found.last_hour < found.first_hour:
        raise BadInput(f"{path}: the last hour is before the first", field="last_hour")
    return found


@dataclass(frozen=True)
class _Slot:
    """One place in the plan."""

    network: str
    day: int
    number: int
    of_day: int


@dataclass(frozen=True)
class Planner:
    """Draws the posts of a strategy; a slot draws the same under every strategy that fills it alike."""

    strategy: Strategy
    rates: WorldRates
    seed: int
    start: datetime

    def posts(self, days: int, silent: Collection[tuple[str, int]] = ()) -> list[LightPost]:
        """Every post of the days from `start`, oldest first; those of a silent (network, day) stay in the drawer."""
        posts = []
        for day in range(days):
            for network, count in self.strategy.posts_per_day.items():
                slots = (_Slot(network, day, number, count) for number in range(count))
                posts += [_post(self, slot, is_withheld=(network, day) in silent) for slot in slots]
        return sorted(posts, key=lambda post: (post.at, post.post_id))


def _post(maker: Planner, slot: _Slot, *, is_withheld: bool) -> LightPost:
    plan, rates = maker.strategy, maker.rates
    name = f"{slot.network}/{slot.day}/{slot.number}"
    draws = rng(maker.seed, "strategy.post", name)
    niche = _pick(plan.niches or dict.fromkeys(rates.niches, 1.0), draws.random())
    hook = _pick(plan.hooks or dict.fromkeys(rates.hooks, 1.0), draws.random())
    framework = _pick(plan.frameworks or dict.fromkeys(rates.frameworks, 1.0), draws.random())
    offer = _pick(plan.offers or {key: one.weight for key, one in rates.offers.items()}, draws.random())
    hours = plan.last_hour - plan.first_hour + 1
    after_s = int((slot.number + draws.random()) / slot.of_day * hours * 3600)
    at = maker.start + timedelta(days=slot.day, hours=plan.first_hour, seconds=after_s)
    url = rates.offers[offer].landing_url
    return LightPost(name, at, Reading(slot.network, niche, hook, framework, (url,), name), url, is_withheld)


def _pick(weights: Weights, draw: float) -> str:
    """The name at a point of the running sum."""
    left = draw * sum(weights.values())
    for name, weight in weights.items():
        left -= weight
        if left < 0:
            return name
    return next(reversed(list(weights)))
