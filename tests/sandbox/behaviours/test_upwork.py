from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from revenue_machine.sandbox.behaviours import outreach, upwork
from revenue_machine.sandbox.behaviours.upwork import Reading, interview_chance, read
from revenue_machine.sandbox.rates import WorldRates
from revenue_machine.sandbox.truth import Deed, every_deed
from revenue_machine.sandbox.world import World
from tests.sandbox.stage import START, make_world

GOOD = (
    "Hello, you want React screens that stay fast, with PostgreSQL behind them. My first step would be a page that shows one week "
    "of your numbers, so that we talk about the same thing before anything else is added. I work alone and send a working version "
    "every week, with a short guide. Errors get logged where you can read them. Who will use this every day?"
)
POOR = "Dear sir, I am the best choice and I can do everything you need very fast. Hire me now."


def small_world(folder: Path, **hiring: float) -> World:
    """A world in which hardly anything happens but on Upwork."""
    quiet = {
        "people": 200, "traffic": {"direct_visits_per_day": 0},
        "history": {"subscribers": 0, "subscribers_spread": 0, "open_trials": 0},
    }  # fmt: skip
    return make_world(folder, rates=WorldRates.model_validate({**quiet, "hiring": hiring}))


def jobs(world: World) -> list[dict[str, Any]]:
    return world.outside.state("upwork").list("job")


def send(world: World, job: dict[str, Any], text: str) -> None:
    """The owner presses *sent* on a proposal, as the pretend owner's hands report it."""
    link = f"https://www.upwork.com/jobs/{job['ciphertext']}"
    outreach.sent_by_hand(world, {"id": f"hnd_{job['id']}", "topic": "upwork.propose", "link": link, "text": text})


def send_all(world: World, days: int, text: str) -> None:
    """Every fresh job gets a proposal, day by day."""
    sent: set[str] = set()
    for _ in range(days):
        world.turn_to(world.store.now() + timedelta(days=1))
        for job in jobs(world):
            if job["status"] == "ACTIVE" and job["id"] not in sent:
                sent.add(job["id"])
                send(world, job, text)
    world.turn_to(world.store.now() + timedelta(days=14))


def deeds(world: World) -> list[Deed]:
    return [deed for deed in every_deed(world.store) if deed.channel == "upwork"]


def test_first_morning_finds_a_day_of_jobs(tmp_path: Path) -> None:
    world = small_world(tmp_path)
    world.turn_to(START + timedelta(hours=1))
    found = jobs(world)
    assert len(found) >= 12
    assert min(job["at"] for job in found) < (START - timedelta(hours=12)).isoformat()
    assert world.outside.state("upwork").count("client") == 90


def test_competition_grows_and_jobs_close(tmp_path: Path) -> None:
    world = small_world(tmp_path)
    world.turn_to(START + timedelta(hours=1))
    before = {job["id"]: job["applicants"] for job in jobs(world)}
    world.turn_to(START + timedelta(days=15))
    after = {job["id"]: job for job in jobs(world) if job["id"] in before}
    assert all(after[key]["applicants"] >= before[key] for key in before)
    assert sum(job["applicants"] for job in after.values()) > 1.3 * sum(before.values())
    assert {job["status"] for job in after.values()} == {"ACTIVE", "CLOSED"}


def test_sent_proposal_reaches_its_client(tmp_path: Path) -> None:
    world = small_world(tmp_path)
    world.turn_to(START + timedelta(hours=1))
    job = jobs(world)[-1]
    send(world, job, GOOD)
    world.turn_to(START + timedelta(hours=2))
    (proposal,) = world.outside.state("upwork").list("proposal")
    assert (proposal["job_id"], proposal["cover_letter"], proposal["status"]) == (job["id"], GOOD, "PENDING")
    assert proposal["created_at"] == (START + timedelta(hours=1)).isoformat()
    low, high = job["hourly"] or (job["budget"], job["budget"])
    assert low <= proposal["bid"] <= high
    assert [(deed.kind, deed.person, deed.offer) for deed in deeds(world)] == [("proposal_sent", job["person"], job["id"])]


