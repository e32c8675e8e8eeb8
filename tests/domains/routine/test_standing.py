"""How a step stands, from the calls of it that ended."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from revenue_machine.domains.routine.models import Standing, Status
from revenue_machine.domains.routine.rules import day_shown, standing_of

OK, SKIPPED, NOT_SET, FAILED = Status.OK, Status.SKIPPED, Status.NOT_CONFIGURED, Status.FAILED


@pytest.mark.parametrize(
    ("statuses", "expected", "standing"),
    [
        ([], 1, Standing.TO_COME), ([OK], 2, Standing.RUNNING), ([FAILED], 2, Standing.RUNNING),
        ([OK, Status.RETRIED], 2, Standing.DONE), ([OK, SKIPPED], 2, Standing.PARTLY),
        ([SKIPPED, NOT_SET], 2, Standing.SKIPPED), ([NOT_SET, NOT_SET], 2, Standing.NOT_SET_UP),
        ([OK, Status.AWAITING_APPROVAL], 2, Standing.WAITING), ([Status.AWAITING_APPROVAL, Status.UNKNOWN], 2, Standing.UNKNOWN),
        ([Status.UNKNOWN, FAILED, OK], 3, Standing.FAILED),
    ],
)  # fmt: skip
def test_worst_call_names_the_step(statuses: list[Status], expected: int, standing: Standing) -> None:
    assert standing_of(statuses, expected, is_due=False, is_block_begun=False) is standing


def test_empty_step_is_next_once_begun() -> None:
    assert standing_of([], 1, is_due=True, is_block_begun=True) is Standing.NEXT
    assert standing_of([], 1, is_due=True, is_block_begun=False) is Standing.OVERDUE


def test_day_turns_with_first_block() -> None:
    assert day_shown(datetime(2026, 11, 3, 5, 59, tzinfo=UTC), time(6)) == date(2026, 11, 2)
    assert day_shown(datetime(2026, 11, 3, 6, 0, tzinfo=UTC), time(6)) == date(2026, 11, 3)
