"""Subscriptions, payments, rates and snapshots for the books, other domains and reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import sqlalchemy as sa

from revenue_machine.domains.revenue.models import PAYING, Fact, Move, SnapshotRow, SnapshotState
from revenue_machine.domains.revenue.rules import RATE_REACH
from revenue_machine.domains.revenue.tables import FACTS, FX_RATES, MARKS, MOVES, PAYMENTS, SAID, SNAPSHOTS, SUBSCRIPTIONS
from revenue_machine.engine.tables import EVENTS, LEDGER
from revenue_machine.kit.clock import parse_instant

_TIMES = ("started_at", "trial_started_at", "trial_ends_at", "ended_at")


@dataclass(frozen=True)
class MoneyRow:
    """Revenue and what was taken off it, in micro-dollars; `net` is what stays."""

    gross_micro_usd: int
    refunds_micro_usd: int
    deductions_micro_usd: int

    @property
    def net_micro_usd(self) -> int:
        return self.gross_micro_usd + self.refunds_micro_usd + self.deductions_micro_usd


class Sale(NamedTuple):
    """Who bought when for how much, and where they came from if a file said so."""

    user_id: str | None
    at: datetime
    amount_micro_usd: int
    source: str | None


INCOME_KINDS = ("revenue", "refund")
DEDUCTION_KINDS = ("store_commission", "payment_fee", "tax")
# Built once: every message of a till asks them.
_FACTS_OF = sa.select(FACTS).where(FACTS.c.subscription_id == sa.bindparam("of")).order_by(FACTS.c.occurred_at, FACTS.c.id)
_MOVES_AT = sa.select(MOVES).where(MOVES.c.provider == sa.bindparam("at")).order_by(MOVES.c.occurred_at, MOVES.c.id)
_SUBSCRIPTION = sa.select(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.id == sa.bindparam("wanted"))
# What a file brought waits for a rate only, and is counted by another book than what the tills tell.
_OPEN = (
    sa.select(PAYMENTS)
    .where(PAYMENTS.c.status.in_(("waiting", "parked")), PAYMENTS.c.provider != "import")
    .order_by(PAYMENTS.c.occurred_at, PAYMENTS.c.id)
)
_OF_SUBSCRIPTION = PAYMENTS.c.subscription_id == sa.bindparam("subscription")
_OF_CUSTOMER = PAYMENTS.c.customer_hash == sa.bindparam("customer")
# By what is asked for: (a subscription, a customer).
_OPEN_OF = {
    (False, False): _OPEN,
    (True, False): _OPEN.where(_OF_SUBSCRIPTION),
    (False, True): _OPEN.where(_OF_CUSTOMER),
    (True, True): _OPEN.where(sa.or_(_OF_SUBSCRIPTION, _OF_CUSTOMER)),
}


def facts_of(connection: sa.Connection, subscription: str) -> list[Fact]:
    """Everything the tills said of one subscription, by time and id."""
    return [_fact(row) for row in connection.execute(_FACTS_OF, {"of": subscription}).mappings()]


def _fact(row: Any) -> Fact:
    return Fact(
        key=row["external_id"], kind=row["kind"], occurred_at=row["occurred_at"], is_production=row["is_production"],
        user_id=row["user_id"], user_rank=row["user_rank"], customer_hash=row["customer_hash"], store_ids=tuple(row["store_ids"]),
        ends_at=row["ends_at"], paid_since=row["paid_since"], price_micro_usd=row["price_micro_usd"], state=_state(row["state"]),
    )  # fmt: skip


def _state(held: dict[str, Any] | None) -> SnapshotState | None:
    if held is None:
        return None
    read: dict[str, Any] = {name: _time(value) if name in _TIMES else value for name, value in held.items()}
    return SnapshotState(**read)


def _time(text: str | None) -> datetime | None:
    return None if text is None else parse_instant(text)


def moves_at(connection: sa.Connection, provider: str) -> list[Move]:
    """Every hand-over of purchases at a provider; there are few."""
    rows = connection.execute(_MOVES_AT, {"at": provider}).mappings()
    return [Move(row["external_id"], row["occurred_at"], row["from_user_id"], row["to_user_id"]) for row in rows]


def subscription(connection: sa.Connection, subscription_id: str) -> dict[str, Any] | None:
    """One subscription's row."""
    row = connection.execute(_SUBSCRIPTION, {"wanted": subscription_id}).mappings().first()
    return dict(row) if row else None


