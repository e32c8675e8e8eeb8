"""The day's money, as the evening report shows it."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.revenue.reads import MoneyRow, money_between, newest_snapshot, parked_payments
from revenue_machine.engine.briefing import Day, section
from revenue_machine.kit.money import show

_TILLS = {"revcat": "RevenueCat", "stripe": "Stripe"}


@section("Money", 10)
def money(day: Day, connection: sa.Connection) -> list[str]:
    """What came in today and this month, and what the tills say of subscribers."""
    lines = [
        _line("today", money_between(connection, day.date, day.date)),
        _line("this month", money_between(connection, day.date.replace(day=1), day.date)),
    ]
    lines += [line for source, name in _TILLS.items() if (line := _till(connection, source, name))]
    parked = parked_payments(connection)
    if parked:
        lines.append(f"{len(parked)} payments wait for a rate, a price or a product")
    return lines


def _line(when: str, row: MoneyRow) -> str:
    return (
        f"{when} {show(row.net_micro_usd)} net = {show(row.gross_micro_usd)} sales"
        f", {show(row.refunds_micro_usd)} refunds, {show(row.deductions_micro_usd)} fees and commission"
    )


def _till(connection: sa.Connection, source: str, name: str) -> str | None:
    snapshot = newest_snapshot(connection, source)
    if snapshot is None:
        return None
    metrics = snapshot.metrics
    people = metrics.get("active_subscribers", metrics.get("active_subscriptions"))
    parts = [f"{people} paying"] if people is not None else []
    parts += [f"{metrics['active_trials']} in trial"] if metrics.get("active_trials") is not None else []
    parts += [f"{show(metrics['mrr_micro_usd'])} a month"] if metrics.get("mrr_micro_usd") is not None else []
    stale = f" (as of {snapshot.as_of.isoformat()[:16]}, the source is silent)" if snapshot.is_stale else ""
    return f"{name}: {', '.join(parts) or 'no numbers'}{stale}"
