"""The page Money: monthly money and how it moved, the months, what each source cost, cohorts, and what waits."""

from __future__ import annotations

from decimal import Decimal

from revenue_machine.domains.revenue.answers import CohortsReport, DashboardReport, MoneyPeriod, MrrMovement, PeriodArgs, RateFigure
from revenue_machine.domains.revenue.money_desk import MoneyDesk
from revenue_machine.engine.page import Figure, Figures, Notice, Notices, Table, Tone, View, page
from revenue_machine.kit.money import micro, show

MONTHS, COHORTS = 12, 12


@page("/money", title="Money", order=25)
def money(desk: MoneyDesk) -> View:
    """The money as it stands."""
    found, cohorts = desk.dashboard(PeriodArgs()), desk.cohorts(PeriodArgs())
    return View(
        "Money", "Exact from the ledger; gross, what was taken off, and what stays. Shares with 90 % intervals.",
        (
            Notices("For you", _notices(found), "Nothing waits."),
            Figures(_figures(found)),
            Table("Monthly money, last 30 days", ("Part", "Money", "People"), _moved(found.movement),
                  numeric=("Money", "People")),
            Table("Months", ("Month", "Sales", "Refunds", "Fees", "Net", "Costs", "Profit", "Orders", "New customers"),
                  tuple(map(_month, found.periods[-MONTHS:])),
                  numeric=("Sales", "Refunds", "Fees", "Net", "Costs", "Profit", "Orders", "New customers")),
            Table("Costs by source", ("Source", "Costs", "Sales", "ROMI"),
                  tuple((one.source, _usd(one.costs_usd), _usd(one.sales_usd), _share(one.romi)) for one in found.sources),
                  numeric=("Costs", "Sales", "ROMI")),
            Table("Customers by their first month", ("Month", "Customers", "Orders", "Money", "Came back the month after"),
                  _cohorts(cohorts), numeric=("Customers", "Orders", "Money", "Came back the month after")),
        ),
    )  # fmt: skip


def _notices(found: DashboardReport) -> tuple[Notice, ...]:
    notices = []
    if found.parked_payments:
        notices.append(Notice(f"{found.parked_payments} payments wait for a rate, a price or a product"))
    if found.is_stale:
        notices.append(Notice("RevenueCat is silent: its numbers are old", Tone.WAITING))
    return tuple(notices)


def _figures(found: DashboardReport) -> tuple[Figure, ...]:
    ltv = "too early" if found.ltv_low_usd is None else f"{_usd(found.ltv_low_usd)} to {_usd(found.ltv_high_usd)}"
    return (
        Figure("Monthly money", _usd(found.mrr), f"{_usd(found.arr)} a year"),
        Figure("Paying", _count(found.subscriber_count), f"{_usd(found.arpu_usd)} each a month"),
        Figure("Churn, 30 days", _rate(found.churn), _interval(found.churn), Tone.QUIET if found.churn.is_early else Tone.PLAIN),
        Figure("Trials that paid", _rate(found.trial_to_paid), _interval(found.trial_to_paid),
               Tone.QUIET if found.trial_to_paid.is_early else Tone.PLAIN),
        Figure("A customer is worth", ltv, "net, over the life"),
        Figure("Refunds", _share(found.refund_rate), "of sales"),
    )  # fmt: skip


def _count(people: int | None) -> str:
    return "–" if people is None else str(people)


def _moved(found: MrrMovement) -> tuple[tuple[str, ...], ...]:
    return (
        ("at the start", _usd(found.start_usd), str(found.payers_start)),
        ("new", _usd(found.new_usd), str(found.payers_new)),
        ("came back", _usd(found.reactivated_usd), str(found.payers_reactivated)),
        ("pay more", _usd(found.expansion_usd), ""),
        ("pay less", _usd(found.contraction_usd), ""),
        ("left", _usd(found.churned_usd), str(found.payers_churned)),
        ("now", _usd(found.end_usd), str(found.payers_end)),
    )


def _month(one: MoneyPeriod) -> tuple[str, ...]:
    amounts = (one.sales_usd, one.refunds_usd, one.deductions_usd, one.net_usd, one.costs_usd, one.profit_usd)
    return one.period, *map(_usd, amounts), str(one.orders), str(one.new_customers)


def _cohorts(found: CohortsReport) -> tuple[tuple[str, ...], ...]:
    rows = []
    for one in found.cohorts[-COHORTS:]:
        after = next((period.customers for period in one.periods if period.period == _month_after(one.cohort)), 0)
        rows.append((one.cohort, str(one.customers), str(one.orders), _usd(one.revenue_usd), _share(after / one.customers)))
    return tuple(rows)


def _month_after(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12}-{number % 12 + 1:02d}"


def _usd(amount: Decimal | None) -> str:
    return show(None if amount is None else micro(amount))


def _share(part: float | None) -> str:
    return "–" if part is None else f"{100 * part:.1f} %"


def _rate(one: RateFigure) -> str:
    return _share(one.rate)


def _interval(one: RateFigure) -> str:
    if one.low is None or one.high is None:
        return "nobody yet"
    words = f"{one.part} of {one.whole}; 90 %: {100 * one.low:.1f}-{100 * one.high:.1f}"
    return f"too early: {words}" if one.is_early else words