def subscriptions_touched_by(connection: sa.Connection, provider: str, user_ids: Sequence[str]) -> list[tuple[str, str]]:
    """(provider, external id) of subscriptions some fact of which names one of these people."""
    named = sa.select(FACTS.c.subscription_id).where(FACTS.c.provider == provider, FACTS.c.user_id.in_(user_ids))
    query = sa.select(SUBSCRIPTIONS.c.provider, SUBSCRIPTIONS.c.external_id).where(SUBSCRIPTIONS.c.id.in_(named))
    return [(row[0], row[1]) for row in connection.execute(query.order_by(SUBSCRIPTIONS.c.id))]


def subscription_key(connection: sa.Connection, subscription_id: str) -> tuple[str, str] | None:
    """(provider, external id) of a subscription."""
    row = connection.execute(
        sa.select(SUBSCRIPTIONS.c.provider, SUBSCRIPTIONS.c.external_id).where(SUBSCRIPTIONS.c.id == subscription_id)
    ).first()
    return None if row is None else (row[0], row[1])


def payment(connection: sa.Connection, payment_id: str) -> dict[str, Any] | None:
    """One payment's row."""
    row = connection.execute(sa.select(PAYMENTS).where(PAYMENTS.c.id == payment_id)).mappings().first()
    return dict(row) if row else None


def open_payments(
    connection: sa.Connection, *, subscription_id: str | None = None, customer_hash: str | None = None
) -> list[dict[str, Any]]:
    """Payments still waiting or parked, of one subscription or customer or of all, by time and id."""
    query = _OPEN_OF[bool(subscription_id), bool(customer_hash)]
    given = {"subscription": subscription_id, "customer": customer_hash}
    rows = connection.execute(query, {name: value for name, value in given.items() if value}).mappings()
    return [dict(row) for row in rows]


def payments_taken(connection: sa.Connection, provider: str, customer_hash: str | None) -> list[dict[str, Any]]:
    """Payments (no refunds) of a customer at a provider, whatever became of them, by time and id."""
    query = sa.select(PAYMENTS).where(PAYMENTS.c.provider == provider, PAYMENTS.c.kind != "refund")
    query = query.where(PAYMENTS.c.customer_hash == customer_hash) if customer_hash is not None else query
    return [dict(row) for row in connection.execute(query.order_by(PAYMENTS.c.occurred_at, PAYMENTS.c.id)).mappings()]


def rate_at(connection: sa.Connection, currency: str, rate_date: date) -> tuple[date, Decimal] | None:
    """(date, dollars per unit) of that date, or of up to five days before (weekends have none)."""
    query = (
        sa.select(FX_RATES.c.rate_date, FX_RATES.c.usd_per_unit)
        .where(FX_RATES.c.currency == currency.upper())
        .where(FX_RATES.c.rate_date <= rate_date, FX_RATES.c.rate_date >= rate_date - RATE_REACH)
        .order_by(FX_RATES.c.rate_date.desc(), FX_RATES.c.id)
    )
    row = connection.execute(query).first()
    return None if row is None else (row[0], Decimal(row[1]))


def snapshot_at(connection: sa.Connection, source: str, snapshot_date: date, slot: str) -> SnapshotRow | None:
    """What a source answered for a slot of a date."""
    query = sa.select(SNAPSHOTS).where(
        SNAPSHOTS.c.source == source, SNAPSHOTS.c.snapshot_date == snapshot_date, SNAPSHOTS.c.slot == slot
    )  # fmt: skip
    return _snapshot(connection.execute(query).mappings().first())


def newest_snapshot(connection: sa.Connection, source: str) -> SnapshotRow | None:
    """The last answer of a source, stale or not."""
    query = sa.select(SNAPSHOTS).where(SNAPSHOTS.c.source == source)
    return _snapshot(connection.execute(query.order_by(SNAPSHOTS.c.created_at.desc(), SNAPSHOTS.c.id)).mappings().first())


