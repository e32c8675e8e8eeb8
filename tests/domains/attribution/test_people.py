"""Credit follows who people turn out to be: joined and parted contacts, shared devices, clicks judged anew, people forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from revenue_machine import domains
from revenue_machine.domains.attribution import reads
from revenue_machine.domains.attribution.attribution_engine import AttributionEngine
from revenue_machine.domains.attribution.tables import ATTRIBUTION_CREDITS, ATTRIBUTION_EVENTS, ATTRIBUTION_STALE
from revenue_machine.domains.links.tables import CLICKS
from revenue_machine.engine.forgetting import Forgetting
from tests.domains.revenue.house import DAY, HOUR, PRICE, START, House, open_house


@pytest.fixture
def either(tmp_path: Path, database_url: str) -> House:
    return open_house(tmp_path, REVENUE_DATABASE_URL=database_url)


def met(house: House) -> None:
    """Ann clicks on her phone and on her desk, and signs up with another address on each; only the second one pays."""
    house.publishes("post_a", START, niche="phone")
    house.publishes("post_b", START, niche="desk")
    house.clicks("c1", "post_a", "v-phone", START + HOUR)
    house.clicks("c2", "post_b", "v-desk", START + 2 * HOUR)
    house.signs_up("ann-1", "c1", START + HOUR, email="ann@home.example", name="Ann Smith")
    house.signs_up("ann-2", "c2", START + 3 * HOUR, email="ann@work.example", name="Ann Smith")
    house.tries("ann-2", START + 3 * HOUR)
    house.move_to(START + 8 * DAY)
    house.snapshot("pm")


def journey(house: House) -> list[tuple[Any, ...]]:
    columns = ("place", "niche", "first_revenue_micro_usd", "linear_revenue_micro_usd")
    return house.rows(ATTRIBUTION_CREDITS, *columns, event_type="purchase")


def look_again(house: House, days: int) -> None:
    """The evening of another day."""
    house.clock.move_to(START + days * DAY)
    house.snapshot("pm")


def judged(house: House) -> int:
    """How many steps the judge finds wrong."""
    with house.app.database.writing() as connection:
        return house.app.container.get(AttributionEngine).rebuild(connection)[1]


def test_joined_contacts_are_one_journey_and_part_again(either: House) -> None:
    met(either)
    apart = [(0, "desk", PRICE, PRICE)]
    assert journey(either) == apart
    joined = either.app.call("crm.merge_contacts", {"kept_id": "ann@home.example", "merged_id": "ann@work.example"})
    assert joined.ok, joined.as_dict()
    look_again(either, 9)
    assert journey(either) == [(0, "phone", PRICE, PRICE // 2), (1, "desk", 0, PRICE // 2)]
    assert judged(either) == 0
    either.app.call("crm.merge_contacts", {"undo": joined.result["merge_id"]})
    look_again(either, 10)
    assert journey(either) == apart
    assert judged(either) == 0
    either.app.close()


def test_click_judged_a_machine_loses_its_credit(house: House) -> None:
    met(house)
    with house.app.database.writing() as connection:
        changed = {"is_counted": False, "filter_reason": "bot", "refiltered_at": START + 8 * DAY, "arrival": 10}
        connection.execute(CLICKS.update().where(CLICKS.c.id == "c2").values(changed))
    look_again(house, 9)
    assert journey(house) == [(0, "unknown", PRICE, PRICE)]
    assert house.rows(ATTRIBUTION_EVENTS, "utm_source", user_id="ann-2", event_type="purchase") == [("direct",)]
    assert judged(house) == 0


def test_click_that_comes_late_is_found(house: House) -> None:
    """The signup was told before its click was written down."""
    house.publishes("post_a", START, niche="late")
    house.signs_up("ann", "c1", START + 3 * HOUR)
    house.tries("ann", START + 3 * HOUR)
    house.move_to(START + 8 * DAY)
    house.snapshot("pm")
    assert journey(house) == [(0, "unknown", PRICE, PRICE)]
    house.clicks("c1", "post_a", "v", START + HOUR)
    look_again(house, 9)
    assert journey(house) == [(0, "late", PRICE, PRICE)]
    assert house.rows(ATTRIBUTION_EVENTS, "visitor_id", event_type="signup") == [("v",)]
    assert judged(house) == 0


def test_refund_takes_back_in_every_model(house: House) -> None:
    house.publishes("post_a", START, niche="one")
    house.publishes("post_b", START, niche="two")
    house.clicks("c0", "post_a", "v", START)
    house.clicks("c1", "post_b", "v", START + HOUR)
    house.signs_up("ann", "c1", START + 2 * HOUR)
    subscription = house.tries("ann", START + 3 * HOUR)
    house.move_to(START + 8 * DAY)
    house.snapshot("pm")
    assert journey(house) == [(0, "one", PRICE, PRICE // 2), (1, "two", 0, PRICE // 2)]
    fake, state = house.fake("revenuecat")
    fake.public_refund(state, subscription)
    house.move_to(START + 9 * DAY)
    house.snapshot("pm")
    with house.app.database.reading() as connection:
        for model in ("first", "linear", "position", "time_decay", "markov", "shapley"):
            rows = {row["dimension_value"]: row for row in reads.summary(connection, "niche", model)}
            assert {value: row["revenue_micro_usd"] for value, row in rows.items()} == {"one": 0, "two": 0}, model
            assert {row["net_revenue_micro_usd"] for row in rows.values()} == {0}, model
            assert sum(row["refunds"] for row in rows.values()) == 1


def test_forgotten_person_leaves_the_money(either: House) -> None:
    met(either)
    either.clicks("c3", "post_a", "v-bob", START + HOUR)
    either.signs_up("bob", "c3", START + 9 * DAY, email="bob@home.example")
    either.clock.move_to(START + 9 * DAY + HOUR)
    either.snapshot("am")
    before = journey(either)
    app = either.app
    proof = Forgetting(app.database, app.settings, app.audit, app.container, domains).forget("ann@work.example", "owner")
    assert proof.is_complete
    assert proof.rows["attribution"] >= 4
    look_again(either, 10)
    assert journey(either) == before
    assert either.rows(ATTRIBUTION_CREDITS, "person_id", event_type="purchase") == [("forgotten-1",)]
    names = {value for row in either.rows(ATTRIBUTION_EVENTS, "user_id", "visitor_id", "external_event_id") for value in row}
    assert not {"ann-2", "v-desk", "signup/ann-2"} & names
    assert {"ann-1", "v-phone", "bob", "v-bob"} <= names
    with app.database.reading() as connection:
        assert reads.attributed_micro_usd(connection) == reads.ledger_income_micro_usd(connection) == PRICE
        assert connection.execute(sa.select(ATTRIBUTION_STALE.c.key)).all() == []
    assert judged(either) == 0
    app.close()


def test_two_forgotten_people_stay_two(house: House) -> None:
    met(house)
    app = house.app
    for address in ("ann@work.example", "ann@home.example"):
        Forgetting(app.database, app.settings, app.audit, app.container, domains).forget(address, "owner")
    owners = {row[0] for row in house.rows(ATTRIBUTION_EVENTS, "user_id") if row[0] is not None}
    assert owners == {"forgotten-1-0", "forgotten-2-0"}
    look_again(house, 9)
    assert judged(house) == 0
