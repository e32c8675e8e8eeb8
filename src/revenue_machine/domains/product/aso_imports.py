"""Takes the store's figures in from a file: Apple's own report files, or a plain table of days."""

from __future__ import annotations

import re
from datetime import date

import sqlalchemy as sa

from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.product import aso_store
from revenue_machine.domains.product.aso_figures import Days, add
from revenue_machine.engine.database import Database
from revenue_machine.engine.importing import BadRow, ImportField, ImportRow, ImportSource, LeftOut, Written
from revenue_machine.kit.clock import Clock, local_date
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.settings import Settings

FIELDS = (
    ImportField("date", "text", ("day", "date_day", "on_date")),
    ImportField("app", "text", ("app_name", "name", "bundle_id", "title", "product")),
    ImportField("app_id", "text", ("app_apple_identifier", "apple_identifier", "apple_id", "app_apple_id")),
    ImportField("event", "text", ("event_type",)),
    ImportField("download_type", "text", ()),
    ImportField("counts", "count", ("count",)),
    ImportField("impressions", "count", ("total_impressions",)),
    ImportField("page_views", "count", ("product_page_views", "pageviews")),
    ImportField("downloads", "count", ("first_time_downloads", "app_units", "units", "installs", "total_downloads")),
    ImportField("trial_starts", "count", ("trials", "trials_started", "free_trials")),
)
LONG = ("event", "download_type")
WIDE = ("impressions", "page_views", "downloads", "trial_starts")
_US = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{2}|\d{4})")


def begin(source: ImportSource, business: Business, database: Database, clock: Clock, settings: Settings) -> FigureImport:
    """Start on one file. Raises: bad_input when it has no dates, no app or no figures at all."""
    has = {*source.mapping, *source.constants}
    is_long = bool(has & set(LONG)) and "counts" in has
    if "date" not in has:
        raise BadInput(f"the file has no column of dates; it has {', '.join(source.file.columns[:12])}", field="date")
    if not is_long and not has & set(WIDE):
        words = f"none of {', '.join(WIDE)} is among the columns, nor an event with counts"
        raise BadInput(f"{words}; the file has {', '.join(source.file.columns[:12])}", field="downloads")
    if not has & {"app", "app_id"}:
        raise BadInput("no column says which app this is about; say it by --set app=KEY", field="app")
    return FigureImport(business, database, clock, settings, is_long=is_long)


class FigureImport:
    """The days of one file."""

    def __init__(self, business: Business, database: Database, clock: Clock, settings: Settings, *, is_long: bool) -> None:
        self._database, self._clock, self._is_long = database, clock, is_long
        self._today = local_date(clock.now(), settings.zone)
        self._keys = {word.casefold(): one.key for one in business.products for word in (one.key, one.name, one.bundle_id) if word}
        self._days: Days = {}
        self._seen: set[tuple[tuple[str, str], ...]] = set()
        self._others: set[str] = set()
        self._twice = 0

    def read(self, row: ImportRow) -> None:
        """Take a row in: figures of a day, or one of Apple's counts of it."""
        on_date, app = self._date(row), self._app(row)
        whole = tuple(sorted({**row.written, **row.extra}.items()))
        if whole in self._seen:
            self._twice += 1
            raise LeftOut("the same line again")
        self._seen.add(whole)
        if self._is_long:
            self._add_count(row, app, on_date)
        else:
            self._add_day(row, app, on_date)

    def write(self, connection: sa.Connection) -> Written:
        """Keep the days; a day that is known takes the file's figures."""
        fresh = aso_store.differing(connection, self._days)
        aso_store.put_days(connection, self._database, self._days, self._clock.now(), "file")
        return Written(fresh, len(self._days) - fresh)

    def notes(self) -> list[str]:
        """What this file says, of whom, and which days are missing in it."""
        if not self._days:
            return ["no row holds a figure"]
        dates = sorted({on_date for _, on_date in self._days})
        found = [f"{len(self._days)} days of {len({app for app, _ in self._days})} apps, {dates[0]} to {dates[-1]}"]
        for app in sorted({app for app, _ in self._days}):
            own = sorted(on_date for key, on_date in self._days if key == app)
            gaps = (own[-1] - own[0]).days + 1 - len(own)
            found += [f"{app}: {gaps} days between the first and the last are missing; they stay unknown, not zero"] if gaps else []
        if self._others:
            found.append(f"not in your owner's file, kept as controls: {', '.join(sorted(self._others)[:10])}")
        return [*found, f"{self._twice} lines stood there twice and count once"] if self._twice else found

    def _add_count(self, row: ImportRow, app: str, on_date: date) -> None:
        count = row.count("counts")
        if count is None:
            raise BadRow("a line without a count")
        said = {"Event": row.text("event"), "Download Type": row.text("download_type"), "Date": on_date, "Counts": count}
        add(self._days, [said], lambda _row: app)

    def _add_day(self, row: ImportRow, app: str, on_date: date) -> None:
        figures = {name: value for name in WIDE if (value := row.count(name)) is not None}
        if not figures:
            raise LeftOut("no figure on this line")
        held = self._days.setdefault((app, on_date), {})
        other = [name for name, value in figures.items() if held.get(name, value) != value]
        if other:
            raise BadRow(f"{on_date} of {app} stands twice, with other {other[0].replace('_', ' ')}")
        held.update(figures)

    def _date(self, row: ImportRow) -> date:
        text = row.text("date")
        if text is None:
            raise BadRow("a line without a date")
        us = _US.fullmatch(text)
        try:
            year = 0 if us is None else int(us[3]) + (2000 if len(us[3]) == 2 else 0)
            on_date = date.fromisoformat(text[:10]) if us is None else date(year, int(us[1]), int(us[2]))
        except ValueError:
            raise BadRow(f"'{text[:40]}' is no date: 2026-11-02, or 11/2/26 as Apple writes it") from None
        if on_date > self._today:
            raise BadRow(f"{on_date} has not been yet")
        return on_date

    def _app(self, row: ImportRow) -> str:
        """A product's key where its key, name or bundle id is named; any other app is a control."""
        name, number = row.text("app"), row.text("app_id")
        for word in (name, number):
            if word is not None and word.casefold() in self._keys:
                return self._keys[word.casefold()]
        if number is None and name is None:
            raise BadRow("a line that says of no app")
        key = f"store:{number}" if number is not None else f"store:{name}"
        self._others.add(key[:200])
        return key[:200]
