"""The cast of the revenue tests: a book over a database, and vendors' events written by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from revenue_machine.domains.owner.models import Business, Offer, Product
from revenue_machine.domains.revenue import tables
from revenue_machine.domains.revenue.billing_book import BillingBook
from revenue_machine.domains.revenue.revenuecat_reading import read_revenuecat
from revenue_machine.domains.revenue.stripe_reading import read_stripe
from revenue_machine.engine.container import Container
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.engine.ledger import Ledger
from revenue_machine.engine.migrate import migrate
from revenue_machine.engine.tables import EVENTS, LEDGER
from revenue_machine.kit.clock import PushedClock

T0 = datetime(2026, 11, 2, 6, tzinfo=UTC)
DAY = timedelta(days=1)
Document = dict[str, Any]


def product(key: str, source: Any, *store_ids: str) -> Product:
    offer = Offer(key="monthly", name="Monthly", price_micro_usd=19_990_000, period="month", trial_days=7)
    return Product(key=key, name=key, url=f"https://{key}.example", facts=("a fact",), offers=(offer,), money_source=source,
                   store_product_ids=store_ids)  # fmt: skip


BUSINESS = Business(
    name="Test", voice="plain", niches=(), channels=(),
    products=(product("app", "revenuecat", "app_monthly"), product("portal", "stripe", "portal_monthly")),
)  # fmt: skip


@dataclass
class Till:
    """A book over an empty database."""

    database: Database
    clock: PushedClock
    book: BillingBook

    def hear(self, *payloads: Document) -> None:
        for payload in payloads:
            reading = read_revenuecat(payload) if "event" in payload else read_stripe(payload)
            with self.database.writing() as connection:
                self.book.record(connection, reading)

    def rows(self, table: sa.Table, *columns: str) -> list[tuple[Any, ...]]:
        chosen = [table.c[name] for name in columns]
        with self.database.reading() as connection:
            return sorted((tuple(row) for row in connection.execute(sa.select(*chosen))), key=repr)

    def ledger(self) -> list[tuple[Any, ...]]:
        return self.rows(LEDGER, "kind", "amount_micro_usd", "product")

    def standing(self) -> list[tuple[Any, ...]]:
        names = ("external_id", "status", "user_id", "product", "paid_at", "ends_at", "ended_at", "trial_started_at")
        return self.rows(tables.SUBSCRIPTIONS, *names, "newest_event_at", "is_production", "price_micro_usd")

    def told(self) -> list[str]:
        return [row[0] for row in self.rows(EVENTS, "key")]

    def forget(self) -> None:
        """Empty every table a till writes."""
        with self.database.writing() as connection:
            for table in (tables.FACTS, tables.MOVES, tables.PAYMENTS, tables.SUBSCRIPTIONS, EVENTS, LEDGER):
                connection.execute(table.delete())

    def everything(self) -> tuple[Any, ...]:
        """State, ledger and facts told: what no order of arrival may change."""
        return self.standing(), self.rows(LEDGER, "id", "amount_micro_usd", "occurred_at"), self.told()


def open_till(url: str, business: Business = BUSINESS) -> Till:
    database = Database(url)
    migrate(database)
    clock = PushedClock(T0 + 90 * DAY)
    ledger = Ledger(database, clock, ZoneInfo("UTC"), [])
    events = Events(database, clock, [], Container())
    if url.startswith("sqlite"):
        sa.event.listen(database.engine, "connect", lambda raw, _: raw.execute("pragma synchronous=off"))
        database.engine.dispose()
    return Till(database, clock, BillingBook(database, ledger, events, business, clock))


def milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def revenuecat(kind: str, at: datetime, **fields: Any) -> Document:
    """A RevenueCat webhook body; `bought` and `until` are times, the rest the vendor's own fields."""
    bought, until = fields.pop("bought", at), fields.pop("until", at + 30 * DAY)
    event: Document = {
        "id": f"{kind}-{milliseconds(at)}-{fields.get('transaction_id', 't1')}", "type": kind,
        "event_timestamp_ms": milliseconds(at), "app_user_id": "visitor_a", "original_app_user_id": "visitor_a",
        "product_id": "app_monthly", "period_type": "NORMAL", "purchased_at_ms": milliseconds(bought),
        "expiration_at_ms": milliseconds(until), "environment": "PRODUCTION",
        "store": "APP_STORE", "price": 0,
        "currency": "USD", "tax_percentage": 0.0, "commission_percentage": 0.15, "transaction_id": "t1",
        "original_transaction_id": "t1",
    }  # fmt: skip
    return {"event": {**event, **fields}, "api_version": "1.0"}


def stripe_event(name: str, kind: str, at: datetime, thing: Document, before: Document | None = None) -> Document:
    data: Document = {"object": thing} if before is None else {"object": thing, "previous_attributes": before}
    return {"id": name, "type": kind, "created": int(at.timestamp()), "livemode": thing.get("livemode", True), "data": data}


def stripe_subscription(status: str, start: datetime, end: datetime, **fields: Any) -> Document:
    seconds = int(start.timestamp())
    price = {"id": "price_1", "currency": "usd", "unit_amount": 4900, "product": "prod_1", "recurring": {"interval": "month"}}
    item = {
        "id": "si_1", "price": price, "quantity": 1, "current_period_start": seconds, "current_period_end": int(end.timestamp()),
    }  # fmt: skip
    return {
        "id": "sub_1", "customer": "cus_1", "status": status, "currency": "usd", "created": int(T0.timestamp()), "livemode": True,
        "items": {"data": [item]}, "start_date": int(T0.timestamp()), "metadata": {"distinct_id": "visitor_s"}, **fields,
    }  # fmt: skip


def stripe_invoice(name: str, at: datetime, reason: str, cents: int = 4900, **fields: Any) -> Document:
    parent = {
        "type": "subscription_details",
        "subscription_details": {"subscription": "sub_1", "metadata": {"distinct_id": "visitor_s"}},
    }
    return {
        "id": name, "customer": "cus_1", "currency": "usd", "created": int(at.timestamp()), "livemode": True, "status": "paid",
        "billing_reason": reason, "amount_paid": cents, "amount_due": cents, "parent": parent, **fields,
    }  # fmt: skip


def stripe_charge(refunded: int, charged_at: datetime, amount: int = 4900, **fields: Any) -> Document:
    return {
        "id": "ch_1", "amount": amount, "amount_refunded": refunded, "currency": "usd", "created": int(charged_at.timestamp()),
        "livemode": True, "customer": "cus_1", "refunded": refunded == amount, "metadata": {"distinct_id": "visitor_s"}, **fields,
    }  # fmt: skip
