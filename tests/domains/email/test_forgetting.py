"""Mail forgets a person: subjects, addresses, answers and texts written for them alone; a neighbour's stay."""

from __future__ import annotations

from revenue_machine.domains.email.forgetting import forget
from revenue_machine.domains.email.tables import CAPTURES, REPLIES, SENDS, TEMPLATES
from revenue_machine.engine.forgetting import Forgotten
from revenue_machine.engine.tables import APPROVALS
from revenue_machine.integrations.resend import fake as resend
from tests.domains.email.conftest import House
from tests.domains.email.test_webhooks import deliver


def test_words_to_and_of_a_person_are_emptied(house: House) -> None:
    ada, bob = house.person("Ada"), house.person("Bob")
    for contact_id in (ada, bob):
        house.enrol(contact_id)
    house.send()
    house.approve()
    house.until_sent(2)
    mine = next(row for row in house.sends() if row["contact_id"] == ada)
    resend.public_reply(house.outside.state("resend"), mine["provider_id"], "Marker words of Ada")
    deliver(house)
    enrolment = next(row for row in house.enrolments() if row["contact_id"] == ada)
    with house.app.database.writing() as connection:
        text = {
            **house.texts()[0],
            "id": "tpl_own",
            "issue": enrolment["id"],
            "body": "Dear Ada, only you",
            "approval_id": "apr_own",
        }
        connection.execute(TEMPLATES.insert(), text)
        asked = {**house.rows(APPROVALS)[0], "id": "apr_own", "payload": '{"body": "Dear Ada, only you"}', "status": "pending"}
        asked = {name: value for name, value in asked.items() if APPROVALS.c[name].computed is None}
        connection.execute(APPROVALS.insert(), asked)
    with house.app.database.writing() as connection:
        assert house.app.container.fill(forget, person=Forgotten(ada, (ada,), ()), connection=connection) >= 5
    by_person = {row["contact_id"]: row for row in house.rows(SENDS)}
    assert (by_person[ada]["subject"], by_person[ada]["recipient"], by_person[ada]["status"]) == ("", "", "delivered")
    assert by_person[bob]["recipient"] == "bob@people.example"
    assert house.rows(REPLIES) == []
    assert [row for row in house.rows(CAPTURES) if row["send_id"] == mine["id"]] == []
    own = next(row for row in house.texts() if row["id"] == "tpl_own")
    assert (own["subject"], own["body"]) == ("", "")
    assert all(row["body"] for row in house.texts() if row["id"] != "tpl_own")
    question = next(row for row in house.rows(APPROVALS) if row["id"] == "apr_own")
    assert (question["payload"], question["status"]) == ("{}", "expired")
    states = {row["contact_id"]: (row["status"], row["user_id"]) for row in house.enrolments()}
    assert states[ada] == ("exited", None)
    assert states[bob][0] == "active"
