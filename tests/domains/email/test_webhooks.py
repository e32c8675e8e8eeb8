"""What providers and people say of our mails: once, in any order, never backwards; and when sending stops."""

from __future__ import annotations

from typing import Any

import pytest

from revenue_machine.domains.crm.tables import INTERACTIONS
from revenue_machine.domains.email import reads
from revenue_machine.domains.email.tables import CAPTURES, REPLIES, SENDS
from revenue_machine.engine.switch import pauses
from revenue_machine.integrations.posthog import fake as posthog
from revenue_machine.integrations.resend import fake as resend
from revenue_machine.sandbox.delivery import Delivery
from tests.domains.conftest import Letterbox
from tests.domains.email.conftest import House


def deliver(house: House) -> int:
    """Bring every webhook that is due."""
    Delivery(house.outside, Letterbox(house.app), seed=7).deliver()
    handled = house.app.inbox.drain()
    house.app.events.drain()
    return handled


@pytest.fixture
def sent(house: House) -> dict[str, Any]:
    """Ada's first mail."""
    house.enrol(house.person("Ada"))
    house.send()
    house.approve()
    house.until_sent(1)
    return house.sends()[0]


def happened(house: House) -> list[tuple[str, str]]:
    rows = sorted(house.rows(INTERACTIONS), key=lambda row: (row["occurred_at"], row["type"]))
    return [(row["type"], row["direction"]) for row in rows]


def test_delivery_and_opening_are_noted(house: House, sent: dict[str, Any]) -> None:
    resend.public_open(house.outside.state("resend"), sent["provider_id"])
    deliver(house)
    row = house.sends()[0]
    assert (row["status"], row["delivered_at"] is not None, row["opened_at"] is not None) == ("opened", True, True)
    assert happened(house) == [("email_opened", "none"), ("email_sent", "out")]


def test_late_and_repeated_words_change_nothing(house: House, sent: dict[str, Any]) -> None:
    state = house.outside.state("resend")
    resend.public_open(state, sent["provider_id"])
    house.outside.add_fault("resend", "/hooks/resend", "shuffle", 1)
    house.outside.add_fault("resend", "/hooks/resend", "duplicate", 3)
    deliver(house)
    before = house.sends()
    house.move(minutes=5)
    resend.public_open(state, sent["provider_id"])
    deliver(house)
    assert before[0]["status"] == "opened"
    assert {**house.sends()[0], "updated_at": 0} == {**before[0], "updated_at": 0}
    assert happened(house).count(("email_opened", "none")) == 1


def test_hard_bounce_shuts_every_door(house: House, sent: dict[str, Any]) -> None:
    resend.public_bounce(house.outside.state("resend"), sent["provider_id"])
    deliver(house)
    house.move(days=3)
    house.send()
    assert house.sends()[0]["status"] == "bounced"
    assert house.enrolments()[0]["status"] == "exited"
    with house.app.database.reading() as connection:
        from revenue_machine.domains.crm.reads import person

        found = person(connection, sent["contact_id"])
    assert found is not None
    assert (found.email_state, found.is_reachable) == ("bounced", False)


def test_full_mailbox_ends_nothing(house: House, sent: dict[str, Any]) -> None:
    resend.public_bounce(house.outside.state("resend"), sent["provider_id"], permanently=False)
    deliver(house)
    assert house.sends()[0]["bounced_at"] is None
    assert house.enrolments()[0]["status"] == "active"


def test_answer_stops_and_is_read(house: House, sent: dict[str, Any]) -> None:
    resend.public_reply(house.outside.state("resend"), sent["provider_id"], "How much is it a year?\n\n> Unsubscribe: https://go")
    deliver(house)
    assert [row["status"] for row in house.rows(REPLIES)] == ["due"]
    assert house.send() == {"replies": 1}
    row = next(row for row in house.rows(INTERACTIONS) if row["type"] == "email_reply")
    assert (row["direction"], row["content"], row["channel"]) == ("in", "How much is it a year?", "email")
    assert house.enrolments()[0]["exit_reason"] == "replied"
    assert house.sends()[0]["replied_at"] is not None


