"""Lanes, steps and ceilings as the definitions give them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from revenue_machine.domains.outreach import rules
from revenue_machine.domains.outreach.rules import Standing

FIRST = datetime(2026, 11, 2, 10, tzinfo=UTC)
TWO = ("asked about it", "profile fits (70)")


def standing(score: float = 50.0, signals: tuple[str, ...] = (), touches: int = 0, status: str = "contacted") -> Standing:
    return Standing(score, status, signals, touches, has_ever_replied=False)


@pytest.mark.parametrize(
    ("known", "lane"),
    [
        (standing(39.9), "re_warm"), (standing(40.0), "service"), (standing(69.9), "service"), (standing(70.0), "friendship"),
        (standing(90.0, TWO, 3), "offer"), (standing(90.0, TWO, 2), "friendship"), (standing(90.0, TWO[:1], 9), "friendship"),
        (standing(10.0, status="closed_won"), "retention"),
    ],
)  # fmt: skip
def test_lane_follows_score_and_signals(known: Standing, lane: str) -> None:
    assert rules.lane_of(known)[0] == lane


def test_an_answer_may_offer_only_on_two_signals() -> None:
    assert rules.answer_lane("lead", TWO) == "offer"
    assert rules.answer_lane("lead", TWO[:1]) == "reply"
    assert rules.answer_lane("greeting", TWO) == "reply"


def test_follow_ups_come_after_3_7_and_14_days() -> None:
    days = [rules.next_step_at(step, FIRST, FIRST + timedelta(days=before)) for step, before in ((1, 0), (2, 3), (3, 7))]
    assert days == [FIRST + timedelta(days=after) for after in (3, 7, 14)]
    assert rules.next_step_at(4, FIRST, FIRST) is None


def test_a_late_step_pushes_the_next() -> None:
    late = FIRST + timedelta(days=6)
    assert rules.next_step_at(2, FIRST, late) == late + timedelta(days=4)


def test_cold_after_21_days() -> None:
    assert not rules.is_cold(FIRST, FIRST + timedelta(days=21) - timedelta(seconds=1))
    assert rules.is_cold(FIRST, FIRST + timedelta(days=21))


def test_linkedin_ceiling_is_15_and_80() -> None:
    rule = rules.CHANNELS["linkedin"]
    assert (rule.per_day, rule.per_week, [most for _, most in rule.warm_up]) == (15, 80, [5, 10])
    assert rules.CHANNELS["dm"].per_day == 20


def test_drafts_stop_when_the_week_is_full() -> None:
    assert rules.drafts_wanted(50, 0, 0) == (50, None)
    assert rules.drafts_wanted(50, 20, 0) == (30, None)
    assert rules.drafts_wanted(50, 60, 0) == (0, None)
    wanted, why = rules.drafts_wanted(50, 0, 70)
    assert (wanted, why) == (10, "70 approved messages still wait for the week's ceiling of 80")


def test_direct_messages_count_against_one_channel() -> None:
    assert {rules.channel_of(one) for one in rules.DM_PLATFORMS} == {"dm"}
    assert {rules.pause_name(one) for one in ("x", "instagram")} == {"dm_x", "dm_instagram"}
    assert rules.channel_of("linkedin") == rules.pause_name("linkedin") == "linkedin"


def test_opt_out_is_due_on_the_first_and_on_offers() -> None:
    assert rules.needs_opt_out("offer", has_ever_replied=False, touches=3)
    assert rules.needs_opt_out("service", has_ever_replied=False, touches=0)
    assert not rules.needs_opt_out("service", has_ever_replied=False, touches=1)
    assert not rules.needs_opt_out("offer", has_ever_replied=True, touches=0)
