from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from revenue_machine.app import App
from tests.app_fixture import make_app

A = {"name": "A", "users": 100, "conversions": 10}
B = {"name": "B", "users": 100, "conversions": 12}
GOOD: dict[str, Any] = {"arms": [A, B], "control": "A", "days": 14}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """One house for all: nothing here is written."""
    made, _, _ = make_app(tmp_path_factory.mktemp("house"))
    yield made
    made.close()


@pytest.mark.parametrize(
    ("wrong", "field", "word"),
    [
        ({"arms": [A]}, "arms", "at least 2"),
        ({"arms": []}, "arms", "at least 2"),
        ({"arms": [A, A]}, "arms.1.name", "two arms called 'A'"),
        ({"arms": [A, {**B, "name": ""}]}, "arms.1.name", "at least 1"),
        ({"arms": [A, {**B, "conversions": 101}]}, "arms.1.conversions", "101 conversions of 100 users"),
        ({"arms": [{**A, "users": -1}, B]}, "arms.0.users", "greater than or equal to 0"),
        ({"arms": [A, {**B, "conversions": -1}]}, "arms.1.conversions", "greater than or equal to 0"),
        ({"arms": [A, {**B, "users": float("nan")}]}, "arms.1.users", "finite"),
        ({"arms": [A, {**B, "users": 10.5}]}, "arms.1.users", "integer"),
        ({"arms": [A, {**B, "users": 10**400}]}, "arms.1.users", ""),
        ({"arms": [A, {**B, "visitors": 5}]}, "arms.1.visitors", ""),
        ({"arms": [A, {"name": "B", "users": 5}]}, "arms.1.conversions", "required"),
        ({"arms": [A, {**B, "revenue_usd": 5}]}, "arms.0.revenue_usd", "every arm or of none"),
        ({"arms": [A, {**B, "revenue_variance": 5}]}, "arms.1.revenue_variance", "needs its revenue_usd"),
        ({"arms": [A, {**B, "revenue_usd": float("nan")}]}, "arms.1.revenue_usd", "finite"),
        ({"arms": [{**A, "revenue_usd": 1}, {**B, "revenue_usd": 1, "revenue_variance": -1}]}, "arms.1.revenue_variance", ""),
        ({"arms": [{**A, "revenue_usd": 1}, {**B, "revenue_usd": 1, "revenue_variance": float("inf")}]}, "arms.1.revenue_variance", ""),
        ({"control": "C"}, "control", "no arm is called 'C'; the arms are A, B"),
        ({"arms": [{**A, "name": "gate_30"}, B], "control": "gate_3"}, "control", "did you mean gate_30?"),
        ({"days": -1}, "days", "greater than or equal to 0"),
        ({"days": float("nan")}, "days", "finite"),
        ({"planned_split": {"A": 0.5, "B": 0.6}}, "planned_split", "sum to 1.1, not to 1"),
        ({"planned_split": {"A": 1.0}}, "planned_split", "'B' has no share"),
        ({"planned_split": {"A": 0.5, "B": 0.4, "C": 0.1}}, "planned_split.C", "no arm is called 'C'"),
        ({"planned_split": {"A": 1.0, "B": 0.0}}, "planned_split.B", "greater than 0"),
        ({"planned_split": {"A": 1.5, "B": -0.5}}, "planned_split.B", "greater than 0"),
        ({"plan": {"looks": 3, "look": 4}}, "plan.look", "look 4 of 3 was not planned"),
        ({"plan": {"looks": 0, "look": 0}}, "plan.looks", ""),
        ({"plan": {"looks": 3}}, "plan.look", "required"),
        ({"plan": {"looks": 3, "look": 2, "fractions": [0.5]}}, "plan.fractions", "each of the 2 looks"),
        ({"plan": {"looks": 3, "look": 2, "fractions": [0.5, 0.5]}}, "plan.fractions", "0.001 more"),
        ({"plan": {"looks": 3, "look": 1, "fractions": [11]}}, "plan.fractions", "another plan"),
        ({"alpha": 0}, "alpha", ""),
        ({"alpha": 1}, "alpha", ""),
        ({"peeks": 3}, "peeks", ""),
    ],
)  # fmt: skip
def test_nonsense_is_refused_by_field(house: App, wrong: dict[str, Any], field: str, word: str) -> None:
    error = house.call("experiments.verdict", {**GOOD, **wrong}).error
    assert error is not None
    assert (error.code, error.field) == ("bad_input", field)
    assert word in error.message


@pytest.mark.parametrize(
    "fine",
    [
        {}, {"planned_split": {"A": 0.5, "B": 0.5}}, {"planned_split": {"A": 0.4999, "B": 0.4999}}, {"days": 0}, {"days": 2.5},
        {"arms": [{**A, "revenue_usd": -5.5}, {**B, "revenue_usd": 0}]}, {"arms": [{**A, "users": 100.0}, B]}, {"plan": None},
    ],
)  # fmt: skip
def test_what_can_be_is_judged(house: App, fine: dict[str, Any]) -> None:
    assert house.call("experiments.verdict", {**GOOD, **fine}).ok
