"""Pure folds over sales: which period a date falls into, who came when, and what each cohort did after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from revenue_machine.domains.revenue.answers import By
from revenue_machine.domains.revenue.reads import Sale
from revenue_machine.kit.clock import local_date


def period_of(day: date, by: By) -> str:
    """`2026-11-22`, the Monday of its week, or `2026-11`."""
    if by == "month":
        return day.isoformat()[:7]
    return (day if by == "day" else day - timedelta(days=day.weekday())).isoformat()


class Periods:
    """The period of an instant on the owner's wall; an hour of the world has one local date."""

    def __init__(self, by: By, zone: ZoneInfo) -> None:
        self._by, self._zone = by, zone
        self._days: dict[datetime, date] = {}

    def day(self, at: datetime) -> date:
        """The local date; zones differ by whole quarters of an hour."""
        quarter = at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)
        if quarter not in self._days:
            self._days[quarter] = local_date(quarter, self._zone)
        return self._days[quarter]

    def of(self, at: datetime) -> str:
        """The name of its period."""
        return period_of(self.day(at), self._by)


@dataclass
class Tally:
    """Orders, money and how many different people."""

    orders: int = 0
    micro_usd: int = 0
    customers: int = 0

    def add(self, amount_micro_usd: int, *, is_new: bool) -> None:
        """One more order, of somebody new to this tally or not."""
        self.orders += 1
        self.micro_usd += amount_micro_usd
        self.customers += is_new


@dataclass
class CohortFold:
    """Every cohort with what it did period by period, in the order of the sales."""

    cohorts: dict[str, Tally] = field(default_factory=dict)
    periods: dict[tuple[str, str], Tally] = field(default_factory=dict)
    unnamed_orders: int = 0


def fold_cohorts(sales: Iterable[Sale], periods: Periods) -> CohortFold:
    """Sales ordered by time; a customer belongs to the period of the first one."""
    found = CohortFold()
    seen: dict[str, tuple[str, str]] = {}
    for sale in sales:
        if sale.user_id is None:
            found.unnamed_orders += 1
            continue
        period = periods.of(sale.at)
        known = seen.get(sale.user_id)
        cohort = period if known is None else known[0]
        found.cohorts.setdefault(cohort, Tally()).add(sale.amount_micro_usd, is_new=known is None)
        is_first_here = known is None or known[1] != period
        found.periods.setdefault((cohort, period), Tally()).add(sale.amount_micro_usd, is_new=is_first_here)
        seen[sale.user_id] = (cohort, period)
    return found


@dataclass
class BuyerFold:
    """Who bought per period: orders, different customers, new ones; and sales by source."""

    periods: dict[str, Tally] = field(default_factory=dict)
    new_customers: dict[str, int] = field(default_factory=dict)
    sources: dict[tuple[str, str], Tally] = field(default_factory=dict)
    customers: int = 0


def fold_buyers(sales: Iterable[Sale], periods: Periods, start: date | None, end: date) -> BuyerFold:
    """Sales ordered by time; those outside the dates only tell who is no longer new."""
    found = BuyerFold()
    seen: dict[str, str] = {}
    here: set[str] = set()
    for sale in sales:
        day = periods.day(sale.at)
        period = periods.of(sale.at)
        known = None if sale.user_id is None else seen.get(sale.user_id)
        if sale.user_id is not None:
            seen[sale.user_id] = period
        if (start is not None and day < start) or day > end:
            continue
        found.periods.setdefault(period, Tally()).add(sale.amount_micro_usd, is_new=sale.user_id is not None and known != period)
        if sale.user_id is not None and sale.user_id not in here:
            here.add(sale.user_id)
            found.customers += 1
        if known is None and sale.user_id is not None:
            found.new_customers[period] = found.new_customers.get(period, 0) + 1
        if sale.source is not None:
            found.sources.setdefault((sale.source, period), Tally()).add(sale.amount_micro_usd, is_new=False)
    return found
