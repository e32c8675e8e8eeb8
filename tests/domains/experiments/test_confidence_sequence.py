from __future__ import annotations

import math

import pytest

from revenue_machine.domains.experiments.confidence_sequence import always_valid_p, critical_z, growth_needed, tuning
from revenue_machine.domains.experiments.proportions import Counts, Difference

# Printed by gbstats 0.8.0 (SequentialTwoSidedTTest, absolute difference) of the same counts.
GBSTATS = [
    (Counts(4000, 240), Counts(4000, 360), 5000, 0.05, (0.012081111253662406, 0.047918888746337596), 2.1308547378313794e-05),
    (Counts(700, 31), Counts(650, 47), 2000, 0.01, (-0.01782931362876017, 0.07387326967271622), 0.3536903816210409),
    (Counts(20, 10), Counts(400, 300), 5000, 0.05, (-0.20915301735313357, 0.7091530173531335), 0.49241876957319636),
]  # fmt: skip


@pytest.mark.parametrize(("control", "arm", "tuned", "level", "interval", "p"), GBSTATS)
def test_sequence_equals_published_package(
    control: Counts, arm: Counts, tuned: int, level: float, interval: tuple[float, float], p: float
) -> None:
    step, users, precision = Difference(control, arm), control.users + arm.users, tuning(level, tuned)
    assert step.interval(critical_z(users, level, precision)) == pytest.approx(interval, rel=1e-12)
    assert always_valid_p(step.z_apart, users, precision) == pytest.approx(p, rel=1e-12)


@pytest.mark.parametrize("users", [40, 5000, 10**9])
def test_p_and_interval_say_the_same(users: int) -> None:
    precision = tuning(0.05)
    edge = critical_z(users, 0.05, precision)
    assert always_valid_p(edge, users, precision) == pytest.approx(0.05, rel=1e-9)
    assert always_valid_p(edge * 1.001, users, precision) < 0.05
    assert always_valid_p(0, users, precision) == 1


def test_tuning_is_where_it_is_sharpest() -> None:
    precision = tuning(0.05, 3000)
    best = critical_z(3000, 0.05, precision) / math.sqrt(3000)
    nearby = [critical_z(3000, 0.05, tuning(0.05, other)) / math.sqrt(3000) for other in (1500, 6000)]
    assert best < min(nearby)
    assert critical_z(3000, 0.05, precision) == pytest.approx(3.035209, abs=1e-6)


def test_growth_ends_where_it_decides() -> None:
    precision = tuning(0.05)
    grown = growth_needed(1.3, 4000, 0.05, precision)
    assert 1.3 * math.sqrt(grown) == pytest.approx(critical_z(round(4000 * grown), 0.05, precision), abs=1e-3)
    assert growth_needed(5.1, 8000, 0.05, precision) == 1
    assert growth_needed(0, 8000, 0.05, precision) == math.inf
    assert growth_needed(1e-9, 8000, 0.05, precision) == math.inf
