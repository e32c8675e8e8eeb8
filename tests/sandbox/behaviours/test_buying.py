from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from revenue_machine.sandbox.fates import months_after
from revenue_machine.sandbox.rates import WorldRates
from revenue_machine.sandbox.truth import Deed, every_deed
from tests.sandbox.stage import START, make_world

ORDER = ("signup", "trial", "purchase", "renewal")


@pytest.mark.parametrize(
    ("first", "months", "later"),
    [
        (datetime(2026, 1, 31, 9, tzinfo=UTC), 1, datetime(2026, 2, 28, 9, tzinfo=UTC)),
        (datetime(2026, 1, 31, 9, tzinfo=UTC), 2, datetime(2026, 3, 31, 9, tzinfo=UTC)),
        (datetime(2026, 11, 23, tzinfo=UTC), 2, datetime(2027, 1, 23, tzinfo=UTC)),
    ],
)
def test_months_are_billed_as_stores_do(first: datetime, months: int, later: datetime) -> None:
    assert months_after(first, months) == later


def lives(folder: Path, days: int, **funnel: float) -> list[Deed]:
    rates = WorldRates.model_validate({"funnel": funnel, "history": {"subscribers": 0, "subscribers_spread": 0, "open_trials": 0}})
    world = make_world(folder, rates=rates)
    world.turn_to(START + timedelta(days=days))
    return every_deed(world.store)


def test_each_step_follows_the_one_before(tmp_path: Path) -> None:
    deeds = lives(tmp_path, 45, click_to_signup=0.3, trial_to_paid=0.6)
    per_person: dict[tuple[str, str], list[str]] = {}
    for deed in deeds:
        if deed.kind in ORDER:
            per_person.setdefault((deed.person, deed.offer), []).append(deed.kind)
    assert {"signup", "trial", "purchase", "renewal"} <= {deed.kind for deed in deeds}
    for steps in per_person.values():
        assert steps[: len(ORDER)] == list(ORDER[: len(steps[: len(ORDER)])])


def test_nobody_pays_where_nobody_converts(tmp_path: Path) -> None:
    deeds = lives(tmp_path, 15, trial_to_paid=0.0)
    assert {deed.kind for deed in deeds} == {"visit", "signup", "trial", "cancellation"}


def test_four_of_five_stay_a_second_month(tmp_path: Path) -> None:
    deeds = lives(tmp_path, 64, click_to_signup=0.4, signup_to_trial=0.9, trial_to_paid=0.66, refunds=0.0)
    old = {(deed.person, deed.offer) for deed in deeds if deed.kind == "purchase" and deed.at < START + timedelta(days=31)}
    stayed = {(deed.person, deed.offer) for deed in deeds if deed.kind == "renewal"} & old
    assert len(old) > 120
    assert 0.72 < len(stayed) / len(old) < 0.88


def test_a_refund_gives_the_price_back(tmp_path: Path) -> None:
    deeds = lives(tmp_path, 25, click_to_signup=0.4, trial_to_paid=0.66, refunds=1.0)
    paid = [deed for deed in deeds if deed.kind == "purchase" and deed.at < START + timedelta(days=19)]
    refunds = [deed for deed in deeds if deed.kind == "refund"]
    assert len(refunds) >= len(paid) > 10
    assert {deed.amount_micro_usd for deed in refunds} <= {-19_990_000, -9_990_000, -49_000_000}
