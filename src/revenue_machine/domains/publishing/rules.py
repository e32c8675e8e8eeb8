"""Which hours are open to a post, and what a measured post teaches; pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from revenue_machine.domains.publishing.models import Slot
from revenue_machine.kit.clock import local_date

CONFIDENT_POSTS = 10


def open_slots(
    now: datetime, horizon: timedelta, zone: ZoneInfo, taken: Iterable[datetime], *, per_day: int, min_gap: timedelta
) -> list[Slot]:
    """Whole local hours after `now` that keep the platform's gap and daily limit beside what is taken already."""
    used = sorted(taken)
    per_date: dict[object, int] = {}
    for day in (local_date(at, zone) for at in used):
        per_date[day] = per_date.get(day, 0) + 1
    slots = []
    at = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    while at <= now + horizon:
        after = bisect_left(used, at)
        # Of all the taken times only the two neighbours can be too near.
        is_clear = all(abs(at - other) >= min_gap for other in used[max(0, after - 1) : after + 1])
        if is_clear and per_date.get(local_date(at, zone), 0) < per_day:
            slots.append(slot_at(at, zone))
        at += timedelta(hours=1)
    return slots


def slot_at(at: datetime, zone: ZoneInfo) -> Slot:
    """The arm an instant belongs to; weekday 0 is Sunday."""
    local = at.astimezone(zone)
    return Slot(at, (local.weekday() + 1) % 7, local.hour)


def confidence(posts_in_slot: int) -> float:
    """How much is known of an hour, 0..1."""
    return min(1.0, posts_in_slot / CONFIDENT_POSTS)


def with_link(text: str, short_url: str | None) -> str:
    """The post as it goes out: the words, then the link on a line of its own."""
    return text if short_url is None else f"{text.rstrip()}\n\n{short_url}"


def parts_for(platform: str, content_type: str, text: str) -> tuple[str, Sequence[str]]:
    """(first post, further posts): a thread's paragraphs are posts of their own where the platform has threads."""
    if content_type != "thread" or platform not in ("x", "threads"):
        return text, ()
    first, *further = [part.strip() for part in text.split("\n---\n") if part.strip()]
    return first, tuple(further)
