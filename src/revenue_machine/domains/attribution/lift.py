"""What a channel really brought: visits that vanish when it is silent by lot, and the last touch corrected by them; pure.

Posts are withheld by lot (`publishing.models.Switchback`), so what differs between silent and loud days, the days after included,
is caused by the posts. Tracked visits are known; what has to be estimated is how many *untracked* visits come, or stay away,
per tracked visit of a channel.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CARRY_OVER_DAYS = 4
LEVEL = 0.90
DRAWS = 4_000
PLACEBOS = 200
FEWEST_DAYS = 21
# A test that could not see half of a channel's last-touch credit appear or vanish answers nothing.
WORST_DETECTABLE = 0.5
# What is believed of untracked visits per tracked one before any is seen: all channels alike 0.2 ± 0.5, each of its own ± 0.3.
PRIOR_MEAN, PRIOR_COMMON_SD, PRIOR_OWN_SD = 0.2, 0.5, 0.3
# What no lottery of days can show, as ranges: how much of an assisted sale the earlier touch caused, how much of what later visits
# would have sold they would have sold, visits that a customer's word of mouth brings per day of paying, and how many tracked visits
# come anyway (Blake, Nosko, Tadelis 2015), of which the part that finds another channel's link shows in no untracked visit.
ASSIST, REPLACE, WORD_OF_MOUTH, ANYWAY = (0.0, 0.5), (0.0, 1.0), (0.0, 0.1), (0.0, 0.2)
_Z_INTERVAL, _Z_POWER = 1.6449, 0.8416


@dataclass(frozen=True)
class ChannelDays:
    """One channel day by day: posts planned and sent, tracked visits, and tracked visits by age of their post in days.

    `sales` and money by last touch; `assisted`: sales with another last touch whose buyer had come through this channel before;
    `replaceable`: sales to expect from later visits of its buyers by other ways, had they not signed up yet.
    """

    planned: Sequence[int]
    sent: Sequence[int]
    visits: Sequence[int]
    visits_by_age: Sequence[int]
    sales: int
    revenue_micro_usd: int = 0
    assisted: int = 0
    replaceable: float = 0.0


@dataclass(frozen=True)
class Panel:
    """What a switchback is judged by; every sequence has one entry per day.

    `untracked`: visits no link brought. Sales are first purchases by last touch: of a channel (in `channels`), of known people
    without a touch (`direct_sales`), of people nobody saw come (`unknown_sales`). `share` is the chance of silence;
    `payer_days` is how long the customers won in these days have been paying, for what they tell their friends.
    """

    channels: Mapping[str, ChannelDays]
    untracked: Sequence[int]
    weekdays: Sequence[int]
    share: float
    direct_sales: int
    unknown_sales: int
    payer_days: int = 0


@dataclass(frozen=True)
class ChannelLift:
    """One channel's answer; intervals hold 90 %. `per_visit`: untracked visits caused by a tracked one.

    `causal_share` is what to multiply last-touch credit with; None when the test cannot answer.
    """

    channel: str
    silent_days: int
    last_touch_sales: int
    per_visit: float
    per_visit_interval: tuple[float, float]
    causal_sales: float | None
    causal_sales_interval: tuple[float, float] | None
    causal_share: float | None
    causal_share_interval: tuple[float, float] | None
    detectable_share: float | None
    days_needed: int | None


@dataclass(frozen=True)
class LiftReport:
    """Every channel's answer, and how often a lottery that never happened found nothing (about 90 % when the errors are honest)."""

    verdict: Literal["answered", "too_early"]
    days: int
    channels: tuple[ChannelLift, ...]
    placebo_clear: float | None
    note: str


@dataclass(frozen=True)
class _Fit:
    """Posterior of the untracked visits per tracked visit, and the plain least squares beside it."""

    mean: Floats
    covariance: Floats
    plain: Floats
    plain_sd: Floats


def estimate(panel: Panel, draws: np.random.Generator) -> LiftReport:
    """Judge a switchback: regression on the lot, shrunk by the prior, and a lottery of the past for the placebo."""
    days = len(panel.untracked)
    if days < FEWEST_DAYS or not any(_silent(one) for one in panel.channels.values()):
        note = f"{days} days with a lottery; the first answer comes after {FEWEST_DAYS} and a silent day"
        return LiftReport("too_early", days, (), None, note)
    placebos = _placebos(panel, draws)
    clear = sum(abs(one) <= _Z_INTERVAL for one in placebos) / len(placebos)
    fit = _fit(
        panel, _assigned(panel), stretch=max(sorted(abs(one) for one in placebos)[round(LEVEL * len(placebos))] / _Z_INTERVAL, 1.0)
    )
    answers = _answers(panel, fit, draws)
    told = any(one.causal_share is not None for one in answers)
    note = "" if told else f"no channel's test could see {WORST_DETECTABLE:.0%} of its credit; see days_needed"
    return LiftReport("answered" if told else "too_early", days, answers, clear, note)


