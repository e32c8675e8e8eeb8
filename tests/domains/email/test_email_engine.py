"""One mail per sequence, step and person, in approved words, at an hour people read, and none that is no longer wanted."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from revenue_machine.domains.crm.models import InteractionDraft
from revenue_machine.domains.email.tables import ENROLMENTS, SENDS
from revenue_machine.domains.reports.tables import ALERTS
from revenue_machine.domains.revenue.tables import SUBSCRIPTIONS
from tests.domains.email.conftest import House, HouseMaker

BERLIN = ZoneInfo("Europe/Berlin")


def subscribe(house: House, user_id: str, status: str) -> None:
    """What the tills say of a user."""
    now = house.clock.now()
    row = {
        "id": f"sub_{user_id}", "provider": "revenuecat", "external_id": user_id, "product": "everreach_pro", "user_id": user_id,
        "status": status, "is_production": True, "is_revenue": True, "started_at": now, "trial_started_at": now, "newest_event_at": now,
        "created_at": now, "updated_at": now,
    }  # fmt: skip
    with house.app.database.writing() as connection:
        house.app.database.put(connection, SUBSCRIPTIONS, row, ["id"], ["status"])


def test_nothing_goes_out_unapproved(house: House) -> None:
    house.enrol(house.person("Ada"))
    assert house.send() == {"waiting": 1}
    house.move(days=2)
    assert house.send() == {"waiting": 1}
    assert house.inbox("Ada") == []
    cards = [card for card in house.app.approvals.cards(None) if card["kind"] == "email_template"]
    assert {card["payload"]["name"] for card in cards} == {"trial_day1", "trial_day3", "trial_day7"}
    assert "EverReach reminds you whom to follow up with" in next(c["text"] for c in cards if c["payload"]["name"] == "trial_day1")


def test_three_mails_on_days_one_three_seven(house: House) -> None:
    house.enrol(house.person("Ada"))
    house.send()
    assert house.approve() == 3
    house.until_sent(3)
    sent = [row["sent_at"].astimezone(BERLIN) for row in house.sends()]
    assert [(at.date().isoformat(), 9 <= at.hour < 12) for at in sent] == [
        ("2026-11-03", True),
        ("2026-11-05", True),
        ("2026-11-09", True),
    ]
    mails = house.inbox("Ada")
    assert [mail["subject"] for mail in mails] == [
        "One thing to try first in EverReach Pro", "Halfway through your EverReach Pro trial",
        "20 % off the first three months of EverReach Pro",
    ]  # fmt: skip
    assert "EVER20" in mails[2]["html"]
    assert "EVER20" in mails[2]["text"]
    assert house.enrolments()[0]["status"] == "completed"
    house.move(days=30)
    assert house.send() == {}


def test_every_mail_can_be_left(house: House) -> None:
    house.enrol(house.person("Ada"))
    house.send()
    house.approve()
    house.until_sent(1)
    mail = house.inbox("Ada")[0]
    url = mail["headers"]["List-Unsubscribe"].strip("<>")
    assert re.fullmatch(r"https://go\.sandbox\.invalid/u/[\w-]{43}", url)
    assert mail["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert url in mail["links"]
    assert url in mail["text"]
    for part in (mail["html"], mail["text"]):
        assert "Example Apps, 1 Sample Street, 10115 Berlin, Germany" in part
        assert "Hi Ada," in part
    row = house.sends()[0]
    assert url.rsplit("/", 1)[1] not in str(row)


def _reply(house: House, contact_id: str) -> None:
    with house.app.database.writing() as connection:
        house.book.log(connection, InteractionDraft(contact_id, "dm", "no thanks", "x", "dm", "in", "dm_1", house.clock.now()))


def _opt_out(house: House, contact_id: str) -> None:
    with house.app.database.writing() as connection:
        house.book.opt_out(connection, contact_id, "said so", "dm")


def _mark(house: House, contact_id: str) -> None:
    with house.app.database.writing() as connection:
        house.book.mark_email(connection, contact_id, "bounced")


EXITS: list[tuple[str, Any]] = [
    ("purchased", lambda house, _: subscribe(house, "user_ada", "active")),
    ("refunded", lambda house, _: subscribe(house, "user_ada", "refunded")),
    ("replied", _reply),
    ("opted out", _opt_out),
    ("bounced", _mark),
]


@pytest.mark.parametrize(("reason", "happens"), EXITS, ids=[name for name, _ in EXITS])
def test_who_is_done_gets_no_more(house: House, reason: str, happens: Any) -> None:
    contact_id = house.person("Ada")
    house.enrol(contact_id)
    house.send()
    house.approve()
    house.until_sent(1)
    happens(house, contact_id)
    house.move(days=3)
    house.send()
    (row,) = house.enrolments()
    assert (row["status"], row["exit_reason"]) == ("exited", reason)
    assert len(house.inbox("Ada")) == 1


class LandsBetween:
    """Something happens after the mail is printed and before it is promised."""

    def __init__(self) -> None:
        self.happens: Any = None

    def reached(self, moment: str, name: str) -> None:
        if moment == "mail:rendered" and self.happens is not None:
            happens, self.happens = self.happens, None
            happens()


@pytest.mark.parametrize(("reason", "happens"), EXITS, ids=[name for name, _ in EXITS])
def test_the_last_moment_decides(make_house: HouseMaker, reason: str, happens: Any) -> None:
    moments = LandsBetween()
    house = make_house(moments)
    contact_id = house.person("Ada")
    house.enrol(contact_id)
    house.send()
    house.approve()
    moments.happens = lambda: happens(house, contact_id)
    house.clock.move_to(datetime(2026, 11, 3, 9, 30, tzinfo=UTC))
    assert house.send() == {"ended": 1}
    assert house.inbox("Ada") == []
    assert house.enrolments()[0]["exit_reason"] == reason
    assert [row["status"] for row in house.sends()] == ["planned"]


def test_lost_answer_is_looked_up(house: House) -> None:
    house.enrol(house.person("Ada"))
    house.send()
    house.approve()
    house.clock.move_to(datetime(2026, 11, 3, 9, 30, tzinfo=UTC))
    house.outside.add_fault("resend", "/emails", "act_then_drop", 1)
    assert house.send() == {"unknown": 1}
    house.move(days=2)  # far beyond the life of any key of the provider
    house.send()
    assert len(house.inbox("Ada")) == 1
    assert house.sends()[0]["status"] == "sent"
    assert house.enrolments()[0]["step"] == 2


def test_lost_answer_settles_by_itself(house: House) -> None:
    house.enrol(house.person("Ada"))
    house.send()
    house.approve()
    house.clock.move_to(datetime(2026, 11, 3, 9, 30, tzinfo=UTC))
    house.outside.add_fault("resend", "/emails", "act_then_drop", 1)
    house.send()
    assert house.app.call("system.reconcile").ok
    assert [row["status"] for row in house.sends()] == ["sent"]
    assert len(house.inbox("Ada")) == 1


def test_relay_that_drops_is_parked(make_house: HouseMaker) -> None:
    house = make_house(REVENUE_SMTP__PREFERRED="yes")
    house.enrol(house.person("Ada"))
    house.send()
    house.approve()
    house.clock.move_to(datetime(2026, 11, 3, 9, 30, tzinfo=UTC))
    house.outside.add_fault("smtp", "/message", "act_then_drop", 1)
    assert house.send() == {"unknown": 1}
    house.move(days=10)
    house.send()
    first = house.sends()[0]
    assert (first["status"], first["step_number"]) == ("unknown", 1)
    assert any(row["kind"] == "email" and first["id"] in row["text"] for row in house.rows(ALERTS))


def test_ceiling_holds_the_rest(make_house: HouseMaker) -> None:
    house = make_house(REVENUE_CAPS__EMAIL__PER_DAY="3")
    for number in range(5):
        house.enrol(house.person(f"P{chr(97 + number)}"))
    house.send()
    house.approve()
    house.clock.move_to(datetime(2026, 11, 3, 9, 30, tzinfo=UTC))
    assert house.send()["sent"] == 3
    assert house.send().get("sent") is None
    house.clock.move_to(datetime(2026, 11, 4, 9, 31, tzinfo=UTC))
    assert house.send()["sent"] == 2


def test_unknown_zone_waits_for_all(house: House) -> None:
    house.enrol(house.person("Ada", zone=None))
    house.send()
    house.approve()
    house.until_sent(1)
    at = house.sends()[0]["sent_at"]
    for zone in ("America/Los_Angeles", "America/New_York", "Europe/London", "Europe/Berlin"):
        assert 8 <= at.astimezone(ZoneInfo(zone)).hour < 21


def test_one_row_per_step(house: House) -> None:
    for number in range(3):
        house.enrol(house.person(f"P{chr(97 + number)}"))
    house.send()
    house.approve()
    house.until_sent(9, days=14)
    with house.app.database.reading() as connection:
        query = sa.select(sa.func.count()).select_from(SENDS).group_by(SENDS.c.sequence_id, SENDS.c.contact_id, SENDS.c.step_number)
        assert set(connection.execute(query).scalars()) == {1}
        assert connection.execute(sa.select(sa.func.count()).select_from(ENROLMENTS)).scalar_one() == 3


def test_without_address_marketing_is_refused(make_house: HouseMaker, tmp_path: Any) -> None:
    text = (house_file := tmp_path / "revenue.toml")
    from revenue_machine.domains.owner.owner_file import EXAMPLE

    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    house_file.write_text("\n".join(line for line in lines if not line.startswith("postal_address")), encoding="utf-8")
    house = make_house(REVENUE_CONFIG=str(text))
    envelope = house.app.call("email.send")
    assert envelope.as_dict()["error"]["code"] == "not_configured"
    assert "postal" in envelope.as_dict()["error"]["message"]
