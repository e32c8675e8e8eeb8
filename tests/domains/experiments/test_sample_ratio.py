from __future__ import annotations

import pytest

from revenue_machine.domains.experiments.proportions import Counts
from revenue_machine.domains.experiments.sample_ratio import chi_square_p, likely_cause, split_p


@pytest.mark.parametrize(
    ("statistic", "freedom", "p"),
    [
        (3.841458820694124, 1, 0.05), (6.634896601021213, 1, 0.01), (10.827566170662733, 1, 0.001), (9.487729036781154, 4, 0.05),
        (27.877164871256568, 9, 0.001), (3.0, 4, 0.5578254003710748), (200.0, 7, 1.14778122e-39), (0.5, 3, 0.9188914116),
        (0.0, 2, 1.0), (1e5, 3, 0.0), (49.0, 49, 0.4731282956547652),
    ],
)  # fmt: skip
def test_chi_square_equals_published_quantiles(statistic: float, freedom: int, p: float) -> None:
    assert chi_square_p(statistic, freedom) == pytest.approx(p, rel=1e-8)


def test_split_is_held_against_plan() -> None:
    # (5000 - 4750)^2 / 4750, twice: 26.3; with 0.526 to 0.474 planned nothing is odd.
    assert split_p([5000, 4500], [1, 1]) == pytest.approx(2.899088e-07, rel=1e-6)
    assert split_p([5000, 4500], [0.526, 0.474]) > 0.9
    assert split_p([900, 100, 1000], [0.45, 0.05, 0.5]) == 1
    with pytest.raises(ValueError, match="nobody"):
        split_p([0, 0], [0.5, 0.5])


@pytest.mark.parametrize(
    ("control", "arm", "shares", "word"),
    [
        (Counts(5000, 500), Counts(5000, 490), [0.9, 0.1], "never put into force"),
        (Counts(5000, 500), Counts(0, 0), [0.5, 0.5], "nobody was counted in B"),
        (Counts(5000, 500), Counts(4500, 600), [0.5, 0.5], "B lacks 250 people and converts better"),
        (Counts(5000, 500), Counts(4500, 300), [0.5, 0.5], "B lacks 250 people and converts worse"),
        (Counts(4500, 450), Counts(5000, 500), [0.5, 0.5], "A lacks 250 people and converts about alike"),
    ],
)
def test_cause_follows_from_the_arms(control: Counts, arm: Counts, shares: list[float], word: str) -> None:
    assert word in likely_cause(["A", "B"], [control, arm], shares)
