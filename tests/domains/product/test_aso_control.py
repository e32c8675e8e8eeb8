"""The synthetic control finds planted effects, is seldom wrong about none, and says when it can say nothing."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from revenue_machine.domains.product.aso_control import measure, simplex_weights
from revenue_machine.kit.rng import array_rng

LIVE = date(2026, 11, 1)
World = dict[str, dict[date, float]]


def world(seed: int, apps: int = 4, before: int = 100, lift: float = 1.0) -> World:
    """Apps that share a market, a week and a trend, each with noise of its own; `a0` is lifted from the change on."""
    draws, days = array_rng(seed, "aso.world"), before + 15
    market = np.exp(np.cumsum(draws.normal(0, 0.02, days))) * (1 + 0.15 * np.sin(2 * np.pi * np.arange(days) / 7))
    found: World = {}
    for app in range(apps):
        rate = (60, 200, 30, 120, 80)[app % 5] * market ** draws.uniform(0.7, 1.3) * np.exp(draws.normal(0, 0.1, days))
        if app == 0:
            rate[before:] *= lift
        counts = draws.poisson(rate)
        found[f"a{app}"] = {LIVE + timedelta(days=place - before): float(count) for place, count in enumerate(counts)}
    return found


def share_right(lift: float, seeds: int) -> tuple[float, float]:
    """(intervals that hold the truth, changes that are decided)."""
    held = decided = 0
    for seed in range(seeds):
        series = world(seed, lift=lift)
        found = measure("a0", series, LIVE, list(series))
        assert found.low is not None
        assert found.high is not None
        held += found.low <= lift - 1 <= found.high
        decided += found.low > 0 or found.high < 0
    return held / seeds, decided / seeds


def test_intervals_hold_the_truth() -> None:
    held, decided = share_right(1.0, 100)
    assert held >= 0.9
    assert decided <= 0.1


def test_planted_lift_is_found() -> None:
    held, decided = share_right(1.3, 60)
    assert held >= 0.88
    assert decided >= 0.85


def test_season_is_no_effect() -> None:
    """Everybody doubles on the day of the change: before against after says +100 %, the control says nothing happened."""
    series = {app: {day: value * (2 if day >= LIVE else 1) for day, value in days.items()} for app, days in world(3).items()}
    found = measure("a0", series, LIVE, list(series))
    assert found.plain is not None
    assert found.plain > 0.7
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0 < found.high


def test_mixture_is_found_again() -> None:
    draws = array_rng(1, "aso.mixture")
    donors = 1 + 0.2 * draws.normal(size=(56, 5))
    weights = simplex_weights(donors, donors @ np.array([0.5, 0.0, 0.3, 0.2, 0.0]))
    assert np.allclose(weights, [0.5, 0.0, 0.3, 0.2, 0.0], atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_weights_are_the_best_there_are(seed: int) -> None:
    """No step along the simplex brings the mixture nearer."""
    draws = array_rng(seed, "aso.best")
    donors, own = 1 + 0.2 * draws.normal(size=(40, 6)), 1 + 0.2 * draws.normal(size=40)
    weights = simplex_weights(donors, own)
    assert weights.min() >= 0
    assert abs(weights.sum() - 1) < 1e-9
    pull = donors.T @ (own - donors @ weights)
    assert pull.max() - pull[weights > 1e-9].min() < 1e-4


def test_without_other_apps_nothing_is_proven() -> None:
    series = {"a0": world(1, lift=3.0)["a0"]}
    found = measure("a0", series, LIVE, ["a0"])
    assert (found.low, found.p_value, found.placebos) == (None, None, 0)
    assert found.effect == found.plain
    assert found.reason == "no other app has figures for the same days: nothing tells the change from the season"


def test_few_placebos_give_no_interval() -> None:
    series = world(1, apps=2, before=60)
    found = measure("a0", series, LIVE, list(series))
    assert found.low is None
    assert found.reason == "4 placebos from 1 other apps; an interval of 95 % needs 19"


def test_short_past_gives_no_control() -> None:
    series = world(1, before=27)
    assert measure("a0", series, LIVE, list(series)).reason == "only 27 days before the change are measured; a control needs 28"


def test_changed_apps_are_no_controls() -> None:
    series = world(2, apps=4)
    found = measure("a0", series, LIVE, ["a2", "a3"])
    assert set(found.weights or {}) <= {"a2", "a3"}


def test_gap_is_not_a_zero() -> None:
    whole = world(5)
    gappy = {app: {day: value for day, value in days.items() if app != "a0" or day.day != 10} for app, days in whole.items()}
    found, wanted = measure("a0", gappy, LIVE, list(gappy)), measure("a0", whole, LIVE, list(whole))
    assert found.effect is not None
    assert wanted.effect is not None
    assert abs(found.effect - wanted.effect) < 0.05


def test_too_many_gaps_say_nothing() -> None:
    series = world(5)
    own = {day: value for day, value in series["a0"].items() if not LIVE < day <= LIVE + timedelta(days=4)}
    found = measure("a0", {**series, "a0": own}, LIVE, list(series))
    assert (found.effect, found.reason) == (None, "fewer than 11 of 14 days after the change are measured")


def test_sparse_app_is_left_out() -> None:
    series = world(6)
    series["a1"] = {day: value for day, value in series["a1"].items() if day.day % 3}
    assert "a1" not in (measure("a0", series, LIVE, list(series)).weights or {})


def test_app_without_downloads_is_no_number() -> None:
    series = world(7)
    series["a0"] = dict.fromkeys(series["a0"], 0.0)
    found = measure("a0", series, LIVE, list(series))
    assert (found.plain, found.effect, found.low) == (None, None, None)


def test_day_itself_counts_nowhere() -> None:
    series = world(8)
    series["a0"][LIVE] = 1e9
    found = measure("a0", series, LIVE, list(series))
    assert found.before is not None
    assert found.after is not None
    assert max(found.before, found.after) < 1e4
