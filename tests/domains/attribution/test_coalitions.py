from __future__ import annotations

import math
from itertools import permutations

import pytest

from revenue_machine.domains.attribution.coalitions import walk_shares
from revenue_machine.domains.attribution.journeys import Journey, Journeys
from revenue_machine.domains.attribution.markov import chain_of, removal
from revenue_machine.kit.rng import rng

TOY = Journeys.of([Journey(("C1", "C2", "C3")), Journey(("C1",), 0, 1), Journey(("C2", "C3"), 0, 1)])


def many(channels: int) -> Journeys:
    draws = rng(5, "test.coalitions")
    names = [f"c{number}" for number in range(channels)]
    return Journeys.of(Journey(draws.choices(names, k=draws.randint(1, 6)), 1, 2) for _ in range(400))


def worth(open_channels: frozenset[str]) -> float:
    """The toy by hand: the walk begins at C1 (1/3 of it goes on to C2) or C2 (1/3, 1/3); C2 leads to C3, which converts half."""
    into_second = 1 / 3 + (1 / 3 if "C1" in open_channels else 0)
    return into_second / 2 if {"C2", "C3"} <= open_channels else 0.0


def test_toy_equals_all_its_orders() -> None:
    expected = dict.fromkeys(("C1", "C2", "C3"), 0.0)
    for order in permutations(expected):
        for place, name in enumerate(order):
            expected[name] += (worth(frozenset(order[: place + 1])) - worth(frozenset(order[:place]))) / 6
    found = walk_shares(TOY)
    assert found.shares == pytest.approx([expected[name] / worth(frozenset(expected)) for name in TOY.names])
    assert (found.error, found.rounds) == (0.0, 0)


def test_drawn_orders_stay_within_the_bound() -> None:
    journeys = many(8)
    true, drawn = walk_shares(journeys), walk_shares(journeys, rounds=2000)
    assert drawn.error == pytest.approx(math.sqrt(math.log(2 * 8 / 0.05) / 4000))
    off = max(abs(one - other) for one, other in zip(true.shares, drawn.shares, strict=True))
    assert 0 < off < drawn.error
    assert sum(drawn.shares) == pytest.approx(1.0)


def test_more_channels_are_drawn_the_same_twice() -> None:
    found = walk_shares(many(14), rounds=100)
    assert found == walk_shares(many(14), rounds=100)
    assert found.error > 0
    assert min(found.shares) >= 0


def test_whole_worth_is_the_conversion_rate() -> None:
    journeys = many(5)
    assert removal(chain_of(journeys, 1), 5).conversion_rate == pytest.approx(1 / 3)
    assert sum(walk_shares(journeys).shares) == pytest.approx(1.0)


def test_nothing_converted_shares_nothing() -> None:
    assert walk_shares(Journeys.of([Journey(("A",), 0, 3)])).shares == [0.0]
