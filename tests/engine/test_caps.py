"""Ceilings hold per local date and rolling window, whatever the clock, the zone or the number of workers do."""

from __future__ import annotations

import itertools
import statistics
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from revenue_machine.app import App
from revenue_machine.engine.caps import Ceiling, give_back, take_slot
from revenue_machine.engine.database import Database
from revenue_machine.engine.tables import CAP_SLOTS
from revenue_machine.kit.errors import (
    CapReached,
    ContractBroken,
    Failure,
    OutsideAuthFailed,
    OutsideRateLimited,
    OutsideRejected,
    OutsideUnanswered,
    OutsideUnavailable,
    OutsideUnreached,
)
from tests.engine.toy_house.toys.recipes import ToyVendor

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
DAY, WEEK, TWO = timedelta(days=1), timedelta(days=7), Ceiling(2)


def take(
    database: Database, key: str, now: datetime = NOON, ceiling: Ceiling = TWO, *, channel: str = "dm", zone: str = "UTC"
) -> bool:
    try:
        with database.writing() as connection:
            take_slot(connection, database, channel, ceiling, intent_key=key, now=now, zone=ZoneInfo(zone))
    except CapReached:
        return False
    return True


def taken(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(CAP_SLOTS)).scalar_one())


def test_parallel_takers_never_pass_the_ceiling(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        admitted = sum(pool.map(lambda number: take(database, f"i{number}", ceiling=Ceiling(7)), range(40)))
    assert admitted == taken(database) == 7


def test_the_same_intent_takes_one_slot(database: Database) -> None:
    assert [take(database, "i1") for _ in range(3)] == [True, True, True]
    assert taken(database) == 1


def test_channels_do_not_share(database: Database) -> None:
    assert [take(database, f"a{n}") for n in range(3)] == [True, True, False]
    assert take(database, "b1", channel="email")


def test_midnight_does_not_open_the_rolling_day(database: Database) -> None:
    """Two at 23:00, none at 01:00, though the date is new; the first place is free a full day later."""
    late = NOON.replace(hour=23)
    assert take(database, "i1", late)
    assert take(database, "i2", late + timedelta(minutes=30))
    assert not take(database, "i3", late + timedelta(hours=2))
    assert not take(database, "i3", late + DAY - timedelta(microseconds=1))
    assert take(database, "i3", late + DAY)
    assert not take(database, "i4", late + DAY)


def test_the_local_date_binds_when_it_is_longer(database: Database) -> None:
    """On the 25-hour day of autumn the first send is out of the rolling window and still of the same date."""
    zone = "America/New_York"
    start = datetime(2026, 11, 1, 4, 0, tzinfo=UTC)
    assert take(database, "i1", start, Ceiling(1), zone=zone)
    assert not take(database, "i2", start + timedelta(hours=24, minutes=30), Ceiling(1), zone=zone)
    assert take(database, "i2", start + timedelta(hours=25), Ceiling(1), zone=zone)


@pytest.mark.parametrize("hours", [-25, -49, -1])
def test_a_clock_put_back_frees_nothing(hours: int, database: Database) -> None:
    assert [take(database, f"a{n}") for n in range(2)] == [True, True]
    assert not take(database, "b", NOON + timedelta(hours=hours))


def test_the_week_binds_too(database: Database) -> None:
    ceiling = Ceiling(2, per_week=3)
    assert [take(database, f"i{n}", NOON + DAY * n, ceiling) for n in range(4)] == [True, True, True, False]
    assert not take(database, "late", NOON + WEEK - timedelta(microseconds=1), ceiling)
    assert take(database, "late", NOON + WEEK, ceiling)


def test_the_least_gap_is_kept(database: Database) -> None:
    ceiling = Ceiling(10, min_gap=timedelta(minutes=5))
    assert take(database, "i1", NOON, ceiling)
    assert not take(database, "i2", NOON + timedelta(minutes=4, seconds=59), ceiling)
    assert take(database, "i2", NOON + timedelta(minutes=5), ceiling)


def test_a_slot_given_back_is_free_again(database: Database) -> None:
    assert [take(database, f"i{n}") for n in range(3)] == [True, True, False]
    with database.writing() as connection:
        give_back(connection, "i1")
    assert take(database, "i3")
    assert not take(database, "i1")


FATES: list[tuple[Failure, int]] = [
    (OutsideRejected(), 0), (OutsideRateLimited(), 0), (OutsideAuthFailed(), 0), (OutsideUnreached(), 0), (OutsideUnavailable(), 1),
    (OutsideUnanswered(), 1), (ContractBroken(), 1),
]  # fmt: skip


@pytest.mark.parametrize(("failure", "kept"), FATES, ids=[type(failure).__name__ for failure, _ in FATES])
def test_only_a_sure_refusal_gives_the_slot_back(failure: Failure, kept: int, toys: App, vendor: ToyVendor) -> None:
    vendor.refusal = failure
    assert not toys.call("toys.shout", {"words": "a"}).ok
    assert taken(toys.database) == kept


def test_a_refused_taker_leaves_nothing(database: Database) -> None:
    assert not take(database, "i1", ceiling=Ceiling(0))
    assert taken(database) == 0


@pytest.mark.parametrize(
    ("setting", "result"),
    [
        ((None, None), (20, 80)), ((5, None), (5, 80)), ((50, 500), (20, 80)), ((0, 0), (0, 0)), ((20, 10), (20, 10)),
    ],
)  # fmt: skip
def test_a_setting_lowers_and_never_raises(setting: tuple[int | None, int | None], result: tuple[int, int]) -> None:
    lowered = Ceiling(20, 80, timedelta(minutes=3)).lowered(*setting)
    assert (lowered.per_day, lowered.per_week, lowered.min_gap) == (*result, timedelta(minutes=3))


def test_a_weekly_setting_binds_without_a_clamp() -> None:
    assert Ceiling(20).lowered(None, 30).per_week == 30
    assert Ceiling(20).lowered(None, None).per_week is None


def test_a_refusal_says_when_the_ceiling_opens(database: Database) -> None:
    """Two sent at 12:00: the date ends at 24:00, but the rolling day holds until tomorrow noon."""
    for key in ("i1", "i2"):
        assert take(database, key)
    with pytest.raises(CapReached) as refusal, database.writing() as connection:
        take_slot(connection, database, "dm", TWO, intent_key="i3", now=NOON + timedelta(hours=1), zone=ZoneInfo("UTC"))
    assert refusal.value.retry_after_s == timedelta(hours=23).total_seconds()
    assert take(database, "i3", NOON + DAY)


def test_irregular_gaps_keep_the_least_gap(database: Database) -> None:
    gap = timedelta(minutes=10)
    ceiling = Ceiling(10_000, min_gap=gap, is_irregular=True)
    sent, now = [], NOON
    for number in range(60):
        while not take(database, f"i{number}", now, ceiling):
            now += timedelta(minutes=1)
        sent.append(now)
    gaps = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(sent)]
    mean = statistics.mean(gaps)
    assert min(gaps) >= gap.total_seconds()
    assert max(gaps) <= 5 * gap.total_seconds() + 60
    assert statistics.pstdev(gaps) / mean >= 0.3


def test_a_young_channel_sends_less(database: Database) -> None:
    ceiling = Ceiling(15, warm_up=((14 * DAY, 2), (28 * DAY, 3)))
    per_day = [
        sum(take(database, f"{day}/{number}", NOON + day * DAY, ceiling) for number in range(20)) for day in (0, 13, 14, 27, 28)
    ]
    assert per_day == [2, 2, 3, 3, 15]


def test_one_intent_takes_a_place_on_each_ceiling(database: Database) -> None:
    assert [take(database, "i1", channel=channel) for channel in ("dm", "person:con_1", "dm")] == [True, True, True]
    assert taken(database) == 2
    with database.writing() as connection:
        give_back(connection, "i1")
    assert taken(database) == 0
