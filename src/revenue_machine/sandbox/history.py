"""What was there before the machine came: a few customers and open trials, without any post."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from revenue_machine.kit.rng import rng
from revenue_machine.sandbox import journeys
from revenue_machine.sandbox.behaviours import buying
from revenue_machine.sandbox.rates import WorldRates

if TYPE_CHECKING:
    from revenue_machine.sandbox.world import World


class Past(NamedTuple):
    """Somebody who came before the machine: paying for a while, or in a trial."""

    key: str
    at: datetime
    is_paying: bool


def past_customers(seed: int, rates: WorldRates, start: datetime) -> list[Past]:
    """The customers of the month before `start`: payers oldest first, then open trials."""
    past, draws = rates.history, rng(seed, "history")
    payers = past.subscribers + draws.randint(-past.subscribers_spread, past.subscribers_spread)
    ages_days = sorted((draws.uniform(7.5, 29.0) for _ in range(max(payers, 0))), reverse=True)
    trials_days = sorted((draws.uniform(0.2, 6.5) for _ in range(past.open_trials)), reverse=True)
    return [
        Past(f"{name}/{number}", start - timedelta(seconds=int(age * 86_400)), name == "payer")
        for name, ages in (("payer", ages_days), ("trial", trials_days))
        for number, age in enumerate(ages)
    ]


def person_of(place: journeys.Place, past: Past) -> tuple[int, str]:
    """(who it was, which offer)."""
    person = rng(place.seed, "history.person", past.key).randrange(place.rates.people)
    return person, journeys.offer_by_weight(place, f"history/{past.key}")


def write_history(world: World, start: datetime) -> None:
    """Live the sales of the month before `start`, and open the owner's apps and paywall tests (inside one transaction)."""
    for past in past_customers(world.seed, world.rates, start):
        _customer(world, past)
    buying.live_until(world, start)
    for key, paywall in world.rates.paywalls.items():
        world.market.open_test(world.rates.offers[key].product, {paywall.control: 50, paywall.challenger: 50})
    for key, listing in world.rates.listings.items():
        world.market.open_app(listing.bundle_id, key)


def _customer(world: World, past: Past) -> None:
    person, offer = person_of(world, past)
    at = past.at
    visitor = journeys.visitor_id(world.seed, offer, person)
    if not world.market.sells(world.rates.offers[offer]) or world.notes.get(journeys.CUSTOMER, visitor) is not None:
        return
    url = world.rates.offers[offer].landing_url
    customer = {
        "visitor": visitor, "person": person, "offer": offer, "post_id": None, "channel": "before", "came_by": {},
        "status": "signed_up", "arms": {},
    }  # fmt: skip
    world.notes.put(journeys.CUSTOMER, visitor, customer)
    if journeys.sees_analytics(world, person):
        world.market.capture("$pageview", visitor, journeys.page_properties(url, ""), at - timedelta(hours=2))
        world.market.capture("signup", visitor, {"offer": offer}, at - timedelta(hours=1))
    world.set_time(at)
    if past.is_paying:
        buying.buy_at_once(world, customer, at)
    else:
        buying.start_trial(world, customer, at)
