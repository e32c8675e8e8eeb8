from __future__ import annotations

import json
import math
from typing import Any

import pytest

from revenue_machine.domains.experiments.models import VerdictArgs, VerdictResult
from revenue_machine.domains.experiments.verdict import judge
from revenue_machine.kit.rng import rng

Row = tuple[Any, ...]
FIXED = {"looks": 1, "look": 1}
A = ("A", 4000, 240)


def said(*rows: Row, days: float = 14, **asked: Any) -> VerdictResult:
    """The verdict on (name, users, conversions, dollars, variance); the first is the control."""
    names = ("name", "users", "conversions", "revenue_usd", "revenue_variance")
    arms = [dict(zip(names, row, strict=False)) for row in rows]
    return judge(VerdictArgs(**{"arms": arms, "control": rows[0][0], "days": days, **asked}))


def test_clear_win_is_shipped_at_any_time() -> None:
    found = said(A, ("B", 4000, 360))
    assert (found.verdict, found.winner, found.arm, found.reason, found.rule) == ("ship", "B", "B", "proven", "anytime_valid")
    assert found.effect.absolute == pytest.approx(0.03)
    assert found.effect.relative == pytest.approx(0.5)
    assert found.interval == pytest.approx((0.012081111253662, 0.047918888746338), abs=1e-14)
    assert found.p_value == pytest.approx(3.51112e-07, rel=1e-5)
    assert found.p_always_valid == pytest.approx(2.13085e-05, rel=1e-5)
    assert (found.srm_p, found.days_left) == (1.0, 0)
    assert found.words == "Ship B: B converts 9.00%, A 6.00% (+3.00 points, +50.0%; between +1.21 and +4.79)."


def test_clear_loss_is_rolled_back() -> None:
    found = said(A, ("B", 4000, 150), plan=FIXED)
    assert (found.verdict, found.winner, found.arm, found.rule) == ("roll_back", "A", "B", "fixed")
    assert found.interval is not None
    assert found.interval[1] < 0
    assert found.words.startswith("Roll back to A: B converts 3.75%, A 6.00%")


@pytest.mark.parametrize(
    ("conversions", "verdict"), [(281, "inconclusive"), (284, "ship"), (199, "roll_back"), (201, "inconclusive")]
)
def test_one_look_is_the_fixed_test(conversions: int, verdict: str) -> None:
    found = said(A, ("B", 4000, conversions), plan=FIXED)
    assert found.verdict == verdict
    assert found.p_value is not None
    assert (found.p_value < 0.05) == (verdict != "inconclusive")


@pytest.mark.parametrize(
    ("look", "conversions", "verdict", "days_left"),
    [
        (1, 450, "ship", 0),
        (1, 390, "keep_going", 52),
        (7, 302, "keep_going", 4),
        (7, 308, "ship", 0),
        (14, 285, "inconclusive", 0),
        (14, 287, "ship", 0),
    ],
)
def test_planned_looks_ask_for_less_each_time(look: int, conversions: int, verdict: str, days_left: int) -> None:
    found = said(A, ("B", 4000, conversions), days=4, plan={"looks": 14, "look": look})
    assert (found.verdict, found.days_left, found.rule) == (verdict, days_left, "group_sequential")


def test_uneven_looks_spend_by_people() -> None:
    even = said(A, ("B", 4000, 300), plan={"looks": 4, "look": 2})
    late = said(A, ("B", 4000, 300), plan={"looks": 4, "look": 2, "fractions": [0.3, 0.9]})
    assert (even.verdict, late.verdict) == ("keep_going", "ship")
    assert late.interval is not None
    assert even.interval is not None
    assert late.interval[0] > even.interval[0]


def test_end_out_of_reach_is_inconclusive() -> None:
    slow = said(A, ("B", 4000, 260), days=30, plan={"looks": 14, "look": 1})
    assert (slow.verdict, slow.reason, slow.days_left) == ("inconclusive", "out_of_reach", 390)
    reachable = said(A, ("B", 4000, 260), days=6, plan={"looks": 16, "look": 1})
    assert (reachable.verdict, reachable.days_left) == ("keep_going", 90)
    tiny = said(("A", 100, 10), ("B", 100, 11), days=30)
    assert (tiny.verdict, tiny.reason, tiny.words.endswith("at this traffic decided in 5771 days.")) == (
        "inconclusive",
        "out_of_reach",
        True,
    )
    same = said(("A", 2000, 60), ("B", 2000, 60), days=30)
    assert (same.verdict, same.days_left) == ("inconclusive", None)


def test_open_end_tells_days_left() -> None:
    found = said(("A", 2000, 60), ("B", 2000, 75), days=7)
    assert (found.verdict, found.reason, found.days_left) == ("keep_going", "not_yet", 34)
    # A young test with nothing to show is not given up: an effect one standard error larger would be found.
    assert said(("A", 2000, 60), ("B", 2000, 60), days=7).verdict == "keep_going"


