"""The ceilings and hours of every channel, who may be written to next, in which lane, and when enough is enough; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from types import MappingProxyType
from typing import Literal

Action = Literal["connect", "message", "follow_up", "dm", "reply"]
Lane = Literal["re_warm", "service", "friendship", "offer", "retention", "reply"]
DM_PLATFORMS = ("x", "instagram", "facebook", "tiktok", "threads")


@dataclass(frozen=True)
class ChannelRule:
    """What a channel bears: sends a day and a week, the least gap, the first weeks, and the hours of the recipient's day."""

    per_day: int
    per_week: int | None
    min_gap: timedelta
    warm_up: tuple[tuple[timedelta, int], ...]
    opens: time
    closes: time
    days: frozenset[int]


_WEEK = timedelta(days=7)
# LinkedIn's is one ceiling for invitations and messages together: the account is what gets restricted.
CHANNELS: Mapping[str, ChannelRule] = MappingProxyType({
    "linkedin": ChannelRule(
        15, 80, timedelta(minutes=4), ((_WEEK, 5), (2 * _WEEK, 10)), time(8), time(18), frozenset(range(5)),
    ),
    "dm": ChannelRule(20, 100, timedelta(minutes=3), ((_WEEK, 8), (2 * _WEEK, 14)), time(9), time(20), frozenset(range(6))),
    # Answers by mail to people who wrote: a channel with the mails that are no marketing.
    "email_service": ChannelRule(40, None, timedelta(minutes=1), (), time(8), time(21), frozenset(range(7))),
})  # fmt: skip
PER_PERSON_DAY, PER_PERSON_WEEK = 1, 2
# Whoever wrote to us may be answered the same day.
PER_PERSON_ANSWERS_DAY, PER_PERSON_ANSWERS_WEEK = 4, 10
BLOCKED_FOR = timedelta(hours=24)
# Refusals by which somebody cannot be written to on that platform; they say nothing of the account and are no opting out.
UNREACHABLE = frozenset({"unknown", "not_allowed"})
# What a message may have in characters; LinkedIn's note is 200 on a free account, 300 on a paid one.
MOST_CHARS: Mapping[str, int] = MappingProxyType(
    {"connect": 200, "linkedin": 1900, "x": 1000, "instagram": 900, "facebook": 1500, "tiktok": 800, "threads": 900, "email": 4000}
)
MOST_INVITE_PAID = 300
READABLE_CHARS = 600

FIRST_MESSAGE_AFTER = timedelta(hours=2)
FOLLOW_UPS_AFTER_DAYS = (3, 7, 14)
COLD_AFTER = timedelta(days=21)
ASK_AGAIN_AFTER = timedelta(days=7)
# An approved message that cannot go within its week is a wasted question: no more invitations are prepared than a week bears.
MOST_APPROVED_WAITING = 80
QUALIFIED_FROM = 65.0
WORTH_A_DRAFT_FROM = 30.0
VALUE_TOUCHES_PER_ASK = 3
SIGNALS_FOR_AN_OFFER = 2
HISTORY_BEFORE = timedelta(days=14)
OPEN_STATUSES = ("draft", "pending_approval", "approved", "sending")
WAITING_STATUSES = ("approved", "sending")


def channel_of(platform: str) -> str:
    """Whose ceiling a platform's sends count against."""
    return {"linkedin": "linkedin", "email": "email_service"}.get(platform, "dm")


def answered_on(platform: str | None, channel: str | None) -> str | None:
    """Where somebody who wrote is answered; None where nobody can be."""
    if platform == "linkedin" or platform in DM_PLATFORMS:
        return platform
    return "email" if channel == "email" else None


def place_words(platform: str) -> str:
    """The platform as a title names it."""
    return "by mail" if platform == "email" else f"on {platform}"


def pause_name(platform: str) -> str:
    """The channel a block on this platform closes; for direct messages only the platform that complained."""
    return channel_of(platform) if platform in ("linkedin", "email") else f"dm_{platform}"


def most_chars(action: str, platform: str) -> int:
    """Characters a draft may have: what the platform takes, and what anybody reads."""
    if action == "connect":
        return MOST_CHARS["connect"]
    return min(READABLE_CHARS, MOST_CHARS.get(platform, READABLE_CHARS))


def most_chars_sent(action: str, platform: str) -> int:
    """What the platform takes at all: the owner's own words may be longer than a draft's."""
    return MOST_INVITE_PAID if action == "connect" else MOST_CHARS.get(platform, READABLE_CHARS)


def topic_of(action: str, platform: str) -> str:
    """The topic that sends it."""
    if action == "connect":
        return "linkedin.connect"
    return "linkedin.message" if platform == "linkedin" else "dm.send"


@dataclass(frozen=True)
class Standing:
    """What decides about the next message to a person: the warmth, what was said, what they did."""

    score: float
    status: str
    fit_signals: tuple[str, ...]
    touches_since_ask: int
    has_ever_replied: bool


def lane_of(standing: Standing) -> tuple[Lane, str]:
    """The lane of the next message and why (definitions §2.7b: three value touches per ask, offers only on two signals of fit)."""
    if standing.status == "closed_won":
        return "retention", "already a customer"
    ready = len(standing.fit_signals) >= SIGNALS_FOR_AN_OFFER
    if ready and standing.touches_since_ask >= VALUE_TOUCHES_PER_ASK:
        return "offer", f"{standing.touches_since_ask} value touches and signals: {', '.join(standing.fit_signals)}"
    if standing.score < 40:
        return "re_warm", f"score {standing.score:.0f}, below 40"
    if standing.score < 70:
        return "service", f"score {standing.score:.0f}, 40 to 69"
    return "friendship", f"score {standing.score:.0f}, 70 or more"


def answer_lane(intent: str, fit_signals: Sequence[str]) -> Lane:
    """Whoever asks about it may be told of an offer: their question is the second signal."""
    return "offer" if intent == "lead" and len(fit_signals) >= SIGNALS_FOR_AN_OFFER else "reply"


def next_step_at(step: int, first_at: datetime, last_at: datetime, days: Sequence[int] = FOLLOW_UPS_AFTER_DAYS) -> datetime | None:
    """When follow-up number `step` (1, 2, 3) is due, counted from the first message; None after the last one.

    One that went out late pushes the next: the pause between two is never shorter than planned.
    """
    if step > len(days):
        return None
    pause = days[step - 1] - (0 if step == 1 else days[step - 2])
    return max(first_at + timedelta(days=days[step - 1]), last_at + timedelta(days=pause))


def is_cold(first_at: datetime, now: datetime) -> bool:
    """Whether a silent person is left alone."""
    return now - first_at >= COLD_AFTER


def needs_opt_out(lane: str, *, has_ever_replied: bool, touches: int) -> bool:
    """A commercial message to somebody who never answered says how to end it; so does the first direct message of all."""
    return not has_ever_replied and (lane == "offer" or touches == 0)


def drafts_wanted(target: int, prepared: int, approved_waiting: int) -> tuple[int, str | None]:
    """How many drafts to add, and why fewer than the target."""
    missing = max(0, target - prepared)
    room = max(0, MOST_APPROVED_WAITING - approved_waiting)
    if room < missing:
        return room, f"{approved_waiting} approved messages still wait for the week's ceiling of {MOST_APPROVED_WAITING}"
    return missing, None
