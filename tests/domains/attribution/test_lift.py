"""The switchback finds an effect that was put in, none where none was, and says when it cannot tell."""

from __future__ import annotations

import math

import numpy as np
import pytest

from revenue_machine.domains.attribution.lift import ChannelDays, ChannelLift, LiftReport, Panel, detectable_before, estimate
from revenue_machine.kit.rng import array_rng

POSTS, PER_POST, BASE = 10, 12.0, 150.0


def rehearse(number: int, effects: dict[str, float], *, days: int = 120, share: float = 0.2) -> Panel:
    """Days with a known effect put in: half of a post's visits come the day after it."""
    draws = array_rng(number, "rehearsal")
    untracked = draws.poisson(BASE, days)
    channels = {}
    for name, effect in effects.items():
        sent = np.where(draws.random(days) < share, 0, POSTS)
        mean = PER_POST * (0.5 * sent + 0.5 * np.concatenate([[0], sent[:-1]]))
        visits = draws.poisson(mean * draws.lognormal(0.0, 0.2, days))
        untracked = untracked + draws.poisson(visits * max(effect, 0.0)) - draws.binomial(visits, max(-effect, 0.0))
        half = int(visits.sum() // 2)
        channels[name] = ChannelDays([POSTS] * days, sent.tolist(), visits.tolist(), [half, half, 0, 0], 100, 1_990_000_000)
    weekdays = [day % 7 for day in range(days)]
    direct = round(float(untracked.sum()) / sum(sum(one.visits) for one in channels.values()) * 100 * len(channels))
    return Panel(channels, untracked.tolist(), weekdays, share, direct_sales=direct, unknown_sales=0)


def judge(panel: Panel, number: int = 1) -> LiftReport:
    return estimate(panel, array_rng(number, "judge"))


def of(report: LiftReport, channel: str) -> ChannelLift:
    return next(one for one in report.channels if one.channel == channel)


@pytest.mark.parametrize("effect", [0.6, 0.0, -0.2])
def test_a_known_effect_comes_back(effect: float) -> None:
    found = [of(judge(rehearse(number, {"x": effect, "threads": 0.3})), "x") for number in range(10)]
    inside = sum(low <= effect <= high for low, high in (one.per_visit_interval for one in found))
    assert inside >= 7
    assert abs(sum(one.per_visit for one in found) / len(found) - effect) < 0.08


def test_no_effect_leaves_last_touch_alone() -> None:
    answer = of(judge(rehearse(3, {"x": 0.0, "threads": 0.0})), "x")
    assert answer.causal_share_interval is not None
    assert answer.causal_share_interval[0] <= 1.0 <= answer.causal_share_interval[1]


def test_halo_lifts_credit_above_last_touch() -> None:
    answer = of(judge(rehearse(3, {"x": 0.8, "threads": 0.0})), "x")
    assert answer.causal_share_interval is not None
    assert answer.causal_share_interval[0] > 1.1


def test_visits_that_come_anyway_lower_credit() -> None:
    answer = of(judge(rehearse(3, {"x": -0.4, "threads": 0.0})), "x")
    assert answer.causal_share is not None
    assert answer.causal_share < 0.8


def test_placebo_lotteries_find_nothing() -> None:
    clear = [judge(rehearse(number, {"x": 0.5, "threads": 0.2})).placebo_clear or 0.0 for number in range(5)]
    assert 0.84 <= sum(clear) / 5 <= 0.96


def test_too_few_days_are_refused() -> None:
    report = judge(rehearse(1, {"x": 0.5}, days=20))
    assert (report.verdict, report.channels, report.placebo_clear) == ("too_early", (), None)


def test_a_test_without_silence_is_refused() -> None:
    assert judge(rehearse(1, {"x": 0.5}, share=0.0)).verdict == "too_early"


def test_a_weak_test_says_how_long() -> None:
    panel = rehearse(1, {"x": 0.5}, days=30, share=0.1)
    thin = {
        name: ChannelDays(one.planned, one.sent, [v // 12 for v in one.visits], [400, 400], 8)
        for name, one in panel.channels.items()
    }
    report = judge(Panel(thin, panel.untracked, panel.weekdays, 0.1, direct_sales=400, unknown_sales=0))
    answer = of(report, "x")
    assert (report.verdict, answer.causal_share, answer.causal_sales_interval) == ("too_early", None, None)
    assert answer.detectable_share is not None
    assert answer.detectable_share > 0.5
    assert answer.days_needed is not None
    assert answer.days_needed > 30


def test_buyers_nobody_saw_are_shared_out() -> None:
    panel = rehearse(2, {"x": 0.0, "threads": 0.0})
    blocked = Panel(panel.channels, panel.untracked, panel.weekdays, 0.2, direct_sales=panel.direct_sales, unknown_sales=100)
    before, after = of(judge(panel), "x").causal_share, of(judge(blocked), "x").causal_share
    assert before is not None
    assert after is not None
    assert after > before + 0.1


def test_same_draws_same_answer() -> None:
    panel = rehearse(4, {"x": 0.5, "threads": 0.2})
    assert judge(panel, 9) == judge(panel, 9)


def test_longer_and_louder_tests_see_more() -> None:
    short = detectable_before(30, 0.1, untracked_per_day=100, visits_per_day=50)
    assert detectable_before(120, 0.1, untracked_per_day=100, visits_per_day=50) == pytest.approx(short / 2)
    assert detectable_before(30, 0.1, untracked_per_day=100, visits_per_day=100) == pytest.approx(short / 2)
    assert math.isinf(detectable_before(30, 0.0, untracked_per_day=100, visits_per_day=50))
