"""Thompson sampling is repeatable, explores, and learns."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from revenue_machine.domains.publishing.models import Arm, Slot
from revenue_machine.domains.publishing.timing import choose
from revenue_machine.kit.rng import array_rng

START = datetime(2026, 11, 2, tzinfo=UTC)
SLOTS = [Slot(START + timedelta(hours=hour), 1, hour) for hour in range(24)]


def picks(arms: dict[tuple[int, int], Arm], draws: int = 400) -> Counter[int]:
    return Counter(choose(SLOTS, arms, array_rng(7, "test", number)).slot.hour for number in range(draws))


def test_same_seed_picks_the_same() -> None:
    assert choose(SLOTS, {}, array_rng(7, "slot", "a")) == choose(SLOTS, {}, array_rng(7, "slot", "a"))


def test_other_posts_draw_apart() -> None:
    assert len(picks({})) == 24


def test_two_hundred_rewards_win() -> None:
    found = picks({(1, 14): Arm(1, 14, 201.0, 1.0)})
    hour, most = found.most_common(1)[0]
    assert hour == 14
    assert most > 300


def test_two_hundred_failures_lose() -> None:
    assert picks({(1, 14): Arm(1, 14, 1.0, 201.0)})[14] == 0


def test_other_weekday_stays_unknown() -> None:
    assert picks({(2, 14): Arm(2, 14, 1.0, 201.0)})[14] > 0


@pytest.mark.parametrize("key", ["a", "b", "c"])
def test_propensity_is_a_probability(key: str) -> None:
    assert 0 < choose(SLOTS, {}, array_rng(7, "slot", key)).propensity < 0.2


def test_lone_slot_was_certain() -> None:
    assert choose(SLOTS[:1], {}, array_rng(7, "slot", "a")).propensity == 1.0
