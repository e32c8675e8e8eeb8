"""The store's daily figures from Apple's report files: ordered once, fetched when they come, each file read once."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.product import aso_reads, aso_store
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.database import Database
from revenue_machine.engine.effects import Outside, Plan
from revenue_machine.integrations.app_store.app_store_client import AppStoreClient
from revenue_machine.integrations.app_store.wire import App, Instance, Report
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import ContractBroken, Failure, OutsideRejected

ENGAGEMENT, DOWNLOADS = "App Store Discovery and Engagement Standard", "App Downloads Standard"
ORDERS = ("ONGOING", "ONE_TIME_SNAPSHOT")
# More apps than this tell a control nothing new, and every one costs calls of the hour.
MOST_APPS = 20
_EVENTS = {"impression": "impressions", "page view": "page_views"}
# A load by somebody who had the app before is no new person.
_LOADS = {"first-time download": "downloads"}
Days = dict[tuple[str, date], dict[str, int]]


@dataclass(frozen=True)
class Fetched:
    """How many report files were read, days they spoke of, and what went wrong."""

    files: int = 0
    days: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class AsoFigures:
    """Fetches what Apple counted."""

    database: Database
    clock: Clock
    business: Business
    clients: Clients

    def fetch(self, outside: Outside) -> Fetched:
        """Read every report file that is new, of our apps and of the account's others, which serve as controls."""
        client = self.clients.maybe(AppStoreClient)
        if client is None or not any(one.bundle_id for one in self.business.products):
            return Fetched()
        files, days, notes = 0, 0, list[str]()
        try:
            apps = client.apps()
        except Failure as failure:
            return Fetched(notes=(f"App Store Connect: {failure.message}",))
        ours = {one.bundle_id: one.key for one in self.business.products if one.bundle_id}
        for app in sorted(apps, key=lambda one: (one.attributes.bundle_id not in ours, one.id))[:MOST_APPS]:
            key = ours.get(app.attributes.bundle_id or "", f"store:{app.id}")
            try:
                fresh = self._fetch_app(client, app, key, outside)
            except Failure as failure:
                notes.append(f"{key}: {failure.message}")
            else:
                files, days = files + fresh.files, days + fresh.days
        return Fetched(files, days, tuple(notes))

    def _fetch_app(self, client: AppStoreClient, app: App, key: str, outside: Outside) -> Fetched:
        files, days = 0, 0
        for access, request_id in self._orders(client, app, key, outside):
            for report in client.reports(request_id):
                if report.attributes.name not in (ENGAGEMENT, DOWNLOADS):
                    continue
                for instance in self._new(client, report, access):
                    days += self._read(client, key, report, instance)
                    files += 1
        return Fetched(files, days)

    def _orders(self, client: AppStoreClient, app: App, key: str, outside: Outside) -> list[tuple[str, str]]:
        """(kind, id) of the standing orders; what is missing is ordered. A look back that was read is not asked about again."""
        with self.database.reading() as connection:
            seen = aso_reads.reports_read(connection, [f"{key}/{ENGAGEMENT}/back", f"{key}/{DOWNLOADS}/back"])
        wanted = ORDERS[:1] if len(seen) == 2 else ORDERS
        held = {one.attributes.access_type: one.id for one in client.report_requests(app.id)}
        for access in wanted:
            if access not in held:
                held[access] = outside.perform(self._order(client, app, key, access))
        return [(access, held[access]) for access in wanted]

    def _order(self, client: AppStoreClient, app: App, key: str, access: str) -> Plan[str]:
        def stands() -> str | None:
            return next((one.id for one in client.report_requests(app.id) if one.attributes.access_type == access), None)

        return Plan(
            service="app_store", operation="order_reports", key=f"{key}/{access}", payload={"app": app.id, "access": access},
            answer=str, send=lambda _key: client.request_reports(app.id, access).id, look_up=stands,
        )  # fmt: skip

    def _new(self, client: AppStoreClient, report: Report, access: str) -> list[Instance]:
        found = client.instances(report.id)
        with self.database.reading() as connection:
            known = aso_reads.reports_read(connection, [one.id for one in found]) if found else set[str]()
        fresh = [one for one in found if one.id not in known]
        # One look back says it all; its later editions repeat it.
        return fresh[-1:] if access == "ONE_TIME_SNAPSHOT" else fresh

    def _read(self, client: AppStoreClient, key: str, report: Report, instance: Instance) -> int:
        """Keep one edition; the mark that it was read goes into the same transaction as its figures."""
        name = str(report.attributes.name)
        days: Days = {}
        try:
            for segment in client.segments(instance.id):
                add(days, rows_of(client.segment_text(segment)), lambda _row: key)
        except OutsideRejected as refusal:
            raise ContractBroken(f"{name} of {instance.attributes.processing_date} cannot be read: {refusal.message}") from None
        now = self.clock.now()
        marks = [{"id": instance.id, "processed_on": instance.attributes.processing_date}]
        if len(days) > 1:
            marks.append({"id": f"{key}/{name}/back", "processed_on": instance.attributes.processing_date})
        with self.database.writing() as connection:
            aso_store.put_days(connection, self.database, days, now, "api")
            for mark in marks:
                aso_store.keep_report(connection, self.database, {**mark, "app": key, "report": name, "days": len(days)}, now)
        return len(days)


def rows_of(text: str) -> Iterable[Mapping[str, str]]:
    """The lines of a tab-separated report as dictionaries; `contract_broken` when it is none of the reports we know."""
    reader = csv.DictReader(io.StringIO(text), delimiter="\t")
    columns = {name.strip() for name in reader.fieldnames or ()}
    if not {"Date", "Counts"} <= columns or not {"Event", "Download Type"} & columns:
        raise ContractBroken(
            f"a report file has the columns {', '.join(sorted(columns)[:8])}; Date, Counts and an event are needed"
        )
    return reader


def add(days: Days, rows: Iterable[Mapping[str, Any]], app_of: Any) -> None:
    """Sum a report's lines per app, day and figure; lines of other events are left out."""
    for row in rows:
        said = str(row.get("Event") or row.get("Download Type") or "").strip().casefold()
        figure = _EVENTS.get(said) if row.get("Event") else _LOADS.get(said)
        if figure is None:
            continue
        try:
            on_date, count = date.fromisoformat(str(row["Date"]).strip()), int(str(row["Counts"]).strip())
        except ValueError:
            raise ContractBroken(f"a report file has the line {str(row)[:120]}") from None
        held = days.setdefault((app_of(row), on_date), {})
        held[figure] = held.get(figure, 0) + count
