"""The evening's look at Superwall: finds new tests, keeps what charts count per variant, and wakes the loops that wait for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.owner.models import Business, Product
from revenue_machine.domains.paywall import reads, rules, store
from revenue_machine.domains.paywall.charts_desk import ChartsDesk
from revenue_machine.domains.paywall.models import (
    AppArgs,
    Arm,
    Found,
    MetricsResult,
    MoneyCheck,
    PaywallsResult,
    PaywallView,
    Phase,
    RankedVariant,
)
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.integrations.superwall.superwall_client import SuperwallClient
from revenue_machine.integrations.superwall.wire_rest import Application
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import NotConfigured
from revenue_machine.kit.money import dollars, show

MONEY_DAYS = timedelta(days=30)
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Counted:
    """What charts said of one loop's phase; `strangers` are variants nobody registered."""

    row: Row
    phase: Phase
    since: date
    arms: list[Arm]
    strangers: list[str]


@dataclass(frozen=True)
class Seen:
    """One app this evening: its experiments, the counts of its running tests."""

    app: Application
    product: Product
    found: list[Found]
    counted: list[Counted]


@dataclass(frozen=True)
class PaywallMetrics:
    """Asks first, writes then: no transaction is open while Superwall thinks."""

    clients: Clients
    database: Database
    business: Business
    clock: Clock
    events: Events

    def metrics(self, args: AppArgs) -> MetricsResult:
        """What charts say by the end of yesterday (UTC), ranked per test.

        Raises: not_configured; contract_broken; the outside_* family.
        """
        desk = self._desk()
        yesterday = self._today() - timedelta(days=1)
        new, notes, money = 0, list[str](), list[MoneyCheck]()
        apps = self._apps(desk, args.product, notes)
        self._miss({app.id for app, _ in apps}, args.product)
        for app, product in apps:
            seen = self._look(desk, app, product)
            with self.database.writing() as connection:
                new += self._keep(connection, seen, notes)
            money.append(self._money(desk, app, product))
        with self.database.reading() as connection:
            rows = reads.variants(connection, product=args.product)
        return MetricsResult(
            as_of=yesterday, experiments=len({row["experiment_id"] for row in rows}), new=new, requests=desk.requests,
            variants=[_ranked(row) for row in rows], money=money, notes=notes,
        )  # fmt: skip

    def paywalls(self, args: AppArgs) -> PaywallsResult:
        """Every paywall of the owner's apps, and the variants it is shown as."""
        desk, notes, found = self._desk(), list[str](), list[PaywallView]()
        for app, product in desk.applications():
            if args.product is not None and (product is None or product.key != args.product):
                continue
            if product is None:
                notes.append(_stranger(app))
            shown = [
                (variant.paywall, f"{campaign.description}: variant {variant.id}, {variant.percentage:g} %")
                for campaign in desk.campaigns(app.id)
                for audience in campaign.audiences
                for variant in audience.variants
            ]
            found += [
                PaywallView(
                    paywall_id=one.id, application_id=app.id, product=None if product is None else product.key,
                    identifier=one.identifier, name=one.name, status=one.status, sells=[sold.identifier for sold in one.products],
                    shown_as=[words for paywall, words in shown if paywall == one.id],
                )
                for one in desk.paywalls(app.id)
            ]  # fmt: skip
        return PaywallsResult(total=len(found), paywalls=found, notes=notes)

    def _desk(self) -> ChartsDesk:
        """Raises: not_configured; tests that were running then wait, and their owner is told so once."""
        try:
            return ChartsDesk(self.clients.get(SuperwallClient), self.business)
        except NotConfigured:
            self._say_idle()
            raise

    def _say_idle(self) -> None:
        with self.database.writing() as connection:
            for row in reads.open_loops(connection):
                if row["state"] not in reads.COUNTED or row["trouble"] == _IDLE:
                    continue
                store.note(connection, row, self.clock.now(), trouble=_IDLE)
                text = f"The paywall test of {row['product']} waits: {_IDLE}"
                self.events.emit(
                    connection, "alert.raised", f"paywall/{row['id']}/idle", {"kind": "paywall", "text": text, "key": row["id"]}
                )

    def _apps(self, desk: ChartsDesk, wanted: str | None, notes: list[str]) -> list[tuple[Application, Product]]:
        found = []
        for app, product in desk.applications():
            if product is None and wanted is None:
                notes.append(_stranger(app))
            elif product is not None and wanted in (None, product.key):
                found.append((app, product))
        return found

    def _look(self, desk: ChartsDesk, app: Application, product: Product) -> Seen:
        with self.database.reading() as connection:
            loops = [row for row in reads.loops_of_app(connection, app.id) if row["product"] == product.key]
            held = reads.variants(connection, application_id=app.id)
        names: dict[str, dict[str, str]] = {}
        for one in held:
            names.setdefault(one["vendor_experiment_id"], {})[one["variant_id"]] = one["name"]
        found = desk.experiments(app.id, self._today(), names)
        alive = {one.vendor_experiment_id for one in found}
        waiting = [row for row in loops if row["state"] in reads.COUNTED and row["vendor_experiment_id"] in alive]
        counted = [self._count(desk, row, names[row["vendor_experiment_id"]], product) for row in waiting]
        return Seen(app, product, found, [one for one in counted if one is not None])

    def _count(self, desk: ChartsDesk, row: Row, names: Mapping[str, str], product: Product) -> Counted | None:
        """Counts of the complete days so far; None before there is one."""
        phase: Phase = "test" if row["state"] == "testing" else "measure"
        since: date = row["since"] if phase == "test" else row["measure_since"]
        until = self._today() - timedelta(days=1)
        if until < since:
            return None
        experiment = (row["application_id"], row["vendor_experiment_id"])
        arms, strangers = desk.count(phase, experiment, names, (since, until))
        ripe = until - timedelta(days=trial_days(product))
        if phase == "test" and trial_days(product) and ripe >= since:
            arms = desk.matured(experiment, arms, (since, ripe))
        return Counted(row, phase, since, arms, strangers)

    def _keep(self, connection: sa.Connection, seen: Seen, notes: list[str]) -> int:
        """Write what was seen of an app; returns how many tests are new."""
        now = self.clock.now()
        loops = {row["vendor_experiment_id"]: row for row in reads.loops_of_app(connection, seen.app.id)}
        new = 0
        for found in seen.found:
            if found.vendor_experiment_id in loops:
                continue
            if found.trouble is not None or len(found.variants) < 2:
                notes += [f"{seen.product.key}: experiment {found.vendor_experiment_id}: {found.trouble}"] if found.trouble else []
                continue
            store.insert_loop(
                connection, self.database, found, product=seen.product.key, metric=metric_of(seen.product),
                control=rules.control_of(found.variants), now=now,
            )  # fmt: skip
            new += 1
        by_id = {one.vendor_experiment_id: one for one in seen.found}
        for one in seen.counted:
            self._keep_counts(connection, one, by_id.get(one.row["vendor_experiment_id"]))
        for row in loops.values():
            self._wake(connection, row, by_id)
        return new

    def _keep_counts(self, connection: sa.Connection, one: Counted, found: Found | None) -> None:
        until, now = self._today() - timedelta(days=1), self.clock.now()
        earlier = [
            row for row in reads.counts(connection, one.row["id"], one.phase) if row["on_date"] < until and row["trouble"] is None
        ]
        trouble = rules.shrunk(reads.arms_of(earlier[-1]), one.arms) if earlier else None
        store.keep_counts(
            connection, self.database, (one.row["id"], one.phase, until), one.arms, trouble=trouble, asked_at=now,
            days=(until - one.since).days + 1,
        )  # fmt: skip
        changed = None
        if one.phase == "test":
            ranked = rules.ranking(one.arms, one.row["control"], one.row["metric"])
            store.show_ranking(connection, one.row, ranked, one.row["metric"], (until, now))
            changed = rules.drift(one.row["split"], found)
            strangers = sorted(set(one.strangers) - set(() if found is None else found.holdouts))
            if changed is None and strangers:
                changed = f"charts show variant {', '.join(strangers)}, which nobody registered"
        store.note(connection, one.row, now, trouble=changed)

    def _miss(self, apps: set[str], product: str | None) -> None:
        """A running test whose app the key does not show any more has a bad evening too."""
        with self.database.writing() as connection:
            for row in reads.open_loops(connection):
                if row["application_id"] not in apps and product in (None, row["product"]):
                    self._wake(connection, row, {})

    def _wake(self, connection: sa.Connection, row: Row, found: Mapping[str, Found]) -> None:
        """What waits for counts, or was refused yesterday, goes on now; an experiment charts no longer know is a bad evening."""
        now = self.clock.now()
        if row["state"] in reads.COUNTED and row["vendor_experiment_id"] not in found:
            trouble = "the experiment has vanished from Superwall's charts"
            store.note(connection, row, now, trouble=trouble, next_due_at=now)
        elif row["state"] not in ("ended", "awaiting", "undo_awaiting"):
            store.note(connection, row, now, next_due_at=now)

    def _money(self, desk: ChartsDesk, app: Application, product: Product) -> MoneyCheck:
        """Charts are asked only where webhooks told of money."""
        last = self._today() - timedelta(days=1)
        first = last - MONEY_DAYS + timedelta(days=1)
        with self.database.reading() as connection:
            told = reads.told_micro_usd(connection, app.id, _midnight(first), _midnight(last + timedelta(days=1)))
        charts = 0 if told is None else desk.proceeds_micro_usd(app.id, first, last)
        agrees, words = rules.money_words(charts, told, {"charts": show(charts), "webhooks": show(told)})
        if agrees is False:
            self._say_disagreement(app.id, f"{product.key}: {words}", last)
        return MoneyCheck(
            application_id=app.id, product=product.key, since=first, until=last, charts_usd=dollars(charts),
            webhooks_usd=None if told is None else dollars(told), agrees=agrees, words=words,
        )  # fmt: skip

    def _say_disagreement(self, application_id: str, text: str, day: date) -> None:
        """Once a week, as long as it lasts."""
        year, week, _ = day.isocalendar()
        key = f"paywall/money/{application_id}/{year}-{week:02d}"
        with self.database.writing() as connection:
            self.events.emit(connection, "alert.raised", key, {"kind": "paywall", "text": text, "key": key})

    def _today(self) -> date:
        """Charts count in UTC days."""
        return self.clock.now().date()


_IDLE = "Superwall is not set up any more, so nobody counts"


def trial_days(product: Product) -> int:
    """Days of the longest free trial of a product."""
    return max((one.trial_days for one in product.offers), default=0)


def metric_of(product: Product) -> str:
    """What is registered as a success: trial starts where there is a trial, else purchases."""
    return "trial_starts" if trial_days(product) else "purchases"


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _stranger(app: Application) -> str:
    return f'Superwall\'s app {app.name} ({app.id}) belongs to no product: write superwall_app = "{app.id}" under its [[products]]'


def _ranked(row: Row) -> RankedVariant:
    return RankedVariant(
        rank=row["rank"], product=row["product"], experiment_id=row["experiment_id"], variant_id=row["variant_id"],
        vendor_experiment_id=row["vendor_experiment_id"], name=row["name"], status=row["status"], is_control=row["is_control"],
        impressions=row["impressions"], users=row["users"], conversions=row["conversions"], trials=row["trials"],
        revenue_usd=dollars(row["revenue_micro_usd"]), conversion_rate=row["conversion_rate"], significance=row["significance"],
        as_of=row["as_of"],
    )  # fmt: skip