def test_proposal_for_a_closed_job_comes_late(tmp_path: Path) -> None:
    world = small_world(tmp_path)
    world.turn_to(START + timedelta(hours=1))
    job = jobs(world)[0]
    world.outside.vendors["upwork"].fake.public_close_job(world.outside.state("upwork"), job["id"])
    send(world, job, GOOD)
    world.turn_to(START + timedelta(hours=2))
    assert [deed.kind for deed in deeds(world)] == ["proposal_late"]
    assert world.outside.state("upwork").list("proposal") == []


def test_clients_answer_in_every_way(tmp_path: Path) -> None:
    world = small_world(tmp_path)
    send_all(world, 14, GOOD)
    counts = Counter(deed.kind for deed in deeds(world))
    sent = counts["proposal_sent"]
    assert sent > 180
    assert {"proposal_interview", "proposal_offered", "proposal_hired", "proposal_declined", "proposal_ignored"} <= set(counts)
    assert 0.03 < counts["proposal_hired"] / sent < 0.25
    statuses = Counter(one["status"] for one in world.outside.state("upwork").list("proposal"))
    assert statuses["HIRED"] == counts["proposal_hired"]
    assert statuses["PENDING"] > 0
    assert statuses["ARCHIVED"] > 0
    assert all(deed.amount_micro_usd > 0 for deed in deeds(world) if deed.kind == "proposal_hired")


def test_decisions_take_hours_to_days(tmp_path: Path) -> None:
    world = small_world(tmp_path)
    send_all(world, 7, GOOD)
    sent = {deed.offer: deed.at for deed in deeds(world) if deed.kind == "proposal_sent"}
    waits = [deed.at - sent[deed.offer] for deed in deeds(world) if deed.kind == "proposal_interview"]
    assert waits
    assert timedelta(minutes=30) < min(waits)
    assert max(waits) <= timedelta(days=4)


def test_good_words_win_more_often(tmp_path: Path) -> None:
    won = []
    for name, text in (("good", GOOD), ("poor", POOR)):
        world = small_world(tmp_path / name)
        send_all(world, 7, text)
        won.append(sum(deed.kind == "proposal_interview" for deed in deeds(world)))
    assert won[0] > 3 * won[1]


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("I would start with React and PostgreSQL. When?", Reading(8, asks=True, concrete=3)),
        ("Reactive people like PostgreSQL", Reading(4, asks=False, concrete=1)),
        ("Hire me", Reading(2, asks=False, concrete=0)),
    ],
)
def test_reading_sees_question_and_substance(text: str, reading: Reading) -> None:
    assert read(text, ("React", "PostgreSQL", "Next.js")) == reading


def test_chance_falls_with_crowd_and_length(tmp_path: Path) -> None:
    world = small_world(tmp_path)
    job = {"kind": "fit", "experience": "INTERMEDIATE", "seriousness": 1.0}
    usual = Reading(100, asks=True, concrete=2)
    # 0.34 × 1.25 (length) × 1.25 (asks) × 1.1 (concrete), then halved by twenty-five others.
    assert interview_chance(world, job, 0, usual) == pytest.approx(0.584375)
    assert interview_chance(world, job, 25, usual) == pytest.approx(0.2921875)
    assert interview_chance(world, job, 25, Reading(240, asks=True, concrete=2)) == pytest.approx(0.116875)
    assert interview_chance(world, {**job, "kind": "foreign"}, 0, usual) == pytest.approx(0.02921875)


def test_same_seed_leaves_the_same_documents(tmp_path: Path) -> None:
    found = []
    for name in ("a", "b"):
        world = small_world(tmp_path / name)
        send_all(world, 3, GOOD)
        found.append(world.store.run("select * from documents where service = 'upwork' or kind like 'upwork%' order by place"))
    assert found[0] == found[1]
    assert len(found[0]) > 200


def test_nothing_is_left_in_the_hand(tmp_path: Path) -> None:
    world = small_world(tmp_path)
    send_all(world, 2, POOR)
    assert world.notes.list(upwork.HAND) == []
    assert world.notes.list(outreach.HAND) == []
