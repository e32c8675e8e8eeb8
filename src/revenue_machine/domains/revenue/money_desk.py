"""Answers what the money of a range of dates was: periods, sources, cohorts, movement of monthly money, churn and worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.revenue import reads
from revenue_machine.domains.revenue.answers import (
    Cohort,
    CohortPeriod,
    CohortsReport,
    DashboardReport,
    DayRevenue,
    MoneyPeriod,
    MrrMovement,
    PeriodArgs,
    RateFigure,
    SourceMoney,
)
from revenue_machine.domains.revenue.cohorts import BuyerFold, CohortFold, Periods, Tally, fold_buyers, fold_cohorts, period_of
from revenue_machine.domains.revenue.models import PAYING, SubscriptionState
from revenue_machine.domains.revenue.movement import Movement, Standing, compare, monthly_micro_usd, state_at
from revenue_machine.engine.database import Database
from revenue_machine.kit.clock import Clock, day_bounds, local_date
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.intervals import wilson
from revenue_machine.kit.money import dollars
from revenue_machine.kit.settings import Settings

ENOUGH = 30
MONTH = timedelta(days=30)
COST_KINDS = ("ai", "publishing", "ads", "connects")
# A trial has had its chance when its longest offer's trial and three more days are over.
TRIAL_SLACK = timedelta(days=3)
_PARTS = ("sales", "refunds", "deductions", "costs")


@dataclass
class Sums:
    """Micro-dollars of a period; costs are positive."""

    sales: int = 0
    refunds: int = 0
    deductions: int = 0
    costs: int = 0

    def add(self, kind: str, amount_micro_usd: int) -> None:
        """One sum of the ledger; kinds that are neither income nor cost stay out."""
        if kind == "revenue":
            self.sales += amount_micro_usd
        elif kind == "refund":
            self.refunds += amount_micro_usd
        elif kind in reads.DEDUCTION_KINDS:
            self.deductions += amount_micro_usd
        elif kind in COST_KINDS:
            self.costs -= amount_micro_usd

    @property
    def net(self) -> int:
        return self.sales + self.refunds + self.deductions


@dataclass(frozen=True)
class MoneyDesk:
    """Reads only; every number can be derived again from ledger, payments and facts."""

    database: Database
    business: Business
    settings: Settings
    clock: Clock

    def cohorts(self, args: PeriodArgs) -> CohortsReport:
        """Customers by the period of their first purchase. `from` and `to` choose the cohorts."""
        end = self._end(args)
        with self.database.reading() as connection:
            fold = fold_cohorts(
                reads.sales(connection, day_bounds(end, self.settings.zone)[1]), Periods(args.by, self.settings.zone)
            )
        first = None if args.from_ is None else period_of(args.from_, args.by)
        names = sorted(name for name in fold.cohorts if first is None or name >= first)
        return CohortsReport(
            by=args.by, customers=sum(fold.cohorts[name].customers for name in names),
            orders=sum(fold.cohorts[name].orders for name in names),
            revenue_usd=dollars(sum(fold.cohorts[name].micro_usd for name in names)),
            unnamed_orders=fold.unnamed_orders, cohorts=[_cohort(name, fold) for name in names],
        )  # fmt: skip

    def dashboard(self, args: PeriodArgs) -> DashboardReport:
        """Everything about a range of dates. Raises: bad_input when it ends before it begins."""
        end = self._end(args)
        with self.database.reading() as connection:
            booked = reads.ledger_sums(connection, args.from_, end)
            until = day_bounds(end, self.settings.zone)[1]
            buyers = fold_buyers(reads.sales(connection, until), Periods(args.by, self.settings.zone), args.from_, end)
            total = _sums(booked)
            moved = self.movement(connection, self._start_of(args, end), min(until, self.clock.now()))
            seen = reads.newest_snapshot(connection, "revcat")
            stripe = reads.newest_snapshot(connection, "stripe")
            parked = len(reads.parked_payments(connection))
            churn, trials = rate_figure(moved.payers_churned, moved.payers_start), self._trials(connection, until)
        arpu = moved.end // moved.payers_end if moved.payers_end else None
        low, high = lifetime_value(arpu, churn, (end - self._first_day(args, end)).days + 1, total)
        mrr = summed([one.metrics.get("mrr_micro_usd") for one in (seen, stripe) if one is not None])
        said = (
            None if seen is None else seen.metrics.get("active_subscriptions"),
            None if stripe is None else stripe.metrics.get("own_paying"),
        )
        people = [int(one) for one in said if one is not None]
        return DashboardReport(
            first_date=args.from_, last_date=end, by=args.by, mrr=_usd(mrr), arr=_usd(None if mrr is None else mrr * 12),
            subscriber_count=sum(people) if people else None,
            conversion_rate=trials.rate, as_of=None if seen is None else seen.as_of, is_stale=seen is None or seen.is_stale,
            total=_period("all", total, sum_of(buyers.periods), len_of(buyers)),
            romi=romi(total.sales + total.refunds, total.costs),
            periods=_periods(args, booked, buyers), sources=_sources(args, booked, buyers, by_period=False),
            sources_by_period=_sources(args, booked, buyers, by_period=True), movement=movement_report(moved), churn=churn,
            trial_to_paid=trials, refund_rate=-total.refunds / total.sales if total.sales > 0 else None, arpu_usd=_usd(arpu),
            ltv_low_usd=_usd(low), ltv_high_usd=_usd(high), parked_payments=parked,
        )  # fmt: skip

    def day(self, day: date | None) -> DayRevenue:
        """The money of one local date, today when not said."""
        which = day or local_date(self.clock.now(), self.settings.zone)
        start, end = day_bounds(which, self.settings.zone)
        with self.database.reading() as connection:
            money = reads.money_between(connection, which, which)
            orders = reads.sales_count(connection, start, end)
        return DayRevenue(
            day=which, sales_usd=dollars(money.gross_micro_usd), refunds_usd=dollars(money.refunds_micro_usd),
            deductions_usd=dollars(money.deductions_micro_usd), net_usd=dollars(money.net_micro_usd), orders=orders,
        )  # fmt: skip

    def movement(self, connection: sa.Connection, start: datetime, end: datetime) -> Movement:
        """How monthly money of production subscriptions that are revenue came from one instant to another, by what was told."""
        before: list[Standing] = []
        after: list[Standing] = []
        had_paid: set[str] = set()
        moves = {name: reads.moves_at(connection, name) for name in ("revenuecat", "stripe", "superwall")}
        for row in reads.living_subscriptions(connection):
            if row["newest_event_at"] <= start:  # nothing happened since: the row says how it stood all along
                person = row["user_id"] or row["id"]
                had_paid.add(person)
                if row["status"] in PAYING:
                    standing = Standing(person, monthly_micro_usd(self.business, row["product"], row["price_micro_usd"]))
                    before.append(standing)
                    after.append(standing)
                continue
            facts = reads.facts_of(connection, row["id"])
            for at, held in ((start, before), (end, after)):
                state = state_at(facts, moves[row["provider"]], at)
                if state is not None and state.is_paying:
                    held.append(self._standing(row["product"], state, row["id"]))
            if row["paid_at"] <= start:
                had_paid.add(row["user_id"] or row["id"])
        return compare(before, after, had_paid)

    def _standing(self, product: str | None, state: SubscriptionState, name: str) -> Standing:
        return Standing(state.user_id or name, monthly_micro_usd(self.business, product, state.price_micro_usd))

    def _trials(self, connection: sa.Connection, until: datetime) -> RateFigure:
        """Of the trials old enough to be over, begun within thirty days: the share that paid."""
        longest = max((offer.trial_days for product in self.business.products for offer in product.offers), default=0)
        end = min(until, self.clock.now()) - timedelta(days=longest) - TRIAL_SLACK
        begun, paid = reads.trial_cohort(connection, end - MONTH, end)
        return rate_figure(paid, begun)

    def _end(self, args: PeriodArgs) -> date:
        end = args.to or local_date(self.clock.now(), self.settings.zone)
        if args.from_ is not None and args.from_ > end:
            raise BadInput("the range ends before it begins", field="to")
        return end

    def _first_day(self, args: PeriodArgs, end: date) -> date:
        return args.from_ or end - MONTH + timedelta(days=1)

    def _start_of(self, args: PeriodArgs, end: date) -> datetime:
        """Movement and churn of a range without a first date are those of its last thirty days."""
        return day_bounds(self._first_day(args, end), self.settings.zone)[0]


def rate_figure(part: int, whole: int) -> RateFigure:
    """A share with its 90 % interval."""
    held = wilson(part, whole)
    low, high = held or (None, None)
    return RateFigure(
        part=part, whole=whole, rate=part / whole if whole else None, low=low, high=high, is_early=whole < ENOUGH
    )  # fmt: skip


def lifetime_value(arpu: int | None, churn: RateFigure, days: int, total: Sums) -> tuple[int | None, int | None]:
    """What a payer brings before leaving, from low to high: net monthly money over monthly churn; None where it is too early.

    Churn of the range is brought to thirty days; the high end needs a lower bound of churn above nothing.
    """
    if arpu is None or churn.is_early or churn.low is None or churn.high is None or total.sales <= 0:
        return None, None
    kept = Decimal(max(total.net, 0)) / total.sales

    def worth(rate: float) -> int | None:
        monthly = 1 - (1 - rate) ** (30 / days) if rate < 1 else 1.0
        return int(Decimal(arpu or 0) * kept / Decimal(str(monthly))) if monthly > 0 else None

    return worth(churn.high), worth(churn.low)


def summed(parts: Sequence[int | None]) -> int | None:
    """The sum; None of nothing, and when a part is unknown."""
    known = [one for one in parts if one is not None]
    return sum(known) if known and len(known) == len(parts) else None


def romi(income: int, costs: int) -> float | None:
    """What a dollar of cost brought back above itself; None without cost."""
    return None if costs <= 0 else (income - costs) / costs


def sum_of(tallies: dict[str, Tally]) -> Tally:
    """Orders and money of all periods; customers of several periods count in each."""
    return Tally(sum(one.orders for one in tallies.values()), sum(one.micro_usd for one in tallies.values()), 0)


def len_of(buyers: BuyerFold) -> tuple[int, int]:
    """(different customers, new ones) of the whole range."""
    return buyers.customers, sum(buyers.new_customers.values())


def movement_report(moved: Movement) -> MrrMovement:
    """The same in dollars."""
    held = asdict(moved)
    said: dict[str, Any] = {f"{name}_usd": dollars(held[name]) for name in _MOVED}
    people = {name: value for name, value in held.items() if name.startswith("payers_")}
    return MrrMovement(**said, **people, unpriced=moved.unpriced)


_MOVED = ("start", "new", "reactivated", "expansion", "contraction", "churned", "end")


def _usd(micro_usd: int | None) -> Decimal | None:
    return None if micro_usd is None else dollars(micro_usd)


def _sums(booked: list[tuple[date, str, str, int]]) -> Sums:
    total = Sums()
    for _day, kind, _service, amount in booked:
        total.add(kind, amount)
    return total


def _period(name: str, sums: Sums, bought: Tally, customers: tuple[int, int]) -> MoneyPeriod:
    money = {f"{part}_usd": dollars(getattr(sums, part)) for part in _PARTS}
    return MoneyPeriod(
        period=name, **money, net_usd=dollars(sums.net), profit_usd=dollars(sums.net - sums.costs), orders=bought.orders,
        customers=customers[0], new_customers=customers[1],
    )  # fmt: skip


def _periods(args: PeriodArgs, booked: list[tuple[date, str, str, int]], buyers: BuyerFold) -> list[MoneyPeriod]:
    """One row per period in which anything happened, oldest first."""
    sums: dict[str, Sums] = {}
    for day, kind, _service, amount in booked:
        sums.setdefault(period_of(day, args.by), Sums()).add(kind, amount)
    names = sorted(sums.keys() | buyers.periods.keys())
    none = Tally()
    bought = {name: buyers.periods.get(name, none) for name in names}
    return [
        _period(name, sums.get(name, Sums()), bought[name], (bought[name].customers, buyers.new_customers.get(name, 0)))
        for name in names
    ]


def _sources(
    args: PeriodArgs, booked: list[tuple[date, str, str, int]], buyers: BuyerFold, *, by_period: bool
) -> list[SourceMoney]:
    """Costs of every source, and its sales where a file told them apart."""
    costs: dict[tuple[str, str], int] = {}
    for day, kind, service, amount in booked:
        if kind in COST_KINDS:
            place = (service, period_of(day, args.by) if by_period else "")
            costs[place] = costs.get(place, 0) - amount
    sold: dict[tuple[str, str], Tally] = {}
    for (source, period), tally in buyers.sources.items():
        held = sold.setdefault((source, period if by_period else ""), Tally())
        held.orders, held.micro_usd = held.orders + tally.orders, held.micro_usd + tally.micro_usd
    return [
        SourceMoney(
            source=place[0], period=place[1] or None, costs_usd=dollars(costs.get(place, 0)),
            sales_usd=dollars(sold[place].micro_usd if place in sold else 0), orders=sold[place].orders if place in sold else 0,
            romi=romi(sold[place].micro_usd, costs.get(place, 0)) if place in sold else None,
        )
        for place in sorted(costs.keys() | sold.keys())
    ]  # fmt: skip


def _cohort(name: str, fold: CohortFold) -> Cohort:
    whole = fold.cohorts[name]
    rows = [(period, tally) for (cohort, period), tally in sorted(fold.periods.items()) if cohort == name]
    return Cohort(
        cohort=name, customers=whole.customers, orders=whole.orders, revenue_usd=dollars(whole.micro_usd),
        periods=[
            CohortPeriod(period=period, customers=one.customers, orders=one.orders, revenue_usd=dollars(one.micro_usd))
            for period, one in rows
        ],
    )  # fmt: skip
