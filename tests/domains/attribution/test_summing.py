"""Credits of a few known journeys, summed by hand, and sums that hold for any journeys at all."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revenue_machine.domains.attribution.crediting import credit_rows
from revenue_machine.domains.attribution.models import (
    DIMENSIONS,
    MODELS,
    NO_TRAITS,
    NOBODY_KNOWS,
    RULES,
    Passed,
    Step,
    Touch,
    Traced,
)
from revenue_machine.domains.attribution.summing import Credits, Sum, parts_of_values, paths_idle
from revenue_machine.domains.attribution.tracing import trace
from tests.domains.attribution.steps import PRICE, START, click, paid, signup

_COLUMNS = (
    "conversion_id", "person_id", "event_type", *DIMENSIONS, *(f"{one}_share" for one in RULES),
    *(f"{one}_revenue_micro_usd" for one in RULES), *(f"{one}_net_micro_usd" for one in RULES),
)  # fmt: skip


def credited(traced: list[Traced], idle: dict[tuple[tuple[str, ...], ...], int] | None = None) -> Credits:
    rows = sorted((row for one in traced for row in credit_rows(one)), key=lambda row: (row["conversion_id"], row["place"]))
    return Credits([tuple(row[name] for name in _COLUMNS) for row in rows], idle or {})


def by_niche(*steps: Step) -> dict[str, dict[str, Sum]]:
    words = {one.id: Touch("direct", "direct") for one in steps if one.event_type == "signup"}
    return credited(trace(steps, words)).models_of("niche")


def test_three_touches_by_every_model() -> None:
    """The toy of the literature: one way a > b > c that converts; each of the three is needed, so the walk shares evenly."""
    steps = (
        click("c1", "v", 0, "a"),
        click("c2", "v", 7, "b"),
        click("c3", "v", 14, "c"),
        signup("ann", 14, "c3", "v"),
        paid("ann", 15),
    )
    found = {model: {niche: one.revenue_micro_usd for niche, one in sums.items()} for model, sums in by_niche(*steps).items()}
    assert found["first"] == {"a": PRICE, "b": 0, "c": 0}
    assert found["last"] == found["last_non_direct"] == {"a": 0, "b": 0, "c": PRICE}
    assert found["linear"] == found["shapley"] == found["markov"] == {"a": 6_666_667, "b": 6_666_667, "c": 6_666_666}
    assert found["position"] == {"a": 8_000_000, "b": 4_000_000, "c": 8_000_000}
    assert found["time_decay"] == {"a": 2_857_143, "b": 5_714_286, "c": 11_428_571}


def test_walk_counts_what_came_to_nothing() -> None:
    """Two of five begin at a, three at b and fail: 0.4 convert, 0.15 without a, 0.2 without b; a gets more of their common sale."""
    steps = [click("c1", "v1", 0, "a"), click("c2", "v1", 1, "b"), signup("ann", 2, "c2", "v1"), paid("ann", 3)]
    steps += [click("c3", "v2", 0, "a"), signup("bob", 2, "c3", "v2"), paid("bob", 3)]
    words = {"id-ann": Touch("direct", "direct"), "id-bob": Touch("direct", "direct")}
    plain = ("unknown",) * 3
    failed: dict[tuple[tuple[str, ...], ...], int] = {((*plain, "b", *plain, "x"),): 3}
    effects = credited(trace(steps, words), failed).effects_of("niche")
    assert effects == {"a": pytest.approx(0.625), "b": pytest.approx(0.5)}
    money = credited(trace(steps, words), failed).models_of("niche")["markov"]
    assert {niche: one.revenue_micro_usd for niche, one in money.items()} == {"a": 31_111_111, "b": 8_888_889}


def test_touches_of_one_value_share_its_part() -> None:
    assert [float(one) for one in parts_of_values(["a", "b", "a"], {"a": 1.0, "b": 1.0})] == [0.25, 0.5, 0.25]
    assert [float(one) for one in parts_of_values(["a", "b"], {})] == [0.5, 0.5]


def test_ways_of_nobody_are_counted_by_way() -> None:
    one, two = ("a",), ("b",)
    assert paths_idle([("v", one), ("v", two), ("w", one), ("w", two)], {one: 5}) == {(one, two): 2, (one,): 5}


NICHE = st.sampled_from(["a", "b", "c", "unknown"])
JOURNEYS = st.lists(
    st.tuples(
        st.lists(NICHE, min_size=1, max_size=6), st.integers(-30_000_000, 30_000_000), st.integers(-9_999_999, 0),
        st.sampled_from(["purchase", "renewal", "refund", "trial"]), st.integers(0, 3),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(JOURNEYS)
def test_money_is_never_lost(journeys: list[tuple[list[str], int, int, str, int]]) -> None:
    traced = []
    for number, (values, amount, taken, kind, person) in enumerate(journeys):
        step = Step(
            f"s{number:02d}", f"k{number}", kind, START, f"u{person}", None, None, NOBODY_KNOWS, revenue_micro_usd=amount,
            deducted_micro_usd=taken,
        )  # fmt: skip
        touches = [Touch("organic_post", "x", traits={**NO_TRAITS, "niche": one}) for one in values]
        passed = tuple(Passed(f"t{at}", START + timedelta(days=at), one) for at, one in enumerate(touches))
        traced.append(Traced(step, f"u{person}", touches[-1], passed, len(values) - 1))
    gross, net = sum(one[1] for one in journeys), sum(one[1] + one[2] for one in journeys)
    found = credited(traced)
    for dimension in ("niche", "platform"):
        for model in MODELS:
            sums = found.models_of(dimension)[model].values()
            assert sum(one.revenue_micro_usd for one in sums) == gross
            assert sum(one.net_revenue_micro_usd for one in sums) == net
            assert sum(sum(one.counts.values()) for one in sums) == pytest.approx(len(journeys))
