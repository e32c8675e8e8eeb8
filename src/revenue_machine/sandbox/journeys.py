"""From a landing to a customer: what one visit leads to, whoever brought it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from revenue_machine.kit.ids import make_id
from revenue_machine.kit.rng import rng
from revenue_machine.sandbox import acquaintances, fates, variants
from revenue_machine.sandbox.agenda import Due
from revenue_machine.sandbox.truth import Deed, Exposure

if TYPE_CHECKING:
    from revenue_machine.sandbox.people import People
    from revenue_machine.sandbox.rates import WorldRates
    from revenue_machine.sandbox.world import World

CUSTOMER, EARLIER = "customer", "earlier_visits"


class Place(Protocol):
    """Where people live: the whole world, or the market without any product."""

    @property
    def seed(self) -> int: ...

    @property
    def rates(self) -> WorldRates: ...

    @property
    def people(self) -> People: ...


@dataclass(frozen=True)
class Visit:
    """One person on one landing page; `key` names the occasion, `channel` as in `truth.Deed`."""

    at: datetime
    person: int
    offer: str
    url: str
    referrer: str
    channel: str
    post_id: str | None
    key: str


@dataclass(frozen=True)
class Met:
    """Somebody stands before a step that changes are meant for."""

    at: datetime
    offer: str
    step: str
    person: int


def visitor_id(seed: int, offer: str, person: int) -> str:
    """The first-party id the offer's site gave this person's browser, and later their account."""
    return make_id("visitor", seed, offer, person)


def person_name(seed: int, person: int) -> str:
    """How the truth calls a person."""
    return make_id("person", seed, person)


def mail_address(visitor: str) -> str:
    """Where this customer gets mail."""
    return f"{visitor}@people.example"


def full_name(world: World, person: int) -> str:
    """What this person calls themselves at a signup."""
    draws = rng(world.seed, "name", person)
    return f"{draws.choice(acquaintances.FIRST)} {draws.choice(acquaintances.LAST)}"


def zone_of(world: World, person: int) -> str:
    """Where this person lives."""
    people = world.people
    return people.zones[int(people.zone_edges.searchsorted(person, side="right")) - 1]


def sees_analytics(world: Place, person: int) -> bool:
    """Whether this person's browser lets analytics through."""
    return not bool(world.people.blocks_analytics[person])


def land(world: World, visit: Visit) -> None:
    """Show the page, tell analytics, and perhaps make up the person's mind to sign up (inside `living`)."""
    visitor = visitor_id(world.seed, visit.offer, visit.person)
    seen, customer = sees_analytics(world, visit.person), world.notes.get(CUSTOMER, visitor)
    # Who has an account sees no page for newcomers: their browser keeps what it met before.
    arms = variants.arms_of(world.seed, world.deployed(visit.offer), "signup", visitor) if customer is None else arms_kept(customer)
    if seen:
        properties = {**page_properties(visit.url, visit.referrer), **variants.arm_properties(arms)}
        world.market.capture("$pageview", visitor, properties, visit.at)
    world.note(Deed(visit.at, "visit", person_name(world.seed, visit.person), visit.post_id, visit.channel, visit.offer, seen=seen))
    if customer is None:
        _consider(world, visit, visitor, arms)


def _consider(world: World, visit: Visit, visitor: str, arms: variants.Arms) -> None:
    """Whether this visit ends in a signup some minutes later."""
    draw, minutes = fates.signup_draw(world.seed, world.rates, visit.key)
    chance = fates.signup_chance(world.rates, world.rates.offers[visit.offer], _count_visit(world, visitor))
    if draw >= meet_changes(world, Met(visit.at, visit.offer, "signup", visit.person), chance, arms):
        return
    customer = {
        "visitor": visitor, "person": visit.person, "offer": visit.offer, "post_id": visit.post_id, "channel": visit.channel,
        "came_by": campaign(visit.url), "status": "visitor", "arms": arms,
    }  # fmt: skip
    world.notes.put(CUSTOMER, visitor, customer)
    world.plan(Due(_second(visit.at + timedelta(minutes=minutes)), "signup", visitor))


def arms_kept(customer: Mapping[str, Any]) -> variants.Arms:
    """Which changes a customer met so far, and on which side."""
    arms: variants.Arms = customer.get("arms", {})
    return arms


def meet_changes(world: World, met: Met, chance: float, arms: variants.Arms) -> float:
    """The chance of a step for somebody in these arms; every change meant for it is written down for the truth."""
    for flag, held in arms.items():
        if held["step"] == met.step:
            chances = variants.chances_by_arm(world.rates, met.offer, chance, arms, flag)
            world.expose(Exposure(met.at, met.offer, flag, person_name(world.seed, met.person), held["arm"], chances))
    return variants.capped(chance * variants.fixed(world.rates, met.offer, met.step, arms))


def _count_visit(world: World, visitor: str) -> int:
    """Earlier visits of this browser to this page, where memory plays a part in this world."""
    if world.rates.funnel.earlier_visits == 0:
        return 0
    earlier = int((world.notes.get(EARLIER, visitor) or {"count": 0})["count"])
    world.notes.put(EARLIER, visitor, {"count": earlier + 1})
    return earlier


def page_properties(url: str, referrer: str) -> dict[str, Any]:
    """What a page view tells analytics: the address, its campaign parameters and its click id."""
    parts = urlsplit(url)
    basics = {"$current_url": url, "$host": parts.netloc, "$pathname": parts.path or "/"}
    return {**basics, **({"$referrer": referrer} if referrer else {"$referrer": "$direct"}), **campaign(url)}


def campaign(url: str) -> dict[str, str]:
    """Every query parameter of a landing address; analytics keeps them for the visitor's later events."""
    return dict(parse_qsl(urlsplit(url).query))


def offer_at(world: Place, text: str, key: str) -> str:
    """The offer an address or a text is about; by weight and key when it names none."""
    lower = text.lower()
    for name, offer in world.rates.offers.items():
        if any(word in lower for word in offer.words):
            return name
    return offer_by_weight(world, key)


def offer_by_weight(world: Place, key: str) -> str:
    """An offer for a visit that nothing points anywhere."""
    names = list(world.rates.offers)
    return rng(world.seed, "offer", key).choices(names, [world.rates.offers[name].weight for name in names])[0]


def pay_chance(world: Place, channel: str, person: int) -> float:
    """How likely this person's trial becomes paid: people who mind prices pay less often."""
    usual = world.rates.history.trial_to_paid if channel == "before" else world.rates.funnel.trial_to_paid
    return usual * (1.5 - float(world.people.price_sensitivity[person]))


def _second(instant: datetime) -> datetime:
    return instant.replace(microsecond=0)
