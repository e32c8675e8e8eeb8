"""The pretend competitors are believable, drift by day and are the same for the same seed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from revenue_machine.integrations.market_research import fake, fake_posts
from revenue_machine.integrations.market_research.market_research_client import MarketResearchClient
from revenue_machine.integrations.market_research.wire import ResearchItem
from revenue_machine.kit.errors import OutsideAuthFailed, OutsideRateLimited, OutsideRejected
from revenue_machine.kit.fakeserver import FakeRequest
from revenue_machine.kit.ids import content_hash
from revenue_machine.sandbox.store import ServiceState, WorldStore
from revenue_machine.sandbox.vendors import Outside

Make = Callable[..., MarketResearchClient]
DAY = date(2026, 11, 21)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
OURS = "https://www.tiktok.com/@solo.growth.lab/video/1992000000000104729"


@pytest.fixture
def client(client_of: Make) -> MarketResearchClient:
    return client_of(MarketResearchClient)


@pytest.fixture
def state(outside: Outside) -> ServiceState:
    return outside.state("market_research")


def call(state: ServiceState, path: str, body: object) -> tuple[int, Any, dict[str, str]]:
    headers = {"authorization": f"Bearer {state.api_key}"}
    answer = fake.respond(state, FakeRequest("POST", f"/api/research/{path}", (), headers, json.dumps(body).encode()))
    return answer.status, json.loads(answer.body), dict(answer.headers)


def wait(state: ServiceState, **time: float) -> None:
    state.store.move_to(state.now() + timedelta(**time))


def month() -> list[fake_posts.Post]:
    return [
        post
        for back in range(30)
        for platform in fake_posts.PLATFORMS
        for niche in fake_posts.NICHES
        for post in fake_posts.posts_of(7, platform, niche, DAY - timedelta(days=back))[:20]
    ]


def test_month_of_posts_is_varied() -> None:
    posts = month()
    assert len(posts) > 14_000
    assert len({post.url for post in posts}) == len(posts)
    captions = Counter(post.caption for post in posts)
    assert len(captions) > 0.95 * len(posts)
    assert len({post.handle for post in posts}) > 250
    assert {post.cta_type for post in posts} == {"comment", "link_in_bio", "follow", "save", "dm", "none"}
    assert not [post.caption for post in posts if "{topic}" in post.caption or "{pain}" in post.caption]


def test_some_captions_are_odd() -> None:
    captions = [post.caption for post in month()]
    odd = [text for text in captions if any(lure in text for lure in fake_posts.words()["spice"]["injection"])]
    assert 0.005 < len(odd) / len(captions) < 0.03
    assert 0.2 < sum(any(ord(char) > 0x2700 for char in text) for text in captions) / len(captions) < 0.6


def test_same_post_stands_on_two_platforms() -> None:
    places: dict[str, set[str]] = {}
    for post in month():
        places.setdefault(post.caption, set()).add(post.platform)
    assert 50 < sum(len(platforms) > 1 for platforms in places.values()) < 1000


def test_views_have_a_heavy_tail() -> None:
    views = sorted(post.views for post in month())
    middle = views[len(views) // 2]
    assert 500 < middle < 10_000
    assert views[-1] > 100 * middle
    assert sum(views[-len(views) // 100 :]) > 0.2 * sum(views)


def test_numbers_grow_and_flatten() -> None:
    for post in month()[:200]:
        series = [fake_posts.numbers_at(post, post.posted_at + timedelta(hours=hours)) for hours in (-1, 0, 1, 24, 72, 720)]
        for name in ("views", "likes", "comments", "shares", "saves"):
            counts = [numbers[name] for numbers in series]
            assert counts == sorted(counts)
            assert counts[:2] == [0, 0]
        assert series[-1]["views"] >= 0.95 * post.views - 1
        assert all(numbers["likes"] <= numbers["views"] for numbers in series)


def test_taste_differs_by_hook() -> None:
    pulls = [fake_posts._pull(7, "x", "saas_growth", 105_000, kind) for kind in fake_posts.words()["hooks"]]
    assert max(pulls) > 1.3 * min(pulls)


def test_search_reads_like_the_contract(client: MarketResearchClient, state: ServiceState) -> None:
    filled = total = 0
    for platform in fake_posts.PLATFORMS:
        items = client.search(platform, "onboarding", "saas_growth", 20)
        assert len({item.source_url for item in items}) in ((14, 15) if platform == "instagram" else (19, 20))
        for item in items:
            assert item.source_platform == platform
            assert item.collected_at == state.now()
            assert item.post_date is None or item.post_date <= state.now()
            values = (item.creator.follower_count, item.content.hook_text, item.post_date, item.metrics.likes)
            filled, total = filled + sum(value is not None for value in values), total + len(values)
    assert 0.9 < filled / total < 1


def test_query_leads_the_ranking(client: MarketResearchClient) -> None:
    items = client.search("x", "churn interviews", "saas_growth", 20)
    assert all("churn" in item.content.caption.lower() for item in items[:5])


def test_pages_overlap_now_and_then(client: MarketResearchClient) -> None:
    items: list[ResearchItem] = []
    for niche in fake_posts.NICHES:
        items += client.search("x", "growth", niche, 100)
    assert len(items) == 500
    assert 0 < len(items) - len({item.source_url for item in items}) < 20


def test_new_posts_come_every_day(client: MarketResearchClient, state: ServiceState) -> None:
    today = {item.source_url for item in client.search("threads", "", "creator_economy", 200)}
    wait(state, days=1)
    tomorrow = {item.source_url for item in client.search("threads", "", "creator_economy", 200)}
    assert len(tomorrow - today) > 10
    assert len(tomorrow & today) > 50


def test_niche_names_its_leaders(client: MarketResearchClient) -> None:
    view = client.niche("facebook", "digital_marketing", 5)
    assert len(view.items) == 5
    assert [creator.posts for creator in view.creators] == sorted((creator.posts for creator in view.creators), reverse=True)
    assert {tag.tag for tag in view.hashtags} <= set(fake_posts.words()["niches"]["digital_marketing"]["hashtags"])


def test_unknown_niche_is_empty(client: MarketResearchClient) -> None:
    assert client.search("x", "", "beekeeping", 10) == []


def test_our_posts_have_the_worlds_numbers(client: MarketResearchClient, state: ServiceState) -> None:
    fake.public_set_metrics(state, OURS, views=10, likes=2, comments=1, shares=0, saves=0)
    fake.public_set_metrics(state, OURS, views=900, likes=31, comments=4, shares=2, saves=5)
    [post] = client.metrics("tiktok", [OURS + "/?utm_source=x", "https://www.tiktok.com/@nobody/video/5"])
    assert (post.url, post.views, post.likes, post.comments, post.shares, post.saves) == (OURS + "/?utm_source=x", 900, 31, 4, 2, 5)
    assert post.collected_at == state.now()


def test_metrics_agree_with_search(client: MarketResearchClient) -> None:
    for platform in fake_posts.PLATFORMS:
        items = {item.source_url: item for item in client.search(platform, "", "ai_automation", 20)}
        posts = client.metrics(platform, list(items))
        assert {post.url for post in posts} == set(items)
        for post in posts:
            assert post.likes == items[post.url].metrics.likes
            assert items[post.url].metrics.views in (None, post.views)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://x.com/a/status/",
        "https://x.com/a/status/99",
        "https://x.com/a/status/\u0661\u0662",
        "https://x.com/a/status/" + "9" * 40,
    ],
)
def test_unknown_addresses_are_missing(url: str, state: ServiceState) -> None:
    status, answer, _ = call(state, "x/metrics", {"urls": [url]})
    assert (status, answer) == (200, {"posts": [], "missing": [url]})


def test_session_ends_and_rests(client: MarketResearchClient, state: ServiceState) -> None:
    client.search("tiktok", "", "saas_growth", 10)
    wait(state, minutes=16)
    with pytest.raises(OutsideRateLimited) as refusal:
        client.search("tiktok", "", "saas_growth", 10)
    assert refusal.value.retry_after_s == 240.0
    wait(state, minutes=4)
    client.search("tiktok", "", "saas_growth", 10)
    wait(state, minutes=20)
    client.search("tiktok", "", "saas_growth", 10)
    wait(state, minutes=19, seconds=59)
    with pytest.raises(OutsideRateLimited) as last:
        client.search("tiktok", "", "saas_growth", 10)
    assert last.value.retry_after_s == 1.0
    wait(state, seconds=1)
    client.search("tiktok", "", "saas_growth", 10)


def test_hundred_pages_an_hour_are_all(state: ServiceState) -> None:
    for _ in range(100):
        assert call(state, "x/search", {"query": "", "niche": "saas_growth", "max_items": 1})[0] == 200
    status, answer, headers = call(state, "x/search", {"query": "", "niche": "saas_growth", "max_items": 1})
    assert (status, answer["error"]["code"], headers["retry-after"]) == (429, "rate_limited", "3600")


def test_whole_sweep_keeps_the_pace(client: MarketResearchClient) -> None:
    for platform in fake_posts.PLATFORMS:
        for niche in fake_posts.NICHES:
            assert client.search(platform, "", niche, 20)


def test_stuck_platform_wants_a_person(client: MarketResearchClient, state: ServiceState) -> None:
    fake.public_block(state, "instagram", "captcha", state.now() + timedelta(hours=1))
    with pytest.raises(OutsideRejected) as refusal:
        client.search("instagram", "", "saas_growth", 10)
    assert refusal.value.details == {"reason": "captcha"}
    assert client.search("x", "", "saas_growth", 10)
    wait(state, hours=1)
    assert client.search("instagram", "", "saas_growth", 10)


def test_wrong_key_is_refused(client_of: Make) -> None:
    with pytest.raises(OutsideAuthFailed):
        client_of(MarketResearchClient, api_key="other").niche("x", "saas_growth")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("x/search", [], 422), ("x/search", {}, 422), ("x/search", {"niche": 5}, 422),
        ("x/search", {"niche": "a", "query": 5}, 422),
        ("x/search", {"niche": "a", "max_items": 0}, 422), ("x/search", {"niche": "a", "max_items": True}, 422),
        ("x/search", {"niche": "a", "cursor": "x"}, 422), ("x/search", {"niche": "a", "cursor": 5}, 422),
        ("x/metrics", {}, 422), ("x/metrics", {"urls": ["a"] * 101}, 422), ("x/metrics", {"urls": [5]}, 422),
        ("youtube/search", {"niche": "a"}, 404), ("x/full", {}, 404),
    ],
)  # fmt: skip
def test_bad_requests_are_refused(path: str, body: object, status: int, state: ServiceState) -> None:
    assert call(state, path, body)[0] == status


def test_same_seed_gives_same_bytes(tmp_path: Path) -> None:
    hashes = []
    for name, seed in (("one", 7), ("two", 7), ("three", 8)):
        store = WorldStore(tmp_path / name)
        store.move_to(NOON)
        state = Outside(store, seed).state("market_research")
        hashes.append(
            content_hash([call(state, f"{platform}/niche", {"niche": "saas_growth"}) for platform in fake_posts.PLATFORMS])
        )
        store.close()
    assert hashes[0] == hashes[1] != hashes[2]