@pytest.mark.parametrize("few", [("B", 19, 12), ("B", 4000, 4), ("B", 0, 0), ("B", 12, 12), ("B", 4000, 0)])
@pytest.mark.parametrize("plan", [None, FIXED, {"looks": 9, "look": 2}])
def test_tiny_arms_are_always_inconclusive(few: Row, plan: dict[str, int] | None) -> None:
    for rows in ((A, few), (("B", *few[1:]), ("A", 4000, 2000))):
        found = said(*rows, plan=plan)
        assert (found.verdict, found.winner, found.reason, found.days_left) == ("inconclusive", None, "too_few", None)
    assert said(A, ("C", 4000, 900), few, plan=plan).verdict == "inconclusive"


def test_twenty_users_and_five_are_enough() -> None:
    assert said(("A", 20, 5), ("B", 20, 18), plan=FIXED).verdict == "ship"


@pytest.mark.parametrize("conversions", [240, 600, 60])
def test_broken_split_is_unhealthy(conversions: int) -> None:
    found = said(A, ("B", 3500, conversions))
    assert (found.verdict, found.winner, found.reason, found.days_left) == ("unhealthy", None, "sample_ratio", None)
    assert found.srm_p == pytest.approx(7.74e-09, rel=1e-2)
    assert "First suspicion: B lacks 250 people" in found.words


@pytest.mark.parametrize(("users", "verdict"), [(4299, "inconclusive"), (4300, "unhealthy")])
def test_split_breaks_below_one_in_a_thousand(users: int, verdict: str) -> None:
    # 149.5^2 / 4149.5 twice is 10.77, 150^2 / 4150 twice is 10.84; one in a thousand lies at 10.83.
    assert said(A, ("B", users, 260), plan=FIXED).verdict == verdict


@pytest.mark.parametrize(("control", "arm"), [(("A", 200, 5), ("B", 1800, 90)), (("A", 200, 30), ("B", 1800, 180))])
def test_unequal_arms_need_both_tests(control: Row, arm: Row) -> None:
    # The first is 1.58 standard errors pooled and 2.05 apart, the second 2.19 and 1.91 the other way.
    found = said(control, arm, plan=FIXED, planned_split={"A": 0.1, "B": 0.9})
    assert (found.verdict, found.reason) == ("inconclusive", "end_reached")


def test_planned_split_is_what_counts() -> None:
    held = said(A, ("B", 1000, 100), planned_split={"A": 0.8, "B": 0.2}, plan=FIXED)
    assert (held.verdict, held.srm_p) == ("ship", 1.0)
    assert said(A, ("B", 1000, 100), plan=FIXED).verdict == "unhealthy"
    assert said(A, ("B", 4000, 300), planned_split={"A": 0.8, "B": 0.2}).verdict == "unhealthy"


def test_everybody_or_nobody_converting_is_judged() -> None:
    assert said(("A", 100, 100), ("B", 100, 100), plan=FIXED).verdict == "inconclusive"
    assert said(("A", 100, 100), ("B", 100, 80), plan=FIXED).verdict == "roll_back"
    assert said(("A", 4000, 0), ("B", 4000, 0)).effect.relative is None
    empty = said(("A", 0, 0), ("B", 0, 0))
    assert (empty.effect.absolute, empty.interval, empty.p_value, empty.srm_p, empty.arm) == (None, None, None, None, "B")


def test_huge_counts_are_judged() -> None:
    found = said(("A", 10**15, 10**14), ("B", 10**15, 10**14 + 10**9))
    assert found.verdict == "ship"
    assert found.effect.relative == pytest.approx(1e-5)


def test_best_of_several_is_shipped() -> None:
    found = said(A, ("B", 4000, 330), ("C", 4000, 370), ("D", 4000, 120), plan=FIXED)
    assert (found.verdict, found.winner) == ("ship", "C")
    assert [(one.name, one.standing) for one in found.arms] == [("B", "better"), ("C", "better"), ("D", "worse")]
    # A third of the level for each: 2.394 standard errors.
    assert found.interval == pytest.approx((0.0325 - 2.39398 * 0.0059233, 0.0325 + 2.39398 * 0.0059233), abs=1e-6)


def test_several_arms_share_the_level() -> None:
    assert said(A, ("B", 4000, 286), plan=FIXED).verdict == "ship"
    assert said(A, ("B", 4000, 286), ("C", 4000, 240), plan=FIXED).verdict == "inconclusive"
    # Once C is proven, B is asked for no more than a single arm is (Holm).
    both = said(A, ("B", 4000, 286), ("C", 4000, 350), plan=FIXED)
    assert {one.name: one.standing for one in both.arms} == {"B": "better", "C": "better"}


def test_all_worse_are_rolled_back_together() -> None:
    assert said(A, ("B", 4000, 120), ("C", 4000, 150)).verdict == "roll_back"
    mixed = said(A, ("B", 4000, 120), ("C", 4000, 241), days=7)
    assert (mixed.verdict, mixed.arm) == ("keep_going", "C")
    # What is still open decides whether to go on, even where a proven loser converts more.
    split = {"A": 0.49, "B": 0.49, "C": 0.02}
    small = said(A, ("B", 4000, 180), ("C", 164, 6), plan=FIXED, planned_split=split)
    assert (small.verdict, small.arm, [one.standing for one in small.arms]) == ("inconclusive", "C", ["worse", "open"])


