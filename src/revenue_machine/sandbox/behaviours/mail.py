"""People find mail: servers scan it at once, people open, click, answer, leave by one click, complain, or do nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from revenue_machine.kit.clock import iso, parse_instant
from revenue_machine.kit.rng import rng
from revenue_machine.sandbox import journeys
from revenue_machine.sandbox.behaviours.browsing import door_path, is_tracking
from revenue_machine.sandbox.frontdoor import Knock, Reply
from revenue_machine.sandbox.truth import Deed

if TYPE_CHECKING:
    from revenue_machine.sandbox.world import World

ORDER = 3
NAME = "mail"
PLAN, CURSOR = "mail_plan", "mail_cursor"
SERVICE = "resend"
_BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
# Some scanners say who they are, some come in a browser's name.
_SCANNERS = ("Mozilla/5.0 (compatible; Barracuda Sentinel)", "Microsoft Office SafeLinks scanner", _BROWSER)
_ANSWERS = (
    "Thanks, that helps. How do I invite a colleague?", "Good to know. What does it cost for a year?", "stop",
    "Please take me off this list.",
    "It did not import my old data, can you help?", "Nice. I will try it on the weekend.",
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """Something somebody means to do with a mail."""

    key: str
    at: datetime
    what: str
    email_id: str
    address: str
    link: str


def turn(world: World, start: datetime, end: datetime) -> None:
    """Live one slice: what reaches the front door first, then everything is written at once."""
    if not world.market.has(SERVICE):
        return
    fresh = list(_fresh(world))
    due = sorted((one for one in _plans(world) if one.at < end), key=lambda one: (one.at, one.key))
    scans = [knock for mail in fresh for knock in _scans(world, mail)]
    knocks = {one.key: knock for one in due if (knock := _knock(one)) is not None}
    replies = world.knock([*scans, *knocks.values()])[len(scans) :]
    answers = dict(zip(knocks, replies, strict=True))
    with world.living(NAME, end):
        for mail in fresh:
            for plan in _meant(world, mail, end):
                world.notes.put(PLAN, plan.key, {**vars(plan), "at": iso(plan.at)})
        if fresh:
            world.notes.put(CURSOR, SERVICE, {"seen": _state(world).count("email")})
        for plan in due:
            world.set_time(max(plan.at, start))
            _do(world, plan, answers.get(plan.key))
            world.notes.drop(PLAN, plan.key)


def _state(world: World) -> Any:
    return world.outside.state(SERVICE)


def _fake(world: World) -> Any:
    return world.outside.vendors[SERVICE].fake


def _fresh(world: World) -> Iterator[dict[str, Any]]:
    """Mails delivered since the last look, as a mail program shows them."""
    seen = int((world.notes.get(CURSOR, SERVICE) or {"seen": 0})["seen"])
    if _state(world).count("email") == seen:
        return
    for email in _state(world).list("email")[seen:]:
        address = parseaddr(email["to"][0])[1].lower()
        for mail in _fake(world).public_inbox(_state(world), address):
            if mail["email_id"] == email["id"]:
                yield {**mail, "address": address}


def _plans(world: World) -> Iterator[Plan]:
    for one in world.notes.list(PLAN):
        yield Plan(one["key"], parse_instant(one["at"]), one["what"], one["email_id"], one["address"], one["link"])


def _scans(world: World, mail: dict[str, Any]) -> Iterator[Knock]:
    """A careful mail server follows every link at once, the one to leave too; it must neither count nor end anything."""
    draws = rng(world.seed, "mail.scan", mail["email_id"])
    if draws.random() >= world.rates.mail.scanners:
        return
    agent = draws.choice(_SCANNERS)
    for link in mail["links"]:
        for method in ("HEAD", "GET"):
            yield Knock(method, door_path(link), {"user-agent": agent, "accept": "*/*"})


def _meant(world: World, mail: dict[str, Any], earliest: datetime) -> Iterator[Plan]:
    """What the reader will do, and when; nobody reads in the hour in which a mail comes."""
    rates, draws = world.rates.mail, rng(world.seed, "mail.read", mail["email_id"])
    at = earliest + timedelta(hours=draws.expovariate(1 / rates.reading_hours))
    link = next((one for one in mail["links"] if is_tracking(one)), "")
    leave = str(mail["headers"].get("List-Unsubscribe", "")).strip("<>")
    chances = (
        ("open", rates.opens, ""), ("click", rates.clicks, link), ("answer", rates.replies, ""),
        ("leave", rates.unsubscribes, leave), ("complain", rates.complaints, ""),
    )  # fmt: skip
    for place, (what, chance, target) in enumerate(chances):
        if draws.random() < chance and (target or what not in ("click", "leave")):
            key = f"{mail['email_id']}/{what}"
            moment = (at + timedelta(minutes=place)).replace(microsecond=0)
            yield Plan(key, moment, what, mail["email_id"], mail["address"], target)


def _knock(plan: Plan) -> Knock | None:
    """What of a plan reaches the product's door: a tap, or the mail program's one-click POST, without cookies."""
    if plan.what == "click":
        return Knock("GET", door_path(plan.link), {"user-agent": _BROWSER, "accept": "text/html"})
    if plan.what == "leave":
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return Knock("POST", door_path(plan.link), headers, b"List-Unsubscribe=One-Click")
    return None


def _do(world: World, plan: Plan, answer: Reply | None) -> None:
    state, fake = _state(world), _fake(world)
    if plan.what == "open":
        fake.public_open(state, plan.email_id)
    elif plan.what == "answer":
        words = rng(world.seed, "mail.words", plan.email_id).choice(_ANSWERS)
        fake.public_reply(state, plan.email_id, words)
    elif plan.what == "complain":
        fake.public_complain(state, plan.email_id)
    elif plan.what == "click":
        _follow(world, plan, answer)
    _note(world, plan, is_seen=answer is None or 200 <= answer.status < 400)


def _follow(world: World, plan: Plan, answer: Reply | None) -> None:
    """The page behind the tap; whoever is in a trial may stay because of it."""
    _fake(world).public_click(_state(world), plan.email_id, plan.link)
    location = "" if answer is None else answer.headers.get("location", "")
    customer = world.notes.get(journeys.CUSTOMER, plan.address.partition("@")[0])
    if not location or customer is None:
        return
    world.notes.put(journeys.CUSTOMER, customer["visitor"], {**customer, "followed_mail": True})
    url = urljoin(plan.link, location)
    journeys.land(world, journeys.Visit(plan.at, customer["person"], customer["offer"], url, "", "mail", None, plan.key))


def _note(world: World, plan: Plan, *, is_seen: bool) -> None:
    customer = world.notes.get(journeys.CUSTOMER, plan.address.partition("@")[0])
    person = plan.address if customer is None else journeys.person_name(world.seed, customer["person"])
    world.note(Deed(plan.at, f"mail_{plan.what}", person, None, "mail", seen=is_seen))
