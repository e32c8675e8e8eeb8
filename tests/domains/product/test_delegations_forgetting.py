"""Somebody a task quoted leaves no words behind; what still waited for a yes is over."""

from __future__ import annotations

from revenue_machine.domains.product.forgetting import forget
from revenue_machine.engine.forgetting import Forgotten
from tests.domains.delegation_house import House

ADA = Forgotten("con_ada", ("con_ada",), ("Ada Lovelace",))


def forget_ada(house: House) -> int:
    with house.app.database.writing() as connection:
        return forget(ADA, connection, house.app.events, house.clock)


def test_quoted_person_leaves_task_and_question(house: House) -> None:
    review = {"review": "Ada Lovelace says the paywall is ugly"}
    done = house.propose(facts=review)
    house.decide(done["approval_id"])
    house.tick(seconds=1)
    house.finish()
    waiting = house.propose(decision_key="second", facts=review)
    other = house.propose(decision_key="third")
    assert forget_ada(house) == 4
    row, open_row = house.row(done["delegation_id"]), house.row(waiting["delegation_id"])
    assert (row["task"], row["title"], row["status"], row["stats"]["files_changed"]) == ("[forgotten]", "[forgotten]", "done", 2)
    assert (open_row["task"], open_row["status"]) == ("[forgotten]", "expired")
    assert "Ada" not in str(house.app.approvals.cards(None))
    assert [one["delegation_id"] for one in house.events("delegation.ended")] == [row["id"], open_row["id"]]
    assert house.row(other["delegation_id"])["status"] == "awaiting_approval"
    assert forget_ada(house) == 0
