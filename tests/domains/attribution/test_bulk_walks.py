"""Walks and Shapley values over columns equal those of the small models on the same journeys."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revenue_machine.domains.attribution import bulk_walks
from revenue_machine.domains.attribution.bulk import DAY_MS
from revenue_machine.domains.attribution.bulk_fast import move_each
from revenue_machine.domains.attribution.bulk_walks import chains, shapley
from revenue_machine.domains.attribution.journeys import Journey, Journeys
from revenue_machine.domains.attribution.markov import chain_of, removal, removal_shares
from revenue_machine.domains.attribution.shapley import credits_of
from tests.domains.attribution.test_bulk import FACETS, Conversion, Touch, columns, worlds


def journeys_of(touches: list[Touch], conversions: list[Conversion], dimension: int) -> Journeys:
    """Every user's touches cut after each conversion, oldest first."""
    found: list[Journey] = []
    for user in range(4):
        held: list[str] = []
        own = [(at, 0, facet) for who, at, facet in touches if who == user]
        ends = [(at, 1, 0) for who, at, *_ in conversions if who == user]
        for _, is_end, facet in sorted(own + ends, key=lambda one: one[:2]):
            if not is_end:
                held.append(FACETS.values[facet][dimension])
            elif held:
                found.append(Journey(held, 1, 0))
                held = []
        if held:
            found.append(Journey(held, 0, 1))
    return Journeys.of(found)


def check_walks(world: tuple[list[Touch], list[Conversion]]) -> None:
    touches, conversions = columns(*world)
    found = chains(touches, conversions.keys, FACETS, fast=False)
    for place, dimension in enumerate(FACETS.dimensions):
        names = FACETS.codes[dimension][0]
        expected = removal_shares(journeys_of(*world, place))
        mine = dict(zip(names, removal(found[dimension], len(names)).shares(), strict=True))
        assert mine == pytest.approx(dict.fromkeys(names, 0.0) | expected, abs=1e-9)


@settings(max_examples=300, deadline=None)
@given(worlds)
def test_walks_equal_the_small_model(world: tuple[list[Touch], list[Conversion]]) -> None:
    check_walks(world)


@settings(max_examples=60, deadline=None)
@given(worlds)
def test_one_move_at_a_time_gives_the_same(world: tuple[list[Touch], list[Conversion]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk_walks, "compiled", lambda kernel: move_each)
        patch.setattr(bulk_walks, "WORTH_COMPILING", 0)
        touches, conversions = columns(*world)
        compiled = chains(touches, conversions.keys, FACETS)
    for dimension, chain in chains(touches, conversions.keys, FACETS, fast=False).items():
        assert (compiled[dimension].moved == chain.moved).all()


@settings(max_examples=60, deadline=None)
@given(worlds)
def test_packing_and_portions_change_nothing(world: tuple[list[Touch], list[Conversion]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk_walks, "MOST_MOVES", 1)
        patch.setattr(bulk_walks, "AT_ONCE", 3)
        check_walks(world)


def test_walk_counts_are_those_of_the_journeys() -> None:
    touches = [(0, 1, 0), (0, 2, 1), (0, 4, 1), (1, 1, 1), (1, 2, 0)]
    chain = chains(columns(touches, [])[0], columns([], [(0, 3, 0, 1), (0, 3, 0, 1), (2, 9, 0, 1)])[1].keys, FACETS)["platform"]
    assert FACETS.codes["platform"][0] == ["tiktok", "unknown", "x"]
    assert chain.entered.tolist() == [2, 0, 1]
    assert chain.moved.tolist() == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]
    assert (chain.converted.tolist(), chain.lost.tolist()) == ([1, 0, 0], [1, 0, 1])
    whole = chain_of(journeys_of(touches, [(0, 3, 0, 1)], 0), 1)
    assert sorted(whole.converted.tolist()) == [0, 1]


@settings(max_examples=100, deadline=None)
@given(worlds, st.sampled_from([63, 1]))
def test_shapley_equals_the_small_model(world: tuple[list[Touch], list[Conversion]], most_bits: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk_walks, "MOST_BITS", most_bits)
        check_shapley(world)


def check_shapley(world: tuple[list[Touch], list[Conversion]]) -> None:
    found = shapley(*columns(*world), FACETS, 2)
    for place, dimension in enumerate(FACETS.dimensions):
        names = FACETS.codes[dimension][0]
        for kind in (0, 1):
            mine = [one for one in world[1] if one[2] == kind]
            owned = [
                [FACETS.values[facet][place] for who, at, facet in world[0] if who == user and when - 30 * DAY_MS <= at <= when]
                or ["unknown"]
                for user, when, _, _ in mine
            ]
            journeys = Journeys.of(Journey(channels) for channels in owned)
            for measure, amounts in enumerate(([1.0] * len(mine), [float(one[3]) for one in mine])):
                expected = dict.fromkeys(names, 0.0) | dict(zip(journeys.names, credits_of(journeys, amounts), strict=True))
                assert found[dimension][kind, :, measure].tolist() == pytest.approx(list(expected.values()), abs=1e-9)


def test_no_touches_make_no_walk() -> None:
    chain = chains(columns([], [])[0], np.array([5, 9]), FACETS)["platform"]
    assert removal(chain, 3).effects == [0.0, 0.0, 0.0]
