from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from revenue_machine.app import App
from revenue_machine.domains.experiments.models import MaturityArgs, SizeArgs, SizeResult
from revenue_machine.domains.experiments.planning import maturity, size
from revenue_machine.kit.errors import BadInput


def asked(**words: Any) -> SizeResult:
    return size(SizeArgs.model_validate(words))


def test_size_says_users_and_days() -> None:
    found = asked(rate=0.1, lift=0.2, users_per_day=500)
    assert (found.users, found.days, found.is_reachable) == (7677, 16, True)
    assert found.anytime_chance == pytest.approx(0.512, abs=1e-3)
    assert found.words == "7,677 users in 16 days find +20% with 80% by one look at the end; looked at daily without a plan 51%."
    assert asked(rate=0.1, lift=0.2, users_per_day=500, looks=14).users == pytest.approx(7677 * 1.044, rel=3e-3)
    slow = asked(rate=0.02, lift=0.05, users_per_day=50)
    assert (slow.is_reachable, slow.days > 12_000) == (False, True)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"lift": 0}, "lift"), ({"rate": 0.6, "lift": 1.0}, "lift"), ({"chance": 0.3, "alpha": 0.2, "lift": -0.999}, None)],
)
def test_impossible_effects_are_refused(wrong: dict[str, Any], field: str | None) -> None:
    args = SizeArgs.model_validate({"rate": 0.1, "lift": 0.2, "users_per_day": 10, **wrong})
    if field is None:
        assert size(args).users > 0
        return
    with pytest.raises(BadInput) as refused:
        size(args)
    assert refused.value.field == field


def test_maturity_ripens_each_arm(app: App) -> None:
    rows = [
        {"users": 100, "revenue_usd_by_day": [300, 100, 0, "560"], "arm": "A"}, {"users": 50, "revenue_usd_by_day": [150, 80], "arm": "B"},
        {"users": 40, "revenue_usd_by_day": []},
    ]  # fmt: skip
    found = maturity(MaturityArgs.model_validate({"cohorts": rows, "at_day": 2}))
    assert (found.days, found.words) == (4, "day 2 shows 43% of day-4 revenue")
    assert found.revenue_usd_per_user_by_day == (Decimal(3), Decimal("4.2"), Decimal("4.2"), Decimal("9.8"))
    assert [(one.users, one.revenue_usd_per_user) for one in found.arms.values()] == [
        (100, Decimal("9.6")),
        (50, Decimal("10.733333")),
    ]
    envelope = app.call("experiments.maturity", {"cohorts": rows, "at_day": 2}).as_dict()
    assert envelope["result"]["arms"]["B"] == {"users": 50, "revenue_usd_per_user": 10.733333, "seen": pytest.approx(3 / 7)}
