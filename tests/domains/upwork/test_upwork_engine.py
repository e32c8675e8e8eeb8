"""The morning's look, the day's five proposals, and following them to the end."""

from __future__ import annotations

from typing import Any

import pytest

from revenue_machine.integrations.upwork import fake_market as market
from tests.domains.upwork_house import House


def test_scan_drafts_the_best_five(house: House) -> None:
    jobs = [
        house.post(f"AI agent number {letter}", budget) for letter, budget in zip("abcdefg", range(900, 1600, 100), strict=True)
    ]
    result = house.ask("upwork.scan")
    assert (result["new_jobs_found"], result["drafted"], result["proposals_today"], result["reason"]) == (7, 5, 5, None)
    assert [one["job_id"] for one in result["top_jobs"]] == jobs[:1:-1]
    assert {row["job_id"] for row in house.rows(status="drafted")} == set(jobs[2:])
    assert len(house.app.approvals.cards()) == 5


def test_repeated_scan_adds_nothing(house: House) -> None:
    house.post()
    first = house.ask("upwork.scan", key="k")
    kept = house.rows()
    again = house.ask("upwork.scan", key="k")
    assert (first["new_jobs_found"], again["new_jobs_found"], again["drafted"]) == (1, 0, 0)
    assert [(row["job_id"], row["proposal_text"]) for row in house.rows()] == [
        (row["job_id"], row["proposal_text"]) for row in kept
    ]
    assert len(house.app.approvals.cards("pending")) == 1


def test_fewer_proposals_have_a_reason(house: House) -> None:
    house.post()
    house.post("AI agent for a cheap client", 150)
    house.post("AI agent for online casino players")
    reason = house.ask("upwork.scan")["reason"]
    assert reason == "1 of 5 proposals: no further job is worth one (2 below your floor or excluded)"


def test_floor_and_words_rule_out(house: House) -> None:
    cheap, casino = house.post("AI agent, small", 150), house.post("AI agent for a casino")
    crowded = house.post("AI agent, crowded", applicants=50)
    low = house.post("AI agent by the hour", None, hourly_micro_usd=(8_000_000, 15_000_000))
    house.ask("upwork.scan")
    assert {row["status"] for row in house.rows()} == {"skipped"}
    assert house.row(cheap)["lost_reason"] == "budget $150.00 is below your floor of $200.00"
    assert house.row(casino)["lost_reason"] == "says “casino”"
    assert house.row(crowded)["lost_reason"] == "50 proposals already, 50 are too many"
    assert house.row(low)["lost_reason"] == "$15.00 an hour is below your floor of $20.00"


def test_rejected_proposals_make_room(house: House) -> None:
    for letter in "abcdef":
        house.post(f"AI agent number {letter}")
    house.ask("upwork.scan")
    house.answer("reject", "too generic")
    result = house.ask("upwork.scan", key="second")
    assert (result["drafted"], result["proposals_today"]) == (1, 1)
    assert {row["lost_reason"] for row in house.rows(status="skipped")} == {"too generic"}


def test_unproposed_listings_last_one_day(house: House) -> None:
    kept, lent = house.post(), house.post("AI agent, small", 150)
    house.ask("upwork.scan")
    for job in market.public_jobs(house.market):
        market.public_close_job(house.market, job["id"])
    house.pass_time(hours=25)
    assert house.ask("upwork.scan", key="next")["forgotten"] == 1
    assert [row["job_id"] for row in house.rows()] == [kept]
    assert house.rows(job_id=lent) == []


def test_a_job_found_again_is_not_new(house: House) -> None:
    """A lent listing is dropped after a day and found again by the same scan: it was seen before."""
    again = house.post("AI agent, small", 150)
    assert house.ask("upwork.scan")["new_jobs_found"] == 1
    house.pass_time(hours=25)
    fresh = house.post("AI agent, also small", 150)
    result = house.ask("upwork.scan", key="next")
    assert (result["forgotten"], result["new_jobs_found"]) == (1, 1)
    assert {row["job_id"] for row in house.rows()} == {again, fresh}


