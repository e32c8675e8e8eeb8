"""Strategies lived in one and the same world, without any machine behind them: what each would have brought."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from revenue_machine.kit.money import dollars
from revenue_machine.sandbox.lightlife import LightMarket, Run
from revenue_machine.sandbox.rates import WorldRates
from revenue_machine.sandbox.strategy import Planner, Strategy


@dataclass(frozen=True)
class Outcome:
    """What a strategy brought; counts and money of customers won since the start, `payers` with those of before.

    `because_of_posts_micro_usd` is what would be missing without any post; `by_network` the same for each network alone.
    """

    strategy: str
    posts: int
    impressions: int
    clicks: int
    visits: int
    signups: int
    trials: int
    purchases: int
    payers: int
    revenue_micro_usd: int
    because_of_posts_micro_usd: int
    by_network_micro_usd: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        """For JSON; money in dollars."""
        known = asdict(self)
        networks = known.pop("by_network_micro_usd")
        known["revenue_usd"] = float(dollars(known.pop("revenue_micro_usd")))
        known["because_of_posts_usd"] = float(dollars(known.pop("because_of_posts_micro_usd")))
        known["by_network_usd"] = {name: float(dollars(amount)) for name, amount in networks.items()}
        return known


@dataclass(frozen=True)
class Simulation:
    """One world, lived anew for every strategy."""

    seed: int
    rates: WorldRates
    start: datetime
    days: int

    def live(self, strategy: Strategy) -> Outcome:
        """Live one strategy, once with its posts and once without each of its networks."""
        posts = Planner(strategy, self.rates, self.seed, self.start).posts(self.days)
        market = LightMarket(self.seed, self.rates, posts, self.start, self.start + timedelta(days=self.days))
        run = market.live()
        networks = sorted({post.reading.platform for post in posts})
        earned = _earned(run)
        return Outcome(
            strategy=strategy.name, posts=len(posts), impressions=sum(life.impressions for life in market.lives.values()),
            clicks=sum(one.link_post is not None for one in run.landings), visits=len(run.landings), signups=run.count("signup"),
            trials=run.count("trial"), purchases=run.count("purchase"), payers=_payers(run), revenue_micro_usd=earned,
            because_of_posts_micro_usd=earned - _earned(market.live(networks)),
            by_network_micro_usd={network: earned - _earned(market.live([network])) for network in networks},
        )  # fmt: skip


def _earned(run: Run) -> int:
    return sum(
        event.amount_micro_usd
        for customer in run.customers
        if customer.landing.channel != "before"
        for event in customer.events
        if event.kind in ("purchase", "renewal", "refund")
    )


def _payers(run: Run) -> int:
    """Customers whose payments outnumber their farewells at the end, those of before included."""
    changes: Counter[str] = Counter()
    for customer in run.customers:
        for event in customer.events:
            changes[event.kind] += event.amount_micro_usd != 0
    return changes["purchase"] - changes["cancellation"] - changes["refund"]
