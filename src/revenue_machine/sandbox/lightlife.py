"""The market without vendors, webhooks and product: the same people, posts and draws as `world.py`, lived in a blink.

Only visits that end in something need a person; everything before is counted post by post (superposition).
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from heapq import heappop, heappush
from typing import NamedTuple

from revenue_machine.kit.clock import iso
from revenue_machine.sandbox import fates, history, journeys, variants
from revenue_machine.sandbox.behaviours import direct
from revenue_machine.sandbox.people import People, make_people
from revenue_machine.sandbox.postbook import reach_left
from revenue_machine.sandbox.postlife import PostLife, live
from revenue_machine.sandbox.rates import WorldRates
from revenue_machine.sandbox.strategy import LightPost
from revenue_machine.sandbox.truth import Deed

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


class Landing(NamedTuple):
    """One person on one page; `channel` is the truth, `link_post` the post whose link they used, if any."""

    at: datetime
    key: str
    person: int
    offer: str
    channel: str
    cause_post: str | None
    link_post: str | None
    network: str | None


class Event(NamedTuple):
    """One step of a customer."""

    at: datetime
    kind: str
    amount_micro_usd: int


class Customer(NamedTuple):
    """Somebody who signed up: the visit that made up their mind, and what followed up to the end of the run."""

    visitor: str
    landing: Landing
    events: tuple[Event, ...]


@dataclass
class Run:
    """What happened in one telling of the market."""

    start: datetime
    end: datetime
    landings: list[Landing] = field(default_factory=list)
    customers: list[Customer] = field(default_factory=list)

    def count(self, kind: str) -> int:
        """Events of a kind by customers who came since the start."""
        return sum(event.kind == kind for one in self.customers for event in one.events if one.landing.channel != "before")


class LightMarket:
    """One seed and one set of rates; posts live once, people as often as a question about them is asked."""

    def __init__(self, seed: int, rates: WorldRates, posts: Sequence[LightPost], start: datetime, end: datetime) -> None:
        self.seed, self.rates, self.start, self.end = seed, rates, start, end
        self.posts = [post for post in posts if not post.is_withheld]
        self._fates: dict[tuple[str, datetime], tuple[Event, ...]] = {}
        self._draws: dict[str, tuple[float, float]] = {}
        self._directs: dict[datetime, list[journeys.Visit]] = {}

    @cached_property
    def people(self) -> People:
        """Everybody, made anew from the seed."""
        return make_people(self.seed, self.rates)

    @cached_property
    def lives(self) -> dict[str, PostLife]:
        """The life of every post by its id; fatigue and repeated words as in the post book."""
        crowds: defaultdict[str, deque[datetime]] = defaultdict(deque)
        words: set[tuple[str, str]] = set()
        found = {}
        for post in self.posts:
            reading = post.reading
            crowd = crowds[f"{reading.platform}/{reading.niche}"]
            while crowd and crowd[0] <= post.at - _DAY:
                crowd.popleft()
            said = (reading.platform, reading.words_hash)
            tired = reach_left(self.rates.fatigue, len(crowd), is_repeated=said in words)
            crowd.append(post.at)
            words.add(said)
            document = {"published_at": iso(post.at), "id": post.post_id, "url": ""}
            found[post.post_id] = live(self.rates, self.people, document, reading, seed=self.seed, tired=tired)
        return found

    @cached_property
    def _by_posts(self) -> dict[datetime, tuple[list[Landing], list[Landing]]]:
        """Per hour: taps in the order they come, then look-ups."""
        hours: defaultdict[datetime, tuple[list[Landing], list[Landing]]] = defaultdict(lambda: ([], []))
        for post in self.posts:
            life = self.lives[post.post_id]
            looked_up_offer = journeys.offer_at(self, " ".join(post.reading.links), post.post_id)
            tapped_offer = journeys.offer_at(self, post.landing_url, post.post_id)
            for landing in _taps(post, life, tapped_offer):
                hours[direct.hour_of(landing.at)][0].append(landing)
            for landing in _lookups(post, life, looked_up_offer):
                hours[direct.hour_of(landing.at)][1].append(landing)
        for taps, lookups in hours.values():
            taps.sort(key=lambda one: (one.at, one.key))
            lookups.sort(key=lambda one: (one.at, one.key))
        return hours

    def live(self, without: Collection[str] = ()) -> Run:
        """Tell the market's life once, as if nothing had gone out on the networks in `without`."""
        return _Telling(self, frozenset(without)).run()

    def landings_by_posts(self, hour: datetime) -> tuple[list[Landing], list[Landing]]:
        """(taps, look-ups) of one hour."""
        return self._by_posts.get(hour, ([], []))

    def directs(self, hour: datetime) -> list[journeys.Visit]:
        """Who comes by themselves in one hour, friends aside."""
        if hour not in self._directs:
            mean = direct.direct_mean(self.rates.traffic, hour)
            self._directs[hour] = direct.visits_of_hour(self, hour, "direct", mean)
        return self._directs[hour]

    def signup_draw(self, key: str) -> tuple[float, float]:
        """Drawn once per occasion, whoever asks."""
        if key not in self._draws:
            self._draws[key] = fates.signup_draw(self.seed, self.rates, key)
        return self._draws[key]

    def fate(self, visitor: str, landing: Landing, signed_up_at: datetime) -> tuple[Event, ...]:
        """Every step of a customer from the signup to the end of the run."""
        known = (visitor, signed_up_at)
        if known not in self._fates:
            self._fates[known] = tuple(_steps(self, visitor, landing, signed_up_at))
        return self._fates[known]