def test_failing_search_is_noted(house: House) -> None:
    house.post()
    market.public_expire_token(house.market)
    result = house.ask("upwork.scan")
    assert (result["searches"], result["new_jobs_found"]) == (0, 0)
    assert result["notes"][0].startswith("search “ai automation” failed: ")
    assert result["reason"] == "0 of 5 proposals: there is no further job"


def test_live_search_keeps_nothing(house: House) -> None:
    job_id = house.post()
    found = house.ask("upwork.search", {"source": "live", "query": "ai agent"})
    assert [one["job_id"] for one in found["jobs"]] == [job_id]
    assert found["jobs"][0]["known_points"] == 100
    assert house.rows() == []


def test_stored_search_orders_and_widens(house: House) -> None:
    big, small, skipped = house.post("AI agent, big", 3000), house.post("AI agent, mid", 400), house.post("AI agent, tiny", 20)
    house.ask("upwork.scan")

    def found(**args: Any) -> list[str]:
        return [one["job_id"] for one in house.ask("upwork.search", args)["jobs"]]

    assert found() == [big, small]
    assert found(order="lowest_score", limit=1) == [small]
    assert set(found(with_skipped=True)) == {big, small, skipped}
    assert found(status="skipped") == [skipped]
    assert found(query="agent MID") == [small]


def test_upwork_moves_a_proposal_on(house: House) -> None:
    job_id = house.send_one()
    proposal = market.public_apply(house.market, job_id, cover_letter="as approved", bid_micro_usd=1_400_000_000)
    assert house.ask("upwork.track", key="a")["moved"] == 0
    market.public_decide(house.market, proposal, "interview")
    assert house.ask("upwork.track", key="b")["by_status"] == {"interviewing": 1}
    market.public_decide(house.market, proposal, "hired")
    assert house.ask("upwork.track", key="c")["by_status"] == {"won": 1}
    row = house.row(job_id)
    assert (row["status"], row["contract_value_micro_usd"], row["contract_value_usd"]) == ("won", 1_400_000_000, 1400)
    assert house.ask("upwork.track", key="d")["looked_at"] == 0
    assert house.ledger("revenue") == []


def test_decline_is_lost_with_reason(house: House) -> None:
    job_id = house.send_one()
    proposal = market.public_apply(house.market, job_id, cover_letter="as approved", bid_micro_usd=1_400_000_000)
    market.public_decide(house.market, proposal, "declined", reason="Hired someone else")
    house.ask("upwork.track")
    assert (house.row(job_id)["status"], house.row(job_id)["lost_reason"]) == ("lost", "Hired someone else")


def test_sent_without_the_button_counts_once(house: House) -> None:
    job_id = house.post()
    house.ask("upwork.scan")
    house.answer()
    market.public_apply(house.market, job_id, cover_letter="as approved", bid_micro_usd=1_400_000_000)
    assert house.ask("upwork.track", key="a")["booked"] == 1
    assert house.app.handwork.cards() == []
    assert house.ask("upwork.track", key="b")["booked"] == 0
    assert [entry["amount_micro_usd"] for entry in house.ledger("connects")] == [-2_400_000]


def test_silence_becomes_no_response(house: House) -> None:
    job_id = house.send_one()
    house.pass_time(days=20)
    assert house.ask("upwork.track", key="a")["moved"] == 0
    house.pass_time(days=1)
    assert house.ask("upwork.track", key="b")["by_status"] == {"no_response": 1}
    assert house.ask("upwork.track", {"job_id": job_id, "outcome": "interviewing"}, key="c")["moved"] == 1


