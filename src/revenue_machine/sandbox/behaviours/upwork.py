"""Clients post jobs on Upwork, others apply too, and whoever gets the owner's proposal talks, hires, refuses or keeps silent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from revenue_machine.kit.clock import iso, parse_instant
from revenue_machine.kit.money import MICRO
from revenue_machine.kit.rng import rng
from revenue_machine.sandbox import jobboard
from revenue_machine.sandbox.jobboard import Listing
from revenue_machine.sandbox.truth import Deed

if TYPE_CHECKING:
    from revenue_machine.sandbox.world import World

ORDER = 3
NAME = "upwork"
# Notes of the world: what clients mean to do, what they thought of a job and of a proposal, what the owner carried there by hand.
PLAN, JOB, THOUGHT, HAND = "upwork_plan", "upwork_job", "upwork_thought", "upwork_hand"
BEFORE = timedelta(hours=36)
# How a proposal reads, as factors on the chance of an interview; hidden from the machine.
ASKS, ASKS_NOTHING = 1.25, 0.6
CONCRETE = (0.5, 0.8, 1.1, 1.35)
LENGTHS = ((60, 0.7), (120, 1.25), (200, 0.85))
TOO_LONG = 0.5
LEVELS = {"ENTRY_LEVEL": 1.15, "INTERMEDIATE": 1.0, "EXPERT": 0.7}
KINDS = {"fit": 1.0, "small": 0.9, "cheap": 1.0, "shady": 0.6, "foreign": 0.05}
CROWD_HALVES_AT = 25
_STEP = re.compile(r"\b(?:first step|first i|i would (?:begin|start)|i would draw|to begin with|step one)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Plan:
    """Something that will happen to a job: crowd, close, interview, offered, hired, declined or ignored."""

    key: str
    at: datetime
    what: str
    job_id: str
    step: int = 0


@dataclass(frozen=True)
class Reading:
    """What a client sees in a proposal."""

    words: int
    asks: bool
    concrete: int

    @property
    def appeal(self) -> float:
        """Factor on the chance of an interview."""
        length = next((factor for below, factor in LENGTHS if self.words < below), TOO_LONG)
        return length * (ASKS if self.asks else ASKS_NOTHING) * CONCRETE[self.concrete]


def turn(world: World, start: datetime, end: datetime) -> None:
    """Live one slice: what the owner handed in, what is posted, what clients meant to do."""
    if not world.market.has(NAME):
        return
    with world.living(NAME, end):
        _post_jobs(world, start, end)
        _hand_in(world, start)
        _carry_out(world, start, end)


def sent_by_hand(world: World, task: Mapping[str, Any]) -> None:
    """The owner pressed *sent* on a proposal: at the next turn the client has it."""
    world.notes.put(HAND, str(task["id"]), {name: task[name] for name in ("id", "link", "text")})


def read(text: str, skills: tuple[str, ...]) -> Reading:
    """A proposal as a client in a hurry reads it; concrete 0..3: up to two skills of the job, and a first step."""
    named = sum(re.search(rf"(?<!\w){re.escape(one)}(?!\w)", text, re.IGNORECASE) is not None for one in skills)
    return Reading(len(text.split()), "?" in text, min(named, 2) + (_STEP.search(text) is not None))


def interview_chance(world: World, job: Mapping[str, Any], others: int, reading: Reading) -> float:
    """How likely a client of that job talks to the owner after this proposal, among so many others."""
    fit = KINDS[job["kind"]] * LEVELS[job["experience"]] * job["seriousness"]
    crowd = 1 / (1 + others / CROWD_HALVES_AT)
    return float(min(0.95, world.rates.hiring.interviews * fit * crowd * reading.appeal))


def _fake(world: World) -> Any:
    return world.outside.vendors[NAME].fake


def _post_jobs(world: World, start: datetime, end: datetime) -> None:
    """The slice's jobs; the first time also those of the days before, so that the first morning finds some."""
    since = start
    if world.notes.get(JOB, "placed") is None:
        world.notes.put(JOB, "placed", {"at": iso(start)})
        world.set_time(start)
        jobboard.place_clients(world)
        since = start - BEFORE
    for listing in jobboard.listings_between(world.seed, world.rates.hiring, since, end):
        _post(world, listing)


