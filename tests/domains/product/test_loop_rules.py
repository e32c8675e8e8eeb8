"""What a leak is worth, how long a change is measured, and what its counts are allowed to say."""

from __future__ import annotations

import numpy as np
import pytest

from revenue_machine.domains.experiments.models import VerdictArgs
from revenue_machine.domains.experiments.verdict import judge
from revenue_machine.domains.funnel.judging import BANDS as FUNNEL_BANDS
from revenue_machine.domains.product import loop_rules as rules
from revenue_machine.domains.product.loop_rules import ArmCount, StepCount
from revenue_machine.domains.product.loop_store import MOVES, OF_DELEGATION


def step(people: int, went_on: int, names: tuple[str, str] = ("signup", "trial"), days: float = 28) -> StepCount:
    return StepCount(*names, people, went_on, people * 7 / days, 0)


def test_bands_are_those_of_the_funnel() -> None:
    names = {
        ("pageview", "signup"): "click_to_signup",
        ("signup", "trial"): "signup_to_trial",
        ("trial", "purchase"): "trial_to_paid",
    }
    assert {names[key]: band for key, band in rules.BANDS.items()} == {
        name: (FUNNEL_BANDS[name].low, FUNNEL_BANDS[name].high) for name in names.values()
    }


def test_leak_is_worth_what_the_rest_of_the_way_makes_of_it() -> None:
    counts = [step(4000, 400, ("pageview", "signup")), step(400, 100), step(400, 40, ("trial", "purchase"))]
    leaks = rules.step_leaks(counts, 10_000_000)
    # 400 more signups in 28 days are 100 a week, of whom 25 % try and 10 % of those pay $10.
    assert [one.worth_micro_usd_per_week for one in leaks] == [25_000_000, 25_000_000, 100_000_000]
    assert [one.state for one in leaks] == ["leak", "leak", "leak"]
    assert [one.value_per_person_micro_usd for one in leaks] == [250_000, 1_000_000, 10_000_000]
    assert rules.worst_of(leaks) == leaks[2]
    assert leaks[1].words == (
        "signup to trial: 100 of 400 (25.0%, 90 %: 21.6% to 28.7%); 300 lost; 50.0% would be 25.0 people more a week, "
        "worth $25.00 a week"
    )  # fmt: skip


def test_few_people_say_too_early() -> None:
    (leak,) = rules.step_leaks([step(199, 10)], 10_000_000)
    assert (leak.state, leak.worth_micro_usd_per_week, rules.worst_of([leak])) == ("too_early", None, None)
    assert leak.words.endswith("too early, 1 more people are needed")
    assert rules.state_of(step(200, 10)) == "leak"


@pytest.mark.parametrize(("went_on", "state"), [(0, "leak"), (88, "leak"), (89, "unsure"), (99, "unsure"), (100, "on_target")])
def test_step_leaks_only_when_it_surely_does(went_on: int, state: str) -> None:
    assert rules.state_of(step(200, went_on)) == state


def test_step_without_a_band_is_asked_for_a_fifth_more() -> None:
    assert rules.target_of("cart", "address", 0.5) == pytest.approx(0.6)
    assert rules.target_of("cart", "address", 0.9) == 1.0
    assert rules.target_of("signup", "trial", 0.2) == 0.5


def test_unpriced_leak_is_ranked_by_people() -> None:
    leaks = rules.step_leaks([step(400, 100), step(1000, 50, ("trial", "purchase"))], None)
    assert [one.worth_micro_usd_per_week for one in leaks] == [None, None]
    assert rules.worst_of(leaks) == leaks[1]


def test_step_before_an_empty_one_is_not_worthless() -> None:
    leaks = rules.step_leaks([step(400, 100), step(99, 0, ("trial", "purchase"))], 10_000_000)
    # Half a person of a hundred: a trial is worth 5 cents, and 25 more a week $1.25.
    assert (leaks[0].value_per_person_micro_usd, leaks[0].worth_micro_usd_per_week) == (50_000, 1_250_000)


def test_seed_order_comes_before_dollars() -> None:
    found = sorted(
        [("rork_crm", 900), ("clientportal", 1), ("ig_lead_finder", 950), ("everreach_pro", 0), ("kindletters", 10_000)],
        key=lambda one: rules.project_order(*one),
    )
    assert [name for name, _ in found] == ["everreach_pro", "kindletters", "clientportal", "ig_lead_finder", "rork_crm"]


@pytest.mark.parametrize(
    ("rate", "per_day", "days"), [(0.5, 400, 7), (0.25, 200, 14), (0.25, 50, 28), (0.0, 50, 28), (0.25, 0, 28)]
)
def test_measure_lasts_whole_weeks(rate: float, per_day: float, days: int) -> None:
    assert rules.planned_days(rate, per_day) == days


