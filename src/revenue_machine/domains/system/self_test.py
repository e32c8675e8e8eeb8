"""The house's questions to itself: schema, durability, books, holds, doubts, schedule, secrets, clocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from revenue_machine.domains.credit import reads as credit
from revenue_machine.domains.owner.reads import business_mistake
from revenue_machine.domains.system import reads
from revenue_machine.domains.system.models import Finding, SelfTest
from revenue_machine.engine.audit import Audit
from revenue_machine.engine.database import Database
from revenue_machine.engine.doubts import Doubts
from revenue_machine.engine.ticker import Ticker
from revenue_machine.kit.clock import Clock, iso, local_date
from revenue_machine.kit.errors import Failure
from revenue_machine.kit.settings import Settings

# A check answers what is wrong, nothing when all is well.
Question = Callable[["House", sa.Connection], Sequence[str] | str | None]


@dataclass(frozen=True)
class House:
    """Everything the questions need."""

    settings: Settings
    clock: Clock
    database: Database
    audit: Audit
    doubts: Doubts
    ticker: Ticker


def examine(house: House) -> SelfTest:
    """Ask every question; one that fails to be answered is a finding, not a crash."""
    findings = tuple(_asked(house, name, question) for name, question in QUESTIONS.items())
    failed = sum(not one.ok for one in findings)
    return SelfTest(ok=failed == 0, passed=len(findings) - failed, failed=failed, checks=findings)


def _asked(house: House, name: str, question: Question) -> Finding:
    try:
        with house.database.reading() as connection:
            wrong = question(house, connection)
    except Failure as failure:
        return Finding(name=name, ok=False, detail=f"{failure.code}: {failure.message}")
    if not wrong:
        return Finding(name=name, ok=True, detail="")
    if isinstance(wrong, str):
        return Finding(name=name, ok=False, detail=wrong)
    more = f" and {len(wrong) - reads.SHOWN} more" if len(wrong) > reads.SHOWN else ""
    return Finding(name=name, ok=False, detail=", ".join(wrong[: reads.SHOWN]) + more)


def _mode(house: House, connection: sa.Connection) -> str | None:
    stands = reads.stored_mode(connection)
    return None if stands == house.settings.mode else f"the database belongs to {stands}"


def _audit_chain(house: House, _connection: sa.Connection) -> None:
    house.audit.verify()


def _audit_sealed(house: House, connection: sa.Connection) -> str | None:
    count = reads.unsealed_since(connection, reads.hour_before(house.clock.now()))
    return f"{count} entries wait for an hour to be chained" if count else None


def _limits(house: House, _connection: sa.Connection) -> str | None:
    budget = house.settings.budget
    if min(budget.day_usd, budget.month_usd, budget.run_usd) <= 0:
        return "a budget of zero stops every model call"
    return "a day may cost more than the month" if budget.day_usd > budget.month_usd else None


def _old_holds(house: House, connection: sa.Connection) -> list[str]:
    return credit.open_holds(connection, before=reads.hour_before(house.clock.now()))


def _unknown(house: House, _connection: sa.Connection) -> list[str]:
    return [one.key for one in house.doubts.open() if one.state == "unknown"]


def _orphans(house: House, _connection: sa.Connection) -> list[str]:
    return [one.key for one in house.doubts.open() if one.state == "sent"]


def _schedule(house: House, _connection: sa.Connection) -> list[str]:
    """Each run falls due once a date and in order, through both changes of the clocks."""
    today = local_date(house.clock.now(), house.settings.zone)
    return [
        f"{entry.name} on {today + timedelta(days=offset)}"
        for entry in house.ticker.entries()
        for offset in range(366)
        if entry.due_at(today + timedelta(days=offset + 1), house.settings.zone)
        <= entry.due_at(today + timedelta(days=offset), house.settings.zone)
    ]


def _dead_letters(_house: House, connection: sa.Connection) -> str | None:
    count = reads.hooks_in(connection, "dead")
    return f"{count} webhooks could not be handled" if count else None


def _waiting_hooks(house: House, connection: sa.Connection) -> str | None:
    count = reads.hooks_in(connection, "received", reads.hour_before(house.clock.now()))
    return f"{count} webhooks wait for an hour" if count else None


def _clock_order(house: House, connection: sa.Connection) -> str | None:
    newest, now = reads.newest_record(connection), house.clock.now()
    return f"it is {iso(now)}, but a record is from {iso(newest)}" if newest is not None and newest > now else None


def _owner(house: House, _connection: sa.Connection) -> str | None:
    return business_mistake(house.settings)


def _prices(house: House, _connection: sa.Connection) -> list[str]:
    return credit.unpriced_routes(local_date(house.clock.now(), house.settings.zone))


def _of(read: Callable[[sa.Connection], Sequence[str] | str | None]) -> Question:
    return lambda _house, connection: read(connection)


QUESTIONS: dict[str, Question] = {
    "schema.tables": _of(reads.missing_tables),
    "schema.columns": _of(reads.missing_columns),
    "schema.mode": _mode,
    "database.durable": _of(reads.durability_faults),
    "database.sound": _of(reads.integrity_fault),
    "audit.verifies": _audit_chain,
    "audit.sealed": _audit_sealed,
    "ledger.usage": _of(credit.unbooked_entries),
    "ledger.budgets": _of(credit.misbooked_scopes),
    "ledger.intents": _of(reads.unpaid_intents),
    "budget.limits": _limits,
    "budget.holds": _old_holds,
    "budget.prices": _prices,
    "intents.unknown": _unknown,
    "intents.orphaned": _orphans,
    "schedule.sane": _schedule,
    "inbox.dead_letters": _dead_letters,
    "inbox.drained": _waiting_hooks,
    "approvals.bound": _of(reads.unbound_approvals),
    "secrets.tokens_hashed": _of(reads.unhashed_tokens),
    "clock.forward": _clock_order,
    "owner.file": _owner,
}
