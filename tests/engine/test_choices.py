"""A choice is written down once with the chance it had."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.engine.choices import Choice, log_choices
from revenue_machine.engine.database import Database
from revenue_machine.engine.tables import CHOICES
from revenue_machine.kit.clock import PushedClock
from tests.app_fixture import START


def test_a_choice_keeps_its_first_chance(database: Database, clock: PushedClock) -> None:
    first = Choice("slot", "post 1", "09:00", 0.25, {"09:00": 0.25, "18:00": 0.75})
    again = Choice("slot", "post 1", "18:00", 0.75)
    other = Choice("hook", "post 1", "question", 1.0, ["question"])
    for batch in ([first], [again, other], []):
        with database.writing() as connection:
            log_choices(connection, database, clock, batch)
    columns = (CHOICES.c.purpose, CHOICES.c.chosen, CHOICES.c.propensity, CHOICES.c.options, CHOICES.c.created_at)
    with database.reading() as connection:
        rows = [tuple(row) for row in connection.execute(sa.select(*columns).order_by(CHOICES.c.purpose))]
    assert rows == [
        ("hook", "question", 1.0, ["question"], START), ("slot", "09:00", 0.25, {"09:00": 0.25, "18:00": 0.75}, START),
    ]  # fmt: skip