def test_purchase_waits_for_its_trial() -> None:
    assert (rules.lag_days("purchase", 7), rules.lag_days("trial", 7), rules.lag_days("signup", 7)) == (8, 2, 1)
    assert rules.lag_days("address", 7) == 1


def test_difference_has_published_intervals() -> None:
    # Newcombe 1998, method 10, 56/70 against 48/80: 0.2 (0.0524 to 0.3339).
    found = rules.difference(ArmCount(80, 48), ArmCount(70, 56))
    assert found is not None
    assert (found.points, *found.points_interval) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    assert found.relative == pytest.approx(1 / 3)
    assert found.relative_interval == pytest.approx((0.07663, 0.65125), abs=5e-6)  # exp(ln 4/3 -+ 1.96 x 0.10911) - 1
    assert rules.difference(ArmCount(0, 0), ArmCount(10, 5)) is None


def test_nobody_in_control_leaves_a_ratio_unsaid() -> None:
    found = rules.difference(ArmCount(100, 0), ArmCount(100, 10))
    assert found is not None
    assert (found.relative, found.relative_interval is not None) == (None, True)


@pytest.mark.parametrize(
    ("verdict", "winner", "status"),
    [("ship", "treatment", "improved"), ("ship", "control", "regressed"), ("roll_back", None, "regressed"),
     ("keep_going", None, "measuring"), ("inconclusive", None, "neutral"), ("unhealthy", None, "failed")],
)  # fmt: skip
def test_book_word_becomes_a_status(verdict: str, winner: str | None, status: str) -> None:
    assert rules.status_after(verdict, winner) == status


def test_rise_to_the_old_level_is_no_success() -> None:
    low, high, older = ArmCount(1000, 200), ArmCount(1000, 260), ArmCount(1000, 255)
    assert rules.before_after(low, high, older) == "unclear"
    assert rules.before_after(low, high, None) == "unclear"
    assert rules.before_after(low, high, ArmCount(1000, 205)) == "likely_better"
    assert rules.before_after(high, low, older) == "likely_worse"


def test_leak_in_one_source_is_named() -> None:
    assert rules.where_it_leaks([("x", 500, 200), ("tiktok", 500, 100)]) == "worse for tiktok than for the rest"
    assert rules.where_it_leaks([("x", 500, 200), ("tiktok", 500, 205)]) == "everywhere alike, as far as can be told"
    assert rules.where_it_leaks([("x", 500, 200), ("tiktok", 99, 0)]) == "too few people to tell the values apart"


def test_every_state_has_its_moves() -> None:
    assert set(OF_DELEGATION.values()) <= set(MOVES)
    assert all(not MOVES[status] for status in rules.RESTS)
    assert all(MOVES[status] for status in MOVES if status not in rules.RESTS)


def measured(draws: np.random.Generator, rates: tuple[float, float], weeks: int) -> tuple[str, rules.Difference]:
    """A change measured at its planned weekly looks, each arm with 150 people a week, until the book decides."""
    went_on, look = [0, 0], 0
    while True:
        look += 1
        for arm, rate in enumerate(rates):
            went_on[arm] += int(draws.binomial(150, rate))
        control, treatment = (ArmCount(150 * look, one) for one in went_on)
        arms = [
            {"name": name, "users": one.people, "conversions": one.went_on}
            for name, one in (("control", control), ("treatment", treatment))
        ]
        asked = {"arms": arms, "control": "control", "days": 7 * look, "minimum_days": 7, "plan": {"looks": weeks, "look": look}}
        said = judge(VerdictArgs.model_validate(asked))
        status = rules.status_after(said.verdict, said.winner)
        if status != "measuring":
            found = rules.difference(control, treatment)
            assert found is not None
            return status, found


@pytest.mark.parametrize("weeks", [1, 4])
def test_nothing_is_rarely_called_a_win(weeks: int) -> None:
    runs = [measured(np.random.default_rng([weeks, seed]), (0.3, 0.3), weeks) for seed in range(400)]
    wins = sum(status == "improved" for status, _ in runs)
    holds = sum(found.points_interval[0] <= 0 <= found.points_interval[1] for _, found in runs)
    # Two-sided 5 %, so a false win in 2.5 %: 10 of 400, and 20 are three standard deviations more.
    assert 0 < wins <= 20
    assert holds >= 0.93 * 400


def test_true_effect_lies_inside_the_interval() -> None:
    runs = [measured(np.random.default_rng([9, seed]), (0.3, 0.42), 4) for seed in range(300)]
    assert sum(status == "improved" for status, _ in runs) >= 0.9 * 300
    inside = [
        found.relative_interval is not None and found.relative_interval[0] <= 0.4 <= found.relative_interval[1] for _, found in runs
    ]
    assert sum(inside) >= 0.9 * 300
