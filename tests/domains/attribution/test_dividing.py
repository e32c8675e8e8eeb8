from __future__ import annotations

import math
from fractions import Fraction
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revenue_machine.domains.attribution.comparison import Measure, ModelName
from revenue_machine.domains.attribution.dividing import credit, is_direct_channel, pot_of, rule_credits
from revenue_machine.domains.attribution.journeys import Journey, Journeys
from revenue_machine.domains.attribution.weights import RULE_MODELS, RuleModel, shares_back

MODELS: tuple[ModelName, ...] = get_args(ModelName)
MEASURES: tuple[Measure, ...] = get_args(Measure)
CHANNELS = ("ads", "direct", "mail", "post", "unknown")

journeys = st.lists(
    st.builds(
        Journey,
        st.lists(st.sampled_from(CHANNELS), max_size=7),
        st.integers(0, 1000).map(float),
        st.integers(0, 1000).map(float),
        st.integers(-(10**9), 10**9).map(lambda cents: cents / 100),
    ),
    max_size=15,
)


@settings(deadline=None)
@given(walked=journeys, model=st.sampled_from(MODELS), measure=st.sampled_from(MEASURES), order=st.sampled_from([1, 2, 3]))
def test_credit_sums_to_revenue(walked: list[Journey], model: ModelName, measure: Measure, order: int) -> None:
    known = Journeys.of(walked)
    pot = pot_of(known, measure)
    found = credit(known, model, order, pot).units
    exact = sum(Fraction(str(one.conversions if measure == "conversions" else one.value)) for one in walked)
    assert sum(found.values()) == pot.total == exact * pot.scale
    assert list(found) == sorted(found)
    assert set(found) <= {*CHANNELS}
    if measure == "conversions" or all(one.value >= 0 for one in walked):
        assert min(found.values(), default=0) >= 0


@settings(deadline=None)
@given(walked=journeys, model=st.sampled_from(MODELS), order=st.sampled_from([1, 2]))
def test_untouched_conversions_stay_unknown(walked: list[Journey], model: ModelName, order: int) -> None:
    known = Journeys.of([*(one for one in walked if "unknown" not in one.channels and one.channels), Journey((), 7.0)])
    found = credit(known, model, order, pot_of(known, "conversions")).units
    assert found["unknown"] == 7 * 10**9


@settings(deadline=None)
@given(
    walked=st.lists(
        st.tuples(
            st.lists(st.tuples(st.sampled_from(CHANNELS), st.integers(0, 400)), min_size=1, max_size=7),
            st.integers(-(10**6), 10**6),
        ),
        max_size=8,
    ),
    model=st.sampled_from(RULE_MODELS),
)
def test_many_journeys_are_each_by_the_rule(walked: list[tuple[list[tuple[str, int]], int]], model: RuleModel) -> None:
    known = Journeys.of(Journey([name for name, _ in touched], back=[back / 7 for _, back in touched]) for touched, _ in walked)
    expected = dict.fromkeys(known.names, Fraction(0))
    for touched, amount in walked:
        parts = shares_back(model, [back / 7 for _, back in touched], [name == "direct" for name, _ in touched])
        for (name, _), part in zip(touched, parts, strict=True):
            expected[name] += amount * part
    found = rule_credits(known, model, [float(amount) for _, amount in walked])
    assert found == pytest.approx([float(one) for one in expected.values()], rel=1e-12, abs=1e-6)


def test_steps_stand_in_for_days() -> None:
    known = Journeys.of([Journey(("A", "B", "C"), 7.0)])
    assert credit(known, "time_decay", 1, pot_of(known, "conversions")).units == {"A": 10**9, "B": 2 * 10**9, "C": 4 * 10**9}


def test_sale_and_its_refund_cancel() -> None:
    known = Journeys.of(
        [Journey(("A", "B", "C"), 1.0, 0.0, 10.0), Journey(("A", "B", "C"), 0.0, 0.0, -10.0), Journey(("B",), 1, 3, 5)]
    )
    for model in MODELS:
        found = credit(known, model, 1, pot_of(known, "value")).units
        assert sum(found.values()) == 5_000_000
        if model not in ("markov", "shapley_markov"):
            assert found == {"A": 0, "B": 5_000_000, "C": 0}


def test_value_that_no_walk_explains_is_unknown() -> None:
    known = Journeys.of([Journey(("A",), 0.0, 1.0, 12.5)])
    assert credit(known, "markov", 1, pot_of(known, "value")).units == {"A": 0, "unknown": 12_500_000}
    assert credit(known, "linear", 1, pot_of(known, "value")).units == {"A": 12_500_000}


def test_last_direct_touch_gives_way() -> None:
    known = Journeys.of([Journey(("A", "(direct) / (none)"), 2.0), Journey(("direct", "Direct"), 3.0)])
    found = credit(known, "last_non_direct", 1, pot_of(known, "conversions")).units
    assert found == {"(direct) / (none)": 0, "A": 2 * 10**9, "Direct": 3 * 10**9, "direct": 0}


@pytest.mark.parametrize("name", ["direct", "Direct", "(direct)", "$direct", "(none)", "(direct) / (none)", "direct/(none)"])
def test_direct_has_many_spellings(name: str) -> None:
    assert is_direct_channel(name)


@pytest.mark.parametrize("name", ["directory", "google / organic", "direct mail", "x / direct", "unknown"])
def test_other_channels_are_not_direct(name: str) -> None:
    assert not is_direct_channel(name)


@pytest.mark.parametrize("model", MODELS)
def test_nothing_at_all_is_nothing(model: ModelName) -> None:
    known = Journeys()
    assert credit(known, model, 1, pot_of(known, "value")).units == {}


def test_drawn_model_says_how_far_it_is_off() -> None:
    known = Journeys.of(Journey((f"c{number}", f"c{number + 1}"), 1.0, 2.0) for number in range(14))
    pot = pot_of(known, "conversions")
    found = credit(known, "shapley_markov", 1, pot)
    assert found.error == pytest.approx(14 * math.sqrt(math.log(2 * 15 / 0.05) / 40_000), rel=1e-6)
    assert credit(known, "shapley", 1, pot).error == 0.0
    assert credit(known, "markov", 1, pot).error == 0.0
