"""When the milestones come: deterministic, with a band, and silent while there is too little."""

from __future__ import annotations

from datetime import date

import pytest

from revenue_machine.domains.funnel.forecast import days_until, forecast, levers, month1_forecast
from revenue_machine.domains.funnel.judging import judge
from revenue_machine.domains.funnel.models import Flow, ForecastReport, Share
from revenue_machine.domains.funnel.wording import ahead_lines
from revenue_machine.kit.rng import rng

TODAY = date(2026, 11, 2)
RATES = [
    judge("impression_to_click", Share(100, 10_000)), judge("click_to_signup", Share(15, 100)), judge("signup_to_trial", Share(8, 20)),
    judge("trial_to_paid", Share(3, 20)), judge("month1_retention", Share(6, 10)),
]  # fmt: skip


def ahead(payers: int, joined: int, left: int, days: int = 28) -> ForecastReport:
    flow = Flow(joined, left, payers * days / 1.0, days)
    return forecast(TODAY, payers, flow, RATES, rng(7, "test", payers, joined, left))


@pytest.mark.parametrize(("joined", "days"), [(4, 28), (40, 6), (0, 28)])
def test_too_little_is_said(joined: int, days: int) -> None:
    found = ahead(10, joined, 0, days)
    assert found.is_early
    assert found.milestones == []
    assert ahead_lines(found) == [
        f"forecast too early: {joined} new payers in {days} days; from 5 in 7 days on there is a forecast"
    ]


def test_same_counts_give_same_dates() -> None:
    assert ahead(20, 28, 2) == ahead(20, 28, 2)


def test_bands_are_in_order() -> None:
    found = ahead(20, 56, 2)
    assert [one.payers for one in found.milestones] == [50, 200, 500]
    for one in found.milestones[:2]:
        assert one.early is not None
        assert one.likely is not None
        assert one.late is not None
        assert TODAY < one.early <= one.likely <= one.late
    likely = found.milestones[0].likely
    assert likely is not None
    assert abs((likely - TODAY).days - (days_until(20, 50, 2.0, 2 / 560) or 0)) <= 10


def test_reached_milestones_are_gone() -> None:
    assert [one.payers for one in ahead(60, 28, 2).milestones] == [200, 500]
    assert ahead(600, 28, 2).milestones == []


def test_leaking_business_never_arrives() -> None:
    found = ahead(40, 5, 30)
    assert all(one.likely is None for one in found.milestones)
    assert ahead_lines(found)[0].startswith("50 paying: not within two years")


@pytest.mark.parametrize(
    ("per_day", "leaving", "days"), [(1.0, 0.0, 30), (0.0, 0.0, None), (1.0, 1 / 40, None), (1.0, 1 / 100, 47), (0.01, 0.0, None)]
)
def test_days_follow_the_pace(per_day: float, leaving: float, days: int | None) -> None:
    assert days_until(20, 50, per_day, leaving) == days


def test_step_below_its_target_helps_most() -> None:
    found = levers(20, 50, Flow(28, 0, 560.0, 28), RATES)
    assert (found[0].step, found[0].to_rate, found[0].days_to_next, found[0].days_saved) == ("impression_to_click", 0.02, 15, 15)
    assert [one.step for one in found] == [
        "impression_to_click",
        "click_to_signup",
        "trial_to_paid",
        "signup_to_trial",
        "month1_retention",
    ]
    assert found[-1].days_saved == 0


def test_young_cohort_forecasts_retention() -> None:
    assert month1_forecast(0, 29.9) is None
    assert month1_forecast(0, 300.0) == 1.0
    assert month1_forecast(5, 300.0) == pytest.approx(0.6065, abs=1e-4)


def test_lines_name_date_and_lever() -> None:
    lines = ahead_lines(ahead(20, 56, 2))
    assert lines[0].startswith("50 paying: about ")
    assert lines[1].startswith("most time is won at impression to click: 1.0 -> 2 % saves ")
