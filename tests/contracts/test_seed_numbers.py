"""Numbers of the seed that are settings stand there as the seed gives them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from revenue_machine.domains.funnel.models import UP_AT
from revenue_machine.domains.research import rules as research
from revenue_machine.kit.settings import Budget
from tests.app_fixture import START


def test_budgets_are_the_seeds() -> None:
    budget = Budget()
    assert (budget.day_usd, budget.month_usd, budget.alert_threshold_pct) == (Decimal(15), Decimal(400), 80)


def test_cache_lasts_a_day() -> None:
    assert research.is_fresh(START - timedelta(hours=23, minutes=59), START)
    assert not research.is_fresh(START - timedelta(hours=24), START)


def test_phases_begin_at_fifty_and_two_hundred() -> None:
    assert UP_AT == {2: 50, 3: 200}
