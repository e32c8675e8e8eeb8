"""The design is even, fixed by seed and key, and known before a word is written."""

from __future__ import annotations

from collections import Counter

import pytest

from revenue_machine.domains.content.design import deal_platforms, design_niche, share_out
from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.owner.owner_file import EXAMPLE, load_business
from revenue_machine.kit.rng import rng

PLATFORMS = ["x"] * 6 + ["threads"] * 3 + ["facebook"]


@pytest.fixture
def business() -> Business:
    found = load_business(EXAMPLE)
    assert found is not None
    return found


def test_shares_add_up() -> None:
    assert share_out(50, {"x": 20, "threads": 10, "facebook": 5}) == {"x": 29, "threads": 14, "facebook": 7}
    assert share_out(3, {"x": 0, "threads": 0}) == {"x": 0, "threads": 0}


def test_every_niche_gets_its_count() -> None:
    hands = deal_platforms(["a", "b", "c", "d", "e"], 10, {"x": 20, "threads": 10, "facebook": 5}, turn=3)
    assert [len(hand) for hand in hands.values()] == [10] * 5
    assert Counter(one for hand in hands.values() for one in hand) == {"x": 29, "threads": 14, "facebook": 7}


def test_dimensions_are_even(business: Business) -> None:
    slots = design_niche(business, business.niches[1], 1, PLATFORMS, rng(7, "test"))
    assert Counter(one.hook_category for one in slots) == dict.fromkeys(("question", "contrarian", "statistic", "story", "list"), 2)
    assert Counter(one.framework for one in slots) == dict.fromkeys(("AIDA", "PAS", "storytelling", "contrarian", "thread"), 2)
    assert {one.offer for one in slots} == {None, "everreach_pro", "clientportal"}
    assert len({one.key for one in slots}) == 10


def test_same_seed_gives_same_design(business: Business) -> None:
    first, again, other = (design_niche(business, business.niches[0], 1, PLATFORMS, rng(seed, "test")) for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_chances_are_chances(business: Business) -> None:
    for slot in design_niche(business, business.niches[0], 1, PLATFORMS, rng(7, "test")):
        assert all(0 < chance <= 1 for chance in slot.propensities.values())
        assert slot.propensities["hook_category"] == 0.2
        assert slot.propensities["platform"] == {"x": 0.6, "threads": 0.3, "facebook": 0.1}[slot.platform]
        assert 0 < slot.propensity < 0.2


def test_threads_only_where_there_are_threads(business: Business) -> None:
    for seed in range(20):
        slots = design_niche(business, business.niches[0], 1, ["facebook", "instagram", "x"] * 3, rng(seed, "test"))
        assert {one.platform for one in slots if one.content_type == "thread"} <= {"x"}
        assert {one.content_type for one in slots if one.platform == "instagram"} == {"image"}


def test_no_link_call_without_offer(business: Business) -> None:
    for seed in range(20):
        for slot in design_niche(business, business.niches[0], 1, PLATFORMS, rng(seed, "test")):
            assert (slot.cta in {"see_link", "read_more", "try_free"}) is (slot.offer is not None)
            assert slot.platform != "x" or slot.content_type == "thread" or slot.max_chars <= 255
