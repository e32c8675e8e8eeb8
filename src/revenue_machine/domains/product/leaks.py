"""Finds where each product's funnel loses people, and what each loss costs a week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from revenue_machine.domains.analytics.models import DEFAULT_STEPS, STEP_EVENTS, FunnelReport
from revenue_machine.domains.owner.models import Business, Product
from revenue_machine.domains.product import loop_reads
from revenue_machine.domains.product.loop_models import LeaksArgs, LeaksReport, ProductLeaks, Ranked, StepLeak
from revenue_machine.domains.product.loop_rules import StepCount, lag_days, project_order, step_leaks, worst_of
from revenue_machine.engine.database import Database
from revenue_machine.engine.dispatch import Topics
from revenue_machine.kit.clock import Clock, iso
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.money import micro, show
from revenue_machine.kit.settings import Settings

# By which property an event says whose it is; the first one that names a product of the owner's is taken.
TOLD_BY = ("$host", "product", "offer", "product_id")
# From the first step to the last: a trial of a week and its delays fit in.
WINDOW_DAYS = 28
WEEK_DAYS = 7
NOT_TOLD_APART = (
    "no event says which product it is about: send $host, product or offer with the first step's event, or name the property in "
    "REVENUE_POSTHOG__PRODUCT_PROPERTY"
)  # fmt: skip
Counts = Mapping[str | None, Sequence[int]]


@dataclass(frozen=True)
class Range:
    """What is counted: from when to when, which steps, and from which store."""

    start: datetime
    end: datetime
    steps: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class Asked:
    """A funnel as it was answered: people by label and step; `earlier` is filled with the same of some days ago when asked for."""

    told_by: str | None
    counts: Counts
    source: str
    notes: list[str]
    earlier: dict[int, Counts] = field(default_factory=dict)


class LeakFinder:
    """One per call."""

    def __init__(self, database: Database, clock: Clock, settings: Settings, business: Business) -> None:
        self._database, self._clock, self._settings, self._business = database, clock, settings, business

    def find(self, args: LeaksArgs, topics: Topics) -> LeaksReport:
        """Every product's steps and leaks.

        Raises: bad_input for a product the owner does not have; what `posthog.funnel` raises.
        """
        if args.product is not None and self._business.product(args.product) is None:
            known = ", ".join(one.key for one in self._business.products)
            raise BadInput(f"no product {args.product}; the owner's file has {known}", field="product")
        end = args.date_to or self._clock.now()
        span = Range(end - timedelta(days=args.days), end, args.steps or DEFAULT_STEPS, args.source)
        asked = self.ask(topics, span)
        stated = None if args.price_usd is None else micro(args.price_usd)
        found = [self._of_product(topics, span, asked, one, stated) for one in self._owners(asked, args.product)]
        found.sort(key=_place)
        return LeaksReport(date_from=span.start, date_to=span.end, ranked=ranked(found), products=found)

    def event_of(self, step: str) -> str:
        """The event behind a step's name, as `posthog.funnel` has it."""
        own = self._settings.service("posthog").option(f"event_{step}") if step in STEP_EVENTS else None
        return own or STEP_EVENTS.get(step, step)

    def product_of(self, properties: Mapping[str, Any]) -> str | None:
        """Whose event it is by its properties; the only product's where there is one."""
        for name in self.told_by():
            key = self._labels().get(_plain(properties.get(name)))
            if key is not None:
                return key
        return self._business.products[0].key if len(self._business.products) == 1 else None

    def ask(self, topics: Topics, span: Range) -> Asked:
        """The funnel by the first property that tells the owner's products apart, else over everybody."""
        if len(self._business.products) > 1:
            labels = self._labels()
            for name in self.told_by():
                report = funnel(topics, span, span.end, breakdown=name)
                counts = counts_of(report)
                if any(_plain(label) in labels for label, people in counts.items() if people[0]):
                    return Asked(name, counts, report.source, report.notes)
        report = funnel(topics, span, span.end, breakdown=None)
        return Asked(None, counts_of(report), report.source, report.notes)

    def _owners(self, asked: Asked, only: str | None) -> list[Product | None]:
        """Whose leaks are shown: each product's, or nobody's where events do not say whose they are."""
        if len(self._business.products) > 1 and asked.told_by is None:
            return [None]
        return [one for one in self._business.products if only in (None, one.key)]

    def _of_product(
        self, topics: Topics, span: Range, asked: Asked, product: Product | None, stated_micro_usd: int | None
    ) -> ProductLeaks:
        people = self.people_of(asked.counts, product, asked.told_by, len(span.steps))
        trial_days = max((offer.trial_days for offer in product.offers), default=0) if product is not None else 7
        counts = []
        week_ago = self._as_of(topics, span, asked, product, WEEK_DAYS) if people[0] else people
        for place in range(1, len(span.steps)):
            before, after = span.steps[place - 1 : place + 1]
            lag = lag_days(after, trial_days) if after == "purchase" else 0
            came, per_week = people[place - 1], people[place - 1] - week_ago[place - 1]
            if lag and came:
                came = self._as_of(topics, span, asked, product, lag)[place - 1]
            counts.append(StepCount(before, after, came, min(people[place], came), per_week, lag))
        with self._database.reading() as connection:
            price = loop_reads.price_of(connection, product, span.end)
        net = stated_micro_usd if stated_micro_usd is not None else price.net_micro_usd
        steps = step_leaks(counts, net)
        notes = [*asked.notes, *([NOT_TOLD_APART] if product is None else [])]
        if people[0] == 0:
            notes.append(f"nobody came to {span.steps[0]} between {span.start.date()} and {span.end.date()}: say date_to and days")
        name = None if product is None else product.key
        words = price.words if stated_micro_usd is None else f"{show(stated_micro_usd)} a sale, as you said"
        return ProductLeaks(
            product=name, project=name, price_words=words, net_price_micro_usd=net, steps=steps, worst=worst_of(steps),
            told_by=asked.told_by, source=asked.source, notes=notes,
        )  # fmt: skip

    def _as_of(self, topics: Topics, span: Range, asked: Asked, product: Product | None, days: int) -> list[int]:
        """How many had come to each step so many days before the end."""
        if days not in asked.earlier:
            asked.earlier[days] = counts_of(funnel(topics, span, span.end - timedelta(days=days), breakdown=asked.told_by))
        return self.people_of(asked.earlier[days], product, asked.told_by, len(span.steps))

    def tells(self, asked: Asked) -> bool:
        """Whether these counts can be told apart by product."""
        return asked.told_by is not None or len(self._business.products) == 1

    def people_of(self, counts: Counts, product: Product | None, told_by: str | None, steps: int) -> list[int]:
        """People by step, of one product where the property tells."""
        labels = self._labels()
        mine = [
            people
            for label, people in counts.items()
            if told_by is None or (product is not None and labels.get(_plain(label)) == product.key)
        ]
        return [sum(one[place] for one in mine) for place in range(steps)]

    def told_by(self) -> tuple[str, ...]:
        """Properties that may say whose an event is, the owner's own first."""
        own = self._settings.service("posthog").option("product_property")
        return (own, *TOLD_BY) if own else TOLD_BY

    def _labels(self) -> dict[str, str]:
        """Every name a product goes by in events, with its key."""
        found: dict[str, str] = {}
        for product in self._business.products:
            names = (product.key, product.name, urlsplit(product.url).netloc, *product.store_product_ids)
            for name in (*names, *(offer.key for offer in product.offers)):
                found.setdefault(_plain(name), product.key)
        return found


