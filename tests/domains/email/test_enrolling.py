"""Who comes into a sequence: by trial, farewell or warmth, each once, a tenth held out; found late they still come in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from revenue_machine.domains.crm.models import ContactDraft, IdentityDraft
from revenue_machine.domains.email.enrolling import Enroller
from revenue_machine.domains.email.tables import ENROLMENTS, SEQUENCES
from revenue_machine.engine.events import Events
from revenue_machine.engine.tables import CHOICES
from tests.app_fixture import START
from tests.domains.email.conftest import House
from tests.domains.email.test_email_engine import subscribe


def state(house: House, kind: str, user_id: str, amount: int = 0) -> None:
    """A fact of the tills."""
    said = {
        "subscription_id": f"sub_{user_id}", "user_id": user_id, "product": "everreach_pro", "amount_micro_usd": amount,
        "ledger_id": None, "payment_id": None,
    }  # fmt: skip
    with house.app.database.writing() as connection:
        house.app.container.get(Events).emit(connection, kind, f"{user_id}/{house.clock.now()}", said, house.clock.now())
    house.app.events.drain()


def test_seed_sequences_are_data(house: House) -> None:
    house.send()
    rows = {row["name"]: row for row in house.rows(SEQUENCES)}
    assert {name: row["trigger"] for name, row in rows.items()} == {
        "trial_onboarding": "trial_started", "win_back": "churned", "weekly_digest": "weekly",
    }  # fmt: skip
    assert [step["day"] for step in rows["trial_onboarding"]["steps"]] == [1, 3, 7]
    assert [step["day"] for step in rows["win_back"]["steps"]] == [30]


def test_what_the_owner_changed_stays(house: House) -> None:
    house.send()
    with house.app.database.writing() as connection:
        connection.execute(SEQUENCES.update().where(SEQUENCES.c.name == "win_back").values(active=False))
    house.send()
    assert [row["name"] for row in house.rows(SEQUENCES) if not row["active"]] == ["win_back"]


def test_trial_begins_onboarding_once(house: House) -> None:
    house.person("Ada")
    for _ in range(2):
        state(house, "billing.trial_started", "user_ada")
    (row,) = house.enrolments()
    assert (row["product"], row["user_id"], row["step"]) == ("everreach_pro", "user_ada", 1)


def test_stranger_is_enrolled_when_known(house: House) -> None:
    subscribe(house, "user_ada", "trial")
    state(house, "billing.trial_started", "user_ada")
    assert house.enrolments() == []
    house.person("Ada")
    house.app.events.drain()
    assert [row["product"] for row in house.enrolments()] == ["everreach_pro"]


def test_farewell_begins_win_back_on_day_thirty(house: House) -> None:
    house.person("Ada")
    state(house, "billing.churned", "user_ada")
    (row,) = house.enrolments()
    if row["status"] == "active":
        assert timedelta(days=30) <= row["next_send_at"] - START <= timedelta(days=37)
        assert row["next_due_at"] == row["next_send_at"] - timedelta(days=2)


def test_somebody_without_address_is_not(house: House) -> None:
    with house.app.database.writing() as connection:
        keys = (IdentityDraft("distinct_id", "user_zoe"),)
        house.book.upsert(connection, ContactDraft(name="Zoe", identities=keys, platform="x", handle="zoe"))
    state(house, "billing.trial_started", "user_zoe")
    assert house.enrolments() == []


def test_a_tenth_is_held_out(house: House) -> None:
    with house.app.database.writing() as connection:
        ids = [
            house.book.upsert(connection, ContactDraft(name=f"P {number}", email=f"p{number}@people.example"))
            for number in range(400)
        ]
        enroller = house.app.container.get(Enroller)
        for contact_id in ids:
            enroller.begin(connection, "trial_started", contact_id, START, product="everreach_pro", user_id=None)
    rows = house.rows(ENROLMENTS)
    held = [row for row in rows if row["arm"] == "held_out"]
    assert 24 <= len(held) <= 58
    assert {(row["status"], row["next_due_at"], row["propensity"]) for row in held} == {("held_out", None, 0.1)}
    choices = [row for row in house.rows(CHOICES) if row["purpose"] == "email.hold_out"]
    assert len(choices) == 400
    assert {(row["chosen"], row["propensity"]) for row in choices} == {("treated", 0.9), ("held_out", 0.1)}


def test_payment_counts_for_both_arms(house: House) -> None:
    for name in ("Ada", "Ben"):
        house.person(name)
        state(house, "billing.trial_started", f"user_{name.lower()}")
    with house.app.database.writing() as connection:
        connection.execute(ENROLMENTS.update().values(arm="treated", status="active"))
        first = min(row["id"] for row in house.enrolments())
        connection.execute(ENROLMENTS.update().where(ENROLMENTS.c.id == first).values(arm="held_out", status="held_out"))
    house.move(days=5)
    for user in ("user_ada", "user_ben"):
        state(house, "billing.purchased", user, 19_990_000)
    assert {row["revenue_micro_usd"] for row in house.enrolments()} == {19_990_000}
    assert {row["status"] for row in house.enrolments()} == {"held_out", "exited"}
    (lift,) = house.app.call("email.stats").result["lift"]
    assert (lift["treated"], lift["treated_converted"], lift["held_out"], lift["held_out_converted"]) == (1, 1, 1, 1)
    assert lift["low"] <= lift["difference"] == 0.0 <= lift["high"]


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/St_Johns", "Asia/Kathmandu", "Europe/Berlin", "Pacific/Auckland"])
def test_planned_hour_is_theirs(house: House, zone: str) -> None:
    from zoneinfo import ZoneInfo

    enroller = house.app.container.get(Enroller)
    with house.app.database.reading() as connection:
        step = next(one for one in enroller.known(connection).values() if one.name == "trial_onboarding").steps[0]
    for day in range(120):
        anchor = datetime(2026, 9, 1, 3, 17, tzinfo=UTC) + timedelta(days=day, hours=day)
        at = enroller.planned_at(step, 1, zone, f"k{day}", anchor)
        assert 9 <= at.astimezone(ZoneInfo(zone)).hour < 12
        assert timedelta(days=1) <= at - anchor < timedelta(days=2, hours=1)
