"""How warm a person is, why, and what that has been worth so far: pure arithmetic over what happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from revenue_machine.domains.crm.models import Bin, Interaction, Score

# definitions §2.7b: recency .30, resonance .35, activity .35; tiers at 80, 60, 40, 20.
WEIGHTS: Mapping[str, float] = MappingProxyType({"recency": 0.30, "resonance": 0.35, "activity": 0.35})
RECENCY = ((3, 100.0), (7, 85.0), (14, 70.0), (30, 50.0), (60, 30.0))
LONG_AGO = 10.0
TIERS = ((80.0, "strong"), (60.0, "growing"), (40.0, "building"), (20.0, "new"))
COLDEST = "cold"
LOOKED_BACK = timedelta(days=90)
ACTIVE_DAYS = timedelta(days=30)
POINTS_PER_THING = 10.0
# What a person's own doing says of interest, 0..100 together.
RESONANCE: Mapping[str, float] = MappingProxyType({
    "purchased": 100.0, "renewed": 60.0, "trial_started": 60.0, "call_booked": 60.0, "signed_up": 40.0, "link_clicked": 15.0,
    "email_clicked": 15.0, "post_click": 10.0, "connected": 10.0, "comment": 10.0, "email_opened": 3.0,
})  # fmt: skip
REPLIES: Mapping[str | None, float] = MappingProxyType({
    "lead": 50.0, "collaboration": 40.0, "networking": 30.0, "support": 25.0, "greeting": 20.0, None: 30.0, "job_offer": 5.0,
    "automated": 0.0, "spam": -50.0,
})  # fmt: skip
MOST_OF_A_KIND = 2
REFUSALS = frozenset({"opted_out", "email_complained", "blocked"})
# What each tier is expected to bring within HORIZON until outcomes say otherwise; the belief weighs as many people.
PRIOR: Mapping[str, float] = MappingProxyType({"strong": 0.20, "growing": 0.10, "building": 0.05, "new": 0.02, "cold": 0.01})
BELIEF = 20
HORIZON = timedelta(days=30)


def score_of(happened: Sequence[Interaction], now: datetime) -> Score:
    """The score of a person from what happened in the last 90 days, with a reason for every part."""
    recent = [one for one in happened if now - LOOKED_BACK <= one.occurred_at <= now]
    parts = {"recency": _recency(recent, now), "resonance": _resonance(recent), "activity": _activity(recent, now)}
    total = round(sum(WEIGHTS[name] * points for name, (points, _) in parts.items()), 1)
    refused = [one for one in recent if one.type in REFUSALS]
    reasons = [f"{name} {points:.0f}: {why}" for name, (points, why) in parts.items()]
    if refused:
        total, reasons = 0.0, [f"{refused[0].type.replace('_', ' ')}: nothing more is to be said", *reasons]
    return Score(total, tier_of(total), parts["recency"][0], parts["resonance"][0], parts["activity"][0], tuple(reasons))


def tier_of(score: float) -> str:
    """strong, growing, building, new or cold."""
    return next((name for least, name in TIERS if score >= least), COLDEST)


def _recency(happened: Sequence[Interaction], now: datetime) -> tuple[float, str]:
    if not happened:
        return LONG_AGO, "nothing in 90 days"
    days = (now - max(one.occurred_at for one in happened)).total_seconds() / 86_400
    points = next((points for most, points in RECENCY if days <= most), LONG_AGO)
    return points, f"last contact {days:.0f} days ago"


def _resonance(happened: Sequence[Interaction]) -> tuple[float, str]:
    counts: dict[tuple[str, float], int] = {}
    for one in happened:
        if one.direction == "in":
            key = (f"reply ({one.intent_class})" if one.intent_class else "reply", REPLIES.get(one.intent_class, 30.0))
        elif one.type in RESONANCE:
            key = (one.type.replace("_", " "), RESONANCE[one.type])
        else:
            continue
        counts[key] = counts.get(key, 0) + 1
    points = sum(value * min(count, MOST_OF_A_KIND) for (_, value), count in counts.items())
    words = ", ".join(f"{name} x{count}" if count > 1 else name for (name, _), count in sorted(counts.items()))
    return max(0.0, min(100.0, points)), words or "no answer of any kind"


def _activity(happened: Sequence[Interaction], now: datetime) -> tuple[float, str]:
    count = sum(one.occurred_at >= now - ACTIVE_DAYS for one in happened)
    return min(100.0, POINTS_PER_THING * count), f"{count} things in 30 days"


@dataclass(frozen=True)
class Prediction:
    """A score once given, and when the person came to a trial or a sale, if ever."""

    tier: str
    predicted: float
    scored_at: datetime
    outcome_at: datetime | None

    def verdict(self, now: datetime) -> bool | None:
        """Whether it came true within the horizon; None while nobody can tell, or when the outcome stood already."""
        if self.outcome_at is not None and self.outcome_at <= self.scored_at:
            return None
        if self.outcome_at is not None and self.outcome_at <= self.scored_at + HORIZON:
            return True
        return False if now >= self.scored_at + HORIZON else None


def reliability(predictions: Iterable[Prediction], now: datetime) -> tuple[Bin, ...]:
    """By tier, the strongest first: how many scores have proven right or wrong, predicted against observed share."""
    sums: dict[str, tuple[int, float, int]] = {}
    for one in predictions:
        verdict = one.verdict(now)
        if verdict is not None:
            count, predicted, reached = sums.get(one.tier, (0, 0.0, 0))
            sums[one.tier] = (count + 1, predicted + one.predicted, reached + verdict)
    return tuple(
        Bin(tier=tier, scored=count, predicted=round(predicted / count, 4), observed=round(reached / count, 4), reached=reached)
        for tier in PRIOR
        if tier in sums
        for count, predicted, reached in (sums[tier],)
    )


def learned(bins: Iterable[Bin]) -> dict[str, float]:
    """What to predict for each tier from now on: the prior, moved by what was observed."""
    seen = {one.tier: (one.reached, one.scored) for one in bins}
    shares = {}
    for tier, prior in PRIOR.items():
        reached, scored = seen.get(tier, (0, 0))
        shares[tier] = round((prior * BELIEF + reached) / (BELIEF + scored), 4)
    return shares