def test_silence_ends_an_interview(house: House) -> None:
    """Upwork says "interviewing" for ever; after thirty silent days that is no news any more, until something moves."""
    job_id = house.send_one()
    proposal = market.public_apply(house.market, job_id, cover_letter="as approved", bid_micro_usd=1_400_000_000)
    market.public_decide(house.market, proposal, "interview")
    assert house.ask("upwork.track", key="a")["by_status"] == {"interviewing": 1}
    house.pass_time(days=29)
    assert house.ask("upwork.track", key="b")["moved"] == 0
    house.pass_time(days=1)
    assert house.ask("upwork.track", key="c")["by_status"] == {"no_response": 1}
    assert house.row(job_id)["lost_reason"] == "no answer since the interview began"
    house.pass_time(days=1)
    assert house.ask("upwork.track", key="d")["moved"] == 0
    market.public_decide(house.market, proposal, "hired")
    assert house.ask("upwork.track", key="e")["by_status"] == {"won": 1}


def test_owners_word_wins_a_contract(house: House) -> None:
    job_id = house.send_one()
    won = {"job_id": job_id, "outcome": "won", "contract_value_usd": "2000"}
    assert house.ask("upwork.track", won, key="a")["moved"] == 1
    assert house.ask("upwork.track", won, key="b")["moved"] == 0
    paid = {"job_id": job_id, "received_usd": "500.50", "payment": "milestone-1"}
    assert [house.ask("upwork.track", paid, key=key)["booked"] for key in "cd"] == [1, 0]
    (entry,) = house.ledger("revenue")
    assert (entry["amount_micro_usd"], entry["service"], entry["product"]) == (500_500_000, "upwork", None)
    stats = house.ask("upwork.stats")
    assert (stats["contract_value_usd"], stats["revenue_usd"], stats["connects"], stats["connects_usd"]) == (2000, 500.5, 16, 2.4)


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        ({"outcome": "won"}, "conflict", "a job that is drafted cannot become won"),
        ({}, "bad_input", "say what became of it (outcome) or what was paid (received_usd)"),
        ({"received_usd": "5"}, "bad_input", "received_usd and payment belong together"),
        ({"received_usd": "5", "payment": "one"}, "conflict", "money comes from a won contract"),
        ({"outcome": "lost", "contract_value_usd": "5"}, "bad_input", "only a won contract has a value"),
    ],
)
def test_wrong_word_changes_nothing(house: House, args: dict[str, str], code: str, said: str) -> None:
    job_id = house.post()
    house.ask("upwork.scan")
    before = house.rows()
    answered, message = house.refused("upwork.track", {"job_id": job_id, **args})
    assert (answered, message[: len(said)]) == (code, said)
    assert house.rows() == before
    assert house.refused("upwork.track", {"job_id": "~0nowhere", "outcome": "won"})[0] == "not_found"


def test_own_outcomes_move_the_odds(house: House) -> None:
    before = house.ask("upwork.stats")["by_score_band"]
    job_id = house.send_one()
    house.ask("upwork.track", {"job_id": job_id, "outcome": "won"}, key="a")
    after = house.ask("upwork.stats")
    changed = [(one, two) for one, two in zip(before, after["by_score_band"], strict=True) if one != two]
    ((old, new),) = changed
    assert (new["decided"], new["won"], new["win_rate"]) == (1, 1, 1.0)
    assert new["p_win"] == pytest.approx((old["p_win"] * 20 + 1) / 21, abs=1e-6)
    assert {one["group"] for one in after["by_feature"]} >= {"type: fixed", "written by: the machine", "level: INTERMEDIATE"}


def test_status_shows_watches_and_health(house: House) -> None:
    job_id = house.post()
    assert house.ask("upwork.status")["last_seen_at"] is None
    house.ask("upwork.scan")
    status = house.ask("upwork.status")
    assert status["job_watches"] == ["ai automation", "ai agent", "react dashboard", "web app", "mobile app"]
    assert (status["health"], status["jobs"], status["waiting_for_you"]) == ("ready", 1, 1)
    assert [(one["job_id"], one["status"]) for one in status["recent_proposals"]] == [(job_id, "drafted")]
