"""Which metric is which, the control, Holm and z, drift, shrinking, and the worth of trials that are still running."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from revenue_machine.domains.paywall import rules
from revenue_machine.domains.paywall.models import Arm, Found, Shown


def arm(name: str, users: int, trials: int, **more: int) -> Arm:
    return Arm(name=name, variant_id=name, users=users, trials=trials, conversions=trials, **more)


def running(**split: float) -> Found:
    return Found("1", "9", "4", "p", tuple(Shown(name, name, name, share, None) for name, share in split.items()))


@pytest.mark.parametrize(
    ("offered", "found"),
    [
        (["netProceeds", "paywall_users"], "paywall_users"), (["users", "paywallUsers"], "paywallUsers"), (["Users"], "Users"),
        (["newUsers"], None),
    ],
)  # fmt: skip
def test_metric_is_known_by_its_names(offered: list[str], found: str | None) -> None:
    assert rules.chosen(rules.METRICS["users"], offered) == found


def test_older_paywall_is_the_control() -> None:
    old, new = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    assert rules.control_of([Shown("B", "9", "1", 0.5, new), Shown("A", "10", "2", 0.5, old)]) == "A"
    assert rules.control_of([Shown("B", "10", "1", 0.5, old), Shown("A", "9", "2", 0.5, old)]) == "A"
    assert rules.control_of([Shown("B", "1", "1", 0.5, None), Shown("A", "9", "2", 0.5, old)]) == "A"


def test_drift_is_named() -> None:
    split = {"A": 0.5, "B": 0.5}
    assert rules.drift(split, running(A=0.5, B=0.5)) is None
    assert rules.drift(split, running(A=0.503, B=0.497)) is None
    assert rules.drift(split, None) is None
    for now, part in (
        (running(A=0.6, B=0.4), "A 50% -> 60%"),
        (running(A=0.4, B=0.4, C=0.2), "C was added"),
        (running(A=1), "B was"),
    ):
        assert part in str(rules.drift(split, now))


def test_p_value_is_the_published_one() -> None:
    # 100 of 1,000 against 130 of 1,000: z = 2.10294, by any table p = 0.0355.
    assert rules.two_sided(arm("A", 1000, 100), arm("B", 1000, 130), "trial_starts") == pytest.approx(0.03547, abs=5e-5)
    assert rules.two_sided(arm("A", 0, 0), arm("B", 10, 1), "trial_starts") is None
    assert rules.two_sided(arm("A", 10, 0), arm("B", 10, 0), "trial_starts") is None


def test_holm_corrects_for_many_arms() -> None:
    assert rules.holm({"B": 0.01, "C": 0.04, "D": 0.03}) == {"B": 0.03, "D": 0.06, "C": 0.06}
    assert rules.holm({"B": 0.6, "C": 0.7}) == {"B": 1.0, "C": 1.0}


def test_ranking_puts_nobody_last() -> None:
    ranked = rules.ranking([arm("A", 100, 10), arm("B", 0, 0), arm("C", 100, 20)], "A", "trial_starts")
    assert [(one.arm.name, one.place, one.rate) for one in ranked] == [("C", 1, 0.2), ("A", 2, 0.1), ("B", None, None)]
    assert ranked[1].p_value is None


def test_more_successes_than_people_are_cut() -> None:
    assert arm("A", 10, 12).hits("trial_starts") == 10


def test_shrinking_is_named() -> None:
    assert rules.shrunk([arm("A", 10, 1)], [arm("A", 10, 0)]) is None
    assert rules.shrunk([arm("A", 10, 1)], [arm("A", 9, 1)]) == "charts went backward: A has 9 people, it had 10"


def test_running_trials_are_valued_by_those_that_ended() -> None:
    a = arm("A", 1000, 200, matured_trials=100, matured_subscriptions=50, matured_proceeds_micro_usd=500_000_000)
    b = arm("B", 1000, 300, matured_trials=100, matured_subscriptions=10, matured_proceeds_micro_usd=100_000_000)
    worth = rules.worth([a, b], has_trial=True)
    # Together $3 a trial. A's own is $5, of 100 trials and so half of it: $4, and 200 trials make $800. B: $2, and $600.
    assert {name: value and value[0] for name, value in worth.items()} == {"A": 800_000_000, "B": 600_000_000}
    assert worth["A"] is not None
    # 60 of 1,000 pay $13.33 each: 0.06 * 177.78 - 0.64.
    assert worth["A"][1] == pytest.approx(10.0267, abs=1e-3)


def test_too_few_ended_trials_have_no_worth() -> None:
    assert rules.worth([arm("A", 100, 30, matured_trials=19)], has_trial=True) == {"A": None}


def test_without_a_trial_money_is_what_came() -> None:
    worth = rules.worth([arm("A", 100, 10, proceeds_micro_usd=50_000_000)], has_trial=False)
    assert worth["A"] is not None
    assert (worth["A"][0], round(worth["A"][1], 9)) == (50_000_000, 2.25)


@pytest.mark.parametrize(
    ("charts", "webhooks", "agrees"),
    [(100, 100, True), (100, 81, True), (1000, 905, True), (1000, 890, False), (0, 21, False), (5, None, None)],
)
def test_money_disagrees_beyond_a_tenth(charts: int, webhooks: int | None, agrees: bool | None) -> None:
    told = None if webhooks is None else webhooks * 1_000_000
    assert rules.money_words(charts * 1_000_000, told, {"charts": "", "webhooks": ""})[0] is agrees
