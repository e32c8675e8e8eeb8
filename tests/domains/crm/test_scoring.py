"""The parts of a score, its tiers, and what scores have been worth."""

from __future__ import annotations

from datetime import timedelta

import pytest

from revenue_machine.domains.crm import scoring
from revenue_machine.domains.crm.models import Bin, Interaction
from revenue_machine.domains.crm.scoring import Prediction
from tests.app_fixture import START

DAY = timedelta(days=1)


def happened(kind: str, days_ago: float, direction: str = "none", intent: str | None = None) -> Interaction:
    at = START - days_ago * DAY
    return Interaction(
        f"int_{kind}{days_ago}", "con_1", kind, None, None, "x", direction, None, None, None, intent, None, None, None, at  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.parametrize(("days", "points"), [(3, 100), (3.1, 85), (7, 85), (14, 70), (30, 50), (60, 30), (61, 10), (89, 10)])
def test_recency_falls_in_steps(days: float, points: float) -> None:
    assert scoring.score_of([happened("note", days)], START).recency == points


def test_nobody_heard_of_is_cold() -> None:
    score = scoring.score_of([], START)
    assert (score.score, score.tier) == (3.0, "cold")
    assert score.reasons[0] == "recency 10: nothing in 90 days"


def test_a_lead_who_answers_is_explained() -> None:
    score = scoring.score_of(
        [happened("message_sent", 2, "out"), happened("reply", 1, "in", "lead"), happened("signed_up", 1)], START
    )
    assert (score.recency, score.resonance, score.activity) == (100.0, 90.0, 30.0)
    assert score.score == 72.0  # .30 x 100 + .35 x 90 + .35 x 30
    assert score.tier == "growing"
    assert score.reasons == (
        "recency 100: last contact 1 days ago", "resonance 90: reply (lead), signed up", "activity 30: 3 things in 30 days",
    )  # fmt: skip


def test_spam_takes_points_away() -> None:
    assert scoring.score_of([happened("reply", 1, "in", "spam"), happened("email_clicked", 1)], START).resonance == 0.0


def test_a_refusal_ends_every_score() -> None:
    score = scoring.score_of([happened("purchased", 1), happened("opted_out", 0)], START)
    assert score.score == 0.0
    assert score.reasons[0] == "opted out: nothing more is to be said"


@pytest.mark.parametrize(
    ("score", "tier"), [(80, "strong"), (79.9, "growing"), (60, "growing"), (40, "building"), (20, "new"), (19.9, "cold")]
)
def test_tiers_begin_where_defined(score: float, tier: str) -> None:
    assert scoring.tier_of(score) == tier


def test_reliability_counts_only_what_can_be_told() -> None:
    ago = START - 40 * DAY
    predictions = [
        Prediction("strong", 0.2, ago, ago + 10 * DAY),  # came true
        Prediction("strong", 0.4, ago, None),  # did not within 30 days
        Prediction("strong", 0.2, ago, ago + 31 * DAY),  # too late
        Prediction("strong", 0.2, START - DAY, None),  # too young to tell
        Prediction("strong", 0.2, START, ago),  # bought before: says nothing
        Prediction("cold", 0.01, ago, None),
    ]
    assert scoring.reliability(predictions, START) == (Bin("strong", 3, 0.2667, 0.3333, 1), Bin("cold", 1, 0.01, 0.0, 0))


def test_outcomes_move_what_is_predicted() -> None:
    learned = scoring.learned([Bin("strong", 80, 0.2, 0.5, 40)])
    assert learned["strong"] == 0.44  # (0.20 x 20 + 40) / 100
    assert learned["cold"] == 0.01
