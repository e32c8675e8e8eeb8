"""Which metric is which, who is the control, what is wrong with counts, and what a variant's people are worth; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import erfc, sqrt

from revenue_machine.domains.paywall.models import Arm, Found, Shown

PLANNED_DAYS, MINIMUM_DAYS, MEASURE_DAYS = 14, 7, 7
HOLDOUT_SHARE = 0.1
# Definitions §2.8: of those who try, one in five pays.
PAID_OF_TRIALS = 0.2
# How many matured trials of its own a variant needs before they count as much as everybody's.
OWN_TRIALS, FEWEST_TRIALS = 100, 20
# Charts that go backward, or leave an experiment out, for so many evenings end the test.
BAD_DAYS = 3
# A percentage that moved by less is the dashboard's rounding.
SPLIT_TOLERANCE = 0.005
# Webhooks and charts count by other clocks and tax rates; beyond this share and this many dollars they disagree.
MONEY_TOLERANCE, MONEY_FLOOR_MICRO_USD = 0.1, 20_000_000

# Charts name their metrics by keys no published document lists in full; the definitions say which there are.
METRICS: Mapping[str, tuple[str, ...]] = {
    "users": ("paywallUsers", "uniquePaywallOpens", "paywallOpenUsers", "uniqueUsers", "users"),
    "opens": ("paywallOpens", "paywallViews", "opens"),
    "conversions": ("conversions", "paywallConversions", "transactionCompletes", "transactions"),
    "trials": ("trialStarts", "newTrials", "trials"),
    "subscriptions": ("subscriptionStarts", "newSubscriptions", "subscriptions"),
    "proceeds": ("netProceeds", "proceeds"),
}
NEEDED = ("users", "conversions", "proceeds")
BY_EXPERIMENT, BY_VARIANT = ("experimentId", "experiment_id", "experiment"), ("variantId", "variant_id", "variant")


def plain(word: str) -> str:
    """A name without case and separators: `EverReach Pro` and `everreach_pro` are one."""
    return "".join(sign for sign in word.casefold() if sign.isalnum())


def chosen(candidates: Iterable[str], offered: Sequence[str]) -> str | None:
    """The first candidate that is offered, whatever its case and separators; None when none is."""
    known = {plain(key): key for key in reversed(offered)}
    return next((known[plain(one)] for one in candidates if plain(one) in known), None)


def control_of(variants: Sequence[Shown]) -> str:
    """The variant whose paywall was there first: what the product had before; of equals the one with the smaller number."""

    def age(one: Shown) -> tuple[bool, str, int, str]:
        number = int(one.variant_id) if one.variant_id.isdigit() else 0
        return (one.since is None, "" if one.since is None else one.since.isoformat(), number, one.variant_id)

    return min(variants, key=age).name


def drift(split: Mapping[str, float], now: Found | None) -> str | None:
    """What somebody changed about a running test, in words; None when it runs as registered."""
    if now is None:
        return None
    if now.trouble is not None:
        return now.trouble
    added, gone = sorted(set(now.split) - set(split)), sorted(set(split) - set(now.split))
    if added:
        return f"variant {', '.join(added)} was added while the test ran: its people are not comparable with those before"
    if gone:
        return f"variant {', '.join(gone)} was taken out while the test ran"
    moved = [name for name in sorted(split) if abs(split[name] - now.split[name]) > SPLIT_TOLERANCE]
    if moved:
        was = ", ".join(f"{name} {split[name]:.0%} -> {now.split[name]:.0%}" for name in moved)
        return f"the percentages were changed while the test ran ({was}): people of different days weigh differently per variant"
    return None


def shrunk(before: Sequence[Arm], now: Sequence[Arm]) -> str | None:
    """Why cumulative counts cannot follow those of an earlier date; None when they can."""
    known = {one.name: one for one in before}
    for arm in now:
        held = known.get(arm.name)
        if held is not None and arm.users < held.users:
            return f"charts went backward: {arm.name} has {arm.users} people, it had {held.users}"
    return None


def worth(arms: Sequence[Arm], *, has_trial: bool) -> dict[str, tuple[int, float] | None]:
    """By name: what all assigned people of an arm bring (micro-dollars) and the variance of one person's dollars; None: too early.

    Proceeds of trials that had time to end, refunds taken off, valued per trial; the trials still running are taken at that value.
    An arm's own value per trial counts the more the more of its trials have ended, everybody's for the rest.
    """
    if not has_trial:
        return {one.name: (one.proceeds_micro_usd, _variance(one, one.conversions, one.proceeds_micro_usd)) for one in arms}
    matured = sum(one.matured_trials for one in arms)
    if matured < FEWEST_TRIALS:
        return dict.fromkeys((one.name for one in arms), None)
    pooled = sum(one.matured_proceeds_micro_usd for one in arms) / matured
    paid_share = sum(one.matured_subscriptions for one in arms) / matured
    found: dict[str, tuple[int, float] | None] = {}
    for one in arms:
        per_trial = (one.matured_proceeds_micro_usd + OWN_TRIALS * pooled) / (one.matured_trials + OWN_TRIALS)
        total = round(one.trials * per_trial)
        found[one.name] = (total, _variance(one, round(one.trials * paid_share), total))
    return found


def _variance(arm: Arm, payers: int, total_micro_usd: int) -> float:
    """Of one person's dollars, where every payer pays alike."""
    if arm.users == 0 or payers <= 0 or total_micro_usd <= 0:
        return 0.0
    mean = total_micro_usd / 1e6 / arm.users
    each = total_micro_usd / 1e6 / payers
    return max(0.0, payers / arm.users * each * each - mean * mean)


