from __future__ import annotations

import pytest

from revenue_machine.domains.experiments.multiplicity import alpha_for, holm
from revenue_machine.domains.experiments.proportions import two_sided_z
from revenue_machine.kit.rng import rng


def test_places_share_the_allowance() -> None:
    assert alpha_for([], 1) == 0.05
    first = alpha_for([], 3)
    assert first == pytest.approx(0.05 / 3)
    assert alpha_for([first], 3) == pytest.approx(0.05 / 3)
    assert alpha_for([first, first], 3) == pytest.approx(0.05 / 3)
    assert alpha_for([0.01], 2, family=0.1) == pytest.approx(0.09)


def test_what_is_given_away_is_not_given_again() -> None:
    assert alpha_for([0.05], 2) == 0
    assert alpha_for([0.05], 3) == 0
    assert alpha_for([0.025], 3) == pytest.approx(0.0125)
    with pytest.raises(ValueError, match="2 tests are open, 2 may be"):
        alpha_for([0.025, 0.025], 2)


def test_open_tests_never_exceed_the_family() -> None:
    dice = rng(1, "ledger")
    parts: list[float] = []
    ceiling, most = 1, 0.0
    for _ in range(2000):
        ceiling = dice.choice([ceiling, 1, 2, 3])
        if parts and dice.random() < 0.4:
            parts.pop(dice.randrange(len(parts)))
        elif len(parts) < ceiling:
            parts.append(alpha_for(parts, ceiling))
        most = max(most, sum(parts))
    assert 0.0499 < most <= 0.05 + 1e-12


@pytest.mark.parametrize(
    ("strengths", "proven"),
    [
        ([2.30, 2.0], [True, True]), ([2.20, 2.0], [False, False]), ([2.0, 2.30], [True, True]), ([2.5, 1.9], [True, False]),
        ([2.5, 2.25, 1.97], [True, True, True]), ([2.5, 2.2, 3.0], [True, True, True]), ([], []), ([1.97], [True]),
    ],
)  # fmt: skip
def test_holm_steps_down(strengths: list[float], proven: list[bool]) -> None:
    # 2.394, 2.241 and 1.960 are asked for among three, two and one.
    assert holm(strengths, lambda place, level: two_sided_z(level), 0.05) == proven


def test_each_comparison_has_its_own_bound() -> None:
    assert holm([3.0, 3.0], lambda place, level: (2.9, 3.1)[place], 0.05) == [True, False]
