"""A click in a mail is the person's: one event, their signup theirs, whoever else saw it."""

from __future__ import annotations

from revenue_machine.domains.attribution.tables import ATTRIBUTION_EVENTS
from revenue_machine.domains.links.redirect import Redirector
from revenue_machine.engine.events import Events
from revenue_machine.integrations.resend import fake as resend
from revenue_machine.sandbox.frontdoor import AsgiDoor
from tests.domains.email.conftest import House
from tests.domains.email.test_letterpress import BROWSER
from tests.domains.email.test_webhooks import deliver


def clicked(house: House) -> None:
    house.enrol(house.person("Ada"))
    house.send()
    house.approve()
    house.until_sent(1)
    house.move(minutes=20)
    link = house.inbox("Ada")[0]["links"][0]
    resend.public_click(house.outside.state("resend"), house.sends()[0]["provider_id"], link)
    door = AsgiDoor(house.app.container.get(Redirector))
    for _ in range(2):
        door.request("GET", "/r/" + link.rsplit("/", 1)[1], BROWSER, b"")
    door.close()
    house.app.spools.drain()
    deliver(house)
    house.send()


def state_snapshot(house: House) -> None:
    with house.app.database.writing() as connection:
        said = {"date": "2026-11-03", "slot": "pm"}
        house.app.container.get(Events).emit(connection, "revenue.snapshot_taken", "2026-11-03/pm/x", said)
    house.app.events.drain()


def test_click_is_attributed_to_the_person(house: House) -> None:
    clicked(house)
    state_snapshot(house)
    rows = [row for row in house.rows(ATTRIBUTION_EVENTS) if row["event_type"] == "email_click"]
    contact_id = house.enrolments()[0]["contact_id"]
    assert {(row["crm_contact_id"], row["utm_source"], row["utm_campaign"]) for row in rows} == {
        (contact_id, "email", "trial_onboarding-1")
    }
    send = house.sends()[0]
    assert (send["status"], send["clicked_at"] is not None, send["vendor_clicked_at"] is not None) == ("clicked", True, True)


def test_click_of_vendor_alone_is_none(house: House) -> None:
    house.enrol(house.person("Ada"))
    house.send()
    house.approve()
    house.until_sent(1)
    send = house.sends()[0]
    resend.public_click(house.outside.state("resend"), send["provider_id"], house.inbox("Ada")[0]["links"][0])
    deliver(house)
    house.send()
    state_snapshot(house)
    assert house.sends()[0]["clicked_at"] is None
    assert [row for row in house.rows(ATTRIBUTION_EVENTS) if row["event_type"] == "email_click"] == []
