from __future__ import annotations

import pytest

from revenue_machine.domains.experiments.group_sequential import (
    FAR,
    boundary,
    crossing,
    obrien_fleming,
    spending,
    spending_boundary,
)


@pytest.mark.parametrize(
    ("looks", "level", "published"),
    [
        (1, 0.05, 1.960), (2, 0.05, 1.977), (3, 0.05, 2.004), (4, 0.05, 2.024), (5, 0.05, 2.040), (10, 0.05, 2.087), (20, 0.05, 2.126),
        (2, 0.01, 2.580), (4, 0.01, 2.609), (5, 0.01, 2.621), (2, 0.1, 1.678), (5, 0.1, 1.751),
    ],
)  # fmt: skip
def test_boundary_equals_published_tables(looks: int, level: float, published: float) -> None:
    assert obrien_fleming(looks, level) == pytest.approx(published, abs=5.1e-4)


def test_spending_equals_published_bounds() -> None:
    found = spending_boundary((0.2, 0.4, 0.6, 0.8, 1.0), 0.05, is_last=True)
    assert found == pytest.approx((4.8769, 3.3570, 2.6803, 2.2898, 2.0310), abs=1e-4)
    assert [round(spending(one, 0.05), 5) for one in (0.25, 0.5, 1.0)] == [0.00001, 0.00305, 0.05]


@pytest.mark.parametrize("looks", [1, 3, 14, 60])
def test_planned_bounds_spend_the_level(looks: int) -> None:
    times = [look / looks for look in range(1, looks + 1)]
    bounds = [boundary(looks, look, 0.05) for look in range(1, looks + 1)]
    assert crossing(bounds, times)[-1] == pytest.approx(0.05, abs=1e-10)


@pytest.mark.parametrize("times", [(0.01, 0.5, 0.55, 1.0), (0.3, 0.9, 1.0), (0.5, 0.7, 0.8), (0.2, 1.1, 1.4), (1.0,)])
def test_uneven_looks_spend_the_level(times: tuple[float, ...]) -> None:
    bounds = spending_boundary(times, 0.05, is_last=True)
    assert crossing(bounds, times)[-1] == pytest.approx(0.05, abs=1e-9)
    assert boundary(9, len(times), 0.05, times[:1] if len(times) == 1 else times) >= bounds[-1] - 1e-9


def test_nothing_is_spent_too_early() -> None:
    assert spending_boundary((0.01,), 0.05, is_last=False) == (FAR,)
    assert crossing([FAR, 1.959963984540054], [0.01, 1.0]) == [pytest.approx(0, abs=1e-12), pytest.approx(0.05, abs=1e-10)]


def test_crossing_of_two_looks_is_checked() -> None:
    # Two looks at 1.96 are crossed in 8.31 % of cases, five in 14.17 %: Armitage, McPherson and Rowe 1969, table 2.
    assert crossing([1.96] * 2, [0.5, 1.0])[-1] == pytest.approx(0.0831, abs=1e-4)
    assert crossing([1.96] * 5, [0.2, 0.4, 0.6, 0.8, 1.0])[-1] == pytest.approx(0.1417, abs=1e-4)


def test_drift_of_one_look_is_normal() -> None:
    assert crossing([1.959963984540054], [1.0], drift=2.4576)[0] == pytest.approx(0.69063, abs=1e-5)
    assert crossing([FAR, 1.959963984540054], [0.5, 1.0], drift=2.4576)[-1] == pytest.approx(0.69063, abs=1e-5)
