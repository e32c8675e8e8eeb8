"""A strategy stands on evidence, or says that it has none."""

from __future__ import annotations

from datetime import timedelta

from tests.domains.content_house import House


def test_angles_name_known_evidence(house: House) -> None:
    house.ask("research.twitter")
    found = house.ask("twitter.strategy")
    known = {row["id"] for row in house.rows("actp_market_items")}
    assert (found["niches"], found["from_model"]) == (5, 5)
    for one in found["strategies"]:
        assert one["angles"]
        assert all(set(angle["evidence_ids"]) <= known and angle["evidence_ids"] for angle in one["angles"])


def test_without_evidence_nobody_is_asked(house: House) -> None:
    found = house.ask("twitter.strategy")
    assert {(one["source"], one["reason"]) for one in found["strategies"]} == {("defaults", "no evidence")}
    assert house.requests("anthropic") == 0


def test_failure_keeps_yesterdays_strategy(house: House) -> None:
    house.ask("research.twitter")
    first = house.ask("twitter.strategy")
    house.clock.move_to(house.clock.now() + timedelta(days=1))
    house.outside.add_fault("anthropic", "", "down", 100)
    second = house.ask("twitter.strategy", key="tomorrow")
    assert {one["source"] for one in second["strategies"]} == {"yesterday"}
    assert [one["angles"] for one in second["strategies"]] == [one["angles"] for one in first["strategies"]]


def test_same_day_asks_once(house: House) -> None:
    house.ask("research.twitter")
    first = house.ask("twitter.strategy")
    asked = house.requests("anthropic")
    assert house.ask("twitter.strategy", key="again")["strategies"] == first["strategies"]
    assert house.requests("anthropic") == asked == 5
