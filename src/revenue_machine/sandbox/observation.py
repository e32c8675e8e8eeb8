"""What a product standing in the light market would see of it: its own posts, taps through its links, and what analytics shows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from revenue_machine.sandbox import journeys
from revenue_machine.sandbox.lightlife import Customer, Landing, LightMarket, Run
from revenue_machine.sandbox.strategy import LightPost

AGES = 8


@dataclass(frozen=True)
class Seen:
    """One network day by day, as its publisher and redirector know it; `sales` and money by last touch.

    `assisted`: sales with another last touch whose buyer had come through this network before;
    `replaceable`: sales to expect from the later visits of its buyers by other ways, had they not signed up yet.
    """

    planned: tuple[int, ...]
    sent: tuple[int, ...]
    visits: tuple[int, ...]
    visits_by_age: tuple[int, ...]
    sales: int
    revenue_micro_usd: int
    assisted: int
    replaceable: float


@dataclass(frozen=True)
class Observation:
    """All networks, the visits nobody's link brought, and the sales nobody's link explains.

    `payer_days`: days that customers won since the start have paid for.
    """

    networks: dict[str, Seen]
    untracked: tuple[int, ...]
    weekdays: tuple[int, ...]
    direct_sales: int
    unknown_sales: int
    payer_days: int


@dataclass(frozen=True)
class Path:
    """One person's marked visits to one page, oldest first; `amount_micro_usd` of the first payment, 0 without one."""

    channels: tuple[str, ...]
    times: tuple[datetime, ...]
    converted_at: datetime | None
    amount_micro_usd: int


def observe(market: LightMarket, run: Run, planned: Sequence[LightPost], days: int) -> Observation:
    """Count what is visible in the first `days` days; sales up to the end of the run."""
    networks = sorted({post.reading.platform for post in planned})
    plan, sent, visits = (_table(networks, days) for _ in range(3))
    ages = {network: [0] * AGES for network in networks}
    published = {post.post_id: _day(market, post.at) for post in market.posts}
    for post in planned:
        plan[post.reading.platform][_day(market, post.at)] += 1
        sent[post.reading.platform][_day(market, post.at)] += not post.is_withheld
    untracked = [0] * days
    for one in run.landings:
        day = _day(market, one.at)
        if day >= days:
            continue
        if one.network is not None and one.link_post is not None:
            visits[one.network][day] += 1
            ages[one.network][min(day - published[one.link_post], AGES - 1)] += 1
        elif journeys.sees_analytics(market, one.person):
            untracked[day] += 1
    tally = _Tally(market, run)
    seen = {
        name: Seen(tuple(plan[name]), tuple(sent[name]), tuple(visits[name]), tuple(ages[name]), tally.sales[name],
                   tally.money[name], tally.assisted[name], tally.replaceable[name])
        for name in networks
    }  # fmt: skip
    weekdays = tuple((market.start + timedelta(days=day)).weekday() for day in range(days))
    return Observation(seen, tuple(untracked), weekdays, tally.direct, tally.unknown, tally.payer_days)


def paths(market: LightMarket, run: Run) -> Iterator[Path]:
    """Every browser's way to one page, up to its first payment where there is one; customers of before and blockers leave none."""
    bought: dict[tuple[str, int], tuple[datetime, int]] = {}
    of_before: set[tuple[str, int]] = set()
    for customer in run.customers:
        who = (customer.landing.offer, customer.landing.person)
        bought[who] = _payment(customer) or (market.end, 0)
        if customer.landing.channel == "before":
            of_before.add(who)
    ways: dict[tuple[str, int], list[tuple[datetime, str]]] = {}
    for one in run.landings:
        who = (one.offer, one.person)
        if who not in of_before and journeys.sees_analytics(market, one.person) and one.at <= bought.get(who, (market.end, 0))[0]:
            channel = "direct" if one.link_post is None else str(one.network)
            ways.setdefault(who, []).append((one.at, channel))
    for who, touches in ways.items():
        at, amount = bought.get(who, (market.end, 0))
        touches.sort()
        names, times = tuple(channel for _, channel in touches), tuple(time for time, _ in touches)
        yield Path(names, times, at if amount else None, amount)


def _payment(customer: Customer) -> tuple[datetime, int] | None:
    return next(((event.at, event.amount_micro_usd) for event in customer.events if event.kind == "purchase"), None)


class _Tally:
    """Sales since the start by the network of the visit that ended in the signup; of people without one; of people nobody saw."""

    def __init__(self, market: LightMarket, run: Run) -> None:
        self.sales: Counter[str] = Counter()
        self.money: Counter[str] = Counter()
        self.assisted: Counter[str] = Counter()
        self.replaceable: defaultdict[str, float] = defaultdict(float)
        self.direct = self.unknown = self.payer_days = 0
        self._around, self._rate = _around(run), _signups_per_visit(market, run)
        for customer in run.customers:
            paid = _payment(customer)
            if paid is not None and customer.landing.channel != "before":
                self._take(market, customer, paid)

    def _take(self, market: LightMarket, customer: Customer, paid: tuple[datetime, int]) -> None:
        ends = next((event.at for event in customer.events if event.kind in ("cancellation", "refund")), market.end)
        self.payer_days += (ends - paid[0]).days
        landing = customer.landing
        if not journeys.sees_analytics(market, landing.person):
            self.unknown += 1
            return
        touch, around = _touch(landing), self._around.get(landing, _Around())
        self.assisted.update(name for name in around.before - {touch} if name is not None)
        if touch is None:
            self.direct += 1
        else:
            self.sales[touch] += 1
            self.money[touch] += paid[1]
            self.replaceable[touch] += 1 - (1 - self._rate) ** around.after


@dataclass
class _Around:
    """What else the browser of a customer did: networks used before the visit that counted, other ways taken after it."""

    before: set[str | None] = field(default_factory=set)
    after: int = 0


def _around(run: Run) -> dict[Landing, _Around]:
    wanted = {(one.landing.offer, one.landing.person): one.landing for one in run.customers}
    found: dict[Landing, _Around] = defaultdict(_Around)
    for one in run.landings:
        last = wanted.get((one.offer, one.person))
        if last is None or last.channel == "before":
            continue
        touch = _touch(one)
        if one.at < last.at and touch is not None:
            found[last].before.add(touch)
        elif one.at > last.at and touch != _touch(last):
            found[last].after += 1
    return found


def _signups_per_visit(market: LightMarket, run: Run) -> float:
    """Signups per visit of browsers that had not signed up yet, of those analytics sees."""
    signed_up = {(one.landing.offer, one.landing.person): one.landing.at for one in run.customers}
    seen = [one for one in run.landings if journeys.sees_analytics(market, one.person)]
    fresh = sum(one.at <= signed_up.get((one.offer, one.person), market.end) for one in seen)
    signups = sum(one.landing.channel != "before" and journeys.sees_analytics(market, one.landing.person) for one in run.customers)
    return signups / max(fresh, 1)


def _touch(landing: Landing) -> str | None:
    """The network whose link was used, if any."""
    return None if landing.link_post is None else landing.network


def _table(networks: Sequence[str], days: int) -> dict[str, list[int]]:
    return {network: [0] * days for network in networks}


def _day(market: LightMarket, at: datetime) -> int:
    return (at - market.start).days
