"""Worlds come from one table of ranges: every draw inside, every world another, every row with its source."""

from __future__ import annotations

from revenue_machine.sandbox.priors import draw_world, priors
from revenue_machine.sandbox.rates import WorldRates

SEED_BANDS = {
    "funnel.impression_to_click": (0.02, 0.05),
    "funnel.click_to_signup": (0.10, 0.20),
    "funnel.signup_to_trial": (0.30, 0.50),
    "funnel.trial_to_paid": (0.10, 0.20),
}


def test_the_seeds_bands_stand_in_the_table() -> None:
    assert {one.field: (one.low, one.high) for one in priors() if one.field in SEED_BANDS} == SEED_BANDS


def test_every_row_says_whence() -> None:
    assert all(len(one.source) > 10 and one.low < one.high for one in priors())


def test_draws_stay_inside_their_range() -> None:
    usual = WorldRates().model_dump()
    for number in range(30):
        world = draw_world(number).model_dump()
        for one in priors():
            group, _, name = one.field.partition(".")
            for key in world[group] if one.each else (None,):
                drawn, base = (source[group][name] if key is None else source[group][key][name] for source in (world, usual))
                value = drawn / base if one.is_factor else drawn
                assert one.low - 1e-9 <= value <= one.high + 1e-9, one.field


def test_a_number_is_one_world() -> None:
    assert draw_world(5) == draw_world(5)
    assert len({draw_world(number).funnel.click_to_signup for number in range(20)}) == 20


def test_networks_differ_from_each_other() -> None:
    assert len({one.lookups for one in draw_world(5).platforms.values()}) == len(WorldRates().platforms)


def test_what_is_kept_stays_as_it_was() -> None:
    drawn = draw_world(5, keep=[one.field for one in priors() if one.field != "paywalls.effect"])
    assert drawn.paywalls == draw_world(5).paywalls != WorldRates().paywalls
    assert (drawn.funnel, drawn.fixes) == (WorldRates().funnel, WorldRates().fixes)