@dataclass(frozen=True)
class Ranked:
    """An arm, its place by conversion rate (1 is best, None of nobody), and its p-value against the control, which has none."""

    arm: Arm
    place: int | None
    rate: float | None
    p_value: float | None


def ranking(arms: Sequence[Arm], control: str, metric: str) -> list[Ranked]:
    """Best conversion rate first, with Holm's correction over the arms that are compared (seed §4.4, definitions §2.4)."""
    rates = {one.name: one.hits(metric) / one.users if one.users else None for one in arms}
    base = next((one for one in arms if one.name == control), None)
    raw = {one.name: two_sided(base, one, metric) for one in arms if base is not None and one.name != control}
    adjusted = holm({name: p for name, p in raw.items() if p is not None})
    ordered = sorted(arms, key=lambda one: (rates[one.name] is None, -(rates[one.name] or 0.0), one.name))
    return [
        Ranked(one, place if rates[one.name] is not None else None, rates[one.name], adjusted.get(one.name))
        for place, one in enumerate(ordered, 1)
    ]


def two_sided(control: Arm, arm: Arm, metric: str) -> float | None:
    """P-value of two proportions (pooled z); None while one has nobody or nothing differs for certain."""
    n, m, a, b = control.users, arm.users, control.hits(metric), arm.hits(metric)
    if n == 0 or m == 0:
        return None
    share = (a + b) / (n + m)
    error = sqrt(share * (1 - share) * (1 / n + 1 / m))
    return erfc(abs(b / m - a / n) / error / sqrt(2)) if error > 0 else None


def holm(values: Mapping[str, float]) -> dict[str, float]:
    """Holm's adjusted p-values."""
    found, floor = dict[str, float](), 0.0
    for place, name in enumerate(sorted(values, key=lambda one: (values[one], one))):
        floor = max(floor, min(1.0, values[name] * (len(values) - place)))
        found[name] = floor
    return found


def money_words(charts: int, webhooks: int | None, shown: Mapping[str, str]) -> tuple[bool | None, str]:
    """Whether charts and webhooks tell the same money, and the sentence; `shown` holds both sums as text."""
    if webhooks is None:
        return None, "no webhook has told of money here: charts stand alone"
    gap = abs(charts - webhooks)
    if gap <= MONEY_FLOOR_MICRO_USD or gap <= MONEY_TOLERANCE * max(abs(charts), abs(webhooks)):
        return True, f"charts ({shown['charts']}) and webhooks ({shown['webhooks']}) agree"
    return False, (
        f"charts say {shown['charts']}, webhooks {shown['webhooks']} for the same days: the ledger follows the webhooks, "
        "the test compares variants within charts; look for a missing webhook or a store that is not connected"
    )
