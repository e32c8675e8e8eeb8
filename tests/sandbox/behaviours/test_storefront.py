"""The store counts every day; changed words and pictures move people, and a test of a page shares its visitors out."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from revenue_machine.integrations.app_store import fake_shop
from revenue_machine.sandbox.behaviours.storefront import factors
from revenue_machine.sandbox.catalogue import Listing
from revenue_machine.sandbox.rates import WorldRates
from revenue_machine.sandbox.world import World
from tests.sandbox.stage import START, make_world

APP = "app.everreach.pro"
LISTING = Listing(bundle_id=APP, impressions_per_day=50_000, view_share=0.2, download_share=0.3, words=1.3, page=1.2)
QUIET: dict[str, Any] = {
    "people": 500,
    "traffic": {"direct_visits_per_day": 0},
    "history": {"subscribers": 0, "subscribers_spread": 0, "open_trials": 0},
    "listings": {"everreach": LISTING.model_dump()},
}


def counted(world: World) -> list[dict[str, Any]]:
    """The store's days, oldest first."""
    state = world.outside.state("app_store")
    (app,) = state.list("app")
    return state.list(f"day:{app['id']}")


def test_every_day_is_counted_once(tmp_path: Path) -> None:
    world = make_world(tmp_path, rates=WorldRates.model_validate(QUIET))
    world.turn_to(START + timedelta(days=3))
    days = counted(world)
    assert [one["date"] for one in days] == ["2026-11-23", "2026-11-24", "2026-11-25"]
    for one in days:
        assert one["page_views"] / one["impressions"] == pytest.approx(0.2, abs=0.01)
        assert one["downloads"] / one["page_views"] == pytest.approx(0.3, abs=0.02)


def test_changed_words_bring_more_views(tmp_path: Path) -> None:
    world = make_world(tmp_path, rates=WorldRates.model_validate(QUIET))
    world.turn_to(START + timedelta(days=1))
    fake_shop.public_release(world.outside.state("app_store"), APP, {"subtitle": "Never forget a friend"})
    world.turn_to(START + timedelta(days=3))
    before, *after = counted(world)
    assert before["page_views"] / before["impressions"] == pytest.approx(0.2, abs=0.01)
    for one in after:
        assert one["page_views"] / one["impressions"] == pytest.approx(0.26, abs=0.01)
        assert one["downloads"] / one["page_views"] == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize(
    ("now", "expected"),
    [({}, (1.0, 1.0)), ({"keywords": "crm"}, (1.3, 1.0)), ({"screenshots": ["new"]}, (1.0, 1.2)), ({"subtitle": ""}, (1.0, 1.0))],
)
def test_each_part_of_a_listing_has_its_effect(now: dict[str, object], expected: tuple[float, float]) -> None:
    assert factors(LISTING, {"name": "Everreach"}, {"name": "Everreach", **now}) == expected
