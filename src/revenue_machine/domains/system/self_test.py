"""The house's questions to itself: schema, durability, books, holds, doubts, schedule, secrets, clocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from revenue_machine.domains.credit import reads as credit
from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.system import reads
from revenue_machine.domains.system.models import Finding, SelfTest
from revenue_machine.engine.audit import Audit
from revenue_machine.engine.container import Container
from revenue_machine.engine.database import Database
from revenue_machine.engine.doubts import Doubts
from revenue_machine.engine.registry import Registry
from revenue_machine.engine.ticker import Ticker
from revenue_machine.engine.tokens import SCOPES
from revenue_machine.kit.clock import Clock, day_bounds, iso, local_date
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
    registry: Registry
    container: Container


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


def _suppressions(_house: House, connection: sa.Connection) -> str | None:
    count = reads.unhashed_suppressions(connection)
    return f"{count} rows hold something else than a hash" if count else None


def _clock_order(house: House, connection: sa.Connection) -> str | None:
    newest, now = reads.newest_record(connection), house.clock.now()
    return f"it is {iso(now)}, but a record is from {iso(newest)}" if newest is not None and newest > now else None


def _zone(house: House, _connection: sa.Connection) -> str | None:
    start, end = day_bounds(local_date(house.clock.now(), house.settings.zone), house.settings.zone)
    hours = (end - start) / timedelta(hours=1)
    return None if 22 <= hours <= 26 else f"today has {hours} hours"


def _topics(house: House, _connection: sa.Connection) -> list[str]:
    return [one.name for one in house.registry.topics.values() if not one.section or (one.function is None and one.issue is None)]


def _owner(house: House, _connection: sa.Connection) -> None:
    house.container.get(Business)


def _prices(house: House, _connection: sa.Connection) -> list[str]:
    return credit.unpriced_routes(local_date(house.clock.now(), house.settings.zone))


def _home(house: House, _connection: sa.Connection) -> str | None:
    mode = house.settings.home.stat().st_mode & 0o077 if house.settings.home.exists() else 0
    return f"{house.settings.home} can be read by others" if mode else None


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
