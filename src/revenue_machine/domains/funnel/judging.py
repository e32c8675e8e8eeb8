"""Pure: whether a step of the funnel meets its target band, and how many more people it takes to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from revenue_machine.domains.funnel.models import Share, StepRate, Verdict
from revenue_machine.kit.intervals import wilson

MOST_PEOPLE = 2_000_000
# Fewer than this say nothing, however clear the interval looks.
FEWEST = 20
# Close enough to the band's edge to call it met: an interval this narrow, as a part of the edge.
CLOSE = 0.2


@dataclass(frozen=True)
class Band:
    """A step's target: its words, and from where to where its rate should lie."""

    words: str
    low: float
    high: float


# Seed §4.11.
BANDS: Mapping[str, Band] = MappingProxyType({
    "impression_to_click": Band("clicks of views", 0.02, 0.05),
    "click_to_signup": Band("signups of clicks", 0.10, 0.20),
    "signup_to_trial": Band("trials of signups", 0.30, 0.50),
    "trial_to_paid": Band("paid of trials", 0.10, 0.20),
    "month1_retention": Band("still paying after a month", 0.80, 1.0),
})  # fmt: skip


def judge(step: str, share: Share, forecast: float | None = None) -> StepRate:
    """The rate with its interval, beside the target; counts may hold more parts than people where views came late."""
    band = BANDS[step]
    part = min(share.part, share.whole)
    held = wilson(part, share.whole)
    verdict = _verdict(band, part, share.whole)
    return StepRate(
        step=step, words=band.words, part=share.part, whole=share.whole, rate=share.rate, low=None if held is None else held[0],
        high=None if held is None else held[1], target_low=band.low, target_high=band.high, verdict=verdict,
        needs_more=needs_more(band, part, share.whole) if verdict in ("no_data", "too_early") else None, forecast=forecast,
    )  # fmt: skip


def needs_more(band: Band, part: int, whole: int) -> int:
    """About how many more people of the same kind it takes until the verdict stands."""
    rate = band.low if whole == 0 else part / whole
    if rate in (0.0, 1.0):  # nobody or everybody so far: the next ones may still be otherwise
        rate = (part + 0.5) / (whole + 1)
    lowest, most = max(whole, 1), MOST_PEOPLE
    while lowest < most:
        middle = (lowest + most) // 2
        if _verdict(band, round(rate * middle), middle) == "too_early":
            lowest = middle + 1
        else:
            most = middle
    return max(1, most - whole)


def _verdict(band: Band, part: int, whole: int) -> Verdict:
    held = wilson(part, whole)
    if held is None:
        return "no_data"
    if whole < FEWEST:
        return "too_early"
    low, high = held
    if high < band.low:
        return "below"
    if low >= band.low or (high - low) / 2 <= CLOSE * band.low:
        share = part / whole
        return "above" if share > band.high else "on_target" if share >= band.low else "below"
    return "too_early"
