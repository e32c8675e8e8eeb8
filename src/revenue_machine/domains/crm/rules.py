"""How a key is spelled, what may follow what in the pipeline, and what each kind of happening is on a timeline."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

from revenue_machine.domains.crm.models import ContactDraft, IdentityDraft, IdentityKind, Status, TimelineKind

STATUSES: tuple[Status, ...] = (
    "new", "qualified", "warming", "ready_for_dm", "contacted", "replied", "follow_up_1", "follow_up_2", "call_booked",
    "closed_won", "closed_lost", "archived",
)  # fmt: skip
_ENDS: tuple[Status, ...] = ("closed_won", "closed_lost", "archived")
_TALK: tuple[Status, ...] = ("contacted", "replied", "call_booked", *_ENDS)
# What may follow what. Steps of warming up may be left out, never walked back; whoever answers or buys is let in from anywhere.
TRANSITIONS: Mapping[Status, frozenset[Status]] = MappingProxyType({
    "new": frozenset({"qualified", "warming", "ready_for_dm", *_TALK}),
    "qualified": frozenset({"warming", "ready_for_dm", *_TALK}),
    "warming": frozenset({"ready_for_dm", *_TALK}),
    "ready_for_dm": frozenset(_TALK),
    "contacted": frozenset({"replied", "follow_up_1", "call_booked", *_ENDS}),
    "replied": frozenset({"call_booked", *_ENDS}),
    "follow_up_1": frozenset({"replied", "follow_up_2", "call_booked", *_ENDS}),
    "follow_up_2": frozenset({"replied", "call_booked", *_ENDS}),
    "call_booked": frozenset(_ENDS),
    "closed_won": frozenset({"closed_lost", "archived"}),
    "closed_lost": frozenset({"qualified", "replied", "closed_won", "archived"}),
    "archived": frozenset({"qualified", "replied", "closed_won"}),
})  # fmt: skip
# Who was lost or put away may be taken up again only after this long (definitions §2.7c).
REENTRY: Mapping[Status, timedelta] = MappingProxyType({"closed_lost": timedelta(days=90), "archived": timedelta(days=180)})
_PLATFORMS = {"twitter": "x", "x.com": "x", "twitter.com": "x", "ig": "instagram", "fb": "facebook", "tik_tok": "tiktok"}
_PLATFORM_OF_HOST = {
    "linkedin.com": "linkedin", "x.com": "x", "twitter.com": "x", "instagram.com": "instagram", "tiktok.com": "tiktok",
    "threads.net": "threads", "threads.com": "threads", "facebook.com": "facebook", "upwork.com": "upwork",
}  # fmt: skip
_PERSON_PATH = {"linkedin": ("in", "pub"), "upwork": ("freelancers",)}
_ORDER = {"subscriber": 0, "distinct_id": 1, "email": 2, "handle": 3, "profile_url": 4, "phone": 5}
_EMAIL = re.compile(r"[^@\s,;<>()\[\]\"]+@[^@\s,;<>()\[\]\"]+\.[^@\s,;<>()\[\]\".]{2,}")
_TIMELINE: Mapping[str, TimelineKind] = MappingProxyType({
    "ad_click": "ad", "ad_lead": "ad", "post_click": "post", "comment": "post", "like": "post", "mention": "post",
    "signed_up": "product", "trial_started": "product", "churned": "product", "activated": "product",
    "purchased": "money", "renewed": "money", "refunded": "money", "contract_won": "money", "note": "note", "imported": "note",
})  # fmt: skip


def folded(text: str) -> str:
    """A text as it is compared: one Unicode form, no case, no invisible signs, single spaces."""
    if text.isascii():
        return " ".join(text.lower().split())
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join("".join(sign for sign in plain if unicodedata.category(sign) != "Cf").split())


def name_key(name: str | None) -> str | None:
    """A name as it is compared: folded, without accents and punctuation; None when nothing is left."""
    if not name:
        return None
    if name.isascii():
        bare = name.lower()
    else:
        bare = "".join(sign for sign in unicodedata.normalize("NFKD", folded(name)) if not unicodedata.combining(sign))
    return " ".join(re.findall(r"\w+", bare)) or None


def company_key(company: str | None) -> str | None:
    """A company as it is compared: without its legal form."""
    key = name_key(company)
    if key is None:
        return None
    words = [word for word in key.split() if word not in {"inc", "llc", "ltd", "limited", "gmbh", "corp", "co", "ag", "sa", "bv"}]
    return " ".join(words) or key


def platform_key(platform: str | None) -> str | None:
    """A platform by its house name (`twitter` is `x`)."""
    if not platform or not platform.strip():
        return None
    word = platform.strip().lower().replace(" ", "_")
    return _PLATFORMS.get(word, word)


def is_email(text: str) -> bool:
    """Whether a text is one plain mail address."""
    return len(text) <= 254 and _EMAIL.fullmatch(text) is not None


def handle_text(handle: str) -> str:
    """A handle without its @ and without spaces around it."""
    return handle.strip().lstrip("@").strip()


@functools.lru_cache(maxsize=4096)
def value_key(kind: IdentityKind, value: str, platform: str | None = None) -> str | None:
    """The one spelling of a key; None when the value is no such key."""
    text = value.strip()
    if kind == "email":
        plain = folded(text).replace(" ", "")
        return plain if is_email(plain) else None
    if kind == "handle":
        word, home = folded(handle_text(text)).replace(" ", ""), platform_key(platform)
        return f"{home}:{word}" if word and home else None
    if kind == "profile_url":
        return profile_key(text)
    if kind == "phone":
        digits = re.sub(r"\D", "", text)
        return digits if 6 <= len(digits) <= 15 else None
    return text or None


@functools.lru_cache(maxsize=1024)
def profile_key(url: str) -> str | None:
    """An address of a profile as it is compared: host without www or country, path without query and last slash."""
    try:
        parts = urlsplit(url if "//" in url else f"https://{url}")
    except ValueError:  # an opened bracket is no address
        return None
    host = _host(parts.netloc)
    path = unquote(parts.path).rstrip("/").casefold()
    return f"{host}{path}" if "." in host and path else None


def handle_of_profile(url: str) -> tuple[str, str] | None:
    """(platform, handle) where the address of a profile tells it."""
    key = profile_key(url)
    if key is None:
        return None
    host, *path = key.split("/")
    platform = _PLATFORM_OF_HOST.get(host)
    if platform is None:
        return None
    if platform in _PERSON_PATH:
        return (platform, path[1]) if len(path) == 2 and path[0] in _PERSON_PATH[platform] else None
    return (platform, path[0].lstrip("@")) if len(path) == 1 else None


def _host(netloc: str) -> str:
    host = netloc.rsplit("@", 1)[-1].split(":", 1)[0].lower()
    if host.removeprefix("www.") in _PLATFORM_OF_HOST:
        return host.removeprefix("www.")
    for home in _PLATFORM_OF_HOST:
        if host.endswith("." + home):
            return home
    return host.removeprefix("www.")


def identities_of(draft: ContactDraft) -> list[tuple[IdentityDraft, str]]:
    """Every key a draft brings with its one spelling, the strongest first; what is no key is left out.

    A phone number counts only when given as an identity: a whole office may share the one on a card.
    """
    told = handle_of_profile(draft.profile_url) if draft.profile_url else None
    words: tuple[tuple[IdentityKind, str | None, str | None], ...] = (
        ("email", draft.email, None),
        ("handle", draft.handle if draft.platform else None, platform_key(draft.platform)),
        ("profile_url", draft.profile_url, None),
        ("handle", told[1] if told else None, told[0] if told else None),
    )
    found = list(draft.identities)
    for kind, value, platform in words:
        if value:
            plain = handle_text(value) if kind == "handle" else value.strip()
            found.append(IdentityDraft(kind, plain, platform, draft.source, draft.evidence))
    keyed: dict[tuple[str, str], tuple[IdentityDraft, str]] = {}
    for one in found:
        key = value_key(one.kind, one.value, one.platform)
        if key is not None:
            keyed.setdefault((one.kind, key), (one, key))
    return sorted(keyed.values(), key=_strength)


def _strength(keyed: tuple[IdentityDraft, str]) -> tuple[int, str]:
    return _ORDER[keyed[0].kind], keyed[1]


def may_follow(status: Status, wanted: Status, *, stood_for: timedelta, is_opted_out: bool) -> bool:
    """Whether a person may move; whoever opted out may only answer by buying or be put away."""
    if wanted not in TRANSITIONS[status]:
        return False
    if is_opted_out and wanted not in {"closed_won", "closed_lost", "archived"}:
        return False
    return not (wanted == "qualified" and stood_for < REENTRY.get(status, timedelta(0)))


def timeline_kind(kind: str) -> TimelineKind:
    """What a kind of happening is on a timeline; what the table does not name is a mail, a note or a message by its name."""
    if kind in _TIMELINE:
        return _TIMELINE[kind]
    return "mail" if kind.startswith(("email", "mail", "unsubscribed")) else "message"


def age(since: datetime | None, now: datetime) -> timedelta:
    """How long ago; endless when never."""
    return timedelta.max if since is None else max(timedelta(0), now - since)
