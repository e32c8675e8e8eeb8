"""Failed checks become a question, a repair, a second test and a word to the owner; after three tries a person is called."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from revenue_machine.engine.tables import META
from revenue_machine.integrations.acd import fake
from revenue_machine.sandbox.store import WorldStore
from tests.domains.delegation_house import House, open_house


def break_it(house: House, mode: str = "live") -> None:
    """The database says that it belongs to another mode: one check fails."""
    with house.app.database.writing() as connection:
        connection.execute(sa.update(META).where(META.c.name == "mode").values(value=mode))


def told(house: House) -> list[str]:
    return [one["text"] for one in house.events("alert.raised") if one["kind"] == "self_heal"]


def test_healthy_machine_asks_nothing(house: House) -> None:
    assert house.ask("system.self_heal") == {
        "status": "healthy", "failed_checks": [], "attempt": 0, "delegation_id": None, "approval_id": None, "reason": None,
    }  # fmt: skip
    assert house.questions() == 0


def test_failed_check_is_repaired_and_told(house: House) -> None:
    break_it(house)
    asked = house.ask("system.self_heal")
    assert (asked["status"], asked["failed_checks"], asked["attempt"]) == ("asked", ["schema.mode"], 1)
    card = house.app.approvals.find(asked["approval_id"])
    assert card["title"] == "Repair the machine's own failed checks"
    assert card["why"].startswith(
        "1 of 22 checks of the machine fail: schema.mode; try 1 of 3. Done by sonnet (features), 30 minutes"
    )
    assert '"schema.mode": "the database belongs to live"' in card["text"]
    assert house.ask("system.self_heal", key="again")["status"] == "waiting"
    house.decide(asked["approval_id"])
    house.tick(seconds=1)
    break_it(house, "sandbox")
    house.finish()
    assert told(house) == ["Repair of the machine worked: all 22 checks are good"]
    row = house.row(asked["delegation_id"])
    assert (row["status"], row["check_after"], row["poll_at"]) == ("done", "ok", None)
    assert house.questions() == 1


def test_three_tries_then_a_person(house: House) -> None:
    break_it(house)
    for attempt in (1, 2, 3):
        asked = house.ask("system.self_heal", key=f"try {attempt}")
        (card,) = house.app.approvals.cards()
        assert (asked["status"], asked["attempt"]) == ("waiting" if attempt > 1 else "asked", attempt)
        house.decide(card["id"])
        house.tick(seconds=1)
        house.finish()
    found = house.ask("system.self_heal", key="once more")
    assert (found["status"], found["attempt"], found["reason"]) == ("needs_a_person", 3, "3 tries did not repair it")
    for _ in range(5):
        house.tick(hours=1)
        house.ask("system.self_heal", key=f"later {house.now}")
    assert (house.questions(), house.starts(), house.app.approvals.cards()) == (3, 3, [])
    assert told(house)[-1] == "The machine needs a person: 3 tries did not repair schema.mode (revenue call system.self_test)"
    assert len(told(house)) == 4


@pytest.mark.proof
def test_health_lets_the_count_begin_anew(house: House) -> None:
    break_it(house)
    first = house.ask("system.self_heal")
    house.tick(hours=5)
    assert house.ask("system.self_heal", key="second")["attempt"] == 2
    house.tick(hours=5)
    break_it(house, "sandbox")
    assert house.ask("system.self_heal", key="well")["status"] == "healthy"
    break_it(house)
    again = house.ask("system.self_heal", key="ill again")
    assert (again["status"], again["attempt"]) == ("asked", 1)
    assert again["delegation_id"] != first["delegation_id"]


def test_no_to_the_same_failure_stays_a_no(house: House) -> None:
    break_it(house)
    asked = house.ask("system.self_heal")
    house.decide(asked["approval_id"], "reject", reason="I do it myself")
    house.tick(seconds=1)
    found = house.ask("system.self_heal", key="again")
    assert (found["status"], found["reason"]) == ("needs_a_person", "a person said no to repairing exactly this")
    assert house.questions() == 1


@pytest.mark.proof
def test_failed_repair_is_tested_too(house: House) -> None:
    break_it(house)
    fake.public_fail_next(house.harness)
    house.decide(house.ask("system.self_heal")["approval_id"])
    house.tick(seconds=1)
    house.finish()
    assert told(house) == ["Repair of the machine did not help: 1 of 22 checks fail (schema.mode)"]
    (card,) = house.app.approvals.cards()
    assert "try 2 of 3" in card["why"]


@pytest.mark.proof
def test_endless_repair_is_stopped_sooner(house: House) -> None:
    break_it(house)
    fake.public_hang_next(house.harness)
    asked = house.ask("system.self_heal")
    house.decide(asked["approval_id"])
    house.tick(seconds=1)
    house.tick(minutes=31)
    row = house.row(asked["delegation_id"])
    assert (row["status"], row["reason"]) == ("timed_out", "stopped after 30 minutes without an end")


def first_morning(house: House) -> None:
    """A machine that never ran has no night before."""
    house.clock.move_to(datetime(2026, 11, 2, 8, 0, tzinfo=UTC))
    house.app.ticker.tick(blocks=["system.self_heal"])
    assert house.questions() == 0


def test_bad_night_is_asked_about_in_the_morning(tmp_path: Path) -> None:
    with open_house(tmp_path) as house:
        first_morning(house)
        house.clock.move_to(datetime(2026, 11, 3, 3, 0, tzinfo=UTC))
        break_it(house)
        house.app.ticker.tick(blocks=["routine.overnight"])
        assert house.questions() == 0
        house.clock.move_to(datetime(2026, 11, 3, 8, 0, tzinfo=UTC))
        house.app.ticker.tick(blocks=["system.self_heal"])
        (card,) = house.app.approvals.cards()
        assert card["title"] == "Repair the machine's own failed checks"


@pytest.mark.proof
def test_good_night_costs_no_second_test(tmp_path: Path) -> None:
    with open_house(tmp_path) as house:
        first_morning(house)
        house.clock.move_to(datetime(2026, 11, 3, 3, 0, tzinfo=UTC))
        house.app.ticker.tick(blocks=["routine.overnight"])
        break_it(house)
        house.clock.move_to(datetime(2026, 11, 3, 8, 0, tzinfo=UTC))
        house.app.ticker.tick(blocks=["system.self_heal"])
        assert house.questions() == 0


@pytest.mark.proof
def test_repair_survives_a_second_house(tmp_path: Path) -> None:
    """The word about a repair is owed by its row, not by the process that started it."""
    with open_house(tmp_path) as house:
        break_it(house)
        asked = house.ask("system.self_heal")
        house.decide(asked["approval_id"])
        house.tick(seconds=1)
        break_it(house, "sandbox")
        later = house.now + timedelta(hours=1)
    assert WorldStore(tmp_path / "world.db").now() < later
    with open_house(tmp_path) as house:
        house.clock.move_to(later)
        house.tick()
        house.tick(minutes=1)
        assert told(house) == ["Repair of the machine worked: all 22 checks are good"]
