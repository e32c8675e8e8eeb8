"""Whether a step meets its band: never before there are people enough, and how many are missing."""

from __future__ import annotations

import pytest

from revenue_machine.domains.funnel.judging import BANDS, judge, needs_more
from revenue_machine.domains.funnel.models import Share
from revenue_machine.domains.funnel.wording import rate_line


def test_bands_are_the_seeds() -> None:
    assert {name: (band.low, band.high) for name, band in BANDS.items()} == {
        "impression_to_click": (0.02, 0.05), "click_to_signup": (0.10, 0.20), "signup_to_trial": (0.30, 0.50),
        "trial_to_paid": (0.10, 0.20), "month1_retention": (0.80, 1.0),
    }  # fmt: skip


@pytest.mark.parametrize(("step", "part", "whole", "verdict"), [
    ("click_to_signup", 0, 0, "no_data"), ("click_to_signup", 0, 19, "too_early"), ("click_to_signup", 3, 19, "too_early"),
    ("click_to_signup", 0, 40, "below"), ("click_to_signup", 5, 200, "below"), ("click_to_signup", 30, 200, "on_target"),
    ("click_to_signup", 12, 100, "too_early"), ("click_to_signup", 60, 200, "above"), ("month1_retention", 95, 100, "on_target"),
    ("month1_retention", 60, 100, "below"), ("impression_to_click", 300, 10_000, "on_target"),
])  # fmt: skip
def test_verdict_waits_for_people(step: str, part: int, whole: int, verdict: str) -> None:
    found = judge(step, Share(part, whole))
    assert found.verdict == verdict
    assert (found.needs_more is None) == (verdict not in ("no_data", "too_early"))


@pytest.mark.parametrize(("part", "whole"), [(12, 100), (3, 19), (9, 60), (0, 5), (0, 0), (5, 5)])
def test_so_many_more_are_enough(part: int, whole: int) -> None:
    band = BANDS["click_to_signup"]
    more = needs_more(band, part, whole)
    rate = band.low if whole == 0 else part / whole
    if rate not in (0.0, 1.0):
        assert judge("click_to_signup", Share(round(rate * (whole + more)), whole + more)).verdict != "too_early"
        assert judge("click_to_signup", Share(round(rate * (whole + more - 1)), whole + more - 1)).verdict in (
            "too_early",
            "no_data",
        )
    assert 1 <= more <= 2_000


def test_more_clicks_than_views_break_nothing() -> None:
    found = judge("impression_to_click", Share(50, 40))
    assert (found.rate, found.verdict) == (1.25, "above")


def test_line_says_what_is_known() -> None:
    assert rate_line(judge("click_to_signup", Share(30, 200))) == "15.0 % signups of clicks (target 10-20 %: on target)"
    early = rate_line(judge("click_to_signup", Share(12, 100)))
    assert early == "12.0 % signups of clicks (target 10-20 %: too early, about 480 more to judge)"
    assert rate_line(judge("click_to_signup", Share(0, 0))) is None
    waiting = rate_line(judge("month1_retention", Share(0, 0), 0.7312))
    assert waiting == "still paying after a month: no cohort is a month old, forecast 73 % (target 80 %)"
