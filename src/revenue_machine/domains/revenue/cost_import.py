"""Takes an owner's file of marketing costs into the ledger: what was spent, on which date, for which source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import islice

import sqlalchemy as sa

from revenue_machine.domains.revenue import cells, reads, rules
from revenue_machine.domains.revenue.file_rows import FileCells, Repeats, wanted
from revenue_machine.engine.bulk import roomy
from revenue_machine.engine.database import Database
from revenue_machine.engine.importing import BadRow, ImportField, ImportRow, ImportSource, LeftOut, Written
from revenue_machine.engine.ledger import Entry, Ledger
from revenue_machine.kit.settings import Settings

BATCH = 2_000
KINDS = ("ads", "publishing", "connects")
FIELDS = (
    ImportField(
        "time", "text",
        ("date", "dt", "day", "timestamp", "spent_at", "date_start", "reporting_starts", "occurred_at", "cost_date", "month"),
    ),
    ImportField("amount", "text", ("cost", "costs", "spend", "spent", "amount_spent", "cost_usd", "spend_usd", "total")),
    ImportField(
        "source", "text",
        ("source_id", "channel", "utm_source", "platform", "medium", "campaign_source", "network", "publisher", "vendor"),
    ),
    ImportField("currency", "text", ("currency_code", "ccy")),
    ImportField("kind", "text", ("cost_kind", "category")),
    ImportField("product", "text", ("product_id",)),
    ImportField("post_id", "text", ("post", "utm_campaign")),
    ImportField("date_order", "text"),
)  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """One row: what was spent; `post_id` where the cost belongs to one post."""

    at: datetime
    amount: Decimal
    currency: str
    source: str
    kind: str
    product: str | None
    post_id: str | None


def begin(source: ImportSource, ledger: Ledger, settings: Settings, database: Database) -> CostImport:
    """Start on one file."""
    return CostImport(source, ledger, settings, database)


class CostImport:
    """The costs of one file; a foreign one needs the rate of its date, for a cost that waits would be forgotten."""

    def __init__(self, source: ImportSource, ledger: Ledger, settings: Settings, database: Database) -> None:
        self._source, self._ledger, self._database = source, ledger, database
        self._cells = FileCells(source, settings.zone)
        self._rates: dict[tuple[str, date], Decimal | None] = {}
        self._rows = 0

    def read(self, row: ImportRow) -> None:
        """Check a row; when and how much must be there, a cost of nothing is left out."""
        cost = self._cost({name: text for name, text in row.cells.items() if isinstance(text, str)})
        if cost.amount == 0:
            raise LeftOut("a cost of nothing")
        self._worth(cost)
        self._rows += 1

    def write(self, connection: sa.Connection) -> Written:
        """Book everything; costs known already change nothing."""
        stored = total = 0
        with roomy(connection):
            entries = self._entries()
            while batch := list(islice(entries, BATCH)):
                stored, total = stored + self._ledger.book_all(connection, batch), total + len(batch)
        return Written(stored, total - stored)

    def notes(self) -> list[str]:
        """What the owner should know about this file."""
        if not self._rows:
            return ["no row could be used"]
        order = [] if self._cells.order is None else [f"dates are read {'day' if self._cells.order == 'dmy' else 'month'} first"]
        return [f"{self._rows} costs", *order]

    def _entries(self) -> Iterator[Entry]:
        repeats = Repeats()
        for row in self._cells.rows():
            try:
                cost = self._cost(row)
                amount_micro_usd, rate = self._worth(cost)
            except BadRow:
                continue  # the first way through has reported it
            if cost.amount != 0:
                key = repeats.key(
                    cost.at.isoformat(), cost.amount.normalize(), cost.currency, cost.source, cost.kind, cost.product, cost.post_id
                )
                yield self._entry(cost, key, amount_micro_usd, rate)

    def _entry(self, cost: Cost, key: str, amount_micro_usd: int, rate: str | None) -> Entry:
        return Entry(
            key=f"import/{key}", kind=cost.kind, service=cost.source, amount_micro_usd=-amount_micro_usd, cause_type="import",
            cause_id=self._source.file.sha256, occurred_at=cost.at, currency=cost.currency,
            original_amount=None if rate is None else format(cost.amount, "f"), product=cost.product, item_id=cost.post_id,
            units=None if rate is None else {"fx_rate": rate},
        )  # fmt: skip

    def _cost(self, row: dict[str, str]) -> Cost:
        written, kind = wanted(row, "amount"), row.get("kind", "ads").lower()
        if kind not in KINDS:
            raise BadRow(f"'{kind[:20]}' is no kind of cost; {', '.join(KINDS)}")
        at = cells.moment(wanted(row, "time"), self._cells.order, self._cells.zone)
        spent = cells.amount(written)
        if spent < 0:
            raise BadRow(f"'{written[:40]}' is less than nothing; costs are written as positive amounts")
        return Cost(
            at, spent, cells.currency_of(written, row.get("currency")), row.get("source", "unknown"), kind,
            row.get("product"), row.get("post_id"),
        )  # fmt: skip

    def _worth(self, cost: Cost) -> tuple[int, str | None]:
        """(micro-dollars, the rate when it was not dollars). Raises: BadRow when the date has none."""
        if cost.currency == "USD":
            return rules.exact_micro_usd(cost.amount), None
        asked = (cost.currency, cost.at.date())
        if asked not in self._rates:
            with self._database.reading() as connection:
                found = reads.rate_at(connection, *asked)
            self._rates[asked] = None if found is None else found[1]
        rate = self._rates[asked]
        if rate is None:
            raise BadRow(f"no exchange rate of {cost.currency} for {asked[1].isoformat()}: import fx_rates first")
        return rules.exact_micro_usd(cost.amount * rate), format(rate, "f")
