"""How the market research client pages, reads and fails."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx2
import pytest

from revenue_machine.integrations.market_research.market_research_client import MarketResearchClient
from revenue_machine.kit.errors import (
    BadInput,
    ContractBroken,
    Failure,
    OutsideAuthFailed,
    OutsideRateLimited,
    OutsideRejected,
    OutsideUnavailable,
)

Own = Callable[[str, str], bytes]
Hearing = Callable[..., MarketResearchClient]


class Line:
    """Answers in turn and keeps what was asked; the last answer repeats."""

    def __init__(self, *bodies: bytes, status: int = 200) -> None:
        self.bodies = bodies
        self.status = status
        self.asked: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        return httpx2.Response(self.status, content=self.bodies[min(len(self.asked), len(self.bodies)) - 1])

    def sent(self) -> list[object]:
        return [json.loads(request.content) for request in self.asked]


def test_search_reads_all_pages(client_hearing: Hearing, own: Own) -> None:
    line = Line(own("market_research", "search_page_1.json"), own("market_research", "search_page_2.json"))
    items = client_hearing(MarketResearchClient, line).search("tiktok", "zaps", "ai_automation", 10)
    assert [item.creator.handle for item in items] == ["maya.builds", "nora_ops", "nora_ops"]
    assert (items[0].metrics.views, items[0].creator.follower_count, items[0].content.duration_seconds) == (52000, 18400, 31)
    assert (items[1].metrics.views, items[1].creator.follower_count, items[1].post_date) == (None, None, None)
    asked = {"query": "zaps", "niche": "ai_automation", "max_items": 10}
    assert line.sent() == [asked, {**asked, "cursor": "o2"}]
    assert str(line.asked[0].url) == "https://market-research.local/api/research/tiktok/search"
    assert line.asked[0].headers["authorization"] == "Bearer sk_sandbox_market_research"


def test_search_stops_when_it_has_enough(client_hearing: Hearing, own: Own) -> None:
    line = Line(own("market_research", "search_page_1.json"))
    assert len(client_hearing(MarketResearchClient, line).search("tiktok", "", "ai_automation", 1)) == 1
    assert len(line.asked) == 1


def test_paging_in_circles_is_noticed(client_hearing: Hearing, own: Own) -> None:
    line = Line(own("market_research", "search_page_1.json"))
    with pytest.raises(ContractBroken, match="circles"):
        client_hearing(MarketResearchClient, line).search("tiktok", "", "ai_automation", 500)
    assert len(line.asked) == 2


def test_own_address_is_used(client_hearing: Hearing, own: Own) -> None:
    line = Line(own("market_research", "niche.json"))
    view = client_hearing(MarketResearchClient, line, base_url="http://127.0.0.1:3106/").niche("x", "ai_automation")
    assert (view.creators[0].posts, view.hashtags[0].tag, len(view.items)) == (3, "automation", 1)
    assert str(line.asked[0].url) == "http://127.0.0.1:3106/api/research/x/niche"


def test_metrics_are_asked_in_hundreds(client_hearing: Hearing, own: Own) -> None:
    line = Line(own("market_research", "metrics.json"), b'{"posts":[],"missing":[]}')
    urls = [f"https://x.com/solo_growth_lab/status/{number}" for number in range(150)]
    posts = client_hearing(MarketResearchClient, line).metrics("x", [*urls, urls[0]])
    assert [(post.views, post.saves) for post in posts] == [(900, 5)]
    assert line.sent() == [{"urls": urls[:100]}, {"urls": urls[100:]}]


def test_no_urls_ask_nothing(client_hearing: Hearing) -> None:
    line = Line(b"")
    assert client_hearing(MarketResearchClient, line).metrics("x", []) == []
    assert line.asked == []


@pytest.mark.parametrize(("platform", "max_items"), [("twitter", 5), ("x/../tiktok", 5), ("x", 0), ("x", 501)])
def test_bad_questions_are_not_asked(platform: str, max_items: int, client_hearing: Hearing) -> None:
    line = Line(b"")
    with pytest.raises(BadInput):
        client_hearing(MarketResearchClient, line).search(platform, "", "ai_automation", max_items)
    assert line.asked == []


@pytest.mark.parametrize(
    ("place", "kind", "reason", "wait_s"),
    [
        (0, OutsideRateLimited, None, 300.0),
        (1, OutsideRejected, "captcha", 3600.0),
        (2, OutsideRejected, "login_required", 3600.0),
        (3, OutsideAuthFailed, None, None),
        (4, OutsideRejected, None, None),
    ],
)
def test_errors_mean_failures(
    place: int, kind: type[Failure], reason: str | None, wait_s: float | None, client_hearing: Hearing, own: Own
) -> None:
    error = json.loads(own("market_research", "errors.json"))[place]
    with pytest.raises(Failure) as failure:
        client_hearing(MarketResearchClient, Line(json.dumps(error["body"]).encode(), status=error["status"])).niche("x", "a")
    assert type(failure.value) is kind
    assert (failure.value.details.get("reason"), failure.value.retry_after_s) == (reason, wait_s)


@pytest.mark.parametrize(("body", "status", "kind"), [(b"{}", 200, ContractBroken), (b"oops", 502, OutsideUnavailable)])
def test_strange_answers_are_failures(body: bytes, status: int, kind: type[Failure], client_hearing: Hearing) -> None:
    with pytest.raises(kind):
        client_hearing(MarketResearchClient, Line(body, status=status)).search("x", "", "ai_automation", 5)
