"""Puts the money of the ledger beside the people of a funnel: what each source brought after refunds, to the last micro-dollar."""

from __future__ import annotations

from collections.abc import Mapping

from revenue_machine.domains.analytics.analytics_desk import AnalyticsDesk
from revenue_machine.domains.analytics.models import NO_VALUE, BySourceArgs, BySourceReport, FunnelReport, FunnelRow, SourceRow
from revenue_machine.domains.attribution import reads as attribution_reads
from revenue_machine.domains.attribution.models import DIMENSIONS, NONE, UNKNOWN
from revenue_machine.engine.database import Database
from revenue_machine.kit.errors import BadInput

Money = Mapping[str, tuple[int, int, int]]
UNCREDITED = "not credited yet"


def by_source(args: BySourceArgs, desk: AnalyticsDesk, database: Database) -> BySourceReport:
    """The funnel of every source with its money; sources that only sold stand there too.

    Raises: bad_input without a breakdown.
    """
    if args.breakdown is None:
        raise BadInput("say by what the sources are told apart, such as utm_source", field="breakdown")
    funnel = desk.funnel(args)
    is_dimension = args.breakdown in DIMENSIONS
    with database.reading() as connection:
        span = (funnel.date_from, funnel.date_to)
        found = attribution_reads.money_between(connection, args.breakdown if is_dimension else "utm_source", *span)
        ledger = attribution_reads.income_between(connection, *span)
    money = _complete(_named(found), ledger)
    notes = list(funnel.notes)
    if not is_dimension:
        money = {NO_VALUE: _sum(money)} if money else {}
        notes.append(
            f"sales are not told apart by {args.breakdown}, only by {', '.join(DIMENSIONS)}: all money stands under '{NO_VALUE}'"
        )
    total = _sum(money)
    return BySourceReport(
        rows=_rows(funnel, money), breakdown=args.breakdown, attribution=args.attribution, revenue_micro_usd=total[0],
        refund_micro_usd=total[1], net_micro_usd=sum(total), ledger_micro_usd=ledger, coverage=funnel.coverage,
        biggest_drop_off=funnel.biggest_drop_off, window_days=funnel.window_days, date_from=funnel.date_from,
        date_to=funnel.date_to, source=funnel.source, excluded=funnel.excluded, notes=notes,
    )  # fmt: skip


def _named(found: Money) -> dict[str, tuple[int, int, int]]:
    """Money by the words a funnel uses: what attribution does not know has no value."""
    named: dict[str, tuple[int, int, int]] = {}
    for value, parts in found.items():
        name = NO_VALUE if value in (UNKNOWN, NONE, "None", "") else value
        named[name] = _added(named.get(name, (0, 0, 0)), parts)
    return {name: parts for name, parts in named.items() if any(parts)}


def _complete(money: dict[str, tuple[int, int, int]], ledger: int) -> dict[str, tuple[int, int, int]]:
    """What the ledger holds and no credit speaks of yet is a row of its own, so that the sum is the ledger's."""
    missing = ledger - sum(revenue + refund for revenue, refund, _ in money.values())
    if missing:
        money[UNCREDITED] = (max(0, missing), min(0, missing), 0)
    return money


def _rows(funnel: FunnelReport, money: Money) -> list[SourceRow]:
    steps: dict[str, list[FunnelRow]] = {}
    for row in funnel.rows:
        steps.setdefault(row.breakdown or NO_VALUE, []).append(row)
    by_fold = {name.casefold(): name for name in steps}
    paid = {by_fold.get(name.casefold(), name): parts for name, parts in money.items()}
    rows = []
    for name in {**steps, **paid}:
        mine, parts = steps.get(name, []), paid.get(name, (0, 0, 0))
        people = mine[0].people if mine else 0
        rows.append(
            SourceRow(
                value=name, steps=mine, revenue_micro_usd=parts[0], refund_micro_usd=parts[1], net_micro_usd=sum(parts),
                net_per_person_micro_usd=sum(parts) // people if people else None, is_tracked=bool(mine),
            )
        )  # fmt: skip
    return sorted(rows, key=lambda one: (-one.net_micro_usd, -(one.steps[0].people if one.steps else 0), one.value))


def _sum(money: Money) -> tuple[int, int, int]:
    total = (0, 0, 0)
    for parts in money.values():
        total = _added(total, parts)
    return total


def _added(one: tuple[int, int, int], other: tuple[int, int, int]) -> tuple[int, int, int]:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]
