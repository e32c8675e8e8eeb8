"""What instant a cell means, in every dress exports use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from revenue_machine.domains.analytics.moments import instant_of, micros, parse_moment

NOON = datetime(2026, 11, 22, 12, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-11-22T12:30:05Z", NOON), ("2026-11-22 12:30:05", NOON), ("2026-11-22T14:30:05+02:00", NOON),
        ("2026-11-22 12:30:05 UTC", NOON), ("2026/11/22 12:30:05", NOON), ("20261122T123005Z", NOON), ("20261122123005", NOON),
        ("1795350605", NOON), ("1795350605.0", NOON), ("1795350605000", NOON), ("1795350605000000", NOON),
        ("1795350605000000000", NOON), ("1795350605.250001", NOON + timedelta(microseconds=250_001)),
        ("2026-11-22T12:30:05.250Z", NOON + timedelta(milliseconds=250)),
        ("2026-11-22", datetime(2026, 11, 22, tzinfo=UTC)), ("20261122", datetime(2026, 11, 22, tzinfo=UTC)),
        ("2026-3-7", datetime(2026, 3, 7, tzinfo=UTC)), ("2026-3-7 9:05", datetime(2026, 3, 7, 9, 5, tzinfo=UTC)),
        ("19970101", datetime(1997, 1, 1, tzinfo=UTC)), ("0", datetime(1970, 1, 1, tzinfo=UTC)),
        ("-86400", datetime(1969, 12, 31, tzinfo=UTC)), (" 7 ", datetime(1970, 1, 1, 0, 0, 7, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_usual_spellings_mean_one_instant(text: str, meant: datetime) -> None:
    assert parse_moment(text) == meant


@pytest.mark.parametrize(
    "text",
    ["03/04/2025", "yesterday", "", "2026-13-01", "2026-02-30", "99999999999999999999", "1e9", "20261399000000", "2500-01-01"],
)
def test_doubtful_times_are_refused(text: str) -> None:
    assert parse_moment(text) is None


def test_microseconds_go_there_and_back() -> None:
    at = NOON + timedelta(microseconds=1)
    assert micros(at) == 1_795_350_605_000_001
    assert instant_of(micros(at)) == at