def _snapshot(row: Any) -> SnapshotRow | None:
    if row is None:
        return None
    return SnapshotRow(
        row["source"], row["slot"], row["snapshot_date"], dict(row["metrics"]), row["is_stale"], row["created_at"], row["as_of"]
    )  # fmt: skip


def mark(connection: sa.Connection, name: str) -> datetime | None:
    """How far a list of a vendor was read."""
    found: datetime | None = connection.execute(sa.select(MARKS.c.reached_at).where(MARKS.c.name == name)).scalar()
    return found


def paying_count(connection: sa.Connection, provider: str, *, is_revenue: bool | None = None) -> int:
    """Production subscriptions somebody pays for, as this house heard of them; trials never count."""
    query = sa.select(sa.func.count()).where(
        SUBSCRIPTIONS.c.provider == provider, SUBSCRIPTIONS.c.is_production, SUBSCRIPTIONS.c.paid_at.is_not(None),
        SUBSCRIPTIONS.c.status.in_(PAYING),
    )  # fmt: skip
    query = query if is_revenue is None else query.where(SUBSCRIPTIONS.c.is_revenue == is_revenue)
    return int(connection.execute(query).scalar_one())


def trial_cohort(connection: sa.Connection, start: datetime, end: datetime) -> tuple[int, int]:
    """(trials begun in [start, end), how many of them paid) over production subscriptions that are revenue."""
    query = sa.select(sa.func.count(), sa.func.count(SUBSCRIPTIONS.c.paid_at)).where(
        SUBSCRIPTIONS.c.is_production, SUBSCRIPTIONS.c.is_revenue,
        SUBSCRIPTIONS.c.trial_started_at >= start, SUBSCRIPTIONS.c.trial_started_at < end,
    )  # fmt: skip
    row = connection.execute(query).one()
    return int(row[0]), int(row[1])


def paid_cohort(connection: sa.Connection, start: datetime, end: datetime) -> tuple[int, int]:
    """(people who first paid in [start, end), how many of them still pay) over production subscriptions that are revenue."""
    query = sa.select(SUBSCRIPTIONS.c.status).where(
        SUBSCRIPTIONS.c.is_production, SUBSCRIPTIONS.c.is_revenue, SUBSCRIPTIONS.c.paid_at >= start, SUBSCRIPTIONS.c.paid_at < end
    )  # fmt: skip
    states = [row[0] for row in connection.execute(query.order_by(SUBSCRIPTIONS.c.id))]
    return len(states), sum(status in PAYING for status in states)


def churn_between(connection: sa.Connection, start: datetime, end: datetime) -> tuple[int, int]:
    """(people whose subscription was paid for at `start`, how many of them had left by `end`), production and revenue only."""
    query = sa.select(SUBSCRIPTIONS.c.ended_at).where(
        SUBSCRIPTIONS.c.is_production, SUBSCRIPTIONS.c.is_revenue, SUBSCRIPTIONS.c.paid_at < start,
        sa.or_(SUBSCRIPTIONS.c.ended_at.is_(None), SUBSCRIPTIONS.c.ended_at >= start),
    )  # fmt: skip
    ends = list(connection.execute(query.order_by(SUBSCRIPTIONS.c.id)).scalars())
    return len(ends), sum(one is not None and one < end for one in ends)


def sales_count(connection: sa.Connection, start: datetime, end: datetime) -> int:
    """Purchases and renewals that count in [start, end)."""
    query = sa.select(sa.func.count()).select_from(PAYMENTS).where(
        PAYMENTS.c.status == "counted", PAYMENTS.c.kind != "refund", PAYMENTS.c.occurred_at >= start, PAYMENTS.c.occurred_at < end
    )  # fmt: skip
    return int(connection.execute(query).scalar_one())


def said(connection: sa.Connection, name: str) -> str | None:
    """What a message to the owner says by now."""
    found: str | None = connection.execute(sa.select(SAID.c.text).where(SAID.c.name == name)).scalar()
    return found


