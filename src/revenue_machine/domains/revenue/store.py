"""Every write of the revenue domain's tables, each by its natural key, and what other providers had told of the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.revenue.models import Fact, Move, Payment, Rate, SnapshotRow, SubscriptionState
from revenue_machine.domains.revenue.tables import FACTS, FX_RATES, MARKS, MOVES, PAYMENTS, SAID, SNAPSHOTS, SUBSCRIPTIONS
from revenue_machine.engine.bulk import insert_new
from revenue_machine.engine.database import Database
from revenue_machine.kit.clock import iso
from revenue_machine.kit.ids import make_id

# How long a payment waits for what explains it before it is judged by itself.
PATIENCE = timedelta(days=1)

PROVIDERS = ("revenuecat", "stripe", "superwall")
_OTHERS: sa.BindParameter[list[str]] = sa.bindparam("others", expanding=True)
_SIBLINGS = (
    sa.select(SUBSCRIPTIONS)
    .where(SUBSCRIPTIONS.c.provider.in_(_OTHERS), SUBSCRIPTIONS.c.external_id == sa.bindparam("at_store"))
    .order_by(SUBSCRIPTIONS.c.provider, SUBSCRIPTIONS.c.id)
)
_BESIDE = (
    sa.select(PAYMENTS)
    .where(PAYMENTS.c.provider.in_(_OTHERS), PAYMENTS.c.external_id.in_(sa.bindparam("wanted", expanding=True)))
    .order_by(PAYMENTS.c.provider, PAYMENTS.c.id)
)
_PAID_FOR = (
    sa.select(PAYMENTS)
    .where(PAYMENTS.c.subscription_id == sa.bindparam("subscription"), PAYMENTS.c.kind != "refund")
    .order_by(PAYMENTS.c.id)
)


def subscription_id(provider: str, external_id: str) -> str:
    """The id of a subscription by the vendor's own."""
    return make_id("sub", provider, external_id)


def payment_id(provider: str, key: str) -> str:
    """The id of a payment by the vendor's own."""
    return make_id("pay", provider, key)


def siblings(connection: sa.Connection, key: tuple[str, str]) -> list[dict[str, Any]]:
    """The same subscription (provider, its id at the store) as other providers tell it, by provider."""
    provider, external_id = key
    others = [name for name in PROVIDERS if name != provider]
    found = connection.execute(_SIBLINGS, {"others": others, "at_store": external_id}).mappings()
    return [dict(row) for row in found]


def payments_beside(connection: sa.Connection, row: Mapping[str, Any], held: tuple[str, str] | None) -> list[dict[str, Any]]:
    """The same movement of money as other providers tell it: joined by the ids of the store's transaction.

    `held` is the subscription it pays for (provider, its id at the store), None for a single purchase.
    """
    wanted = sorted({row["external_id"], *row["links"]} if row["kind"] != "refund" else {row["external_id"]})
    others = [name for name in PROVIDERS if name != row["provider"]]
    found = {one["id"]: dict(one) for one in connection.execute(_BESIDE, {"others": others, "wanted": wanted}).mappings()}
    for other in siblings(connection, held) if held is not None and row["kind"] != "refund" else ():
        for one in connection.execute(_PAID_FOR, {"subscription": other["id"]}).mappings():
            if set(one["links"]) & set(wanted):
                found[one["id"]] = dict(one)
    return [found[name] for name in sorted(found)]


def silent_subscriptions(connection: sa.Connection, provider: str, before: datetime, most: int) -> list[str]:
    """External ids of production subscriptions whose period ended before a time without a word, longest silent first."""
    query = sa.select(SUBSCRIPTIONS.c.external_id).where(
        SUBSCRIPTIONS.c.provider == provider, SUBSCRIPTIONS.c.is_production, SUBSCRIPTIONS.c.ends_at < before,
        SUBSCRIPTIONS.c.status.not_in(("expired", "refunded")),
    )  # fmt: skip
    return list(connection.execute(query.order_by(SUBSCRIPTIONS.c.ends_at, SUBSCRIPTIONS.c.id).limit(most)).scalars())


def payments_of(connection: sa.Connection, subscription: str) -> list[dict[str, Any]]:
    """Every payment and refund known of a subscription, by time and id."""
    query = sa.select(PAYMENTS).where(PAYMENTS.c.subscription_id == subscription)
    return [dict(row) for row in connection.execute(query.order_by(PAYMENTS.c.occurred_at, PAYMENTS.c.id)).mappings()]


def customers_heard_of(connection: sa.Connection, provider: str, hashes: Sequence[str]) -> set[str]:
    """Which of these customers some fact speaks of."""
    known: set[str] = set()
    for start in range(0, len(hashes), 500):
        part = hashes[start : start + 500]
        query = sa.select(SUBSCRIPTIONS.c.customer_hash).where(
            SUBSCRIPTIONS.c.provider == provider, SUBSCRIPTIONS.c.customer_hash.in_(part)
        )
        known |= set(connection.execute(query).scalars())
    return known


def keep_fact(database: Database, connection: sa.Connection, subscription: tuple[str, str], fact: Fact, now: datetime) -> bool:
    """Keep what a till said of a subscription (provider, its id there); False when it had said so before."""
    provider, external_id = subscription
    row = {
        "id": make_id("fac", provider, external_id, fact.kind, fact.key), "provider": provider, "external_id": fact.key,
        "subscription_id": subscription_id(provider, external_id), "kind": fact.kind, "is_production": fact.is_production,
        "user_id": fact.user_id, "user_rank": fact.user_rank, "customer_hash": fact.customer_hash,
        "store_ids": list(fact.store_ids),
        "ends_at": fact.ends_at, "paid_since": fact.paid_since, "price_micro_usd": fact.price_micro_usd,
        "state": _state_document(fact), "occurred_at": fact.occurred_at, "created_at": now,
    }  # fmt: skip
    return database.put(connection, FACTS, row, ["id"]) > 0


