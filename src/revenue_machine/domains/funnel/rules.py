"""Pure decisions of the funnel: rates of a day, and the phase with its slow steps up and slower steps down."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from revenue_machine.domains.funnel.models import DAYS_DOWN, DAYS_UP, DOWN_BELOW, UP_AT, DayCount, Phase, Steps


def natural_phase(paying_users: int) -> Phase:
    """The phase a count stands for by the seed's thresholds."""
    if paying_users >= UP_AT[3]:
        return 3
    return 2 if paying_users >= UP_AT[2] else 1


def next_phase(current: Phase, history: Sequence[DayCount]) -> Phase:
    """The phase after the newest of these daily counts (oldest first, one per date).

    Up when two snapshots of consecutive dates both reach it; down when the last seven known ones are all below the lower
    mark. An unknown or stale day never changes anything, and breaks a climb.
    """
    if not history or not history[-1].is_known:
        return current
    reached = _reached(history)
    return reached if reached > current else _fallen(current, history)


def _reached(history: Sequence[DayCount]) -> Phase:
    last = history[-DAYS_UP:]
    is_run = len(last) == DAYS_UP and all(one.is_known for one in last) and last[1].day - last[0].day == timedelta(days=1)
    return natural_phase(min(_people(one) for one in last)) if is_run else 1


def _fallen(current: Phase, history: Sequence[DayCount]) -> Phase:
    known = [one for one in history if one.is_known][-DAYS_DOWN:]
    if len(known) < DAYS_DOWN:
        return current
    most = max(_people(one) for one in known)
    if current >= 2 and most < DOWN_BELOW[2]:
        return 1
    return 2 if current == 3 and most < DOWN_BELOW[3] else current


def _people(count: DayCount) -> int:
    return count.paying_users or 0


def rate(part: int, whole: int) -> float | None:
    """`part` of `whole`; None of nothing."""
    return part / whole if whole else None


def rates_of(steps: Steps) -> dict[str, float | None]:
    """The day's three rates by the seed's column names."""
    return {
        "impression_to_click": rate(steps.clicks, steps.impressions),
        "click_to_signup": rate(steps.signups, steps.clicks),
        "signup_to_trial": rate(steps.trials, steps.signups),
    }
