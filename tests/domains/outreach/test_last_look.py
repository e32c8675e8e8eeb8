"""What is read once more when a message is about to leave, each guard by the test that fails without it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from revenue_machine.domains.crm.models import ContactBook, ContactDraft, InteractionDraft
from tests.domains.outreach.conftest import MONDAY
from tests.domains.outreach.house import OutreachHouse, open_outreach_house

# When somebody of unknown zone may be written to.
EVENING = MONDAY.replace(hour=17)


class JustBefore:
    """Does something at the last moment: the intent stands, the vendor has not been asked."""

    def __init__(self) -> None:
        self.does: Callable[[], None] = lambda: None

    def reached(self, moment: str, name: str) -> None:
        if (moment, name.split("/", maxsplit=1)[0]) == ("effect:before", "linkedin.connect"):
            self.does()


def answers(house: OutreachHouse, contact_id: str) -> None:
    """Somebody writes, and nothing has reacted to it yet."""
    with house.app.database.writing() as connection:
        book: ContactBook = house.app.container.get(ContactBook)  # type: ignore[type-abstract]
        said = InteractionDraft(
            contact_id, "x_reply", content="Hello", platform="x", channel="dm", direction="in", external_id="m1"
        )
        book.log(connection, said)


def warm(house: OutreachHouse) -> dict[str, Any]:
    """An approved direct message on X."""
    house.writers(1)
    house.ask("dm.sync")
    house.call("dm.process_outreach")
    (row,) = house.rows(platform="x", status="pending_approval")
    house.decide(row)
    return row


def ask_and_approve(house: OutreachHouse, payload: dict[str, Any]) -> None:
    """Somebody calls dm.send by himself, and the owner says yes to it."""
    error = house.call("dm.send", payload).error
    assert error is not None
    card = house.app.approvals.find(str(error.details["approval_id"]))
    house.app.approvals.decide(card["id"], "approve", card["payload_hash"], actor="owner")
    house.tick(EVENING)


def test_a_reply_at_the_last_moment_stops_it(tmp_path: Path) -> None:
    moments = JustBefore()
    with open_outreach_house(tmp_path, moments) as house:
        house.clock.move_to(MONDAY)
        house.people(5)
        house.ask("linkedin.prospect", {"most": 1})
        (row,) = house.rows(action="connect", status="pending_approval")
        house.decide(row)
        moments.does = lambda: answers(house, row["contact_id"])
        house.tick(MONDAY + timedelta(minutes=30))
        assert house.invitations() == []
        ended = house.row(row["id"])
        assert (ended["status"], ended["error"]) == ("cancelled", "they wrote since this was drafted")
        assert house.rows("actp_cap_slots", channel="linkedin") == []


def test_a_platform_that_rests_gets_nothing(house: OutreachHouse) -> None:
    row = warm(house)
    house.app.switch.pause("dm_x", actor="owner", reason="looked odd")
    house.tick(EVENING)
    assert house.app.handwork.cards() == []
    assert house.row(row["id"])["status"] == "approved"
    house.app.switch.unpause("dm_x", actor="owner", reason="looked at it")
    house.tick(EVENING + timedelta(hours=1))
    assert len(house.app.handwork.cards()) == 1


def test_a_mail_of_our_own_is_no_direct_message(house: OutreachHouse) -> None:
    with house.app.database.writing() as connection:
        book: ContactBook = house.app.container.get(ContactBook)  # type: ignore[type-abstract]
        contact_id = book.upsert(connection, ContactDraft(name="Ada Berg", email="ada@example.com"))
    ask_and_approve(house, {"platform": "email", "contact_id": contact_id, "text": "Hello Ada, what are you building just now?"})
    assert house.app.handwork.cards() == []
    (row,) = house.rows(contact_id=contact_id)
    assert (row["status"], "only an answer goes by mail" in row["error"]) == ("failed", True)


def test_a_draft_of_another_topic_is_not_sent_by_this_one(house: OutreachHouse) -> None:
    house.people(5)
    house.ask("linkedin.prospect", {"most": 1})
    (row,) = house.rows(action="connect", status="pending_approval")
    ask_and_approve(house, {"platform": "x", "contact_id": row["contact_id"], "text": row["message"], "queue_id": row["id"]})
    assert house.app.handwork.cards() == []
    assert house.row(row["id"])["status"] == "pending_approval"
