"""Ten wrong tokens a minute per address."""

from __future__ import annotations

from revenue_machine.surfaces.web.dashboard import attempts as module
from revenue_machine.surfaces.web.dashboard.attempts import Attempts


class Hand:
    """A stopwatch somebody turns."""

    def __init__(self) -> None:
        self.at_s = 1000.0

    def __call__(self) -> float:
        return self.at_s


def test_tenth_wrong_try_blocks() -> None:
    attempts = Attempts(Hand())
    waits = []
    for _ in range(10):
        waits.append(attempts.wait_s("a"))
        attempts.wrong("a")
    assert waits == [0] * 10
    assert (attempts.wait_s("a"), attempts.wait_s("b")) == (60, 0)


def test_block_ends_with_oldest_try() -> None:
    hand = Hand()
    attempts = Attempts(hand)
    for _ in range(10):
        attempts.wrong("a")
        hand.at_s += 3
    assert attempts.wait_s("a") == 30
    hand.at_s += 29.5
    assert attempts.wait_s("a") == 1
    hand.at_s += 0.5
    assert attempts.wait_s("a") == 0


def test_memory_of_addresses_is_bounded() -> None:
    hand = Hand()
    attempts = Attempts(hand)
    for number in range(module.MOST_ADDRESSES):
        attempts.wrong(f"old {number}")
    hand.at_s += 61
    attempts.wrong("new")
    assert len(attempts._wrong) == 1
