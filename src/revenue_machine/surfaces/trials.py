"""Puts attribution on trial: worlds nobody tuned anything on, what the product would say of them, and what was true."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from revenue_machine.domains.attribution.comparison import ModelName
from revenue_machine.domains.attribution.dividing import credit, pot_of
from revenue_machine.domains.attribution.journeys import Journey, Journeys
from revenue_machine.domains.attribution.lift import ChannelDays, ChannelLift, LiftReport, Panel, estimate
from revenue_machine.domains.attribution.models import MODELS
from revenue_machine.domains.publishing.models import Switchback
from revenue_machine.kit.rng import array_rng
from revenue_machine.sandbox.lightlife import LightMarket
from revenue_machine.sandbox.observation import Observation, Path, observe, paths
from revenue_machine.sandbox.priors import draw_world
from revenue_machine.sandbox.scoring import ModelScore, league
from revenue_machine.sandbox.strategy import Planner, Strategy

FIRST_DAY = datetime(2026, 11, 2, tzinfo=UTC)
# The networks that take words alone, as often as the product may post there; a quarter of a year with a fifth of the days silent.
PLAN = Strategy(posts_per_day={"x": 20, "threads": 10, "facebook": 10})
DAYS, SHARE = 90, 0.2
# A trial of a product runs a week; sales are waited for that long, and a little.
WAIT_DAYS = 9
HALF_LIFE_DAYS = 7.0
CAUSAL = "causal (lift)"


@dataclass(frozen=True)
class ChannelTrial:
    """One network of one world: first purchases that its removal would have cost, and the product's answer."""

    channel: str
    true_sales: int
    answer: ChannelLift

    @property
    def is_covered(self) -> bool | None:
        """Whether the truth lies in the interval; None where the test refused."""
        ends = self.answer.causal_sales_interval
        return None if ends is None else ends[0] <= self.true_sales <= ends[1]

    @property
    def true_share(self) -> float:
        """Sales caused per sale of the last touch."""
        return self.true_sales / max(self.answer.last_touch_sales, 1)

    @property
    def width(self) -> float | None:
        """Width of the interval of the causal share."""
        ends = self.answer.causal_share_interval
        return None if ends is None else ends[1] - ends[0]


@dataclass(frozen=True)
class WorldTrial:
    """One world: its number, its networks, the league of models, and how clear its placebo was."""

    number: int
    sales: int
    channels: tuple[ChannelTrial, ...]
    models: tuple[ModelScore, ...]
    placebo_clear: float


@dataclass(frozen=True)
class TrialSummary:
    """Many worlds together. `prior_width`: central 90 % of the true causal shares of all worlds drawn."""

    worlds: int
    intervals: int
    refused: int
    coverage: float
    median_width: float
    narrower_than_half: float
    prior_width: float
    models: tuple[ModelScore, ...]
    placebo_clear: float

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def try_world(number: int, days: int = DAYS, share: float = SHARE, plan: Strategy = PLAN) -> WorldTrial:
    """Live one world drawn from the priors under the product's own lottery, and hold its answers against the truth."""
    rates = draw_world(number)
    lottery = Switchback(number, share)
    silent = {
        (network, day)
        for network in plan.posts_per_day
        for day in range(days)
        if lottery.is_silent(network, (FIRST_DAY + timedelta(days=day)).date())
    }
    posts = Planner(plan, rates, number, FIRST_DAY).posts(days, silent)
    market = LightMarket(number, rates, posts, FIRST_DAY, FIRST_DAY + timedelta(days=days + WAIT_DAYS))
    run = market.live()
    seen = observe(market, run, posts, days)
    report = estimate(panel_of(seen, share), array_rng(number, "lift.trial"))
    sales = run.count("purchase")
    removed = {network: sales - market.live([network]).count("purchase") for network in plan.posts_per_day}
    shared = _shared(removed, sales - market.live(list(plan.posts_per_day)).count("purchase"))
    credited = {**credits_by_model(paths(market, run)), **_causal(report)}
    trials = tuple(ChannelTrial(one.channel, removed[one.channel], one) for one in report.channels)
    return WorldTrial(number, sales, trials, tuple(league(shared, sales, credited)), report.placebo_clear or 0.0)


def panel_of(seen: Observation, share: float) -> Panel:
    """What the product sees of a market, as the estimator wants it."""
    channels = {name: ChannelDays(**asdict(one)) for name, one in seen.networks.items()}
    return Panel(
        channels, seen.untracked, seen.weekdays, share, direct_sales=seen.direct_sales, unknown_sales=seen.unknown_sales,
        payer_days=seen.payer_days,
    )  # fmt: skip


def credits_by_model(ways: Iterable[Path]) -> dict[str, dict[str, float]]:
    """First purchases per channel by every model, from the journeys the product can see."""
    journeys = Journeys.of(_journey(way) for way in ways)
    pot = pot_of(journeys, "conversions")
    found = {}
    for model in MODELS:
        units = credit(journeys, cast("ModelName", model), 1, pot).units
        found[model] = {channel: amount / pot.scale for channel, amount in units.items()}
    return found


def _journey(way: Path) -> Journey:
    newest, is_sale = way.times[-1], way.converted_at is not None
    back = [(newest - at) / timedelta(days=HALF_LIFE_DAYS) for at in way.times]
    return Journey(way.channels, float(is_sale), float(not is_sale), way.amount_micro_usd / 1e6, back)


def _shared(removed: Mapping[str, int], together: int) -> dict[str, float]:
    """What posts caused together, shared by what each network's removal costs: those who needed two would be counted twice."""
    whole = sum(removed.values())
    return {network: together * caused / whole if whole else 0.0 for network, caused in removed.items()}


def _causal(report: LiftReport) -> dict[str, dict[str, float]]:
    """The lift's own credit; where a network's test refused, the last touch stands."""
    if not report.channels:
        return {}
    sales = {one.channel: one.last_touch_sales if one.causal_sales is None else one.causal_sales for one in report.channels}
    return {CAUSAL: sales}


def summarise(trials: Sequence[WorldTrial]) -> TrialSummary:
    """Coverage, widths and the mean league of many worlds."""
    channels = [one for trial in trials for one in trial.channels]
    told = [one for one in channels if one.is_covered is not None]
    shares, widths = sorted(one.true_share for one in channels), sorted(one.width or 0.0 for one in told)
    prior = _quantile(shares, 0.95) - _quantile(shares, 0.05)
    return TrialSummary(
        worlds=len(trials), intervals=len(told), refused=len(channels) - len(told),
        coverage=sum(bool(one.is_covered) for one in told) / max(len(told), 1), median_width=_quantile(widths, 0.5),
        narrower_than_half=sum(width < prior / 2 for width in widths) / max(len(widths), 1), prior_width=prior,
        models=tuple(_mean_league(trials)), placebo_clear=sum(one.placebo_clear for one in trials) / max(len(trials), 1),
    )  # fmt: skip


def _mean_league(trials: Sequence[WorldTrial]) -> list[ModelScore]:
    per_model: dict[str, list[ModelScore]] = {}
    for trial in trials:
        for one in trial.models:
            per_model.setdefault(one.model, []).append(one)
    means = [
        ModelScore(model, sum(one.error for one in scores) / len(scores), sum(one.bias for one in scores) / len(scores))
        for model, scores in per_model.items()
    ]
    return sorted(means, key=lambda one: (one.error, one.model))


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else 0.0