def detectable_before(days: int, share: float, *, untracked_per_day: float, visits_per_day: float) -> float:
    """The smallest effect (untracked visits per tracked one) a test of that length and share notices four times in five.

    Before it starts, when nothing is known but how many come a day; infinite where it could notice nothing.
    """
    lots = days * share * (1 - share)
    if lots <= 0 or visits_per_day <= 0:
        return math.inf
    return (_Z_INTERVAL + _Z_POWER) * math.sqrt(max(untracked_per_day, 1.0) / lots) / visits_per_day


def _silent(channel: ChannelDays) -> int:
    return sum(planned > 0 and sent == 0 for planned, sent in zip(channel.planned, channel.sent, strict=True))


def _assigned(panel: Panel) -> Floats:
    """Share of the planned posts that went out, per channel and day; 1 where nothing was planned."""
    import numpy as np

    return np.array([
        [sent / planned if planned else 1.0 for planned, sent in zip(one.planned, one.sent, strict=True)]
        for one in panel.channels.values()
    ])  # fmt: skip


def _kernel(channel: ChannelDays) -> list[float]:
    """Tracked visits per post sent, by the post's age in days."""
    days = len(channel.sent)
    posts = [sum(channel.sent[: max(days - age, 0)]) for age in range(CARRY_OVER_DAYS)]
    ages = [*channel.visits_by_age[:CARRY_OVER_DAYS], *[0] * CARRY_OVER_DAYS]
    return [ages[age] / posts[age] if posts[age] else 0.0 for age in range(CARRY_OVER_DAYS)]


def _columns(panel: Panel, assigned: Floats) -> tuple[Floats, Floats]:
    """(recentred exposure, exposure), both (days, channels), in tracked visits: what was dealt less what was to be expected."""
    import numpy as np

    exposures, recentred = [], []
    for row, channel in zip(assigned, panel.channels.values(), strict=True):
        planned, kernel = np.array(channel.planned, dtype=np.float64), _kernel(channel)
        full, dealt = np.zeros(len(planned)), np.zeros(len(planned))
        for age, weight in enumerate(kernel):
            reach = len(planned) - age
            full[age:] += weight * planned[:reach]
            dealt[age:] += weight * (planned * row)[:reach]
        exposures.append(dealt)
        recentred.append(dealt - (1 - panel.share) * full)
    return np.array(recentred).T, np.array(exposures).T


def _controls(panel: Panel, exposures: Floats) -> Floats:
    """Level, trend, weekday, and how much louder the day was than the posts that were sent explain."""
    import numpy as np

    days = len(panel.untracked)
    visits = np.array([one.visits for one in panel.channels.values()], dtype=np.float64).T
    louder = (visits - exposures).sum(axis=1)
    trend = np.linspace(-1.0, 1.0, days)
    weekdays = [np.array([float(day == which) for day in panel.weekdays]) for which in sorted(set(panel.weekdays))[1:]]
    return np.column_stack([np.ones(days), trend, trend**2, louder, *weekdays])


def _fit(panel: Panel, assigned: Floats, stretch: float = 1.0) -> _Fit:
    """Least squares with the controls left free and the effects drawn towards the prior; `stretch` widens the errors."""
    import numpy as np

    recentred, _ = _columns(panel, assigned)
    _, exposures = _columns(panel, _assigned(panel))
    controls = _controls(panel, exposures)
    outcome = np.array(panel.untracked, dtype=np.float64)
    basis, _ = np.linalg.qr(controls)
    rest, effects = outcome - basis @ (basis.T @ outcome), recentred - basis @ (basis.T @ recentred)
    gram, moment = effects.T @ effects, effects.T @ rest
    inverse = np.linalg.pinv(gram)
    plain = inverse @ moment
    freedom = max(len(outcome) - controls.shape[1] - len(gram), 1)
    variance = max(float(((rest - effects @ plain) ** 2).sum()) / freedom, 1.0) * stretch**2
    count = len(gram)
    prior = np.full((count, count), PRIOR_COMMON_SD**2) + np.eye(count) * PRIOR_OWN_SD**2
    precision = np.linalg.inv(prior)
    covariance = np.linalg.inv(gram / variance + precision)
    mean = covariance @ (moment / variance + precision @ np.full(count, PRIOR_MEAN))
    return _Fit(mean, covariance, plain, np.sqrt(np.maximum(np.diag(inverse), 0.0) * variance))


