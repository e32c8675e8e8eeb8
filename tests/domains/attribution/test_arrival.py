"""Whatever order clicks, signups, money and fees arrive in, what is caught up by and by equals what is traced from scratch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from revenue_machine.domains.attribution import reads
from revenue_machine.domains.attribution.attribution_engine import AttributionEngine
from revenue_machine.domains.attribution.models import DIMENSIONS, MODELS, Conversion
from revenue_machine.domains.attribution.tables import (
    ATTRIBUTION_CREDITS,
    ATTRIBUTION_EVENTS,
    ATTRIBUTION_MARKS,
    ATTRIBUTION_STALE,
    ATTRIBUTION_SUMMARY,
)
from revenue_machine.domains.links.tables import CLICKS, LINKS
from revenue_machine.engine.ledger import Entry, Ledger
from revenue_machine.engine.tables import LEDGER
from revenue_machine.kit.rng import rng
from tests.domains.revenue.house import DAY, HOUR, PRICE, START, House, open_house

TABLES = (ATTRIBUTION_CREDITS, ATTRIBUTION_EVENTS, ATTRIBUTION_MARKS, ATTRIBUTION_STALE, ATTRIBUTION_SUMMARY, CLICKS, LEDGER)
NICHES = ("saas", "coaching", "fitness")
Act = Callable[[sa.Connection, AttributionEngine], None]
Facts = dict[str, Any]


def world(seed: int) -> list[Facts]:
    """What happened: people on one or two devices, some shared, mails, sales, renewals, refunds, fees; in the order of time."""
    draw = rng(seed, "world")
    facts: list[Facts] = []
    for number in range(12):
        person, contact = f"u{number}", f"con_{number // 2}" if number % 3 == 0 else None
        device = f"v{draw.randrange(9)}"
        clicks = sorted(draw.uniform(0, 40) for _ in range(draw.randrange(4)))
        names = [f"c{number}-{place}" for place in range(len(clicks))]
        for name, day in zip(names, clicks, strict=True):
            mail = contact if draw.random() < 0.3 else None
            facts.append({"kind": "click", "id": name, "day": day, "device": device, "mail": mail, "niche": draw.choice(NICHES)})
        joined = clicks[-1] + 0.01 if clicks and draw.random() < 0.8 else draw.uniform(0, 40)
        named = names[-1] if names and draw.random() < 0.9 else None
        facts.append({"kind": "signup", "user": person, "day": joined, "named": named, "contact": contact})
        for step, later in (("trial", 0.1), ("purchase", 7.0), ("renewal", 37.0)):
            if draw.random() < 0.7:
                facts.append({"kind": step, "user": person, "day": joined + later, "contact": contact})
        if draw.random() < 0.3:
            facts.append({"kind": "refund", "user": person, "day": joined + 9, "contact": contact})
    return sorted(facts, key=lambda one: (one["day"], repr(one)))


def act(fact: Facts, house: House) -> list[Act]:
    """What the house does on hearing a fact, in pieces that may arrive apart."""
    if fact["kind"] == "click":
        return [partial(_click, fact)]
    if fact["kind"] == "signup":
        return [partial(_signup, fact)]
    return [partial(_convert, fact), *([partial(_fee, fact, house)] if fact["kind"] in ("purchase", "renewal") else [])]


def _click(fact: Facts, connection: sa.Connection, _engine: AttributionEngine) -> None:
    arrival = 1 + int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(CLICKS.c.arrival), 0))).scalar_one())
    link = f"l-{fact['niche']}" if fact["mail"] is None else f"l-{fact['mail']}"
    connection.execute(CLICKS.insert(), {
        "id": fact["id"], "link_id": link, "slug": link, "post_id": fact["niche"], "visitor_id": fact["device"],
        "clicked_at": START + fact["day"] * DAY, "is_counted": True, "filter_version": 1, "arrival": arrival,
    })  # fmt: skip


def _signup(fact: Facts, connection: sa.Connection, engine: AttributionEngine) -> None:
    said = {
        "user_id": fact["user"],
        "click_id": fact["named"],
        "utm_source": "x" if fact["named"] else None,
        "utm_campaign": "saas",
    }
    engine.sign_up(connection, said, START + fact["day"] * DAY)
    _know(fact, connection, engine)


def _convert(fact: Facts, connection: sa.Connection, engine: AttributionEngine) -> None:
    amount = {"purchase": PRICE, "renewal": PRICE, "refund": -PRICE}.get(fact["kind"], 0)
    payment = f"{fact['kind']}-{fact['user']}" if amount else None
    refunds = f"purchase-{fact['user']}" if fact["kind"] == "refund" else None
    engine.convert(connection, Conversion(
        f"{fact['kind']}/{fact['user']}", fact["kind"], START + fact["day"] * DAY, fact["user"], amount, "p", f"sub-{fact['user']}",
        payment, refunds,
    ))  # fmt: skip
    _know(fact, connection, engine)


def _know(fact: Facts, connection: sa.Connection, engine: AttributionEngine) -> None:
    """The people book names the contact again with every step it hears of."""
    if fact["contact"] is not None:
        engine.know(connection, fact["user"], fact["contact"])


def _fee(fact: Facts, house: House, connection: sa.Connection, _engine: AttributionEngine) -> None:
    cause = f"{fact['kind']}-{fact['user']}"
    entry = Entry(cause, "store_commission", "revenuecat", -1_234_567, "payment", cause, START)
    house.app.container.get(Ledger).book(connection, entry)


def standing(connection: sa.Connection, table: sa.Table, *but: str) -> list[tuple[Any, ...]]:
    columns = [one for one in table.c if one.name not in ("created_at", "updated_at", *but)]
    return sorted((tuple(row) for row in connection.execute(sa.select(*columns))), key=repr)


def lives(house: House, facts: list[Facts], seed: int | None) -> dict[str, list[tuple[Any, ...]]]:
    """The tables after all of it arrived, in order (None) or shuffled, caught up now and then and at the end."""
    engine, draw = house.app.container.get(AttributionEngine), rng(seed or 0, "arrival")
    todo = [one for fact in facts for one in act(fact, house)]
    if seed is not None:
        draw.shuffle(todo)
    with house.app.database.writing() as connection:
        for table in TABLES:
            connection.execute(table.delete())
    for start in range(0, len(todo), 7):
        with house.app.database.writing() as connection:
            for one in todo[start : start + 7]:
                one(connection, engine)
            if draw.random() < 0.5:
                engine.take_clicks(connection)
                engine.catch_up(connection)
    with house.app.database.writing() as connection:
        engine.take_clicks(connection)
        engine.catch_up(connection)
        engine.sum_up(connection)
        caught_up = {one.name: standing(connection, one) for one in (ATTRIBUTION_CREDITS, ATTRIBUTION_SUMMARY, ATTRIBUTION_EVENTS)}
        assert engine.rebuild(connection)[1] == 0, "the judge found something to put right"
        engine.sum_up(connection)
        assert standing(connection, ATTRIBUTION_SUMMARY) == caught_up[ATTRIBUTION_SUMMARY.name]
        return caught_up


@pytest.fixture
def either(tmp_path: Path, database_url: str) -> House:
    house = open_house(tmp_path, REVENUE_DATABASE_URL=database_url)
    for niche in NICHES:
        house.publishes(niche, START, niche=niche)
    with house.app.database.writing() as connection:
        for number in range(6):
            connection.execute(LINKS.insert(), {
                "id": f"l-con_{number}", "slug": f"l-con_{number}", "destination_url": "https://everreach.app/", "post_id": "mail",
                "utm_source": "email", "utm_medium": "email", "utm_campaign": "welcome", "utm_content": "a",
                "contact_id": f"con_{number}", "created_at": START - HOUR,
            })  # fmt: skip
    return house


def test_any_order_of_arrival_gives_the_same(either: House) -> None:
    for world_seed in (1, 2):
        facts = world(world_seed)
        expected = lives(either, facts, None)
        assert any(row[5] > 1 for row in expected[ATTRIBUTION_CREDITS.name] if isinstance(row[5], int)), "nobody passed two posts"
        for seed in (11, 12, 13):
            assert lives(either, facts, seed) == expected
    either.app.close()


def test_every_model_sums_to_the_same_money(either: House) -> None:
    facts = world(3)
    lives(either, facts, 5)
    with either.app.database.reading() as connection:
        money = reads.attributed_micro_usd(connection)
        fees = int(
            connection.execute(
                sa.select(sa.func.sum(LEDGER.c.amount_micro_usd)).where(LEDGER.c.kind == "store_commission")
            ).scalar_one()
        )
        assert money > 0 > fees
        for dimension in DIMENSIONS:
            net = {sum(row["net_revenue_micro_usd"] for row in reads.summary(connection, dimension, model)) for model in MODELS}
            assert net == {money + fees}
            for model in MODELS:
                rows = reads.summary(connection, dimension, model)
                assert sum(row["revenue_micro_usd"] for row in rows) == money
                assert sum(row["credited_purchases"] for row in rows) == pytest.approx(
                    sum(row["purchases"] for row in rows), abs=1e-6
                )
    either.app.close()
