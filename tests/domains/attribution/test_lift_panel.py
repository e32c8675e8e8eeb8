"""The machine's own rows become days: what was planned and went, who came by it, who bought, who would have bought anyway."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from revenue_machine.app import App
from revenue_machine.domains.attribution.lift_panel import Calendar, PanelMaker
from revenue_machine.domains.publishing.models import Post, PostStatus
from tests.app_fixture import make_app

FIRST = datetime(2026, 11, 2, tzinfo=UTC)
CALENDAR = Calendar(date(2026, 11, 2), 3, ZoneInfo("UTC"))


def post(name: str, platform: str, hours: float, *, is_withheld: bool = False) -> Post:
    at = FIRST + timedelta(hours=hours)
    status = PostStatus.WITHHELD if is_withheld else PostStatus.PUBLISHED
    went = None if is_withheld else at
    return Post(
        name,
        f"d-{name}",
        platform,
        "saas_growth",
        "text",
        "question",
        "PAS",
        None,
        None,
        "words",
        status,
        at,
        went,
        went,
        None,
        None,
    )


def step(kind: str, hours: float, user: str | None, source: str, **more: Any) -> dict[str, Any]:
    row = {
        "event_type": kind, "occurred_at": FIRST + timedelta(hours=hours), "user_id": user, "visitor_id": None,
        "source_type": source, "platform": "unknown", "post_id": None, "revenue_micro_usd": 0,
    }  # fmt: skip
    return row | more


POSTS = [post("a", "x", 1), post("b", "x", 25), post("c", "threads", 26, is_withheld=True), post("d", "threads", 2)]
BY_A = {"platform": "x", "post_id": "a"}
BY_D = {"platform": "threads", "post_id": "d"}
STEPS = [
    step("click", 2, None, "organic_post", visitor_id="v1", **BY_D),
    step("click", 3, None, "organic_post", visitor_id="v1", **BY_A),
    step("signup", 4, "u1", "organic_post", **BY_A),
    step("click", 30, None, "organic_post", visitor_id="v1", **BY_D),
    step("signup", 28, "u2", "organic_post", **BY_A),
    step("signup", 5, "u3", "direct"),
    step("signup", 6, "u4", "campaign", platform="email"),
    step("purchase", 50, "u1", "organic_post", revenue_micro_usd=19_990_000, **BY_A),
    step("purchase", 50, "u3", "direct", revenue_micro_usd=9_990_000),
    step("purchase", 51, None, "unknown", revenue_micro_usd=9_990_000),
]


def test_days_hold_plan_and_silence() -> None:
    panel = PanelMaker(CALENDAR, 0.1, {"v1": "u1"}).panel(POSTS, STEPS)
    assert {name: (list(one.planned), list(one.sent)) for name, one in panel.channels.items()} == {
        "threads": ([1, 1, 0], [1, 0, 0]),
        "x": ([1, 1, 0], [1, 1, 0]),
    }
    assert (list(panel.weekdays), panel.share) == ([0, 1, 2], 0.1)


def test_signups_stand_by_day_and_age() -> None:
    panel = PanelMaker(CALENDAR, 0.1, {"v1": "u1"}).panel(POSTS, STEPS)
    assert (list(panel.channels["x"].visits), list(panel.channels["x"].visits_by_age)) == ([1, 1, 0], [1, 1, 0, 0])
    assert list(panel.untracked) == [1, 0, 0]


def test_sales_go_to_their_last_touch() -> None:
    panel = PanelMaker(CALENDAR, 0.1, {"v1": "u1"}).panel(POSTS, STEPS)
    found = panel.channels["x"]
    assert (found.sales, found.revenue_micro_usd, panel.direct_sales, panel.unknown_sales) == (1, 19_990_000, 1, 1)
    assert (panel.channels["threads"].sales, panel.channels["threads"].assisted) == (0, 1)
    # one later click elsewhere, at two signups by posts in three clicks
    assert found.replaceable == pytest.approx(2 / 3)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made, _, _ = make_app(tmp_path, REVENUE_LIFT__SWITCHBACK_SHARE="0.1")
    yield made
    made.close()


def test_an_empty_house_cannot_tell(app: App) -> None:
    envelope = app.call("attribution.lift", {})
    assert envelope.ok
    assert (envelope.result["verdict"], envelope.result["channels"]) == ("too_early", [])
    assert envelope.result["note"] == "nothing was planned in these days"


def test_without_a_lottery_it_says_so(tmp_path: Path) -> None:
    app, _, _ = make_app(tmp_path)
    assert "SWITCHBACK_SHARE is 0" in app.call("attribution.lift", {}).result["note"]
    app.close()
