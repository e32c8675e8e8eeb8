"""Topics whose answer an outsider can foretell, asked in a real house through the envelope."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from revenue_machine.app import App
from revenue_machine.sandbox.vendors import Outside
from tests.app_fixture import make_app


@pytest.fixture
def house(tmp_path: Path) -> Iterator[tuple[App, Outside]]:
    """A running App and its outside world."""
    app, outside, _ = make_app(tmp_path, REVENUE_TELEGRAM__CHAT_ID="4711")
    yield app, outside
    app.close()


def told(outside: Outside) -> list[str]:
    """What the owner's chat received."""
    rows = outside.store.run(
        "select request from journal where service = 'telegram' and path like '%sendMessage' and acted = 1 order by place"
    )
    return [json.loads(text)["text"] for (text,) in rows]


def test_price_follows_the_dated_table(house: tuple[App, Outside]) -> None:
    usage = {"input_tokens": 1_000_000, "output_tokens": 1_000_000}
    envelope = house[0].call("credit.price", {"model": "claude-haiku-4-5", "usage": usage, "at": "2026-11-02"}).as_dict()
    assert envelope["ok"] is True
    assert envelope["result"]["cost_usd"] == 6
    assert isinstance(envelope["result"]["cost_usd"], int | float)


def test_report_is_sent_and_kept(house: tuple[App, Outside]) -> None:
    app, outside = house
    result = app.call("telegram.daily_report").result
    assert result["messages"] == len(told(outside)) >= 1
    assert sum(len(text) for text in told(outside)) <= result["characters"]


def test_owner_is_told_a_text(house: tuple[App, Outside]) -> None:
    app, outside = house
    assert app.call("telegram.send", {"text": "hello"}).result == {"messages": 1}
    assert told(outside) == ["hello"]


def test_summary_of_an_empty_day_is_zero(house: tuple[App, Outside]) -> None:
    result = house[0].call("orchestrator.daily_summary").result
    assert set(result.values()) == {0}


def test_results_of_research_are_listed(house: tuple[App, Outside]) -> None:
    app, _ = house
    assert app.call("research.list_results").result["total"] == 0
    assert app.call("research.twitter").ok
    listed = app.call("research.list_results", {"limit": 5}).result
    assert listed["total"] > len(listed["items"]) == 5
    assert {item["platform"] for item in listed["items"]} == {"x"}