def test_one_word_answer_opts_out(house: House, sent: dict[str, Any]) -> None:
    resend.public_reply(house.outside.state("resend"), sent["provider_id"], "STOP\n\nOn Tue somebody wrote:\n> hello")
    deliver(house)
    house.send()
    with house.app.database.reading() as connection:
        from revenue_machine.domains.crm.reads import person

        found = person(connection, sent["contact_id"])
    assert found is not None
    assert found.opt_out_reason == "asked to stop"


def test_machine_answer_stops_nothing(house: House, sent: dict[str, Any]) -> None:
    state = house.outside.state("resend")
    resend.public_reply(state, sent["provider_id"], "I am out of the office until Monday.", {"auto-submitted": "auto-replied"})
    deliver(house)
    house.send()
    assert house.enrolments()[0]["status"] == "active"
    assert ("auto_reply", "none") in happened(house)


def test_unread_answer_already_stops(house: House, sent: dict[str, Any]) -> None:
    resend.public_reply(house.outside.state("resend"), sent["provider_id"], "later maybe")
    deliver(house)
    house.outside.add_fault("resend", "/emails/receiving", "down", 1)
    house.move(days=3)
    house.send()
    assert len(house.inbox("Ada")) == 1


def test_analytics_hears_of_mail(house: House, sent: dict[str, Any]) -> None:
    resend.public_open(house.outside.state("resend"), sent["provider_id"])
    deliver(house)
    house.send()
    events = posthog.public_events(house.outside.state("posthog")) if hasattr(posthog, "public_events") else None
    if events is not None:
        assert {("email_sent", "user_ada"), ("email_opened", "user_ada")} <= {(one["event"], one["distinct_id"]) for one in events}
    assert {(row["event"], row["status"], row["distinct_id"]) for row in house.rows(CAPTURES)} == {
        ("email_sent", "done", "user_ada"), ("email_opened", "done", "user_ada"),
    }  # fmt: skip


def test_two_complaints_stop_marketing(house: House) -> None:
    names = ("Ada", "Ben", "Cleo", "Dan")
    for name in names:
        house.enrol(house.person(name))
    house.send()
    house.approve()
    house.until_sent(4)
    state = house.outside.state("resend")
    for row in house.sends()[:2]:
        resend.public_complain(state, row["provider_id"])
        deliver(house)
    with house.app.database.reading() as connection:
        (pause,) = pauses(connection, house.clock.now())
        assert (pause.channel, pause.until) == ("email", None)
        assert "2 complaints on 4 mails" in pause.reason
    house.move(days=2, hours=2)
    assert house.send().get("sent") is None
    assert house.app.call("email.status").result["ready"] is False
    house.app.switch.unpause("email", actor="owner", reason="seen")
    house.move(hours=1)
    assert house.send()["sent"] == 2


def test_third_complaint_in_a_thousand_stops(house: House) -> None:
    contact_id = house.person("Ada")
    now = house.clock.now()
    rows = [
        {
            "id": f"ems_{number:04}", "sequence_id": "seq", "enrolment_id": "enr", "contact_id": f"con_{number}", "step_number": 1,
            "subject": "s", "status": "delivered", "kind": "marketing", "recipient": f"p{number}@people.example", "template_id": "t",
            "template_version": "v", "provider": "resend", "intent_key": "k", "link_ids": {}, "unsubscribe_hash": f"h{number}",
            "sent_at": now, "created_at": now, "updated_at": now,
        }
        for number in range(1_000)
    ]  # fmt: skip
    with house.app.database.writing() as connection:
        house.app.database.put(connection, SENDS, rows, ["id"])
    stopped = []
    from revenue_machine.domains.email.aftermath import Aftermath

    for number in range(3):
        with house.app.database.writing() as connection:
            send = reads.send(connection, f"ems_{number:04}")
            assert send is not None
            house.app.container.get(Aftermath).complained(connection, send, now)
        with house.app.database.reading() as connection:
            stopped.append(len(pauses(connection, now)))
    assert stopped == [0, 0, 1]
    assert contact_id
