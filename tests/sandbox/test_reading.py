from __future__ import annotations

import pytest

from revenue_machine.sandbox.rates import WorldRates
from revenue_machine.sandbox.reading import read_post


@pytest.mark.parametrize(
    ("text", "niche", "hook", "framework"),
    [
        ("Why does your SaaS churn rise?", "saas_growth", "question", "plain"),
        ("Unpopular opinion: your newsletter audience is tired.", "creator_economy", "contrarian", "contrarian"),
        ("73 % of marketing campaigns waste money on ads.", "digital_marketing", "statistic", "PAS"),
        ("I lost a client. Then an AI agent changed my workflow.", "ai_automation", "story", "storytelling"),
        ("5 ways to write a better caption script", "content_creation", "list", "plain"),
        ("Ten minutes a day is sixty hours a year.\n\nTry an AI agent.", "ai_automation", "statistic", "AIDA"),
        ("Before you touch the ads:\n- open the landing page\n- click it yourself", "digital_marketing", "list", "storytelling"),
        ("Someone opens the trial. She waits. The setup hangs.\n\nIn order:\n- fix onboarding", "saas_growth", "story", "thread"),
        ("Your SaaS doesn't need features.\n\nThe worry costs you sleep.", "saas_growth", "contrarian", "PAS"),
        ("Hello there.", "general", "plain", "plain"),
    ],
)
def test_readers_judge_by_words(text: str, niche: str, hook: str, framework: str) -> None:
    reading = read_post({"text": text, "platform": "x"}, WorldRates())
    assert (reading.niche, reading.hook, reading.framework) == (niche, hook, framework)


def test_links_are_found_in_every_part() -> None:
    post = {
        "text": "Look.",
        "additional_texts": ["More: https://go.example/r/abc.", "https://go.example/r/abc"],
        "platform": "threads",
    }
    reading = read_post(post, WorldRates())
    assert reading.links == ("https://go.example/r/abc",)
    assert reading.framework == "thread"


def test_same_words_are_known_again_whatever_the_link() -> None:
    one = read_post({"text": "Ship it today! https://a.example/r/1", "platform": "twitter"}, WorldRates())
    two = read_post({"text": "ship it, today  https://a.example/r/2", "platform": "x"}, WorldRates())
    assert one.words_hash == two.words_hash
    assert one.platform == two.platform == "x"