def funnel(
    topics: Topics, span: Range, end: datetime, *, breakdown: str | None, window_days: int = WINDOW_DAYS, mode: str = "first"
) -> FunnelReport:
    """`posthog.funnel` of the range up to `end`. Raises: what it raises."""
    asked: dict[str, Any] = {
        "steps": list(span.steps), "date_from": iso(span.start), "date_to": iso(end), "window_days": window_days,
        "source": span.source, "breakdown": breakdown, "attribution": mode,
    }  # fmt: skip
    answer = topics.call("posthog.funnel", asked, key=f"funnel/{breakdown}/{mode}/{iso(span.start)}/{iso(end)}")
    if answer.error is not None:
        raise answer.error
    if not isinstance(answer.value, FunnelReport):
        raise TypeError("posthog.funnel answered something else than a funnel")
    return answer.value


def counts_of(report: FunnelReport) -> dict[str | None, list[int]]:
    """People per step by breakdown value."""
    found: dict[str | None, list[int]] = {}
    for row in report.rows:
        found.setdefault(row.breakdown, []).append(row.people)
    return found


def ranked(products: Sequence[ProductLeaks]) -> list[Ranked]:
    """All sure leaks, dearest first; without a price those that lose most people."""
    rows = [(one.product, leak) for one in products for leak in one.steps if leak.state == "leak"]
    rows.sort(key=lambda row: (-(row[1].worth_micro_usd_per_week or 0), -row[1].lost, row[0] or "", row[1].to_step))
    return [_ranked(product, leak) for product, leak in rows]


def _ranked(product: str | None, leak: StepLeak) -> Ranked:
    return Ranked(
        product=product, step=f"{leak.from_step} to {leak.to_step}", rate=leak.rate or 0.0, people_lost=leak.lost,
        worth_micro_usd_per_week=leak.worth_micro_usd_per_week, words=leak.words,
    )  # fmt: skip


def _place(one: ProductLeaks) -> tuple[int, int, str]:
    worth = 0 if one.worst is None else one.worst.worth_micro_usd_per_week or 0
    return project_order(one.project or "", worth)


def _plain(label: Any) -> str:
    return str(label or "").strip().lower().removeprefix("www.")
