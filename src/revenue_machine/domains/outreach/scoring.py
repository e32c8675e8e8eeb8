"""How well a stranger fits, 0 to 100, in parts with a reason each (definitions §2.7a); and what of their profile is an order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

TIERS = ((70.0, "high"), (50.0, "medium"), (30.0, "low"))
PROXIMITY: Mapping[int, int] = MappingProxyType({1: 20, 2: 15, 3: 8})
FAR = 3
_DECIDERS = (
    "founder",
    "co-founder",
    "cofounder",
    "owner",
    "ceo",
    "chief",
    "president",
    "partner",
    "indie",
    "creator",
    "solopreneur",
)
_NEAR = ("head", "director", "vp", "lead", "manager", "freelance", "consultant", "editor")
_AT = re.compile(r"\b(?:at|of|@)\s+([A-Z][\w&.'-]*(?:\s+[A-Z][\w&.'-]*){0,3})")
_WORD = re.compile(r"[a-z0-9]+")
_DULL = frozenset({
    "the", "a", "an", "and", "or", "of", "for", "in", "to", "with", "who", "that", "their", "people", "want",
    "small", "one", "ten", "it", "be", "less", "time", "take", "from", "own", "work", "sell", "build",
})  # fmt: skip
# Enough of the world to know when somebody is awake; an unknown place stays unknown and is treated strictly.
_ZONES: Mapping[str, str] = MappingProxyType({
    "london": "Europe/London", "united kingdom": "Europe/London", "england": "Europe/London", "manchester": "Europe/London",
    "dublin": "Europe/Dublin", "ireland": "Europe/Dublin", "lisbon": "Europe/Lisbon", "portugal": "Europe/Lisbon",
    "berlin": "Europe/Berlin", "germany": "Europe/Berlin", "munich": "Europe/Berlin", "hamburg": "Europe/Berlin",
    "paris": "Europe/Paris", "france": "Europe/Paris", "madrid": "Europe/Madrid", "spain": "Europe/Madrid",
    "amsterdam": "Europe/Amsterdam", "netherlands": "Europe/Amsterdam", "vienna": "Europe/Vienna", "zurich": "Europe/Zurich",
    "stockholm": "Europe/Stockholm", "copenhagen": "Europe/Copenhagen", "oslo": "Europe/Oslo", "warsaw": "Europe/Warsaw",
    "rome": "Europe/Rome", "milan": "Europe/Rome", "new york": "America/New_York", "boston": "America/New_York",
    "miami": "America/New_York", "toronto": "America/Toronto", "atlanta": "America/New_York", "chicago": "America/Chicago",
    "austin": "America/Chicago", "dallas": "America/Chicago", "denver": "America/Denver", "phoenix": "America/Phoenix",
    "san francisco": "America/Los_Angeles", "los angeles": "America/Los_Angeles", "seattle": "America/Los_Angeles",
    "portland": "America/Los_Angeles", "california": "America/Los_Angeles", "vancouver": "America/Vancouver",
    "bengaluru": "Asia/Kolkata", "bangalore": "Asia/Kolkata", "mumbai": "Asia/Kolkata", "delhi": "Asia/Kolkata",
    "india": "Asia/Kolkata", "singapore": "Asia/Singapore", "tokyo": "Asia/Tokyo", "sydney": "Australia/Sydney",
    "melbourne": "Australia/Melbourne", "auckland": "Pacific/Auckland", "tel aviv": "Asia/Jerusalem", "dubai": "Asia/Dubai",
    "sao paulo": "America/Sao_Paulo", "mexico city": "America/Mexico_City", "cape town": "Africa/Johannesburg",
    "kathmandu": "Asia/Kathmandu", "st. john's": "America/St_Johns",
})  # fmt: skip
# What a profile says to a machine that reads it; such words never reach a prompt.
ORDERS = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instructions?|prompts?|rules?|above|previous|everything)\b"
    r"|\bsystem prompt\b|\byou are (?:now|an? (?:ai|assistant|llm|language model))\b|\bas an? (?:ai|llm|language model)\b"
    r"|\bif you(?:'re| are) (?:an? )?(?:ai|llm|bot|language model|automated)\b|\b(?:ai|llm|bot)s? (?:reading|must|should|please)\b"
    r"|</?\s*(?:brief|task|system|instructions?|assistant|user|admin)\b|\[/?(?:inst|system|admin)\]"
    r"|\b(?:api[_ -]?key|canary|credential)s?\b"
    r"|\b(?:send|forward|email|post|reveal|print|repeat|include|approve|transfer|wire)\b.{0,40}\b(?:key|secret"
    r"|password|token|prompt|"
    r"address|list|contacts?|all messages|recipe|flan|to everyone|money|bitcoin|usd|invoice)\b"
    r"|\b(?:write|answer|reply|respond|speak)\b.{0,30}\b(?:in all caps|as a pirate|as a poem|in rhyme|a recipe"
    r"|only with|exactly)\b",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class Prospect:
    """A stranger as a search or a profile shows them; `degree` 1, 2, 3, or None out of the network."""

    name: str
    headline: str = ""
    title: str | None = None
    company: str | None = None
    location: str | None = None
    industry: str | None = None
    about: str | None = None
    degree: int | None = None
    is_open_to_work: bool = False
    is_hiring: bool = False


@dataclass(frozen=True)
class Part:
    """Points of one part and the reason."""

    name: str
    points: int
    reason: str


@dataclass(frozen=True)
class Fit:
    """A score with its parts; the best niche it was held against."""

    score: float
    tier: str
    niche: str
    parts: tuple[Part, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """One sentence per part."""
        return tuple(f"{one.name} {one.points}: {one.reason}" for one in self.parts)

    @property
    def sentence(self) -> str:
        """The two strongest reasons in one line, for a person to judge by."""
        best = sorted(self.parts, key=lambda one: (-one.points, one.name))[:2]
        return f"score {self.score:.0f} ({self.tier}): " + "; ".join(one.reason for one in best)


@dataclass(frozen=True)
class Wanted:
    """Who is looked for: a niche and the words its people use of themselves."""

    niche: str
    words: frozenset[str]


def wanted(niche: str, name: str, audience: str, search_terms: Iterable[str]) -> Wanted:
    """The words of a niche worth matching."""
    text = " ".join((name, audience, *search_terms)).lower()
    return Wanted(niche, frozenset(word for word in _WORD.findall(text) if word not in _DULL and len(word) > 1))


def fit(prospect: Prospect, niches: Iterable[Wanted]) -> Fit:
    """The score against the niche that fits best; ties go to the first."""
    scored = [_fit_one(prospect, one) for one in niches]
    return max(scored, key=lambda one: one.score)


def tier_of(score: float) -> str:
    """high, medium, low or skip."""
    return next((name for least, name in TIERS if score >= least), "skip")


def job_of(headline: str) -> tuple[str | None, str | None]:
    """(title, company) as far as a headline tells."""
    first = re.split(r"[|·•,–—]| - ", headline, maxsplit=1)[0].strip()
    found = _AT.search(headline)
    company = found.group(1).strip(" .,") if found else None
    title = re.split(r"\s+(?:at|of|@)\s+", first, maxsplit=1)[0].strip() or None
    return title, company


def zone_of(location: str | None) -> str | None:
    """The time zone of a place, None when nobody here knows it."""
    lower = (location or "").lower()
    found = [(place, zone) for place, zone in _ZONES.items() if re.search(rf"\b{re.escape(place)}", lower)]
    return max(found, key=lambda one: len(one[0]))[1] if found else None


def is_suspicious(*texts: str | None) -> bool:
    """Whether somebody wrote orders for machines into their profile."""
    return any(text and ORDERS.search(text) for text in texts)


def quotable(text: str | None, most: int = 160) -> str:
    """A stranger's words as data for a prompt: one line, no markup, none at all when they give orders."""
    if not text or is_suspicious(text):
        return ""
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(re.sub(r"[<>{}`\[\]\\]|https?://\S+|\bwww\.\S+", " ", plain).split())[:most].rstrip()


