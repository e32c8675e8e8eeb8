"""A draw depends on its seed, purpose and key, and on no other draw."""

from __future__ import annotations

from revenue_machine.kit.rng import array_rng, rng, seed_of


def test_a_draw_is_the_same_everywhere() -> None:
    assert seed_of(7, "slots", "2026-11-22") == 1009809523141049703
    assert [rng(7, "slots", "a").randrange(1000) for _ in range(2)] == [rng(7, "slots", "a").randrange(1000)] * 2


def test_another_purpose_seed_or_key_is_another_draw() -> None:
    seeds = {seed_of(7, "a", "b"), seed_of(8, "a", "b"), seed_of(7, "ab"), seed_of(7, "a", "c"), seed_of(7, "a")}
    assert len(seeds) == 5


def test_other_draws_change_nothing() -> None:
    first = rng(7, "a").random()
    for _ in range(5):
        rng(7, "b").random()
    assert rng(7, "a").random() == first


def test_arrays_follow_the_same_rule() -> None:
    assert array_rng(7, "a").integers(0, 1000, 5).tolist() == array_rng(7, "a").integers(0, 1000, 5).tolist()
    assert array_rng(7, "a").integers(0, 1000, 5).tolist() != array_rng(7, "b").integers(0, 1000, 5).tolist()
