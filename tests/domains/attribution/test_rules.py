"""Which touch counts, and what cost and return are where they are undefined."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from revenue_machine.domains.attribution.rules import cpa_micro_usd, is_direct, is_in_window, roas, source_type, traits_of

T0 = datetime(2026, 11, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("after", "counts"),
    [(timedelta(0), True), (timedelta(days=30), True), (timedelta(days=30, seconds=1), False), (timedelta(minutes=-5), True),
     (timedelta(minutes=-6), False)],
)  # fmt: skip
def test_window_is_thirty_days(after: timedelta, counts: bool) -> None:
    assert is_in_window(T0, T0 + after) is counts


@pytest.mark.parametrize(("source", "direct"), [(None, True), ("", True), ("Direct", True), ("(direct)", True), ("x", False)])
def test_direct_names_nobody(source: str | None, direct: bool) -> None:
    assert is_direct(source) is direct


def test_source_types_are_told_apart() -> None:
    assert source_type("x", has_post=True) == "organic_post"
    assert source_type("google", has_post=False) == "campaign"
    assert source_type(None, has_post=False) == "direct"


def test_missing_traits_are_none_not_unknown() -> None:
    traits = traits_of({"platform": "x", "niche": "saas_growth", "offer": None})
    assert traits["platform"] == "x"
    assert traits["offer"] == "none"
    assert traits["paywall_variant"] == "none"


def test_cost_per_purchase_is_exact() -> None:
    assert cpa_micro_usd("x", 10_000_000, 3) == 3_333_333
    assert cpa_micro_usd("x", 10_000_000, 0.4) == 25_000_000
    assert cpa_micro_usd("x", 10_000_000, 0.0) is None
    assert cpa_micro_usd("unknown", 0, 3) is None


def test_return_is_net_over_spend() -> None:
    assert roas(15_000_000, 5_000_000) == 3.0
    assert roas(15_000_000, 0) is None
