"""Scenario 9: every event three times, shuffled over eight connections, ends as the same events once and in order."""

from __future__ import annotations

import json
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from revenue_machine.app import App
from revenue_machine.domains.revenue.billing_book import BillingBook
from revenue_machine.domains.revenue.tables import PAYMENTS, SUBSCRIPTIONS
from revenue_machine.engine.tables import EVENTS, LEDGER
from revenue_machine.kit.hooks import HookRequest
from revenue_machine.kit.rng import rng
from revenue_machine.surfaces.web.hooks import store_hook
from tests.faults.hook_house import Line, honest, kept, open_app, served
from tests.faults.hook_lives import Told, lives

CONNECTIONS = 8
COLUMNS: dict[sa.Table, tuple[str, ...]] = {
    SUBSCRIPTIONS: ("id", "status", "user_id", "product", "is_revenue", "is_production", "price_micro_usd", "started_at", "trial_started_at",
                    "trial_ends_at", "paid_at", "ends_at", "ended_at", "newest_event_at"),
    PAYMENTS: ("id", "kind", "status", "product", "user_id", "subscription_id", "refunds_id", "amount_micro_usd"),
    LEDGER: ("id", "kind", "amount_micro_usd", "product", "service", "local_date"),
    EVENTS: ("kind", "key", "payload", "occurred_at"),
}  # fmt: skip


def standing(app: App) -> dict[str, list[str]]:
    """What the house believes: subscriptions, payments, money, facts told."""
    # Bills and banks that wait for each other are looked at once more, as every snapshot does.
    with app.database.writing() as connection:
        app.container.get(BillingBook).retry_open(connection, app.clock.now())
    found: dict[str, list[str]] = {}
    with app.database.reading() as connection:
        for table, names in COLUMNS.items():
            rows = connection.execute(sa.select(*(table.c[name] for name in names)))
            found[table.name] = sorted(json.dumps(list(row), sort_keys=True, default=str) for row in rows)
    return found


def in_order(home: Path, told: list[Told]) -> dict[str, list[str]]:
    """The same events once, each handled before the next, in a house of their own."""
    app = open_app(home, f"sqlite:///{home}/ordered.db")
    sa.event.listen(app.database.engine, "connect", lambda raw, _: raw.execute("pragma synchronous=off"))
    app.database.engine.dispose()
    for one in told:
        assert store_hook(app, one.service, HookRequest(honest(one.service, one.body, one.key), one.body))
        assert app.inbox.drain() == 1
    wanted = standing(app)
    app.close()
    return wanted


def bring(port: int, deliveries: deque[Told]) -> list[int]:
    """One connection's share: whatever is next."""
    line, statuses = Line(port), list[int]()
    while True:
        try:
            one = deliveries.popleft()
        except IndexError:
            line.close()
            return statuses
        statuses.append(line.post(one.service, list(honest(one.service, one.body, one.key).items()), one.body)[0])


def shuffled(app: App, told: list[Told]) -> None:
    deliveries = [one for one in told for _ in range(3)]
    rng(7, "hooks.thrice").shuffle(deliveries)
    waiting = deque(deliveries)
    with served(app) as port, ThreadPoolExecutor(CONNECTIONS + 1) as pool:
        lines = [pool.submit(bring, port, waiting) for _ in range(CONNECTIONS)]
        while not all(one.done() for one in lines):
            app.inbox.drain()  # handled while more arrive
        statuses: list[Any] = [status for one in lines for status in one.result()]
    app.inbox.drain()
    assert statuses == [200] * len(deliveries)


def prove(subscriptions: int, database_url: str, home: Path) -> None:
    told = lives(subscriptions)
    (home / "ordered").mkdir()
    wanted = in_order(home / "ordered", told)
    app = open_app(home, database_url)
    shuffled(app, told)
    assert kept(app) == sorted((one.service, one.key) for one in told)
    assert app.inbox.dead_letters() == []
    found = standing(app)
    for name, rows in wanted.items():
        assert found[name] == rows, name
    assert len(wanted["actp_subscriptions"]) == subscriptions
    app.audit.seal()
    app.audit.verify()
    app.close()


def test_shuffled_deliveries_end_as_ordered_ones(database_url: str, tmp_path: Path) -> None:
    prove(12, database_url, tmp_path)


@pytest.mark.proof
def test_five_hundred_events_thrice_end_as_ordered_ones(database_url: str, tmp_path: Path) -> None:
    assert len(lives(50)) == 500
    prove(50, database_url, tmp_path)