class _Telling:
    """One pass through the hours."""

    def __init__(self, market: LightMarket, without: frozenset[str]) -> None:
        self._market, self._without = market, without
        self._run = Run(market.start, market.end)
        self._known: set[tuple[str, int]] = set()
        self._earlier: defaultdict[tuple[str, int], int] = defaultdict(int)
        self._changes: list[tuple[datetime, int]] = []
        self._payers = 0
        self._remembers = market.rates.funnel.earlier_visits > 0
        self._before: list[Landing] = []

    def run(self) -> Run:
        """History first, then hour by hour."""
        market = self._market
        for past in history.past_customers(market.seed, market.rates, market.start):
            self._past(past)
        hour = direct.hour_of(market.start)
        while hour < market.end:
            for landing in self._of_hour(hour):
                if market.start <= landing.at < market.end:
                    self._land(landing)
            hour += _HOUR
        return self._run

    def _of_hour(self, hour: datetime) -> Iterator[Landing]:
        """In the order the world lives them: taps, look-ups, then those who come by themselves."""
        market = self._market
        taps, lookups = market.landings_by_posts(hour)
        if self._without:
            taps = [one for one in taps if one.network not in self._without]
            lookups = [one for one in lookups if one.network not in self._without]
        yield from taps
        yield from lookups
        traffic = market.rates.traffic
        for visit in market.directs(hour):
            tap = direct.tapped(market.seed, traffic, visit, self._before)
            if tap is None:
                yield _by_self(visit)
            else:
                yield Landing(visit.at, visit.key, visit.person, tap.offer, visit.channel, None, tap.link_post, tap.network)
        mean = direct.friends_mean(traffic, self._count_payers(hour))
        yield from map(_by_self, direct.visits_of_hour(market, hour, "friends", mean))
        self._before = taps

    def _count_payers(self, hour: datetime) -> int:
        """Payers before an hour; asked in the order of the hours."""
        while self._changes and self._changes[0][0] < hour:
            self._payers += heappop(self._changes)[1]
        return self._payers

    def _land(self, landing: Landing) -> None:
        market = self._market
        self._run.landings.append(landing)
        who = (landing.offer, landing.person)
        if who in self._known:
            return
        earlier = 0
        if self._remembers:
            earlier = self._earlier[who]
            self._earlier[who] = earlier + 1
        draw, minutes = market.signup_draw(landing.key)
        if draw >= fates.signup_chance(market.rates, market.rates.offers[landing.offer], earlier):
            return
        self._known.add(who)
        at = (landing.at + timedelta(minutes=minutes)).replace(microsecond=0)
        visitor = journeys.visitor_id(market.seed, landing.offer, landing.person)
        self._keep(Customer(visitor, landing, market.fate(visitor, landing, at)))

    def _past(self, past: history.Past) -> None:
        market = self._market
        person, offer = history.person_of(market, past)
        if (offer, person) in self._known:
            return
        self._known.add((offer, person))
        visitor = journeys.visitor_id(market.seed, offer, person)
        landing = Landing(past.at, past.key, person, offer, "before", None, None, None)
        first = fates.Plan("paid" if past.is_paying else "trial", past.at)
        self._keep(Customer(visitor, landing, tuple(_follow(market, visitor, landing, first))))

    def _keep(self, customer: Customer) -> None:
        self._run.customers.append(customer)
        for event in customer.events:
            if event.amount_micro_usd > 0 and event.kind in ("purchase", "cancellation"):
                heappush(self._changes, (event.at, 1 if event.kind == "purchase" else -1))