def test_arm_that_earns_less_is_not_shipped() -> None:
    rows = ("A", 4000, 240, 4800, 90), ("B", 4000, 360, 4700, 90)
    chance = said(*rows, plan=FIXED)
    assert (chance.verdict, chance.winner, chance.reason) == ("inconclusive", None, "revenue_falls")
    assert said(*rows, plan={"looks": 2, "look": 1}).verdict == "keep_going"
    proven = said(rows[0], ("B", 4000, 360, 2400, 20), plan=FIXED)
    assert (proven.verdict, proven.winner, proven.reason) == ("roll_back", "A", "revenue_falls")
    assert proven.words == "Roll back to A: B converts better than A but earns $0.6 less per user, and that is proven."
    assert said(rows[0], ("B", 4000, 360, 4800, 90), plan=FIXED).verdict == "ship"


def test_revenue_is_told_per_assigned_user() -> None:
    found = said(("A", 4000, 240, "4800.10", 90), ("B", 4000, 360, "7200.00", 110), plan=FIXED).arms[0].revenue
    assert found is not None
    assert [found.control, found.arm, found.difference] == pytest.approx([1.200025, 1.8, 0.599975])
    # Variances of 90 and 110 over 4,000 each: 0.2236 a standard error.
    assert found.z == pytest.approx(0.599975 / (200 / 4000) ** 0.5)


def test_richer_arm_is_not_rolled_back() -> None:
    found = said(("A", 4000, 360, 3600, 20), ("B", 4000, 240, 9600, 90), plan=FIXED)
    assert (found.verdict, found.winner, found.reason) == ("inconclusive", None, "revenue_disagrees")
    assert said(("A", 4000, 360, 3600, 20), ("B", 4000, 240, 3700, 90), plan=FIXED).verdict == "roll_back"


def test_next_best_arm_that_earns_is_shipped() -> None:
    found = said(("A", 4000, 240, 4800), ("B", 4000, 380, 2000), ("C", 4000, 340, 6800), plan=FIXED)
    assert (found.verdict, found.winner) == ("ship", "C")


def test_minimum_days_hold_back_only_shipping() -> None:
    early = said(A, ("B", 4000, 360), days=3, minimum_days=7)
    assert (early.verdict, early.reason, early.days_left, early.winner) == ("keep_going", "too_early", 4, None)
    assert said(A, ("B", 4000, 150), days=3, minimum_days=7).verdict == "roll_back"
    assert said(A, ("B", 4000, 360), days=3).verdict == "ship"
    assert said(A, ("B", 4000, 360), days=7, minimum_days=7).verdict == "ship"


def test_smaller_level_asks_for_more() -> None:
    assert said(A, ("B", 4000, 290), plan=FIXED).verdict == "ship"
    assert said(A, ("B", 4000, 290), plan=FIXED, alpha=0.0167).verdict == "inconclusive"


def test_power_and_detectable_speak_of_the_end() -> None:
    found = said(A, ("B", 4000, 260), plan={"looks": 4, "look": 1})
    # 0.92376 standard errors now are 1.8475 at the end, where 2.024 are asked for.
    assert found.power == pytest.approx(0.4299, abs=1e-4)
    assert found.detectable == pytest.approx((2.0243 + 0.8416) * 0.0054 / 2 / 0.06, abs=2e-3)
    assert found.chance_to_win == pytest.approx(0.8, abs=0.03)


def test_whatever_is_counted_has_an_answer() -> None:
    dice = rng(1, "verdict")
    seen = set()
    for _ in range(1500):
        rows = []
        for name in "ABC"[: dice.choice([2, 2, 3])]:
            users = dice.choice([0, 1, 19, 20, 300, 4000, 10**6, 10**15])
            conversions = min(users, dice.choice([0, 5, users // 20, users // 18, users // 2, users]))
            rows.append(
                (
                    name,
                    users,
                    conversions,
                    min(10**15, dice.choice([0, -50, conversions, 3 * conversions])),
                    dice.choice([0, 1.5, 1e9, None]),
                )
            )
        looks = dice.choice([1, 2, 14])
        plan = dice.choice([None, {"looks": looks, "look": dice.randint(1, looks)}])
        split = dice.choice([None, {row[0]: (row[1] + 1) / (sum(one[1] for one in rows) + len(rows)) for row in rows}])
        found = said(*rows, days=dice.choice([0, 1, 14, 400]), plan=plan, planned_split=split)
        seen.add((found.verdict, found.reason))
        assert (found.winner is None) == (found.verdict not in {"ship", "roll_back"})
        numbers = [
            found.power,
            found.detectable,
            found.p_value,
            found.p_always_valid,
            found.srm_p,
            found.chance_to_win,
            *(found.interval or ()),
        ]
        assert all(math.isfinite(one) for one in numbers if one is not None)
        json.dumps(found.model_dump(mode="json"), allow_nan=False)
    assert {verdict for verdict, _ in seen} == {"ship", "roll_back", "keep_going", "inconclusive", "unhealthy"}
    assert len(seen) >= 9