def _post(world: World, listing: Listing) -> None:
    world.set_time(listing.at)
    job_id: str = _fake(world).public_post_job(
        world.outside.state(NAME), listing.person, title=listing.title, description=listing.description, skills=listing.skills,
        budget_micro_usd=listing.budget_micro_usd, hourly_micro_usd=listing.hourly_micro_usd, experience=listing.experience,
        applicants=listing.applicants,
    )  # fmt: skip
    seriousness = rng(world.seed, "upwork.seriousness", listing.key).choice((0.25, 0.7, 1.0, 1.4))
    thought = {
        "kind": listing.kind, "experience": listing.experience, "seriousness": seriousness, "person": listing.person,
        "at": iso(listing.at), "others": [listing.others(hours) for hours in jobboard.CROWDED_AFTER],
    }  # fmt: skip
    world.notes.put(JOB, job_id, thought)
    _mean(world, Plan(f"{job_id}/crowd", listing.at + timedelta(hours=jobboard.CROWDED_AFTER[0]), "crowd", job_id))
    if listing.open_days is not None:
        _mean(world, Plan(f"{job_id}/close", listing.at + timedelta(days=listing.open_days), "close", job_id))


def _hand_in(world: World, at: datetime) -> None:
    """Whatever the owner carried to Upwork since the last turn."""
    for task in world.notes.list(HAND):
        world.set_time(at)
        job_id = urlsplit(str(task["link"])).path.rstrip("/").rsplit("/", 1)[-1].removeprefix("~02")
        thought = world.notes.get(JOB, job_id)
        if thought is not None:
            _apply(world, job_id, thought, str(task["text"]), at)
        world.notes.drop(HAND, task["id"])


def _apply(world: World, job_id: str, thought: Mapping[str, Any], text: str, at: datetime) -> None:
    """The proposal is there, or its job is over; a client who has it makes up their mind."""
    fake, state = _fake(world), world.outside.state(NAME)
    job = state.get("job", job_id) or {}
    try:
        proposal_id: str = fake.public_apply(state, job_id, cover_letter=text, bid_micro_usd=_bid(job))
    except ValueError:
        _note(world, at, "late", job_id)
        return
    reading = read(text, tuple(job["skills"]))
    chance = interview_chance(world, thought, job["applicants"], reading)
    world.notes.put(
        THOUGHT, job_id, {"proposal": proposal_id, "chance": round(chance, 6), "others": job["applicants"], **vars(reading)}
    )
    _note(world, at, "sent", job_id)
    draws = rng(world.seed, "upwork.answer", job_id)
    mood, hours = draws.random(), min(96.0, draws.lognormvariate(3.0, 0.8))
    is_no = draws.random() < world.rates.hiring.declines
    what = "interview" if mood < chance else "declined" if is_no else "ignored"
    _mean(world, Plan(f"{job_id}/answer", at + timedelta(hours=hours), what, job_id))


