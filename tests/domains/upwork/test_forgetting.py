"""A client who is forgotten leaves no words in jobs, proposals or questions; what the job came to stays."""

from __future__ import annotations

from revenue_machine.domains.upwork.forgetting import forget
from revenue_machine.domains.upwork.tables import JOBS
from revenue_machine.engine.forgetting import Forgotten
from tests.domains.upwork_house import House


def test_a_clients_name_leaves_every_text(house: House) -> None:
    named, other = house.send_one(title="AI agent one"), house.post("AI agent two")
    house.ask("upwork.scan", key="two")
    with house.app.database.writing() as connection:
        words = {"proposal_text": "Hi Ada, I would sort your enquiries.", "client": {"name": "Ada Lovelace", "country": "UK"}}
        connection.execute(JOBS.update().where(JOBS.c.job_id == named).values(**words))
    person = Forgotten("con_ada", ("con_ada",), ("Ada Lovelace",))
    with house.app.database.writing() as connection:
        assert forget(person, connection) == 2
    row, neighbour = house.row(named), house.row(other)
    assert (row["title"], row["description"], row["client"], row["proposal_text"]) == ("[forgotten]", None, {}, None)
    assert (row["status"], row["score"] is not None, row["connects_cost"]) == ("submitted", True, 16)
    assert (neighbour["title"], neighbour["proposal_text"] is not None) == ("AI agent two", True)
    with house.app.database.writing() as connection:
        assert forget(person, connection) == 0