def _fit_one(prospect: Prospect, want: Wanted) -> Fit:
    parts = (_title(prospect, want), _company(prospect, want), _location(prospect), _proximity(prospect), _activity(prospect))
    score = float(min(100, sum(one.points for one in parts)))
    return Fit(score, tier_of(score), want.niche, parts)


def _title(prospect: Prospect, want: Wanted) -> Part:
    said = f"{prospect.title or ''} {prospect.headline}".lower()
    role = next((word for word in _DECIDERS if re.search(rf"\b{re.escape(word)}\b", said)), None)
    field = sorted(want.words & set(_WORD.findall(said)))
    if role and field:
        return Part("title", 30, f"{role} who works in {', '.join(field[:3])}")
    if role or (field and any(re.search(rf"\b{word}\b", said) for word in _NEAR)):
        return Part("title", 10, f"{role or 'a lead'} in a near field")
    return Part("title", 5, "the title tells nothing of the field")


def _company(prospect: Prospect, want: Wanted) -> Part:
    field = want.words & set(_WORD.findall(f"{prospect.company or ''} {prospect.industry or ''} {prospect.headline}".lower()))
    if prospect.company and field:
        return Part("company", 20, f"{prospect.company} is in the field")
    if prospect.company:
        return Part("company", 10, f"{prospect.company}, field unknown")
    return Part("company", 8 if field else 0, "works in the field, company unknown" if field else "no company shown")


def _location(prospect: Prospect) -> Part:
    if zone_of(prospect.location):
        return Part("location", 15, f"in {prospect.location}, hours known")
    return Part("location", 5 if prospect.location else 0, "hours unknown" if prospect.location else "no place shown")


def _proximity(prospect: Prospect) -> Part:
    points = PROXIMITY.get(prospect.degree or 0, FAR)
    words = {1: "a connection", 2: "a connection of a connection", 3: "third degree"}
    return Part("proximity", points, words.get(prospect.degree or 0, "out of the network"))


def _activity(prospect: Prospect) -> Part:
    signs = {
        "open to work": prospect.is_open_to_work, "hiring": prospect.is_hiring,
        "tells about themselves": len(prospect.about or "") > 50,
    }  # fmt: skip
    seen = [name for name, is_there in signs.items() if is_there]
    return Part("activity", 5 * len(seen), ", ".join(seen) or "no signs of activity")
