"""One door for everything that speaks or spends: every guard is read at send time, all or nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from revenue_machine.engine.audit import Audit
from revenue_machine.engine.call import Call
from revenue_machine.engine.caps import Ceiling
from revenue_machine.engine.database import Database
from revenue_machine.engine.gates import WEEKDAYS, Chokepoint, Speech, Spend, Window, person_address
from revenue_machine.engine.switch import Pause, Switch, pause_channel, suppress
from revenue_machine.engine.tables import CAP_SLOTS
from revenue_machine.kit.clock import PushedClock
from revenue_machine.kit.errors import BudgetExhausted, CapReached, Failure, Stopped, Suppressed
from revenue_machine.kit.settings import Cap
from tests.engine.toy_house.toys.recipes import Purse

CALL = Call("toys.shout", "k", "run")
DAYTIME = (time(8), time(21))


class House:
    """A chokepoint over a fresh purse, with the switch at hand."""

    def __init__(self, database: Database, clock: PushedClock, audit: Audit, caps: dict[str, Cap]) -> None:
        self.database, self.clock, self.purse = database, clock, Purse()
        self.switch = Switch(database, clock, audit)
        zone = ZoneInfo("UTC")
        self.door = Chokepoint(database=database, clock=clock, zone=zone, switch=self.switch, caps=caps, budget=self.purse)

    def admit(self, key: str = "i1", speech: Speech | None = None, spend: Spend | None = None) -> type[Failure] | None:
        try:
            with self.database.writing() as connection:
                self.door.admit(connection, key, CALL, speech, spend)
        except Failure as failure:
            return type(failure)
        return None

    def slots(self) -> int:
        with self.database.reading() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(CAP_SLOTS)).scalar_one())


@pytest.fixture
def house(database: Database, clock: PushedClock, audit: Audit) -> House:
    return House(database, clock, audit, {"email": Cap(per_day=1), "dm": Cap(per_day=99, per_week=99)})


def speech(channel: str = "dm", recipient: str | None = "ada@example.com", window: Window | None = None) -> Speech:
    return Speech(channel, Ceiling(2), recipient, window)


def test_the_switch_stops_speech_and_spending(house: House) -> None:
    house.switch.set(stopped=True, actor="ada", reason="enough")
    assert house.admit(speech=speech()) is Stopped
    assert house.admit(spend=Spend(1, "ai", "toy")) is Stopped
    assert (house.slots(), house.purse.held) == (0, {})
    house.switch.set(stopped=False, actor="ada", reason="go on")
    assert house.admit(speech=speech()) is None


def test_a_suppressed_person_is_reached_on_no_channel(house: House) -> None:
    with house.database.writing() as connection:
        suppress(connection, house.database, "Ada@Example.com", reason="asked", source="link", clock=house.clock)
    assert [house.admit(f"{channel}", speech(channel)) for channel in ("dm", "email", "other")] == [Suppressed] * 3
    assert house.admit(speech=speech(recipient="bob@example.com")) is None
    assert house.admit("public", speech("public", None)) is None


def test_a_setting_lowers_the_built_in_ceiling(house: House) -> None:
    assert [house.admit(f"e{n}", speech("email")) for n in range(2)] == [None, CapReached]
    assert [house.admit(f"d{n}", speech("dm")) for n in range(3)] == [None, None, CapReached]


def test_a_refused_budget_takes_no_slot(house: House) -> None:
    assert house.admit("dear", speech(), Spend(101, "ai", "toy")) is BudgetExhausted
    assert (house.slots(), house.purse.held) == (0, {})


def test_a_refund_gives_slot_and_money_back(house: House) -> None:
    assert house.admit("i1", speech(), Spend(60, "ai", "toy")) is None
    assert (house.slots(), house.purse.held) == (1, {"i1": 60})
    with house.database.writing() as connection:
        house.door.refund(connection, "i1")
    assert (house.slots(), house.purse.held) == (0, {})


def test_settling_keeps_the_slot(house: House) -> None:
    house.admit("i1", speech(), Spend(60, "ai", "toy"))
    with house.database.writing() as connection:
        house.door.settle(connection, "i1")
    assert (house.slots(), house.purse.held) == (1, {})


# 08:00 and 21:00 on the recipient's wall, in UTC, before and after the turn where there is one.
HOURS = [
    ("Asia/Kathmandu", "2026-06-01T02:14:59", False), ("Asia/Kathmandu", "2026-06-01T02:15:00", True),
    ("Asia/Kathmandu", "2026-06-01T15:14:59", True), ("Asia/Kathmandu", "2026-06-01T15:15:00", False),
    ("America/St_Johns", "2026-01-10T11:29:59", False), ("America/St_Johns", "2026-01-10T11:30:00", True),
    ("America/New_York", "2026-03-07T12:30:00", False), ("America/New_York", "2026-03-08T12:30:00", True),
    ("America/New_York", "2026-10-31T12:30:00", True), ("America/New_York", "2026-11-01T12:30:00", False),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "at", "is_open"), HOURS)
def test_quiet_hours_follow_the_recipients_wall(zone: str, at: str, is_open: bool, house: House) -> None:
    house.clock.move_to(datetime.fromisoformat(at).replace(tzinfo=UTC))
    refused = house.admit(speech=speech(window=Window(zone, *DAYTIME)))
    assert refused is (None if is_open else CapReached)
    assert house.slots() == (1 if is_open else 0)


@pytest.mark.parametrize("zone", [None, "Mars/Olympus", "", "../etc/passwd"])
def test_an_unknown_zone_is_every_plausible_one(zone: str | None, house: House) -> None:
    """Never in the night of any of them: from 08:00 in Los Angeles (15:00 UTC in summer) to 21:00 in Berlin (19:00 UTC)."""
    for hour in range(24):
        house.clock.move_to(datetime(2026, 6, 1, hour, 30, tzinfo=UTC))
        expected = None if 15 <= hour < 19 else CapReached
        assert house.admit(f"n{hour}", Speech("n", Ceiling(99), "a@example.com", Window(zone, *DAYTIME))) is expected


def test_a_closed_window_says_when_it_opens() -> None:
    """Saturday noon in New York waits for Monday, 09:00 there: 13:00 UTC in summer."""
    window = Window("America/New_York", time(9), time(17), WEEKDAYS)
    assert window.opens_at(datetime(2026, 6, 6, 16, 7, tzinfo=UTC)) == datetime(2026, 6, 8, 13, tzinfo=UTC)


def test_a_window_that_never_opens_says_so() -> None:
    assert Window(None, time(8), time(8, 30)).opens_at(datetime(2026, 6, 1, tzinfo=UTC)) is None


def test_who_opted_out_anywhere_is_out_everywhere(house: House) -> None:
    with house.database.writing() as connection:
        suppress(connection, house.database, person_address("con_1"), reason="reply", source="x", clock=house.clock)
    own = Speech("dm", Ceiling(9), "x:ada", person_id="con_1")
    assert house.admit("i1", own) is Suppressed
    assert house.admit("i2", replace(own, person_id="con_2")) is None


def test_one_person_bears_so_much_over_all_channels(house: House) -> None:
    once = Ceiling(1, per_week=2)
    admitted = [
        house.admit(f"i{number}", Speech(channel, Ceiling(9), person_id="con_1", per_person=once))
        for number, channel in enumerate(("dm", "mail", "linkedin"))
    ]
    assert admitted == [None, CapReached, CapReached]
    assert house.slots() == 2  # one of the channel, one of the person; a refused send takes neither


def test_a_resting_channel_sends_nothing(house: House) -> None:
    house.switch.pause("dm", actor="ada", reason="blocked")
    assert house.admit("i1", speech()) is Stopped
    assert house.admit("i2", speech("mail")) is None
    assert house.switch.unpause("dm", actor="ada", reason="looked at it")
    assert house.admit("i1", speech()) is None


def test_a_pause_ends_by_itself_and_is_never_shortened(house: House) -> None:
    now = house.clock.now()
    with house.database.writing() as connection:
        for hours in (24, 1):
            pause_channel(connection, house.database, Pause("dm", now + timedelta(hours=hours), "block signal", "x"), now)
    house.clock.move_to(now + timedelta(hours=23, minutes=59))
    assert house.admit("i1", speech()) is Stopped
    house.clock.move_to(now + timedelta(hours=24))
    assert house.admit("i1", speech()) is None
