"""A silent day withholds what was planned for it, by a lot anybody can draw again; without a share there is no lottery."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from revenue_machine.domains.links.tables import LINKS
from revenue_machine.domains.publishing.models import Switchback
from revenue_machine.engine.tables import CHOICES
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.settings import load
from tests.app_fixture import make_app
from tests.domains.publishing.stage import Stage

DAYS = [date(2026, 1, 1) + timedelta(days=number) for number in range(1000)]


@pytest.fixture
def dealt(tmp_path: Path) -> Iterator[Stage]:
    """Half of all days are silent; with seed 3 the 2nd is loud on x and silent on threads."""
    app, outside, clock = make_app(tmp_path, REVENUE_LIFT__SWITCHBACK_SHARE="0.5", REVENUE_SEED=str(_seed()))
    yield Stage(app, outside, clock)
    app.close()


def _seed() -> int:
    today = date(2026, 11, 2)
    lots = (Switchback(seed, 0.5) for seed in range(100))
    return next(lot.seed for lot in lots if lot.is_silent("threads", today) and not lot.is_silent("x", today))


def test_about_a_tenth_is_silent() -> None:
    lottery = Switchback(7, 0.1)
    assert 70 <= sum(lottery.is_silent("x", day) for day in DAYS) <= 130
    assert [lottery.is_silent("x", day) for day in DAYS] == [Switchback(7, 0.1).is_silent("x", day) for day in DAYS]


def test_networks_are_silent_apart() -> None:
    lottery = Switchback(7, 0.5)
    both = sum(lottery.is_silent("x", day) and lottery.is_silent("threads", day) for day in DAYS)
    assert 200 <= both <= 300


def test_no_share_means_no_silence() -> None:
    assert not any(Switchback(7, 0.0).is_silent("x", day) for day in DAYS)


def test_silent_day_keeps_its_posts(dealt: Stage) -> None:
    dealt.draft("loud", "x", offer="everreach_pro")
    dealt.draft("silent", "threads", offer="everreach_pro")
    result = dealt.call("publish.schedule", horizon_hours=12)
    assert result == {"scheduled": 1, "withheld": 1, "waiting": 0, "by_platform": {"x": 1}}
    posts = {post["platform"]: post for post in dealt.posts()}
    assert (posts["threads"]["status"], posts["threads"]["due_at"], posts["threads"]["link_id"]) == ("withheld", None, None)
    assert len(dealt.rows(LINKS)) == 1


def test_withheld_post_never_goes_out(dealt: Stage) -> None:
    dealt.drafts(3, "threads")
    dealt.call("publish.schedule", horizon_hours=12)
    dealt.go_public()
    dealt.clock.move_to(dealt.clock.now() + timedelta(hours=12))
    assert dealt.handed_in() == []
    assert dealt.call("publish.schedule", key="again", horizon_hours=1)["scheduled"] == 0


def test_every_lot_is_written_down(dealt: Stage) -> None:
    dealt.drafts(2, "threads")
    dealt.drafts(2, "x")
    dealt.call("publish.schedule", horizon_hours=12)
    lots = {
        row["subject"]: (row["chosen"], row["propensity"])
        for row in dealt.rows(CHOICES)
        if row["purpose"] == "publishing.switchback"
    }
    assert lots == {"threads/2026-11-02": ("silent", 0.5), "x/2026-11-02": ("loud", 0.5)}


def test_share_above_half_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        load({"REVENUE_HOME": str(tmp_path), "REVENUE_LIFT__SWITCHBACK_SHARE": "0.6"})
    assert refused.value.field == "REVENUE_LIFT__SWITCHBACK_SHARE"
