"""Reads an owner's file of sales, whatever its layout: who paid how much when, and which rows are the same sale."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import islice

import sqlalchemy as sa

from revenue_machine.domains.revenue import cells, reads
from revenue_machine.domains.revenue.file_rows import FileCells, Repeats, wanted
from revenue_machine.domains.revenue.imported_sales import ImportedSales, Sale
from revenue_machine.engine.bulk import roomy
from revenue_machine.engine.importing import BadRow, ImportField, ImportRow, ImportSource, Written
from revenue_machine.kit.settings import Settings

BATCH = 2_000
FIELDS = (
    ImportField(
        "customer", "text",
        ("customer_id", "user_id", "uid", "user", "client_id", "buyer", "buyer_id", "customerid", "email", "customer_email",
         "app_user_id", "distinct_id", "account_id", "id"),
    ),
    ImportField(
        "time", "text",
        ("date", "dt", "timestamp", "buy_ts", "buy_time", "purchased_at", "purchase_date", "order_date", "invoicedate",
         "invoice_date", "occurred_at", "paid_at", "created_at", "event_time", "created", "order_ts"),
    ),
    ImportField(
        "amount", "text",
        ("revenue", "dollar_value", "total", "value", "price", "amount_usd", "revenue_usd", "gross", "sales", "order_total",
         "payment", "sum"),
    ),
    ImportField("unit_price", "text", ("unitprice", "price_per_unit", "unit_amount")),
    ImportField("quantity", "text", ("qty", "number_of_cds", "units", "count", "items")),
    ImportField("currency", "text", ("currency_code", "ccy")),
    ImportField("product", "text", ("product_id", "sku", "item", "stockcode", "plan", "store_product_id")),
    ImportField(
        "transaction_id", "text",
        ("order_id", "invoice_id", "invoice", "invoiceno", "payment_id", "charge_id", "store_transaction_id", "receipt_id"),
    ),
    ImportField("source", "text", ("channel", "source_id", "utm_source", "traffic_source")),
    ImportField("date_order", "text"),
)  # fmt: skip


def begin(source: ImportSource, sales: ImportedSales, settings: Settings) -> PurchaseImport:
    """Start on one file."""
    return PurchaseImport(source, sales, settings)


class PurchaseImport:
    """The sales of one file: checked on the first way through it, written on the second, so that none stays in memory."""

    def __init__(self, source: ImportSource, sales: ImportedSales, settings: Settings) -> None:
        self._source, self._sales = source, sales
        self._cells = FileCells(source, settings.zone)
        self._rows, self._currencies = 0, set[str]()
        self._parked: dict[str, int] = {}
        self._orders: dict[str, bytes] = {}
        self._split: set[str] = set()

    def read(self, row: ImportRow) -> None:
        """Check a row; who, when and how much must be there."""
        sale, content = self._sale({name: text for name, text in row.cells.items() if isinstance(text, str)})
        self._rows += 1
        self._currencies.add(sale.currency)
        self._note_order(sale.transaction_id, content)

    def write(self, connection: sa.Connection) -> Written:
        """Count everything; sales known already, and those a till told of, change nothing."""
        stored = duplicates = 0
        told = reads.told_transactions(connection) if self._orders else frozenset()
        with roomy(connection):
            sales = self._all()
            while batch := list(islice(sales, BATCH)):
                written = self._sales.keep(connection, batch, told)
                stored, duplicates = stored + written.stored, duplicates + written.duplicates
        self._parked = reads.parked_currencies(connection) if self._currencies != {"USD"} else {}
        self._sales.tell_parked(connection, self._parked, self._source.file.sha256)
        return Written(stored, duplicates)

    def notes(self) -> list[str]:
        """What the owner should know about this file."""
        if not self._rows:
            return ["no row could be used"]
        found = [f"{self._rows} sales in {', '.join(sorted(self._currencies))}"]
        if self._cells.order is not None:
            found.append(f"dates are read {'day' if self._cells.order == 'dmy' else 'month'} first")
        if self._split:
            found.append(f"{len(self._split)} transactions have several lines: each line counts, equal lines once")
        if not self._orders:
            found.append("no transaction ids: rows are known by their content and how often it stands in the file")
        found += [f"{count} sales in {name} wait for an exchange rate" for name, count in sorted(self._parked.items())]
        return found

    def _all(self) -> Iterator[Sale]:
        """Every sound row again, with its natural key."""
        repeats = Repeats()
        for row in self._cells.rows():
            try:
                sale, content = self._sale(row)
            except BadRow:
                continue  # the first way through has reported it
            yield self._keyed(sale, content, repeats)

    def _keyed(self, sale: Sale, content: bytes, repeats: Repeats) -> Sale:
        number = sale.transaction_id
        if number is None:
            return replace(sale, key=repeats.key(content.hex()))
        return replace(sale, key=f"{number}/{content.hex()}" if number in self._split else number)

    def _sale(self, row: dict[str, str]) -> tuple[Sale, bytes]:
        """A row as a sale without key, and the hash of what it says."""
        customer = wanted(row, "customer")
        at = cells.moment(wanted(row, "time"), self._cells.order, self._cells.zone)
        amount, written = _amount(row)
        currency = cells.currency_of(written, row.get("currency"))
        product, quantity = row.get("product"), row.get("quantity")
        said = (customer, at.isoformat(), format(amount.normalize(), "f"), currency, product, quantity)
        content = hashlib.sha256("\x1f".join(map(str, said)).encode()).digest()[:12]
        sale = Sale("", customer, at, amount, currency, row.get("transaction_id"), product, quantity, row.get("source"))
        return sale, content

    def _note_order(self, number: str | None, content: bytes) -> None:
        """A transaction id on rows that differ is an order of several lines."""
        if number is not None and self._orders.setdefault(number, content) != content:
            self._split.add(number)


def _amount(row: dict[str, str]) -> tuple[Decimal, str]:
    """What was paid in all, and how it was written; a price of one unit is taken times the quantity."""
    if "amount" in row:
        return cells.amount(row["amount"]), row["amount"]
    if "unit_price" in row:
        return cells.amount(row["unit_price"]) * cells.amount(wanted(row, "quantity")), row["unit_price"]
    raise BadRow("no amount")
