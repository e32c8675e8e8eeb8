"""People hear from the machine on LinkedIn and X, and accept, answer, click, ignore, say stop, block or report."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from revenue_machine.kit.clock import iso, parse_instant
from revenue_machine.kit.rng import rng
from revenue_machine.sandbox import acquaintances, journeys
from revenue_machine.sandbox.behaviours import upwork
from revenue_machine.sandbox.behaviours.browsing import door_path, is_tracking
from revenue_machine.sandbox.frontdoor import Knock, Reply
from revenue_machine.sandbox.truth import Deed

if TYPE_CHECKING:
    from revenue_machine.sandbox.world import World

ORDER = 3
NAME = "outreach"
PLAN, SEEN, HAND = "outreach_plan", "outreach_seen", "outreach_hand"
_BROWSER = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Safari/605.1.15"
_LINK = re.compile(r"https?://\S+")
# What becomes of an invitation, as shares; what remains is nothing.
INVITED = (("accept", 0.36), ("decline", 0.14), ("report", 0.002))
# What becomes of a message: to somebody who never answered, and to somebody in a conversation.
WRITTEN = (
    ("interested", 0.13), ("question", 0.08), ("greet", 0.08), ("no", 0.09), ("stop", 0.03), ("away", 0.02), ("block", 0.005),
    ("report", 0.001),
)  # fmt: skip
TALKING = (("interested", 0.16), ("question", 0.10), ("greet", 0.12), ("no", 0.06), ("stop", 0.01))
CLICKS, CLICKS_WHEN_ASKED = 0.22, 0.70
WORDS: Mapping[str, tuple[str, ...]] = {
    "interested": (
        "Sounds useful, tell me more?", "I am interested. How does it work?", "Curious, do you have a link?",
        "Yes please, show me. What does it cost?", "That is exactly my problem. Is there a trial?",
    ),
    "question": (
        "How would I use this with a team of three?", "Does it work with the tools I have already?", "What is it, in one sentence?",
        "How much is it a month?",
    ),
    "greet": ("Hi, nice to connect!", "Thanks, same to you.", "Hello! Good to hear from you.", "Thank you!"),
    "no": ("No thanks.", "Not for me, thank you.", "Not interested, but good luck.", "We are all set."),
    "stop": ("stop", "Please stop messaging me.", "unsubscribe", "Remove me from your list."),
    "away": ("I am out of office until Monday and will get back to you.", "This is an automated reply. I am currently away."),
}  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """Something a person means to do about a message."""

    key: str
    at: datetime
    what: str
    person: str
    platform: str
    text: str = ""


def turn(world: World, start: datetime, end: datetime) -> None:
    """Live one slice: taps on links go through the front door first, then everything is written at once."""
    if not (world.market.has("linkedin") and world.market.has("direct_message")):
        return
    due = sorted((one for one in _plans(world) if one.at < end), key=lambda one: (one.at, one.key))
    taps = [one for one in due if one.what == "click"]
    answers = dict(zip([one.key for one in taps], world.knock([_knock(one) for one in taps]), strict=True))
    with world.living(NAME, end):
        acquaintances.place(world, start)
        for plan in due:
            world.set_time(max(plan.at, start))
            _DEEDS[plan.what](world, plan, answers.get(plan.key))
            world.notes.drop(PLAN, plan.key)
        _write_by_hand(world, start)
        _look(world, start)


def sent_by_hand(world: World, task: Mapping[str, Any]) -> None:
    """The owner pressed *sent*: at the next turn the words are where he put them."""
    if str(task["topic"]).startswith("upwork."):
        upwork.sent_by_hand(world, task)
        return
    world.notes.put(HAND, str(task["id"]), {name: task[name] for name in ("id", "topic", "link", "text")})


def _write_by_hand(world: World, at: datetime) -> None:
    for task in world.notes.list(HAND):
        world.set_time(at)
        acquaintances.deliver_by_hand(world, task)
        world.notes.drop(HAND, task["id"])


def _look(world: World, now: datetime) -> None:
    """Whatever reached somebody since the last turn makes them think of something."""
    linkedin, direct = world.outside.state("linkedin"), world.outside.state("direct_message")
    for request in _fresh(world, "linkedin", "request"):
        person = (linkedin.get("member", request["user_id"]) or {})["person"]
        if not acquaintances.lives_here(person):
            continue
        at = parse_instant(request["created_at"])
        _note(world, at, "invited", person)
        _mean(world, (f"li/{request['id']}", person, "linkedin"), "", INVITED, max(at, now))
    for message in _fresh(world, "linkedin", "message"):
        if message["is_sender"]:
            person = (linkedin.get("member", message["user_id"]) or {})["person"]
            if not acquaintances.lives_here(person):
                continue
            talks = any(not one["is_sender"] for one in linkedin.list("message") if one["user_id"] == message["user_id"])
            _react(world, (f"li/{message['id']}", person, "linkedin"), message["text"], talks=talks, now=now)
    for message in _fresh(world, "direct_message", "message"):
        if message["is_ours"] and acquaintances.lives_here(message["person"]):
            person, platform = message["person"], message["platform"]
            earlier = [one for one in direct.list("message") if one["person"] == person and one["platform"] == platform]
            talks = sum(one["is_ours"] for one in earlier) > 1 and not earlier[-2]["is_ours"] if len(earlier) > 1 else False
            _react(world, (f"dm/{message['id']}", person, platform), message["text"], talks=talks, now=now)


def _fresh(world: World, service: str, kind: str) -> Sequence[dict[str, Any]]:
    """Documents of a fake that were not there at the last turn; nothing is read while their number stands."""
    state = world.outside.state(service)
    count = state.count(kind)
    key = f"{service}/{kind}"
    seen = int((world.notes.get(SEEN, key) or {"count": 0})["count"])
    if count == seen:
        return ()
    world.notes.put(SEEN, key, {"count": count})
    return state.list(kind)[seen:]


def _react(world: World, who: tuple[str, str, str], text: str, *, talks: bool, now: datetime) -> None:
    """Think about a message, and perhaps about the link in it."""
    key, person, platform = who
    _note(world, now, "written_to", person)
    _mean(world, who, text, TALKING if talks else WRITTEN, now)
    found = _LINK.search(text)
    draws = rng(world.seed, "outreach.click", key)
    if found and draws.random() < (CLICKS_WHEN_ASKED if talks else CLICKS):
        at = now + timedelta(minutes=5 + draws.expovariate(1 / 240))
        _plan(world, Plan(f"{key}/click", at, "click", person, platform, found.group().rstrip(".,)")))


def _mean(
    world: World, who: tuple[str, str, str], text: str, chances: Sequence[tuple[str, float]], now: datetime
) -> None:  # fmt: skip
    """Draw what somebody will do, and when."""
    key, person, platform = who
    draws = rng(world.seed, "outreach.reaction", key)
    what = _drawn(draws, chances)
    if what is not None:
        hours = min(72.0, draws.lognormvariate(1.6, 0.9))
        words = draws.choice(WORDS[what]) if what in WORDS else text
        _plan(world, Plan(key, now + timedelta(hours=hours), what, person, platform, words))


def _drawn(draws: Random, chances: Sequence[tuple[str, float]]) -> str | None:
    mood = draws.random()
    for name, share in chances:
        if mood < share:
            return name
        mood -= share
    return None


def _plan(world: World, plan: Plan) -> None:
    world.notes.put(PLAN, plan.key, {**vars(plan), "at": iso(plan.at)})


def _plans(world: World) -> list[Plan]:
    return [Plan(**{**one, "at": parse_instant(one["at"])}) for one in world.notes.list(PLAN)]


def _knock(plan: Plan) -> Knock:
    headers = {"user-agent": _BROWSER, "accept": "text/html", "accept-language": "en"}
    return Knock("GET", door_path(plan.text), headers)


def _accept(world: World, plan: Plan, _answer: Reply | None) -> None:
    if _linkedin(world).public_accept_invitation(world.outside.state("linkedin"), plan.person):
        _note(world, plan.at, "accepted", plan.person)


def _decline(world: World, plan: Plan, _answer: Reply | None) -> None:
    _linkedin(world).public_ignore_invitation(world.outside.state("linkedin"), plan.person)
    _note(world, plan.at, "declined", plan.person)


def _say(world: World, plan: Plan, _answer: Reply | None) -> None:
    """Write back on the platform the message came by."""
    if plan.platform == "linkedin":
        _linkedin(world).public_reply(world.outside.state("linkedin"), plan.person, plan.text)
    else:
        fake, state = world.outside.vendors["direct_message"].fake, world.outside.state("direct_message")
        fake.public_reply(state, plan.person, plan.text, platform=plan.platform)
    _note(world, plan.at, {"stop": "said_stop", "no": "said_no"}.get(plan.what, "answered"), plan.person)


def _shut_out(world: World, plan: Plan, _answer: Reply | None) -> None:
    """Block, or block and report."""
    verb = "public_report" if plan.what == "report" else "public_block"
    if plan.platform == "linkedin":
        getattr(_linkedin(world), verb)(world.outside.state("linkedin"), plan.person)
    else:
        fake, state = world.outside.vendors["direct_message"].fake, world.outside.state("direct_message")
        getattr(fake, verb)(state, plan.person, platform=plan.platform)
    _note(world, plan.at, "reported" if plan.what == "report" else "blocked", plan.person)


def _click(world: World, plan: Plan, answer: Reply | None) -> None:
    """Follow the personal link to the landing page, and perhaps sign up."""
    location = "" if answer is None else answer.headers.get("location", "")
    url = urljoin(plan.text, location) if location else (None if is_tracking(plan.text) else plan.text)
    number = acquaintances.number_of(plan.person)
    name = journeys.person_name(world.seed, number)
    world.note(Deed(plan.at, "click", name, None, NAME, seen=url is not None))
    if url is not None:
        offer = journeys.offer_at(world, url, plan.key)
        journeys.land(world, journeys.Visit(plan.at, number, offer, url, "", NAME, None, plan.key))


def _linkedin(world: World) -> Any:
    return world.outside.vendors["linkedin"].fake


def _note(world: World, at: datetime, kind: str, person: str) -> None:
    world.note(Deed(at, kind, journeys.person_name(world.seed, acquaintances.number_of(person)), None, NAME))


_DEEDS = {
    "accept": _accept, "decline": _decline, "block": _shut_out, "report": _shut_out, "click": _click, "interested": _say,
    "question": _say, "greet": _say, "no": _say, "stop": _say, "away": _say,
}  # fmt: skip
