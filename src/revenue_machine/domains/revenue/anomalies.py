"""Pure: when churn is too far above its baseline or revenue too far below it, and when there is too little to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from revenue_machine.kit.intervals import wilson

# Definitions §1.10: churn more than 10 % above the baseline, revenue 10 % down.
CHURN_ABOVE, REVENUE_BELOW = 1.10, 0.90
# Enough to say: payers at the start of the week, people who left, sales a week.
PAYERS, LEFT, SALES = 30, 3, 10
WEEKS_BEFORE = 4
_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class Week:
    """Seven days: who paid at their start, who of them left, how many sales, and net money."""

    payers: int
    left: int
    sales: int
    net_micro_usd: int


def churn_anomaly(weeks: Sequence[Week]) -> str | None:
    """Words when the last of five weeks lost clearly more than 10 % above the mean of the four before; oldest first."""
    if len(weeks) < WEEKS_BEFORE + 1:
        return None
    before, last = weeks[-WEEKS_BEFORE - 1 : -1], weeks[-1]
    people, gone = sum(week.payers for week in before), sum(week.left for week in before)
    if last.payers < PAYERS or last.left < LEFT or any(week.payers < PAYERS for week in before):
        return None
    baseline, rate, held = gone / people, last.left / last.payers, wilson(last.left, last.payers)
    if held is None or rate <= CHURN_ABOVE * baseline or held[0] <= baseline:
        return None
    return f"churn of 7 days is {100 * rate:.1f} % ({last.left} of {last.payers}), the four weeks before {100 * baseline:.1f} %"


def revenue_anomaly(weeks: Sequence[Week]) -> str | None:
    """Words when the last of five weeks earned more than 10 % less than the mean of the four before, and less than any of them."""
    if len(weeks) < WEEKS_BEFORE + 1:
        return None
    before, last = weeks[-WEEKS_BEFORE - 1 : -1], weeks[-1]
    if any(week.sales < SALES for week in before):
        return None
    mean = sum(week.net_micro_usd for week in before) // WEEKS_BEFORE
    if mean <= 0 or last.net_micro_usd >= REVENUE_BELOW * mean or last.net_micro_usd >= min(week.net_micro_usd for week in before):
        return None
    change = 100 * (last.net_micro_usd - mean) / mean
    return f"net revenue of the last 7 days is {change:.0f} % against the mean of the four weeks before"


def sparkline(values: Sequence[int]) -> str:
    """Bars from nothing to the largest; what is below nothing is an empty bar."""
    most = max([*values, 0])
    if most == 0:
        return _BARS[0] * len(values)
    return "".join(_BARS[max(0, min(len(_BARS) - 1, value * (len(_BARS) - 1) // most))] for value in values)


def change_words(now: int, before: int) -> str:
    """`+12 %`; nothing where there is nothing to compare with."""
    return "" if before <= 0 else f"{100 * (now - before) / before:+.0f} %"