def money_alerts(connection: sa.Connection, since: datetime) -> list[str]:
    """Texts of the alerts about churn, revenue and failed payments raised since then, newest first, five at most."""
    query = sa.select(EVENTS.c.payload).where(
        EVENTS.c.kind == "alert.raised", EVENTS.c.occurred_at >= since,
        sa.or_(*[EVENTS.c.key.like(f"%{name}%") for name in ("revenue/anomaly/", "dunning/")]),
    )  # fmt: skip
    rows = connection.execute(query.order_by(EVENTS.c.occurred_at.desc(), EVENTS.c.id).limit(5)).scalars()
    return [str(payload["text"]) for payload in rows]


def payer_flow(connection: sa.Connection, provider: str, start: datetime, end: datetime) -> tuple[int, int, float]:
    """(people who first paid in [start, end), who stopped in it, days all payers paid in it) at one provider, production only."""
    query = sa.select(SUBSCRIPTIONS.c.paid_at, SUBSCRIPTIONS.c.ended_at).where(
        SUBSCRIPTIONS.c.provider == provider, SUBSCRIPTIONS.c.is_production, SUBSCRIPTIONS.c.paid_at < end,
        sa.or_(SUBSCRIPTIONS.c.ended_at.is_(None), SUBSCRIPTIONS.c.ended_at >= start),
    )  # fmt: skip
    rows = list(connection.execute(query.order_by(SUBSCRIPTIONS.c.id)))
    spans = [(max(row[0], start), min(row[1] or end, end)) for row in rows]
    days = sum(max(0.0, (last - first).total_seconds()) for first, last in spans) / 86_400
    left = sum(row[1] is not None and start <= row[1] < end for row in rows)
    return sum(row[0] >= start for row in rows), left, days


def young_payers(connection: sa.Connection, start: datetime, end: datetime) -> tuple[int, float]:
    """(people who gave notice, days all were at risk of it) of those who first paid in [start, end), as of `end`."""
    query = sa.select(SUBSCRIPTIONS.c.paid_at, SUBSCRIPTIONS.c.status, SUBSCRIPTIONS.c.newest_event_at).where(
        SUBSCRIPTIONS.c.is_production, SUBSCRIPTIONS.c.is_revenue, SUBSCRIPTIONS.c.paid_at >= start, SUBSCRIPTIONS.c.paid_at < end
    )  # fmt: skip
    leaving, days = 0, 0.0
    for paid_at, status, newest in connection.execute(query.order_by(SUBSCRIPTIONS.c.id)):
        is_leaving = status in ("cancelled_at_period_end", "expired", "refunded")
        leaving += is_leaving
        days += max(0.0, ((min(newest, end) if is_leaving else end) - paid_at).total_seconds()) / 86_400
    return leaving, days


def money_between(connection: sa.Connection, start: date, end: date) -> MoneyRow:
    """The ledger's income of the local dates start to end, both included."""
    query = (
        sa.select(LEDGER.c.kind, sa.func.sum(LEDGER.c.amount_micro_usd))
        .where(LEDGER.c.local_date >= start, LEDGER.c.local_date <= end, LEDGER.c.kind.in_((*INCOME_KINDS, *DEDUCTION_KINDS)))
        .group_by(LEDGER.c.kind)
    )
    sums = {row[0]: int(row[1]) for row in connection.execute(query)}
    return MoneyRow(sums.get("revenue", 0), sums.get("refund", 0), sum(sums.get(kind, 0) for kind in DEDUCTION_KINDS))


