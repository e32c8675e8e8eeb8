"""Takes dated exchange rates in, and lets the money that waited for them count."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import sqlalchemy as sa

from revenue_machine.domains.revenue import cells, reads, store
from revenue_machine.domains.revenue.billing_book import BillingBook
from revenue_machine.domains.revenue.file_rows import FileCells, wanted
from revenue_machine.domains.revenue.imported_sales import ImportedSales
from revenue_machine.domains.revenue.models import Rate
from revenue_machine.engine.database import Database
from revenue_machine.engine.importing import BadRow, ImportField, ImportRow, ImportSource, Written
from revenue_machine.kit.clock import Clock, local_date
from revenue_machine.kit.settings import Settings

FIELDS = (
    ImportField("currency", "text", ("currency_code", "code", "ccy", "from_currency")),
    ImportField("time", "text", ("date", "day", "rate_date", "dt", "time_period")),
    ImportField("usd_per_unit", "text", ("rate", "usd", "fx_rate", "value", "close", "obs_value")),
    ImportField("date_order", "text"),
)


class RateBook:
    """Keeps rates and counts what they free; in the caller's transaction."""

    def __init__(self, database: Database, book: BillingBook, sales: ImportedSales, clock: Clock) -> None:
        self._database, self._book, self._sales, self._clock = database, book, sales, clock

    def keep(self, connection: sa.Connection, rates: list[Rate]) -> int:
        """Keep dated rates; the first word for a date stands, so that money once counted stays as it was. How many were new."""
        now = self._clock.now()
        return sum(store.keep_rate(self._database, connection, rate, now) for rate in rates)

    def release(self, connection: sa.Connection) -> int:
        """Look again at every payment that waits; how many count now that did not."""
        before = len(reads.parked_payments(connection))
        self._sales.release(connection)
        self._book.retry_open(connection, self._clock.now() - store.PATIENCE)
        return before - len(reads.parked_payments(connection))


def begin(source: ImportSource, rates: RateBook, settings: Settings) -> RateImport:
    """Start on one file."""
    return RateImport(source, rates, settings)


class RateImport:
    """The rates of one file: dollars for one unit of a currency on a date."""

    def __init__(self, source: ImportSource, rates: RateBook, settings: Settings) -> None:
        self._source, self._book, self._cells = source, rates, FileCells(source, settings.zone)
        self._rates: list[Rate] = []

    def read(self, row: ImportRow) -> None:
        """Take a row in."""
        said = {name: text for name, text in row.cells.items() if isinstance(text, str)}
        currency = cells.currency_of("", wanted(said, "currency"))
        at = cells.moment(wanted(said, "time"), self._cells.order, self._cells.zone)
        usd_per_unit = cells.amount(wanted(said, "usd_per_unit"))
        self._rates.append(checked_rate(currency, local_date(at, self._cells.zone), usd_per_unit, "file"))

    def write(self, connection: sa.Connection) -> Written:
        """Keep everything and count what waited."""
        fresh = self._book.keep(connection, self._rates)
        self._book.release(connection)
        return Written(fresh, len(self._rates) - fresh)

    def notes(self) -> list[str]:
        """Which currencies the file knows."""
        names = sorted({rate.currency for rate in self._rates})
        return [f"{len(self._rates)} rates of {', '.join(names)}"] if names else ["no row could be used"]


def checked_rate(currency: str, day: date, usd_per_unit: Decimal, source: str) -> Rate:
    """A rate that can be one. Raises: BadRow."""
    if currency == "USD":
        raise BadRow("a dollar is a dollar")
    if not Decimal("0.000001") <= usd_per_unit <= Decimal(1000):
        raise BadRow(f"{usd_per_unit} dollars for one {currency}?")
    return Rate(currency, day, usd_per_unit, source)