def _bid(job: Mapping[str, Any]) -> int:
    """What the owner asks: the budget, or whole dollars in the upper half of the range."""
    if job["hourly"] is None:
        return int(job["budget"])
    low, high = job["hourly"]
    return int((low + (high - low) * 7 // 10) // MICRO * MICRO)


def _carry_out(world: World, start: datetime, end: datetime) -> None:
    """Every plan due before the end, in order, with those that follow from it."""
    due = {one["key"]: _plan_of(one) for one in world.notes.list(PLAN) if one["at"] < iso(end)}
    while due:
        plan = min(due.values(), key=lambda one: (one.at, one.key))
        del due[plan.key]
        world.notes.drop(PLAN, plan.key)
        world.set_time(max(plan.at, start))
        for further in list(_DEEDS[plan.what](world, plan)):
            _mean(world, further)
            if further.at < end:
                due[further.key] = further


def _mean(world: World, plan: Plan) -> None:
    world.notes.put(PLAN, plan.key, {**vars(plan), "at": iso(plan.at.replace(microsecond=0))})


def _plan_of(document: Mapping[str, Any]) -> Plan:
    return Plan(**{**document, "at": parse_instant(document["at"])})


def _crowd(world: World, plan: Plan) -> Iterator[Plan]:
    """Other freelancers apply."""
    thought = world.notes.get(JOB, plan.job_id) or {}
    state, ours = world.outside.state(NAME), world.notes.get(THOUGHT, plan.job_id) is not None
    _fake(world).public_add_applicants(state, plan.job_id, thought["others"][plan.step] + ours)
    following = plan.step + 1
    if following < len(jobboard.CROWDED_AFTER):
        at = parse_instant(thought["at"]) + timedelta(hours=jobboard.CROWDED_AFTER[following])
        yield Plan(plan.key, at, "crowd", plan.job_id, following)


def _close(world: World, plan: Plan) -> Iterator[Plan]:
    """The client takes the job down; not while they are still talking to the owner."""
    if world.notes.get(PLAN, f"{plan.job_id}/answer") is not None:
        yield Plan(plan.key, plan.at + timedelta(days=2), "close", plan.job_id)
    else:
        _fake(world).public_close_job(world.outside.state(NAME), plan.job_id)


def _interview(world: World, plan: Plan) -> Iterator[Plan]:
    """They talk; a serious client knows within days, and offers before hiring."""
    _decide(world, plan, "interview")
    thought = world.notes.get(JOB, plan.job_id) or {}
    draws = rng(world.seed, "upwork.second_thought", plan.job_id)
    at = plan.at + timedelta(hours=draws.uniform(18, 110))
    chance = world.rates.hiring.hires * min(1.0, 0.4 + 0.6 * thought["seriousness"])
    mood, is_no = draws.random(), draws.random() < world.rates.hiring.declines
    yield Plan(plan.key, at, "offered" if mood < chance else "declined" if is_no else "ignored", plan.job_id)


def _offer(world: World, plan: Plan) -> Iterator[Plan]:
    _decide(world, plan, "offered")
    hours = rng(world.seed, "upwork.contract", plan.job_id).uniform(2, 30)
    yield Plan(plan.key, plan.at + timedelta(hours=hours), "hired", plan.job_id)


def _hire(world: World, plan: Plan) -> Iterator[Plan]:
    _decide(world, plan, "hired")
    yield Plan(f"{plan.job_id}/close", plan.at + timedelta(hours=1), "close", plan.job_id)


def _decline(world: World, plan: Plan) -> Iterator[Plan]:
    _decide(world, plan, "declined")
    yield from ()


def _ignore(world: World, plan: Plan) -> Iterator[Plan]:
    """Nothing reaches the owner; only the world knows that this was decided."""
    _note(world, plan.at, "ignored", plan.job_id)
    yield from ()


def _decide(world: World, plan: Plan, outcome: str) -> None:
    state, thought = world.outside.state(NAME), world.notes.get(THOUGHT, plan.job_id) or {}
    reason = "We went with another freelancer" if outcome == "declined" else None
    _fake(world).public_decide(state, thought["proposal"], outcome, reason=reason)
    bid = _bid(state.get("job", plan.job_id) or {}) if outcome == "hired" else 0
    _note(world, plan.at, outcome, plan.job_id, amount_micro_usd=bid)


def _note(world: World, at: datetime, kind: str, job_id: str, *, amount_micro_usd: int = 0) -> None:
    """The truth of a proposal: its client, and its job where other deeds name an offer."""
    person = (world.notes.get(JOB, job_id) or {})["person"]
    world.note(Deed(at, f"proposal_{kind}", person, None, NAME, job_id, amount_micro_usd))


_DEEDS: Mapping[str, Callable[[World, Plan], Iterator[Plan]]] = {
    "crowd": _crowd, "close": _close, "interview": _interview, "offered": _offer, "hired": _hire, "declined": _decline,
    "ignored": _ignore,
}  # fmt: skip
