"""How often each rule is wrong and how often it finds what is there, counted over 20,000 drawn experiments looked at every day."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.experiments_world import (
    DAYS,
    LEVEL,
    LOPSIDED,
    OTHERS,
    SETTINGS,
    SHIPPED,
    Drawn,
    Setting,
    anytime,
    draw,
    obrien_fleming,
    outcome,
    smaller,
    z_apart,
    z_pooled,
)
from revenue_machine.domains.experiments.confidence_sequence import critical_z, tuning
from revenue_machine.domains.experiments.group_sequential import boundary
from revenue_machine.domains.experiments.models import VerdictArgs
from revenue_machine.domains.experiments.multiplicity import alpha_for
from revenue_machine.domains.experiments.power import anytime_power, expected_z, planned_power
from revenue_machine.domains.experiments.topics import verdict

MANY, MOST, SEED = 20_000, 0.053, 4
EVERY = (*SETTINGS, LOPSIDED)
PLANNED = "O'Brien-Fleming, planned looks"


@pytest.mark.parametrize("setting", EVERY, ids=lambda one: one.words)
def test_no_shipped_rule_cries_wolf(setting: Setting) -> None:
    drawn = draw(setting, MANY, seed=SEED)
    for name, rule in SHIPPED.items():
        assert outcome(rule(drawn)).alarms <= MOST, name
    assert outcome(OTHERS["peeked z-test, p < 0.05 daily"](drawn)).alarms > 0.19


@pytest.mark.proof
@pytest.mark.parametrize(
    "setting", [*EVERY, Setting(0.01, 100, 100), Setting(0.5, 20, 20), Setting(0.1, 300, 100)], ids=lambda one: one.words
)
def test_ten_times_as_many_agree(setting: Setting) -> None:
    drawn = draw(setting, 10 * MANY, seed=SEED)
    for name, rule in SHIPPED.items():
        found = outcome(rule(drawn)).alarms
        print(f"{setting.words:26} {name:34} {found:.4f}")
        # Twenty people a day of whom half convert come in so coarse steps that the normal curve is off by half a point.
        assert found <= (0.056 if setting.arm_a_day == 20 else 0.052), name


# The effects such tests are planned for: the fixed test finds them in seven or eight of ten cases.
@pytest.mark.parametrize(("setting", "lift"), list(zip(EVERY, (0.25, 0.7, 0.2, 0.4), strict=True)), ids=str)
def test_planned_looks_keep_the_power(setting: Setting, lift: float) -> None:
    drawn = draw(setting, MANY, lift, seed=SEED)
    fixed, planned = (outcome(SHIPPED[name](drawn)) for name in ("fixed test, one look", PLANNED))
    assert 0.68 < fixed.wins < 0.8
    assert planned.wins >= 0.95 * fixed.wins
    assert planned.stop_day < fixed.stop_day == DAYS


def test_power_agrees_with_the_theory() -> None:
    setting = SETTINGS[0]
    drawn, drift = draw(setting, MANY, lift=0.25, seed=SEED), expected_z(0.03, 0.25, 14_000)
    assert outcome(SHIPPED[PLANNED](drawn)).wins == pytest.approx(planned_power(drift, DAYS), abs=0.012)
    assert outcome(anytime(drawn)).wins == pytest.approx(anytime_power(drift, 14_000, DAYS), abs=0.012)


def decided(drawn: Drawn, row: int, day: int, plan: bool | None) -> int:
    """What the topic makes of one look: 1 ship, -1 roll back, 0 neither; `plan` True for daily looks, False for the last only."""
    users, hits, others, found = drawn.counts(row, day)
    arms = [{"name": "A", "users": users, "conversions": hits}, {"name": "B", "users": others, "conversions": found}]
    whole = users + others
    looks = {None: None, True: {"looks": DAYS, "look": day + 1}, False: {"looks": 1, "look": 1}}[plan]
    split = {"A": users / whole, "B": others / whole}
    args = VerdictArgs.model_validate({"arms": arms, "control": "A", "days": day + 1, "plan": looks, "planned_split": split})
    return {"ship": 1, "roll_back": -1}.get(verdict(args).verdict, 0)


@pytest.mark.parametrize("setting", EVERY, ids=lambda one: one.words)
@pytest.mark.parametrize("lift", [0.0, 0.6])
def test_topic_decides_what_was_counted(setting: Setting, lift: float) -> None:
    drawn = draw(setting, 40, lift, seed=SEED)
    for name, plan in ((PLANNED, True), ("anytime-valid, tuned to 5,000", None), ("fixed test, one look", False)):
        strengths = SHIPPED[name](drawn)
        expected = np.where(np.abs(strengths) >= 1, np.sign(strengths), 0)
        days = range(DAYS) if plan is not False else [DAYS - 1]
        topic = [[decided(drawn, row, day, plan) for day in days] for row in range(40)]
        assert topic == expected[:, list(days)].tolist(), name
        assert lift == 0 or np.abs(expected).any()


def family(shares: list[float], *, is_planned: bool) -> float:
    """How often any of several tests at once, each at its own level, raises a false alarm in 14 days."""
    wrong = np.zeros(MANY, dtype=bool)
    for place, level in enumerate(shares):
        setting = SETTINGS[place % 3]
        drawn = draw(setting, MANY, seed=SEED + 10 * place)
        if is_planned:
            z = smaller(z_pooled(drawn), z_apart(drawn))
            bounds = np.array([boundary(DAYS, day + 1, level) for day in range(DAYS)])
        else:
            z, users = z_apart(drawn), drawn.control_users + drawn.arm_users
            bounds = np.array([critical_z(int(one), level, tuning(level)) for one in users])
        wrong |= (np.abs(z) >= bounds).any(axis=1)
    return float(wrong.mean())


@pytest.mark.parametrize("is_planned", [True, False])
@pytest.mark.parametrize("open_tests", [2, 3])
def test_tests_at_once_share_one_level(open_tests: int, is_planned: bool) -> None:
    shares: list[float] = []
    for _ in range(open_tests):
        shares.append(alpha_for(shares, open_tests))
    assert family(shares, is_planned=is_planned) <= MOST
    if is_planned:
        assert family([LEVEL] * open_tests, is_planned=True) > 0.09


@pytest.mark.parametrize("true_lift", [0.0, 0.4])
def test_several_arms_share_one_level(true_lift: float) -> None:
    # Three arms against one control by Holm at every look; the last may really be better, then only the others can be false.
    first = [draw(SETTINGS[0], MANY, lift, seed=SEED + place) for place, lift in enumerate((0.0, 0.0, true_lift))]
    control = draw(SETTINGS[0], MANY, seed=SEED + 50).control
    arms = [Drawn(one.setting, control, one.arm, one.control_users, one.arm_users) for one in first]
    strengths = np.stack([np.abs(smaller(z_pooled(one), z_apart(one))) for one in arms])
    proven = np.zeros(strengths.shape, dtype=bool)
    for left in (3, 2, 1):
        bounds = np.array([boundary(DAYS, day + 1, LEVEL / left) for day in range(DAYS)])
        ranks = proven.sum(axis=0) == 3 - left
        proven |= ranks & (strengths >= bounds) & (strengths == np.where(proven, -1, strengths).max(axis=0))
    false = proven[: 2 if true_lift else 3].any(axis=(0, 2))
    assert 0.02 < false.mean() <= MOST
    assert outcome(obrien_fleming(arms[2])).alarms > (0.9 if true_lift else 0.04)