def _taps(post: LightPost, life: PostLife, offer: str) -> Iterator[Landing]:
    network = post.reading.platform
    for number, (after_s, person) in enumerate(zip(life.clicks.after_s.tolist(), life.clicks.people.tolist(), strict=True)):
        at = post.at + timedelta(seconds=int(after_s))
        yield Landing(at, f"{post.post_id}/{number}", person, offer, "post", post.post_id, post.post_id, network)


def _lookups(post: LightPost, life: PostLife, offer: str) -> Iterator[Landing]:
    network = post.reading.platform
    for number, (after_s, person) in enumerate(zip(life.lookups.after_s.tolist(), life.lookups.people.tolist(), strict=True)):
        at = post.at + timedelta(seconds=int(after_s))
        yield Landing(at, f"lookup/{post.post_id}/{number}", person, offer, "lookup", post.post_id, None, network)


def _by_self(visit: journeys.Visit) -> Landing:
    return Landing(visit.at, visit.key, visit.person, visit.offer, visit.channel, None, None, None)


def _steps(market: LightMarket, visitor: str, landing: Landing, at: datetime) -> Iterator[Event]:
    if at >= market.end:
        return
    yield Event(at, "signup", 0)
    draw, hours = fates.trial_draw(market.seed, market.rates, visitor)
    if draw < _trial_chance(market, landing.offer, visitor):
        yield from _follow(market, visitor, landing, fates.Plan("trial", fates.trial_time(at, hours)))


def _trial_chance(market: LightMarket, offer: str, visitor: str) -> float:
    """With the paywall's running test, as nobody ships anything here."""
    chance, paywall = market.rates.funnel.signup_to_trial, market.rates.paywalls.get(offer)
    if paywall is None:
        return chance
    return variants.capped(chance * paywall.factor(variants.paywall_of(market.seed, paywall, visitor, None)))


def _follow(market: LightMarket, visitor: str, landing: Landing, plan: fates.Plan) -> Iterator[Event]:
    """Plan after plan until the run ends or the person is gone."""
    offer, payments, first_paid_at = market.rates.offers[landing.offer], 0, plan.at
    while plan.at < market.end:
        if plan.step == "trial":
            yield Event(plan.at, "trial", 0)
            chance = journeys.pay_chance(market, landing.channel, landing.person)
            plan = fates.after_trial_start(market.seed, visitor, offer, chance, plan.at)
        elif plan.step == "paid":
            payments += 1
            first_paid_at = plan.at if payments == 1 else first_paid_at
            yield Event(plan.at, "purchase" if payments == 1 else "renewal", offer.price_micro_usd)
            plan = fates.after_payment(
                market.seed, market.rates, visitor, payments=payments, first_paid_at=first_paid_at, at=plan.at
            )
        elif plan.step == "refund":
            yield Event(plan.at, "refund", -offer.price_micro_usd)
            return
        else:
            yield Event(plan.at, "cancellation", offer.price_micro_usd if payments else 0)
            return


def deeds(market: LightMarket, run: Run) -> Iterator[Deed]:
    """The run as the truth table would tell it, customers of before included; in no order."""
    for one in run.landings:
        seen, name = journeys.sees_analytics(market, one.person), journeys.person_name(market.seed, one.person)
        yield Deed(one.at, "visit", name, one.cause_post, one.channel, one.offer, seen=seen)
        if one.link_post is not None:
            yield Deed(one.at, "click", name, one.link_post, one.channel)
    for customer in run.customers:
        one = customer.landing
        seen, name = journeys.sees_analytics(market, one.person), journeys.person_name(market.seed, one.person)
        for event in customer.events:
            yield Deed(event.at, event.kind, name, one.cause_post, one.channel, one.offer, event.amount_micro_usd, seen=seen)
