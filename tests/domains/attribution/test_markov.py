from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revenue_machine.domains.attribution import markov
from revenue_machine.domains.attribution.journeys import Journey, Journeys
from revenue_machine.domains.attribution.markov import Chain, chain_of, removal, removal_of, removal_shares
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.rng import rng

Walked = tuple[list[str], int, int]
CONVERTED, LOST = ("(converted)",), ("(lost)",)
walks = st.lists(
    st.tuples(st.lists(st.sampled_from("ABCD"), max_size=7), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12
)


def journeys_of(walked: list[Walked]) -> Journeys:
    return Journeys.of(Journey(channels, conversions, nulls) for channels, conversions, nulls in walked)


def converting_without(walked: list[Walked], order: int, banned: str) -> float:
    """The chance to convert by its definition: the walk as a dictionary, a dense solve, the banned channel's states closed."""
    counts: dict[tuple[str, ...], dict[tuple[str, ...], float]] = {}
    for channels, conversions, nulls in walked:
        if not channels or conversions + nulls == 0:
            continue
        states = [(), *(tuple(channels[max(0, end - order) : end]) for end in range(1, len(channels) + 1))]
        for here, there in [*pairwise(states), (states[-1], CONVERTED), (states[-1], LOST)]:
            row = counts.setdefault(here, {})
            added = conversions if there is CONVERTED else nulls if there is LOST else conversions + nulls
            row[there] = row.get(there, 0) + added
    if not counts:
        return 0.0
    places = {state: place for place, state in enumerate(counts)}
    stays, converts = np.eye(len(counts)), np.zeros(len(counts))
    for state, row in counts.items():
        out = sum(row.values())
        for there, count in row.items():
            if there not in (CONVERTED, LOST) and there[-1] != banned:
                stays[places[state], places[there]] -= count / out
        converts[places[state]] = row.get(CONVERTED, 0) / out
    return float(np.linalg.solve(stays, converts)[places[()]])


@settings(deadline=None)
@given(walked=walks, order=st.sampled_from([1, 2, 3]))
def test_one_inverse_equals_dense_removals(walked: list[Walked], order: int) -> None:
    journeys = journeys_of(walked)
    found = removal(chain_of(journeys, order), len(journeys.names))
    assert found.conversion_rate == pytest.approx(converting_without(walked, order, "nobody"), abs=1e-9)
    for name, effect in zip(journeys.names, found.effects, strict=True):
        assert 0.0 <= effect <= 1.0
        if found.conversion_rate > 0:
            slow = 1 - converting_without(walked, order, name) / found.conversion_rate
            assert effect == pytest.approx(slow, abs=1e-9)
            assert abs(effect - slow) <= found.error + 1e-12
    assert sum(found.shares()) == pytest.approx(1.0 if any(c and n for c, n, _ in walked) else 0.0)


def test_published_toy_gives_its_shares() -> None:
    """The example published with analyzecore's walk-through: effects .5, 1, 1."""
    toy = journeys_of([(["C1", "C2", "C3"], 1, 0), (["C1"], 0, 1), (["C2", "C3"], 0, 1)])
    found = removal(chain_of(toy, 1), 3)
    assert found.effects == pytest.approx([0.5, 1.0, 1.0], abs=1e-12)
    assert found.conversion_rate == pytest.approx(1 / 3)
    assert removal_shares(toy) == pytest.approx({"C1": 0.2, "C2": 0.4, "C3": 0.4}, abs=1e-12)


def test_order_remembers_what_came_before() -> None:
    walked: list[Walked] = [(["A", "C"], 10, 0), (["B", "C"], 0, 10)]
    assert removal_shares(journeys_of(walked), 1) == pytest.approx({"A": 0.25, "B": 0.25, "C": 0.5})
    assert removal_shares(journeys_of(walked), 2) == pytest.approx({"A": 0.5, "B": 0.0, "C": 0.5})


def test_staying_changes_nothing() -> None:
    once = journeys_of([(["A", "B"], 3, 1), (["B"], 1, 4)])
    often = journeys_of([(["A", "A", "A", "B", "B"], 3, 1), (["B"], 1, 4)])
    assert removal_shares(often) == pytest.approx(removal_shares(once))


def test_channel_that_never_converts_gets_nothing() -> None:
    assert removal_shares(journeys_of([(["A"], 5, 0), (["B", "B"], 0, 9)])) == {"A": 1.0, "B": 0.0}
    assert removal_shares(journeys_of([(["A"], 0, 5)])) == {"A": 0.0}
    assert removal_shares(journeys_of([([], 5, 0)])) == {}


def _chain(moved: list[list[float]], converted: list[float], lost: list[float], entered: list[float]) -> Chain:
    return Chain(np.array(entered), np.array(moved), np.array(converted), np.array(lost), np.arange(len(entered)))


@pytest.mark.parametrize(
    ("moved", "converted", "lost", "entered", "effects"),
    [
        # 0 leads into 1 and 2, which lead only to each other: the dense matrix is singular.
        ([[0, 5, 0], [0, 0, 1], [0, 1, 0]], [5, 0, 0], [0, 0, 0], [10, 0, 0], [1, 0, 0]),
        # 1 only ever stays where it is.
        ([[0, 5], [0, 7]], [5, 0], [0, 0], [10, 0], [1, 0]),
        # 1 stays so often that its way out drowns in rounding.
        ([[0, 5], [0, 1e17]], [5, 5], [0, 0], [10, 0], [1, 0.5]),
        # 1 converts but nobody gets there.
        ([[0, 0], [3, 0]], [5, 9], [5, 0], [10, 0], [1, 0]),
        # 1 has no way out at all, not even giving up.
        ([[0, 5], [0, 0]], [5, 0], [0, 0], [10, 0], [1, 0]),
        # nobody converts; nobody begins.
        ([[0, 5], [5, 0]], [0, 0], [1, 0], [10, 0], [0, 0]),
        ([[0, 5], [5, 0]], [1, 0], [1, 0], [0, 0], [0, 0]),
    ],
)  # fmt: skip
def test_dead_ends_and_loops_are_lost(
    moved: list[list[float]], converted: list[float], lost: list[float], entered: list[float], effects: list[float]
) -> None:
    assert removal(_chain(moved, converted, lost, entered), len(entered)).effects == effects


def test_fifty_channels_of_every_size() -> None:
    draws = rng(3, "test.markov")
    names = [f"c{number}" for number in range(50)]
    walked = [
        (draws.choices(names, k=draws.randint(1, 9)), draws.choice((0, 1, 10**9)), draws.choice((0, 1, 10**6))) for _ in range(300)
    ]
    journeys = journeys_of(walked)
    found = removal(chain_of(journeys, 1), 50)
    rate = converting_without(walked, 1, "nobody")
    slow = [1 - converting_without(walked, 1, name) / rate for name in journeys.names]
    assert found.effects == pytest.approx(slow, abs=1e-9)
    assert found.error < 1e-9


def test_walks_that_are_too_large_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markov, "MOST_STATES", 3)
    journeys = journeys_of([(["A", "B", "A", "C"], 1, 1)])
    assert removal(chain_of(journeys, 1), 3).conversion_rate == pytest.approx(0.5)
    with pytest.raises(BadInput, match="order 2 of these journeys has 4 states; up to 3 are inverted") as refusal:
        chain_of(journeys, 2)
    assert refusal.value.field == "order"
    assert removal_of(journeys, 2).conversion_rate == pytest.approx(0.5)


@pytest.mark.parametrize("order", [0, 4])
def test_other_orders_are_refused(order: int) -> None:
    with pytest.raises(BadInput, match="1, 2 or 3"):
        removal_shares(journeys_of([(["A"], 1, 0)]), order)
