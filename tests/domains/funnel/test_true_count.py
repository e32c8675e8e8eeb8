"""Many days in the sandbox: each day's phase is the rule applied to the world's true count, and each crossing is told once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from revenue_machine.domains.email.postman import Postman
from revenue_machine.domains.funnel.tables import FUNNEL_SNAPSHOTS
from revenue_machine.domains.phase import reads as phase_reads
from tests.domains.revenue.house import DAY, HOUR, PRICE, START, House

EVENING = START + 13 * HOUR
# How many more pay on each day, and how many leave: over 50 on two days, a dip, on to 200, a dip below 190, and back.
COMING = [46, 3, 1, 0, -3, 2, 60, 60, 30, 1, 2, -9, 0, 3, -6, -4, 0, 0, 0, 0, 0, 0, -2, 20]


def lived(house: House) -> list[int]:
    """Live the days; the world's own count of who pays at each evening, asked of no product and no client."""
    fake, state = house.fake("revenuecat")
    paying: list[str] = []
    truth = []
    for day, change in enumerate(COMING):
        at = EVENING + day * DAY
        house.clock.move_to(at)
        names = [f"p{day}-{place}" for place in range(max(change, 0))]
        paying += [str(fake.public_purchase(state, name, "everreach_pro_yearly", 12 * PRICE, at=at - HOUR)) for name in names]
        for _ in range(max(-change, 0)):
            fake.public_refund(state, paying.pop(0), at=at - HOUR)
        truth.append(len(paying))
        house.snapshot("pm")
        house.app.call("telegram.send", key=f"d{day}")
    return truth


def rule(counts: Sequence[int]) -> list[int]:
    """The phase of each day by DECISIONS, written once more: up on two days in a row, down after seven below 45 or 190."""
    phase, found = 1, list[int]()
    for day in range(len(counts)):
        two, seven = counts[max(0, day - 1) : day + 1], counts[max(0, day - 6) : day + 1]
        least = min(two) if len(two) == 2 else 0
        reached = 3 if least >= 200 else 2 if least >= 50 else 1
        if reached > phase:
            phase = reached
        elif len(seven) == 7 and max(seven) < 45:
            phase = 1
        elif phase == 3 and len(seven) == 7 and max(seven) < 190:
            phase = 2
        found.append(phase)
    return found


def test_phase_follows_the_true_count(house: House) -> None:
    truth = lived(house)
    days: list[Any] = sorted(house.rows(FUNNEL_SNAPSHOTS, "snapshot_date", "paying_users", "phase"))
    assert [row[1] for row in days] == truth
    assert [row[2] for row in days] == rule(truth)
    assert sorted({row[2] for row in days}) == [1, 2, 3]
    chat = [one["text"].split(":")[0] for one in house.outside.state("telegram").list("message")]
    crossings = [text for text in chat if text.startswith("Phase")]
    before, phases = 1, [row[2] for row in days]
    changes = [(one, two) for one, two in zip([before, *phases], phases, strict=False) if one != two]
    assert [text[6:12] for text in crossings] == [f"{one} -> {two}" for one, two in changes]
    assert changes[:2] == [(1, 2), (2, 3)]


@pytest.mark.parametrize(("payers", "volumes"), [(49, (5, 0, 30)), (50, (3, 10, 30)), (200, (2, 100, 100))])
def test_crossing_changes_the_volumes(house: House, payers: int, volumes: tuple[int, int, int]) -> None:
    fake, state = house.fake("revenuecat")
    for place in range(payers):
        fake.public_purchase(state, f"p{place}", "everreach_pro_yearly", 12 * PRICE, at=datetime(2026, 11, 1, tzinfo=UTC))
    for day in range(2):
        house.clock.move_to(EVENING + day * DAY)
        house.snapshot("pm")
    with house.app.database.reading() as connection:
        upwork, ads = (phase_reads.volume(connection, name).most for name in ("upwork_proposals", "ad_spend_usd"))
    assert (upwork, ads, house.app.container.get(Postman).ceiling().per_day) == volumes
