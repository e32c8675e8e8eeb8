"""The score in its parts, what rules a job out, the odds, the sum that ranks it, and the moves a job may make."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue_machine.domains.owner.models import ServiceProfile
from revenue_machine.domains.upwork import rules
from revenue_machine.domains.upwork.models import Client, Job
from revenue_machine.domains.upwork.rules import Outcomes

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
USD = 1_000_000
PROFILE = ServiceProfile(
    headline="AI automation", skills=("Python", "Node.js", "AI Agent Development", "React"), facts=("I write tests",),
    rate_micro_usd=60 * USD, excluded_words=("casino", "equity only"),
)  # fmt: skip
JOB = Job(
    job_id="~021", title="AI agent", job_type="fixed", budget_micro_usd=1000 * USD, skills=("python", "NodeJS", "WordPress"),
    client=Client(is_payment_verified=True, spent_micro_usd=10_000 * USD, hires=20, rating=5.0), proposals=10,
    posted_at=NOW - timedelta(hours=4),
)  # fmt: skip
NOTHING = Job(job_id="~022", title="Something else")

amounts = st.integers(0, 150_000 * USD)
maybe = st.none() | st.integers(0, 200)
jobs = st.builds(
    Job, job_id=st.just("~02x"), title=st.sampled_from(["React app", "A logo", "casino bot"]),
    job_type=st.sampled_from(["fixed", "hourly", "unknown"]), budget_micro_usd=st.none() | amounts,
    hourly_min_micro_usd=st.none() | st.integers(1, 90 * USD), hourly_max_micro_usd=st.none() | st.integers(90 * USD, 900 * USD),
    skills=st.lists(st.sampled_from(["Python", "React", "PHP", "Figma", "Wix"]), unique=True).map(tuple), proposals=maybe,
    client=st.builds(
        Client, is_payment_verified=st.none() | st.booleans(), spent_micro_usd=st.none() | amounts, hires=maybe,
        rating=st.none() | st.floats(0.1, 5),
    ),
    posted_at=st.none() | st.integers(0, 2000).map(lambda hours: NOW - timedelta(hours=hours)),
)  # fmt: skip


def points(job: Job, part: str) -> float | None:
    return rules.score_of(job, PROFILE, NOW).part(part).points


def test_score_adds_up_in_parts() -> None:
    score = rules.score_of(JOB, PROFILE, NOW)
    shown = {one.name: (None if one.points is None else round(one.points, 2), one.most, one.reason) for one in score.parts}
    assert shown == {
        "budget": (19.98, 25, "$1,000.00 fixed, floor $200.00"),
        "skill": (20.0, 30, "2 of 3 listed skills are yours: python, NodeJS"),
        "client": (18.0, 20, "payment verified, $10,000.00 spent, 20 hires, 5.0 stars"),
        "competition": (12.0, 15, "10 proposals so far"),
        "freshness": (9.0, 10, "posted 4 hours ago"),
    }
    assert (score.value, score.known_points, rules.verdict(score)) == (79.0, 100, "apply")


def test_unknown_parts_are_named_and_left_out() -> None:
    bare = replace(JOB, client=Client(country="France"), proposals=None, posted_at=None)
    score = rules.score_of(bare, PROFILE, NOW)
    assert (score.value, score.known_points) == (72.7, 55)
    assert rules.summary(score) == (
        "72.7 over 55 of 100 points (no data: client, competition, freshness): budget 20.0/25, skill 20.0/30"
    )
    assert rules.score_of(NOTHING, PROFILE, NOW).value is None
    assert rules.summary(rules.score_of(NOTHING, PROFILE, NOW)) == "not scored: no part has data"


def test_title_speaks_where_no_skills_are_listed() -> None:
    part = rules.score_of(replace(JOB, skills=(), title="Senior React / Node.js developer"), PROFILE, NOW).part("skill")
    assert (part.points, part.reason) == (20.0, "no list; the title names Node.js, React")
    assert points(replace(JOB, skills=(), title="Logo for a bakery"), "skill") is None


@pytest.mark.parametrize(
    ("change", "part", "reason"),
    [
        ({"budget_micro_usd": None}, "budget", "no data: not named"),
        ({"budget_micro_usd": 1_000_000 * USD}, "budget", "no data: $1,000,000.00 reads like a placeholder"),
        ({"job_type": "hourly", "budget_micro_usd": None}, "budget", "no data: not named"),
        ({"job_type": "hourly", "hourly_max_micro_usd": 999 * USD}, "budget", "no data: $999.00 reads like a placeholder"),
        ({"proposals": None}, "competition", "no data: number of proposals not named"),
        ({"posted_at": None}, "freshness", "no data: posting time not named"),
        ({"client": Client()}, "client", "no data: nothing is known of the client"),
    ],
)
def test_no_data_says_why(change: dict[str, Any], part: str, reason: str) -> None:
    found = rules.score_of(replace(JOB, **change), PROFILE, NOW).part(part)
    assert (found.points, found.reason) == (None, reason)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"budget_micro_usd": 200 * USD - 1}, ["budget $200.00 is below your floor of $200.00"]),
        ({"budget_micro_usd": 200 * USD}, []),
        ({"budget_micro_usd": None}, []),
        ({"job_type": "hourly", "hourly_max_micro_usd": 19 * USD}, ["$19.00 an hour is below your floor of $20.00"]),
        ({"job_type": "hourly", "hourly_min_micro_usd": 5 * USD, "hourly_max_micro_usd": 20 * USD}, []),
        ({"title": "Casino: bot"}, ["says “casino”"]),
        ({"title": "Casinos compared"}, []),
        ({"description": "pay is EQUITY ONLY for now"}, ["says “equity only”"]),
        ({"skills": ("Casino",)}, ["says “casino”"]),
        ({"proposals": 49}, []),
        ({"proposals": 50}, ["50 proposals already, 50 are too many"]),
    ],
)
def test_breaks_name_what_rules_out(change: dict[str, Any], said: list[str]) -> None:
    job = replace(JOB, **change)
    assert list(rules.breaks(job, PROFILE)) == said
    assert (rules.verdict(rules.score_of(job, PROFILE, NOW)) == "skip") is bool(said)


def test_little_evidence_is_not_good_evidence() -> None:
    only_skill = Job(job_id="~023", title="x", skills=("Python", "React", "Node.js"))
    score = rules.score_of(only_skill, PROFILE, NOW)
    assert (score.value, score.known_points, rules.verdict(score)) == (100.0, 30, "maybe")
    only_budget = Job(job_id="~024", title="Oracle middleware", job_type="fixed", budget_micro_usd=18_000 * USD)
    score = rules.score_of(only_budget, PROFILE, NOW)
    assert (score.value, score.careful, rules.verdict(score)) == (100.0, 62.5, "pass")


@given(jobs)
def test_score_is_bounded_and_honest(job: Job) -> None:
    score = rules.score_of(job, PROFILE, NOW)
    assert [one.most for one in score.parts] == [25, 30, 20, 15, 10]
    assert all(one.points is None or 0 <= one.points <= one.most for one in score.parts)
    assert all((one.points is None) == one.reason.startswith("no data") for one in score.parts)
    assert score.known_points == sum(one.most for one in score.parts if one.points is not None)
    assert (score.value is None) == (score.known_points == 0)
    assert score.value is None or 0 <= score.value <= 100
    assert 0 <= score.careful <= 100
    assert rules.verdict(score) in ({"skip"} if score.breaks else {"apply", "maybe", "pass"})


@given(amounts.filter(lambda one: one <= rules.PLACEHOLDER_FIXED), amounts.filter(lambda one: one <= rules.PLACEHOLDER_FIXED))
def test_more_budget_is_never_worse(one: int, two: int) -> None:
    low, high = (points(replace(JOB, budget_micro_usd=amount), "budget") for amount in sorted((one, two)))
    assert low is not None
    assert high is not None
    assert low <= high


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_age_and_crowd_never_help(one: int, two: int) -> None:
    few, many = sorted((one, two))
    fresh, old = (points(replace(JOB, posted_at=NOW - timedelta(minutes=30 * age)), "freshness") for age in (few, many))
    alone, crowded = (points(replace(JOB, proposals=count), "competition") for count in (few, many))
    assert fresh is not None
    assert old is not None
    assert alone is not None
    assert crowded is not None
    assert fresh >= old
    assert alone >= crowded


@given(jobs, st.sampled_from(["Python", "React", "Node.js"]))
def test_one_more_of_our_skills_never_hurts(job: Job, skill: str) -> None:
    before, after = points(job, "skill"), points(replace(job, skills=tuple(dict.fromkeys((*job.skills, skill)))), "skill")
    assert after is not None
    assert not job.skills or before is None or before <= after + 1e-9


@given(st.integers(0, 50), st.integers(0, 50), st.floats(0, 100))
def test_odds_stay_odds_and_follow_wins(won: int, lost: int, score: float) -> None:
    band = rules.band_of(score)
    own = {band: Outcomes(won + lost, won)}
    chance = rules.p_win_ppm(score, own)
    assert 0 < chance < 1_000_000
    assert rules.p_win_ppm(score, {band: Outcomes(won + lost + 1, won + 1)}) > chance
    assert rules.p_win_ppm(score, {band: Outcomes(won + lost + 1, won)}) <= chance
    assert rules.p_win_ppm(score, {}) == rules.PRIOR_PPM[band]


def test_bands_have_their_borders() -> None:
    assert [rules.band_of(score) for score in (0, 44.9, 45, 69.9, 70, 89.9, 90, 100)] == [0, 0, 1, 2, 3, 4, 5, 5]
    assert [rules.band_name(band) for band in range(6)] == ["0-45", "45-60", "60-70", "70-80", "80-90", "90-100"]


def test_worth_is_the_sum_it_shows() -> None:
    worth = rules.worth_of(JOB, rules.score_of(JOB, PROFILE, NOW), PROFILE, {}, date(2026, 11, 2))
    assert worth.expected_micro_usd == 90 * USD - 16 * 150_000 - 15 * USD
    assert worth.words == "$72.60 = 9.0 % × budget $1,000.00 − 16 connects $2.40 − 15 min $15.00"
    known = rules.worth_of(replace(JOB, connects=4), rules.score_of(JOB, PROFILE, NOW), PROFILE, {}, date(2026, 11, 2))
    assert (known.connects, known.is_connects_known, known.expected_micro_usd) == (4, True, 90 * USD - 600_000 - 15 * USD)


@pytest.mark.parametrize(("low", "high", "value"), [(None, None, 1200), (25, 40, 800), (70, 90, 1400), (30, 80, 1200)])
def test_hours_count_at_our_rate_within_the_range(low: int | None, high: int | None, value: int) -> None:
    job = replace(
        JOB, job_type="hourly", budget_micro_usd=None, hourly_min_micro_usd=None if low is None else low * USD,
        hourly_max_micro_usd=None if high is None else high * USD,
    )  # fmt: skip
    assert rules.value_of(job, PROFILE)[0] == value * USD


def test_unknown_value_has_no_worth() -> None:
    job = replace(JOB, job_type="unknown", budget_micro_usd=None)
    assert rules.worth_of(job, rules.score_of(job, PROFILE, NOW), PROFILE, {}, date(2026, 11, 2)).expected_micro_usd is None


@pytest.mark.parametrize(("budget", "connects"), [(50, 2), (99, 2), (100, 6), (499, 6), (500, 10), (999, 10), (1000, 16)])
def test_connects_are_estimated_by_size(budget: int, connects: int) -> None:
    assert rules.connects_for(replace(JOB, budget_micro_usd=budget * USD)) == connects


def test_table_of_moves_is_closed() -> None:
    assert set().union(*rules.MOVES.values()) <= set(rules.MOVES)
    assert rules.may_move("scored", "drafted")
    assert not rules.may_move("scored", "submitted")
    assert not rules.may_move("drafted", "submitted")
    assert not rules.may_move("won", "lost")
    assert not rules.may_move("nowhere", "won")


def test_another_profile_means_another_score() -> None:
    other = PROFILE.model_copy(update={"min_fixed_micro_usd": 300 * USD})
    assert rules.scored_for(PROFILE) == rules.scored_for(PROFILE.model_copy())
    assert rules.scored_for(PROFILE) != rules.scored_for(other)
