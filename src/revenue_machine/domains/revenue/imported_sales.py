"""Counts sales the owner brought in a file: exact, each once, and never beside a till that told of the same transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.revenue import reads, rules, store
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.engine.importing import Written
from revenue_machine.engine.ledger import Entry, Ledger
from revenue_machine.kit.clock import Clock

PROVIDER = "import"


@dataclass(frozen=True)
class Sale:
    """One row of a file: `key` is the transaction's id or made of the row, `amount` negative for money given back."""

    key: str
    customer: str
    at: datetime
    amount: Decimal
    currency: str
    transaction_id: str | None = None
    product: str | None = None
    quantity: str | None = None
    source: str | None = None


class ImportedSales:
    """Writes in the caller's transaction; the same sale again changes nothing."""

    def __init__(self, database: Database, ledger: Ledger, events: Events, business: Business, clock: Clock) -> None:
        self._database, self._ledger, self._events, self._business, self._clock = database, ledger, events, business, clock
        self._products: dict[str, str | None] = {}
        self._rates: dict[tuple[str, date], tuple[date, Decimal] | None] = {}

    def keep(self, connection: sa.Connection, sales: Sequence[Sale], told: frozenset[str]) -> Written:
        """Some thousand sales; `told` are the transactions other tills told of by themselves."""
        by_id = {store.payment_id(PROVIDER, sale.key): sale for sale in sales}
        known = reads.known_payments(connection, list(by_id))
        rows = [self._row(connection, name, sale, told) for name, sale in by_id.items() if name not in known]
        store.keep_sales(connection, rows)
        self._book(connection, rows)
        return Written(len(rows), len(sales) - len(rows))

    def release(self, connection: sa.Connection) -> int:
        """Count what was parked for want of a rate and has one by now; how many were."""
        self._rates.clear()
        counted = []
        for row in reads.parked_imports(connection):
            worth = self._worth(connection, row["currency"], Decimal(row["original_amount"]), row["occurred_at"])
            if worth is not None:
                store.settle_payment(connection, row["id"], {"status": "counted", "reason": None, **worth})
                counted.append({**row, **worth, "status": "counted"})
        self._book(connection, counted)
        return len(counted)

    def tell_parked(self, connection: sa.Connection, currencies: Mapping[str, int], file: str) -> None:
        """Say once per file that money waits for a rate."""
        if not currencies:
            return
        waiting = ", ".join(f"{count} in {name}" for name, count in sorted(currencies.items()))
        text = f"imported sales wait for an exchange rate ({waiting}): revenue import fx_rates FILE or revenue.set_rate"
        key = f"import/{file}/no_fx_rate"
        self._events.emit(connection, "alert.raised", key, {"kind": "payment_no_fx_rate", "text": text, "key": key})

    def _row(self, connection: sa.Connection, name: str, sale: Sale, told: frozenset[str]) -> dict[str, Any]:
        worth = self._worth(connection, sale.currency, sale.amount, sale.at)
        is_told = sale.transaction_id is not None and sale.transaction_id in told
        status = "reconciled" if is_told else "parked" if worth is None else "counted"
        return {
            "id": name, "provider": PROVIDER, "external_id": sale.key, "subscription_id": None, "refunds_id": None,
            "kind": "refund" if sale.amount < 0 else "purchase", "status": status,
            "reason": "no_fx_rate" if status == "parked" else None, "product": self._product(sale.product),
            "user_id": rules.person_id(sale.customer), "customer_hash": None, "is_production": True,
            "currency": sale.currency, "original_amount": format(sale.amount, "f"), "detail": sale.quantity, "minor": None,
            "commission_micro_usd": 0, "tax_micro_usd": 0,
            **(worth or {"amount_micro_usd": None, "fx_rate": None, "fx_date": None}),
            "store_ids": [] if sale.product is None else [sale.product],
            "links": [] if sale.transaction_id is None else [sale.transaction_id], "charge_minor": None, "charged_at": None,
            "source": sale.source, "occurred_at": sale.at, "created_at": self._clock.now(),
        }  # fmt: skip

    def _product(self, said: str | None) -> str | None:
        if said is None:
            return None
        if said not in self._products:
            self._products[said] = rules.product_name(rules.product_of(self._business, PROVIDER, (said,)), (said,))
        return self._products[said]

    def _worth(self, connection: sa.Connection, currency: str, amount: Decimal, at: datetime) -> dict[str, Any] | None:
        """Dollars, and by which dated rate; None while there is none."""
        if currency == "USD":
            return {"amount_micro_usd": rules.exact_micro_usd(amount), "fx_rate": None, "fx_date": None}
        asked = (currency, at.date())
        if asked not in self._rates:
            self._rates[asked] = reads.rate_at(connection, currency, at.date())
        rate = self._rates[asked]
        if rate is None:
            return None
        return {"amount_micro_usd": rules.exact_micro_usd(amount * rate[1]), "fx_rate": format(rate[1], "f"), "fx_date": rate[0]}

    def _book(self, connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        entries = [_entry(row) for row in rows if row["status"] == "counted" and row["amount_micro_usd"] != 0]
        self._ledger.book_all(connection, entries)


def _entry(row: Mapping[str, Any]) -> Entry:
    foreign = row["fx_rate"] is not None
    return Entry(
        key=f"{PROVIDER}/{row['external_id']}", kind="refund" if row["kind"] == "refund" else "revenue", service=PROVIDER,
        amount_micro_usd=row["amount_micro_usd"], cause_type="payment", cause_id=row["id"], occurred_at=row["occurred_at"],
        currency=row["currency"], original_amount=row["original_amount"] if foreign else None, product=row["product"],
        units={"fx_rate": row["fx_rate"], "fx_date": row["fx_date"].isoformat()} if foreign else None,
    )  # fmt: skip