def _placebos(panel: Panel, draws: np.random.Generator) -> list[float]:
    """Effects in standard errors of lotteries that never happened; of honest errors one in ten is beyond 1.64."""
    import numpy as np

    channels, days = len(panel.channels), len(panel.untracked)
    found: list[float] = []
    for _ in range(PLACEBOS):
        fit = _fit(panel, (draws.random((channels, days)) >= panel.share).astype(np.float64))
        found += (fit.plain / np.maximum(fit.plain_sd, 1e-12)).tolist()
    return found


def _answers(panel: Panel, fit: _Fit, draws: np.random.Generator) -> tuple[ChannelLift, ...]:
    """Effects into sales: untracked buyers are shared by visits, buyers nobody saw come like everybody else."""
    import numpy as np

    effects = draws.multivariate_normal(fit.mean, fit.covariance, size=DRAWS, method="cholesky")
    untracked = max(sum(panel.untracked), 1)
    known = sum(one.sales for one in panel.channels.values()) + panel.direct_sales
    seen = known / max(known + panel.unknown_sales, 1)
    replaced = draws.uniform(*REPLACE, size=DRAWS)
    elsewhere = draws.uniform(*ANYWAY, size=DRAWS) * draws.uniform(size=DRAWS)
    told = draws.uniform(*WORD_OF_MOUTH, size=DRAWS) * panel.payer_days * seen / untracked
    found = []
    for number, (name, channel) in enumerate(panel.channels.items()):
        halo = np.clip(effects[:, number] * sum(channel.visits) / untracked, 0.0, 1.0)
        anyway = np.clip(-effects[:, number] / max(seen, 0.01), 0.0, 1.0)
        assist = draws.uniform(*ASSIST, size=DRAWS)
        sales = channel.sales + draws.binomial(panel.direct_sales, halo) - draws.binomial(channel.sales, anyway)
        lost = np.clip(replaced * channel.replaceable / max(channel.sales, 1), 0.0, 1.0)
        sales = sales - draws.binomial(np.minimum(sales, channel.sales), elsewhere)
        sales = sales - draws.binomial(sales, lost) + draws.binomial(channel.assisted, assist)
        share = np.clip(sales / max(known, 1), 0.0, 1.0)
        sales = sales + draws.binomial(panel.direct_sales, np.clip(told * share, 0.0, 1.0))
        sales = sales + draws.binomial(panel.unknown_sales, share)
        found.append(_answer(panel, name, fit, number, sales))
    return tuple(found)


def _days_needed(days: int, detectable: float, *, can_tell: bool) -> int:
    """Days until the test could see what it must; errors shrink with the root of time."""
    return days if can_tell else max(math.ceil(days * (detectable / WORST_DETECTABLE) ** 2), days + 1)


def _answer(panel: Panel, name: str, fit: _Fit, number: int, sales: NDArray[np.int64]) -> ChannelLift:
    import numpy as np

    channel, days = panel.channels[name], len(panel.untracked)
    low, high = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
    spread = _Z_INTERVAL * math.sqrt(float(fit.covariance[number, number]))
    middle = float(fit.mean[number])
    per_sale = sum(channel.visits) / max(sum(panel.untracked), 1) * panel.direct_sales / max(channel.sales, 1)
    detectable = (_Z_INTERVAL + _Z_POWER) * float(fit.plain_sd[number]) * per_sale
    is_measured = detectable > 0 and channel.sales > 0 and _silent(channel) > 0
    can_tell = is_measured and detectable <= WORST_DETECTABLE
    mean, ends = float(sales.mean()), (float(np.quantile(sales, low)), float(np.quantile(sales, high)))
    return ChannelLift(
        channel=name, silent_days=_silent(channel), last_touch_sales=channel.sales, per_visit=middle,
        per_visit_interval=(middle - spread, middle + spread),
        causal_sales=mean if can_tell else None, causal_sales_interval=ends if can_tell else None,
        causal_share=mean / channel.sales if can_tell else None,
        causal_share_interval=(ends[0] / channel.sales, ends[1] / channel.sales) if can_tell else None,
        detectable_share=detectable if is_measured else None,
        days_needed=_days_needed(days, detectable, can_tell=can_tell) if is_measured else None,
    )  # fmt: skip
