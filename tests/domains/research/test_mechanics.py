"""A post's build is read from its words, and none of its own words survive in the pattern."""

from __future__ import annotations

import pytest

from revenue_machine.domains.research.mechanics import hook_pattern, length_bucket, read_build, read_mechanics


@pytest.mark.parametrize(
    ("text", "category", "hook_type", "form", "cta"),
    [
        ("Why do funnels leak? Tell me in the comments", "question", "question", "single_text", "comment"),
        ("5 tools that save me a day a week", "list", "curiosity", "carousel_text", "none"),
        ("Unpopular opinion: dashboards are theatre. Follow me for more", "contrarian", "controversial", "single_text", "follow"),
        ("I lost a client last week. Save this.", "story", "pov", "pov", "save"),
        ("Revenue grew 40% in May. Link in bio", "statistic", "statistic", "single_text", "bio_link"),
        ("Learn how to read a churn chart", "plain", "command", "demo", "none"),
        ("Before it took a day, after one hour", "plain", "curiosity", "before_after", "none"),
    ],
)
def test_build_is_read_from_words(text: str, category: str, hook_type: str, form: str, cta: str) -> None:
    build = read_build(text)
    assert (build.hook_category, build.hook_type, build.format, build.cta) == (category, hook_type, form, cta)


def test_pattern_keeps_no_content_word() -> None:
    assert hook_pattern("How to grow 10x faster without hiring anybody?") == "how to {x} {n} {x} without {x} ?"


BUCKETS = [(0, "under_80"), (79, "under_80"), (80, "under_160"), (239, "under_240"), (240, "over_240")]


@pytest.mark.parametrize(("chars", "bucket"), BUCKETS)
def test_lengths_fall_into_buckets(chars: int, bucket: str) -> None:
    assert length_bucket(chars) == bucket


def test_beats_come_in_order() -> None:
    text = "I missed a deadline. The problem was the handover. Then we tested a checklist with 3 customers. Follow me."
    assert [one["beat"] for one in read_mechanics(text).structure()] == ["hook", "problem", "mechanism", "cta"]


def test_same_build_shares_a_blueprint() -> None:
    one, other = read_build("Is it worth it?"), read_build("Do you want a longer question about nothing at all, really?")
    assert one.blueprint_id("x", "ai") == other.blueprint_id("x", "ai")
    assert one.blueprint_id("x", "ai") != one.blueprint_id("threads", "ai")
