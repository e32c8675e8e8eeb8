"""Mornings with Upwork, over a weekend: five proposals each, sent by hand, answered by clients, followed by the machine."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from revenue_machine.kit.ids import content_hash
from revenue_machine.sandbox.behaviours.outreach import sent_by_hand
from revenue_machine.sandbox.rates import WorldRates
from revenue_machine.sandbox.truth import every_deed
from revenue_machine.sandbox.world import World
from tests.domains.upwork_house import House, open_house

QUIET = WorldRates.model_validate(
    {
        "people": 200,
        "traffic": {"direct_visits_per_day": 0},
        "history": {"subscribers": 0, "subscribers_spread": 0, "open_trials": 0},
    }
)


def live(house: House, days: int) -> tuple[World, list[dict[str, Any]]]:
    """(the world, what each morning's scan brought); the house opens on a Monday, the first morning is a Thursday's."""
    world = World(house.outside.store, 7, QUIET, house.clock)
    house.pass_time(days=3)
    world.begin(house.clock.now())
    scans, carry = [], partial(sent_by_hand, world)
    for day in range(days):
        world.turn_to(house.clock.now() + timedelta(hours=3))
        scans.append(house.ask("upwork.scan", key=f"day/{day}"))
        world.turn_to(house.clock.now() + timedelta(hours=10))
        house.answer()
        for task in house.app.handwork.cards():
            carry(task)
        house.press()
        world.turn_to(house.clock.now() + timedelta(hours=11))
    return world, scans


def test_every_morning_brings_five_proposals(tmp_path: Path) -> None:
    with open_house(tmp_path) as house:
        world, scans = live(house, 6)
        house.ask("upwork.track", key="last")
        statuses = Counter(row["status"] for row in house.rows() if row["submitted_at"] is not None)
        truth = Counter(deed.kind for deed in every_deed(world.store) if deed.channel == "upwork")
    assert [(scan["drafted"], scan["proposals_today"], scan["reason"]) for scan in scans] == [(5, 5, None)] * 6
    assert sum(statuses.values()) == truth["proposal_sent"] == 30
    assert truth["proposal_interview"] > 0
    assert statuses["lost"] > 0
    assert statuses["won"] == truth["proposal_hired"]
    assert 0 < statuses["interviewing"] <= truth["proposal_interview"]
    assert statuses["submitted"] > 0


def test_both_databases_see_the_same_market(database_url: str, tmp_path: Path) -> None:
    found = []
    for name, env in (("plain", None), ("other", {"REVENUE_DATABASE_URL": database_url})):
        with open_house(tmp_path / name, env=env) as house:
            world, scans = live(house, 2)
            documents = world.store.run("select kind, key, document from documents where service = 'upwork' order by place")
            found.append((content_hash(repr(documents)), [scan["top_jobs"] for scan in scans], every_deed(world.store)))
    assert found[0] == found[1]
