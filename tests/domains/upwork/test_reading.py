"""Words of listings become numbers, and what says nothing stays unknown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from revenue_machine.domains.upwork import reading

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
USD = 1_000_000


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Est. budget:\n$18.00", (18 * USD,)), ("Est. budget:\n$1,000.00", (1000 * USD,)), ("$10K+ total spent", (10_000 * USD,)),
        ("$1.5m", (1_500_000 * USD,)), ("N/A", ()), ("", ()), (None, ()), ("$25.00 - $35.00", (25 * USD, 35 * USD)), ("500", (500 * USD,)),
    ],
)  # fmt: skip
def test_amounts_are_read(text: str | None, found: tuple[int, ...]) -> None:
    assert reading.amounts(text) == found


def test_type_and_range_share_a_cell() -> None:
    assert reading.job_type("Hourly: $25.00 - $35.00") == "hourly"
    assert reading.rate_range("Hourly: $25.00 - $35.00") == (25 * USD, 35 * USD)
    assert (reading.job_type("Hourly"), reading.rate_range("Hourly")) == ("hourly", (None, None))
    assert (reading.job_type("Fixed price"), reading.job_type("N/A"), reading.job_type(None)) == ("fixed", "unknown", "unknown")
    assert reading.rate_range("$40/hr") == (40 * USD, 40 * USD)


def test_skills_are_listed_once() -> None:
    assert reading.skill_list("Python, React , Python, +3") == ("Python", "React")
    assert reading.skill_list("['Python', 'C#']") == ("Python", "C#")
    assert reading.skill_list(None) == reading.skill_list("N/A") == ()


@pytest.mark.parametrize(
    ("text", "found"), [("5 to 10", 5), ("Less than 5", 0), ("50+", 50), ("1,204", 1204), ("N/A", None), (None, None)]
)
def test_counts_are_the_lower_end(text: str | None, found: int | None) -> None:
    assert reading.count(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Posted 3 hours ago", NOW - timedelta(hours=3)), ("an hour ago", NOW - timedelta(hours=1)), ("yesterday", NOW - timedelta(days=1)),
        ("2 weeks ago", NOW - timedelta(weeks=2)), ("2026-11-01T08:00:00Z", datetime(2026, 11, 1, 8, tzinfo=UTC)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)), ("soon", None), ("N/A", None), (None, None),
    ],
)  # fmt: skip
def test_ages_and_dates_are_instants(text: str | None, found: datetime | None) -> None:
    assert reading.posted(text, NOW) == found


def test_stars_and_yes_are_read() -> None:
    assert [reading.rating(text) for text in ("4.9", "4.92 of 5", "0.0", "none", None)] == [4.9, 4.92, None, None, None]
    assert [reading.yes(text) for text in ("Payment verified", "true", "No", "unverified", "perhaps", None)] == [
        True, True, False, False, None, None,
    ]  # fmt: skip


def test_keys_come_out_of_addresses() -> None:
    key = "~021871234567890123456"
    assert reading.listing_id(f"https://www.upwork.com/jobs/{key}?source=rss") == key
    assert reading.listing_url(key) == f"https://www.upwork.com/jobs/{key}"
    assert reading.listing_number(key) == "1871234567890123456"
    assert reading.listing_number("~01abcdef0123456789") is None
    assert reading.listing_id("12345") is reading.listing_url("12345") is None