def parked_payments(connection: sa.Connection) -> list[dict[str, Any]]:
    """Payments that wait for a rate, a price or a product, by time and id: money the report must not forget."""
    query = sa.select(PAYMENTS).where(PAYMENTS.c.status == "parked").order_by(PAYMENTS.c.occurred_at, PAYMENTS.c.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def ledger_sums(connection: sa.Connection, start: date | None, end: date) -> list[tuple[date, str, str, int]]:
    """(local date, kind, service, micro-dollars) of everything booked from start (None: ever) to end, both included."""
    columns = (LEDGER.c.local_date, LEDGER.c.kind, LEDGER.c.service)
    query = sa.select(*columns, sa.func.sum(LEDGER.c.amount_micro_usd)).where(LEDGER.c.local_date <= end)
    query = query if start is None else query.where(LEDGER.c.local_date >= start)
    return [(row[0], row[1], row[2], int(row[3])) for row in connection.execute(query.group_by(*columns).order_by(*columns))]


def sales(connection: sa.Connection, before: datetime) -> Iterator[Sale]:
    """Every purchase and renewal that counts, up to an instant, by time and id; none stays in memory."""
    columns = (PAYMENTS.c.user_id, PAYMENTS.c.occurred_at, PAYMENTS.c.amount_micro_usd, PAYMENTS.c.source)
    query = sa.select(*columns).where(
        PAYMENTS.c.status == "counted", PAYMENTS.c.kind != "refund", PAYMENTS.c.occurred_at < before
    )  # fmt: skip
    found = connection.execution_options(yield_per=2000).execute(query.order_by(PAYMENTS.c.occurred_at, PAYMENTS.c.id))
    return (Sale(row[0], row[1], int(row[2]), row[3]) for row in found)


def living_subscriptions(connection: sa.Connection) -> list[dict[str, Any]]:
    """Production subscriptions that are revenue and were ever paid, by id."""
    query = sa.select(SUBSCRIPTIONS).where(
        SUBSCRIPTIONS.c.is_production, SUBSCRIPTIONS.c.is_revenue, SUBSCRIPTIONS.c.paid_at.is_not(None)
    )  # fmt: skip
    return [dict(row) for row in connection.execute(query.order_by(SUBSCRIPTIONS.c.id)).mappings()]


def known_payments(connection: sa.Connection, ids: Sequence[str]) -> set[str]:
    """Which of these payments are kept; some thousand at a time."""
    return set(connection.execute(sa.select(PAYMENTS.c.id).where(PAYMENTS.c.id.in_(ids))).scalars())


def is_imported(connection: sa.Connection, names: Sequence[str]) -> bool:
    """Whether a file brought a counted sale under one of these transaction ids, as a whole or in lines."""
    at = PAYMENTS.c.external_id
    same = [sa.or_(at == name, at.startswith(f"{name}/", autoescape=True)) for name in names]
    query = sa.select(PAYMENTS.c.id).where(PAYMENTS.c.provider == "import", PAYMENTS.c.status == "counted", sa.or_(*same))
    return bool(names) and connection.execute(query.limit(1)).first() is not None


def told_transactions(connection: sa.Connection) -> frozenset[str]:
    """Every transaction id by which the tills themselves told of a payment."""
    query = sa.select(PAYMENTS.c.external_id, PAYMENTS.c.links).where(PAYMENTS.c.provider != "import")
    return frozenset(name for row in connection.execute(query) for name in (row[0], *row[1]))


def parked_imports(connection: sa.Connection) -> list[dict[str, Any]]:
    """Imported sales that wait for a rate, by time and id."""
    query = sa.select(PAYMENTS).where(PAYMENTS.c.status == "parked", PAYMENTS.c.provider == "import")
    return [dict(row) for row in connection.execute(query.order_by(PAYMENTS.c.occurred_at, PAYMENTS.c.id)).mappings()]


def parked_currencies(connection: sa.Connection) -> dict[str, int]:
    """How many imported sales wait for a rate, by currency."""
    query = sa.select(PAYMENTS.c.currency, sa.func.count()).where(PAYMENTS.c.status == "parked", PAYMENTS.c.provider == "import")
    return {row[0]: int(row[1]) for row in connection.execute(query.group_by(PAYMENTS.c.currency).order_by(PAYMENTS.c.currency))}


def has_snapshot(connection: sa.Connection, subscription_id: str) -> bool:
    """Whether the vendor ever told the whole state of a subscription."""
    query = sa.select(FACTS.c.id).where(FACTS.c.subscription_id == subscription_id, FACTS.c.kind == "snapshot").limit(1)
    return connection.execute(query).first() is not None


def subscriptions_of(connection: sa.Connection, user_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Every subscription of these users, oldest first."""
    query = sa.select(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.user_id.in_(user_ids))
    rows = connection.execute(query.order_by(SUBSCRIPTIONS.c.started_at, SUBSCRIPTIONS.c.id)).mappings()
    return [dict(row) for row in rows]
