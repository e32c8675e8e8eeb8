"""Which hours are open, and how a post goes out in parts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from revenue_machine.domains.publishing import rules

NOW = datetime(2026, 11, 2, 6, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
LONDON, NEW_YORK = ZoneInfo("Europe/London"), ZoneInfo("America/New_York")


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 2, hour, minute, tzinfo=UTC)


def test_slots_are_whole_hours_ahead() -> None:
    slots = rules.open_slots(NOW, 3 * HOUR, LONDON, [], per_day=20, min_gap=HOUR)
    assert [slot.at for slot in slots] == [at(7), at(8), at(9)]


def test_horizon_ends_the_search() -> None:
    assert rules.open_slots(NOW, timedelta(minutes=30), LONDON, [], per_day=20, min_gap=HOUR) == []


def test_gap_closes_hours_on_both_sides() -> None:
    slots = rules.open_slots(NOW, 6 * HOUR, LONDON, [at(9, 30)], per_day=20, min_gap=2 * HOUR)
    assert [slot.at.hour for slot in slots] == [7, 12]


def test_full_local_date_is_closed() -> None:
    """19:00 to 23:00 UTC are still the 2nd in New York; from 05:00 on it is the 3rd."""
    slots = rules.open_slots(at(18), 14 * HOUR, NEW_YORK, [at(7), at(12)], per_day=2, min_gap=HOUR)
    assert [slot.at.day * 100 + slot.at.hour for slot in slots][:2] == [305, 306]


@pytest.mark.parametrize(
    ("instant", "zone", "arm"),
    [
        (datetime(2026, 11, 1, 12, tzinfo=UTC), LONDON, (0, 12)),
        (datetime(2026, 11, 2, 3, tzinfo=UTC), NEW_YORK, (0, 22)),
        (datetime(2026, 11, 7, 23, tzinfo=UTC), LONDON, (6, 23)),
    ],
)
def test_weekday_zero_is_local_sunday(instant: datetime, zone: ZoneInfo, arm: tuple[int, int]) -> None:
    slot = rules.slot_at(instant, zone)
    assert (slot.weekday, slot.hour) == arm


@pytest.mark.parametrize(("posts", "share"), [(0, 0.0), (4, 0.4), (10, 1.0), (50, 1.0)])
def test_confidence_grows_to_one(posts: int, share: float) -> None:
    assert rules.confidence(posts) == share


def test_link_stands_on_its_own_line() -> None:
    assert rules.with_link("Words. \n", "https://go.example/r/a") == "Words.\n\nhttps://go.example/r/a"
    assert rules.with_link("Words.", None) == "Words."


@pytest.mark.parametrize(
    ("platform", "content_type", "parts"),
    [
        ("x", "thread", ("one", ("two", "three"))),
        ("threads", "thread", ("one", ("two", "three"))),
        ("facebook", "thread", ("one\n---\ntwo\n---\nthree", ())),
        ("x", "text", ("one\n---\ntwo\n---\nthree", ())),
    ],
)
def test_threads_go_out_in_parts(platform: str, content_type: str, parts: tuple[str, tuple[str, ...]]) -> None:
    assert rules.parts_for(platform, content_type, "one\n---\ntwo\n---\nthree") == parts