def _state_document(fact: Fact) -> dict[str, Any] | None:
    if fact.state is None:
        return None
    return {name: iso(value) if isinstance(value, datetime) else value for name, value in asdict(fact.state).items()}


def keep_move(database: Database, connection: sa.Connection, provider: str, move: Move, now: datetime) -> bool:
    """Keep that purchases passed from one person to another."""
    row = {
        "id": make_id("mov", provider, move.key, move.from_user_id), "provider": provider, "external_id": move.key,
        "from_user_id": move.from_user_id, "to_user_id": move.to_user_id, "occurred_at": move.occurred_at, "created_at": now,
    }  # fmt: skip
    return database.put(connection, MOVES, row, ["id"]) > 0


def keep_subscription(
    database: Database,
    connection: sa.Connection,
    key: tuple[str, str],
    state: SubscriptionState,
    *,
    product: str | None,
    is_revenue: bool,
    now: datetime,
) -> str:
    """Write where a subscription (provider, external id) stands; returns its id."""
    provider, external_id = key
    row = {
        "id": subscription_id(provider, external_id), "provider": provider, "external_id": external_id, "product": product,
        "user_id": state.user_id, "customer_hash": state.customer_hash, "status": state.status,
        "is_production": state.is_production,
        "is_revenue": is_revenue, "price_micro_usd": state.price_micro_usd, "started_at": state.started_at,
        "trial_started_at": state.trial_started_at, "trial_ends_at": state.trial_ends_at, "paid_at": state.paid_at,
        "ends_at": state.ends_at, "ended_at": state.ended_at, "newest_event_at": state.newest_event_at,
        "created_at": now, "updated_at": now,
    }  # fmt: skip
    fresh = [name for name in row if name not in ("id", "provider", "external_id", "created_at")]
    database.put(connection, SUBSCRIPTIONS, row, ["id"], fresh)
    return str(row["id"])


def keep_payment(
    database: Database, connection: sa.Connection, provider: str, payment: Payment, *, subscription: str | None, now: datetime
) -> bool:  # fmt: skip
    """Keep a payment as `waiting`; False when it is known."""
    row = {
        "id": payment_id(provider, payment.key), "provider": provider, "external_id": payment.key, "subscription_id": subscription,
        "kind": payment.kind, "status": "waiting", "user_id": payment.user_id, "customer_hash": payment.customer_hash,
        "is_production": payment.is_production, "amount_micro_usd": payment.amount_micro_usd, "currency": payment.currency,
        "original_amount": payment.original_amount, "detail": payment.detail, "minor": payment.minor,
        "commission_micro_usd": payment.commission_micro_usd, "tax_micro_usd": payment.tax_micro_usd,
        "store_ids": list(payment.store_ids), "links": list(payment.links), "charge_minor": payment.charge_minor,
        "charged_at": payment.charged_at, "occurred_at": payment.occurred_at, "created_at": now,
    }  # fmt: skip
    return database.put(connection, PAYMENTS, row, ["id"]) > 0


def keep_sales(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep payments a file brought, some thousand at a time, with what was decided about them."""
    insert_new(connection, PAYMENTS, rows, ("id",))


def settle_payment(connection: sa.Connection, payment: str, values: Mapping[str, Any]) -> None:
    """Write what was decided about a payment."""
    connection.execute(PAYMENTS.update().where(PAYMENTS.c.id == payment).values(**values))


def keep_rate(database: Database, connection: sa.Connection, rate: Rate, now: datetime) -> bool:
    """Keep what one unit of a currency was worth on a date; the first word for a date stands; False when it did."""
    currency = rate.currency.upper()
    row = {
        "id": make_id("fx", currency, rate.rate_date.isoformat()), "currency": currency, "rate_date": rate.rate_date,
        "usd_per_unit": format(rate.usd_per_unit, "f"), "source": rate.source, "created_at": now,
    }  # fmt: skip
    return database.put(connection, FX_RATES, row, ["id"]) > 0


def keep_snapshot(database: Database, connection: sa.Connection, row: SnapshotRow, reason: str | None) -> None:
    """Keep what a source answered for a slot; a later answer to the same slot replaces it."""
    values = {
        "id": make_id("rsn", row.source, row.snapshot_date.isoformat(), row.slot), "source": row.source, "slot": row.slot,
        "snapshot_date": row.snapshot_date, "metrics": row.metrics, "is_stale": row.is_stale, "reason": reason, "as_of": row.as_of,
        "created_at": row.created_at,
    }  # fmt: skip
    database.put(connection, SNAPSHOTS, values, ["id"], ["metrics", "is_stale", "reason", "as_of", "created_at"])


def keep_said(database: Database, connection: sa.Connection, name: str, text: str, now: datetime) -> None:
    """Remember what a message to the owner says by now."""
    row = {"name": name, "text": text, "said_at": now, "updated_at": now}
    database.put(connection, SAID, row, ["name"], ["text", "updated_at"])


def keep_mark(database: Database, connection: sa.Connection, name: str, reached_at: datetime) -> None:
    """Remember how far a list of a vendor was read."""
    database.put(connection, MARKS, {"name": name, "reached_at": reached_at}, ["name"], ["reached_at"])
