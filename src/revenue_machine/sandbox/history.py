"""What was there before the machine came: a few customers and open trials, without any post."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from revenue_machine.kit.rng import rng
from revenue_machine.sandbox import journeys
from revenue_machine.sandbox.behaviours import buying

if TYPE_CHECKING:
    from revenue_machine.sandbox.world import World


def write_history(world: World, start: datetime) -> None:
    """Live the sales of the month before `start`, oldest first (inside one transaction)."""
    past = world.rates.history
    draws = rng(world.seed, "history")
    payers = past.subscribers + draws.randint(-past.subscribers_spread, past.subscribers_spread)
    ages_days = sorted((draws.uniform(7.5, 29.0) for _ in range(max(payers, 0))), reverse=True)
    trials_days = sorted((draws.uniform(0.2, 6.5) for _ in range(past.open_trials)), reverse=True)
    for number, age in enumerate(ages_days):
        _customer(world, f"payer/{number}", start - timedelta(seconds=int(age * 86_400)), is_paying=True)
    for number, age in enumerate(trials_days):
        _customer(world, f"trial/{number}", start - timedelta(seconds=int(age * 86_400)), is_paying=False)
    buying.live_until(world, start)


def _customer(world: World, key: str, at: datetime, *, is_paying: bool) -> None:
    person = rng(world.seed, "history.person", key).randrange(world.rates.people)
    offer = journeys.offer_by_weight(world, f"history/{key}")
    visitor = journeys.visitor_id(world.seed, offer, person)
    if not world.market.sells(world.rates.offers[offer]) or world.notes.get(journeys.CUSTOMER, visitor) is not None:
        return
    url = world.rates.offers[offer].landing_url
    customer = {
        "visitor": visitor, "person": person, "offer": offer, "post_id": None, "channel": "before", "came_by": {},
        "status": "signed_up",
    }  # fmt: skip
    world.notes.put(journeys.CUSTOMER, visitor, customer)
    if journeys.sees_analytics(world, person):
        world.market.capture("$pageview", visitor, journeys.page_properties(url, ""), at - timedelta(hours=2))
        world.market.capture("signup", visitor, {"offer": offer}, at - timedelta(hours=1))
    world.set_time(at)
    if is_paying:
        buying.buy_at_once(world, customer, at)
    else:
        buying.start_trial(world, customer, at)
