"""Apps in a pretend App Store with months of figures, and short ways to propose, release, count and review."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.memory.tables import GRAPH_ENTITIES, MEMORY_EVENTS
from revenue_machine.domains.product import aso_reads, aso_store
from revenue_machine.domains.product.tables import ASO_DAYS, ASO_EXPERIMENTS
from revenue_machine.engine.call import Moments
from revenue_machine.integrations.app_store import fake as store
from revenue_machine.kit.fakeserver import FakeState
from revenue_machine.kit.rng import rng
from tests.domains import delegation_house

KIND, EVER = "app.kindletters", "app.everreach.pro"
OTHERS = ("app.rork.crm", "app.ig.leads", "app.campaigns")
SUBTITLE: Mapping[str, Any] = {
    "app": "kindletters", "experiment_type": "subtitle", "new_text": "Warm letters from your notes",
    "hypothesis": "Saying what it does brings more people to the page.", "metric_name": "downloads",
}  # fmt: skip
PAGE: Mapping[str, Any] = {
    "app": "kindletters", "experiment_type": "screenshots", "hypothesis": "Warm pictures bring more downloads per view.",
    "treatments": [{"name": "warm"}], "locales": ["en-US"],
}  # fmt: skip


@dataclass(frozen=True)
class AsoHouse(delegation_house.House):
    """The product, the world outside it with its store, and the clock of both."""

    @property
    def shop(self) -> FakeState:
        """The state of the pretend App Store."""
        return self.outside.state("app_store")

    def open_shop(self, *others: str) -> None:
        """Both apps of the owner are out, and these of the account beside them."""
        words = {"subtitle": "Letters", "keywords": "letter,note", "description": "Letters."}
        store.public_app(self.shop, EVER, "EverReach Pro", listing=words)
        store.public_app(self.shop, KIND, "KindLetters", listing=words)
        for name in others:
            store.public_app(self.shop, name, name)

    def trade(self, bundle_id: str, days: int, base: int, lift: float = 1.0) -> None:
        """So many days up to yesterday with about `base` downloads each, moving with the market; `lift` on top."""
        today = self.clock.now().date()
        for back in range(days, 0, -1):
            day = today - timedelta(days=back)
            market = 1 + 0.2 * (day.toordinal() % 7 in (5, 6)) + 0.1 * rng(7, "market", day.isoformat()).random()
            loads = round(base * market * lift * (1 + 0.08 * (rng(7, "own", bundle_id, day.isoformat()).random() - 0.5)))
            store.public_day(self.shop, bundle_id, day, impressions=loads * 40, page_views=loads * 4, downloads=loads)

    def live(self, days: int, lifts: Mapping[str, float] | None = None) -> None:
        """Days go by: everybody trades, and every evening everything that is due runs."""
        for _ in range(days):
            self.wait(days=1)
            for name, base in ((KIND, 120), (EVER, 300), *((other, 200) for other in OTHERS)):
                if store.public_listing(self.shop, name):
                    self.trade(name, 1, base, (lifts or {}).get(name, 1.0))
            self.review()

    def keep_figures(self, days: int, lift: float = 1.0, **changed: int) -> None:
        """What `trade` would bring for so many days up to yesterday, put where the reports go; the last 16 of kindletters lifted."""
        today = self.clock.now().date()
        figures = {}
        for app, base in (("kindletters", 120), ("everreach_pro", 300), ("store:1", 200), ("store:2", 90)):
            for back in range(days, 0, -1):
                day = today - timedelta(days=back)
                market = 1 + 0.2 * (day.toordinal() % 7 in (5, 6))
                noise = 1 + 0.08 * (rng(7, "own", app, day.isoformat()).random() - 0.5)
                loads = round(base * market * noise * (lift if app == "kindletters" and back <= 16 else 1))
                figures[app, day] = {"impressions": loads * 40, "page_views": loads * 4, "downloads": loads, **changed}
        with self.app.database.writing() as connection:
            aso_store.put_days(connection, self.app.database, figures, self.clock.now(), "file")

    def judged(self, lift: float) -> str:
        """A subtitle from proposal to its end over figures that were kept; its id."""
        aso_id = str(self.try_subtitle()["aso_id"])
        self.carry_out(aso_id)
        self.ask("aso.record_result", {"aso_id": aso_id, "live_on": self.clock.now().date().isoformat()}, key="live")
        self.wait(days=17)
        self.keep_figures(160, lift)
        self.review()
        return aso_id

    def review(self) -> dict[str, Any]:
        """One review; each day has a key of its own."""
        return self.ask("aso.review", key=self.clock.now().isoformat())

    def try_subtitle(self, **other: Any) -> dict[str, Any]:
        """Propose SUBTITLE, or something else of it."""
        return self.ask("aso.propose", {**SUBTITLE, **other}, key=str(sorted(other)))

    def carry_out(self, aso_id: str) -> None:
        """The owner says yes, the harness makes the change."""
        self.decide(str(self.one(aso_id)["approval_id"]))
        self.tick()
        self.finish()

    def one(self, aso_id: str) -> dict[str, Any]:
        """One experiment as its row stands."""
        with self.app.database.reading() as connection:
            row = aso_reads.experiment(connection, aso_id)
        assert row is not None
        return row

    def all(self) -> list[dict[str, Any]]:
        """Every experiment by id."""
        with self.app.database.reading() as connection:
            return [dict(row) for row in connection.execute(sa.select(ASO_EXPERIMENTS).order_by(ASO_EXPERIMENTS.c.id)).mappings()]

    def day(self, app: str, on: date) -> dict[str, Any] | None:
        """The kept figures of one day."""
        query = sa.select(ASO_DAYS).where(ASO_DAYS.c.app == app, ASO_DAYS.c.on_date == on)
        with self.app.database.reading() as connection:
            row = connection.execute(query).mappings().first()
        return dict(row) if row else None

    def remembered(self) -> list[str]:
        """What memory holds of app stores."""
        with self.app.database.reading() as connection:
            texts = [
                *connection.execute(sa.select(GRAPH_ENTITIES)).mappings(),
                *connection.execute(sa.select(MEMORY_EVENTS)).mappings(),
            ]
        return [str(dict(row)) for row in texts if "app store" in str(dict(row))]


@contextmanager
def open_house(home: Path, moments: Moments | None = None, **env: str) -> Iterator[AsoHouse]:
    """The house at START, closed afterwards."""
    with delegation_house.open_house(home, moments, **env) as plain:
        yield AsoHouse(plain.app, plain.outside, plain.clock)
