"""Lays the machine's own rows out day by day, as the lift's estimator wants them; pure.

The product sees every signup but not every visit, so signups stand where the estimator says visits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from revenue_machine.domains.attribution.lift import CARRY_OVER_DAYS, ChannelDays, Panel
from revenue_machine.domains.publishing.models import Post
from revenue_machine.kit.clock import local_date

Step = Mapping[str, Any]


@dataclass(frozen=True)
class Calendar:
    """The local days of a test."""

    first: date
    days: int
    zone: ZoneInfo

    def place(self, at: datetime) -> int | None:
        """The number of an instant's day, None outside."""
        number = (local_date(at, self.zone) - self.first).days
        return number if 0 <= number < self.days else None


@dataclass
class _Column:
    """One channel while it is counted."""

    planned: list[int]
    sent: list[int]
    signups: list[int]
    by_age: list[int]
    sales: int = 0
    revenue_micro_usd: int = 0
    assisted: int = 0
    replaceable: float = 0.0


@dataclass
class PanelMaker:
    """Counts posts and steps; `share` is the chance of silence, `users` whom each visitor turned out to be."""

    calendar: Calendar
    share: float
    users: Mapping[str, str]
    columns: dict[str, _Column] = field(default_factory=dict)

    def panel(self, posts: Sequence[Post], steps: Iterable[Step]) -> Panel:
        """Everything counted; steps are clicks, signups and purchases in the order of time."""
        days = self.calendar.days
        went = {post.id: post for post in posts}
        self._take_posts(posts)
        rows = list(steps)
        untracked, direct, unknown = [0] * days, 0, 0
        for one in (row for row in rows if row["event_type"] == "signup"):
            self._take_signup(one, went, untracked)
        clicks = self._clicks(rows)
        signed_up = {row["user_id"]: row["occurred_at"] for row in rows if row["event_type"] == "signup"}
        rate = _signups_per_click(rows)
        for one in (row for row in rows if row["event_type"] == "purchase"):
            direct += one["source_type"] == "direct"
            unknown += one["source_type"] == "unknown"
            self._take_sale(one, clicks.get(one["user_id"], []), signed_up.get(one["user_id"]), rate)
        channels = {
            name: ChannelDays(
                one.planned, one.sent, one.signups, one.by_age, one.sales, one.revenue_micro_usd, one.assisted, one.replaceable
            )
            for name, one in sorted(self.columns.items())
        }
        weekdays = [(self.calendar.first + timedelta(days=number)).weekday() for number in range(days)]
        return Panel(channels, untracked, weekdays, self.share, direct_sales=direct, unknown_sales=unknown)

    def _take_posts(self, posts: Sequence[Post]) -> None:
        days = self.calendar.days
        for post in posts:
            day = self.calendar.place(post.scheduled_at)
            if day is not None:
                fresh = _Column([0] * days, [0] * days, [0] * days, [0] * CARRY_OVER_DAYS)
                column = self.columns.setdefault(post.platform, fresh)
                column.planned[day] += 1
                column.sent[day] += post.sent_at is not None

    def _take_signup(self, step: Step, went: Mapping[str, Post], untracked: list[int]) -> None:
        day, post = self.calendar.place(step["occurred_at"]), went.get(step["post_id"] or "")
        if day is None:
            return
        if post is not None and post.platform in self.columns:
            column = self.columns[post.platform]
            column.signups[day] += 1
            published = self.calendar.place(post.sent_at or post.scheduled_at)
            if published is not None and 0 <= day - published < CARRY_OVER_DAYS:
                column.by_age[day - published] += 1
        elif step["source_type"] in ("direct", "unknown"):
            untracked[day] += 1

    def _clicks(self, rows: Sequence[Step]) -> dict[str, list[tuple[datetime, str]]]:
        """(when, through which network) by user."""
        found: defaultdict[str, list[tuple[datetime, str]]] = defaultdict(list)
        for row in rows:
            user = row["user_id"] or self.users.get(row["visitor_id"] or "")
            if row["event_type"] == "click" and user is not None and row["platform"] in self.columns:
                found[user].append((row["occurred_at"], row["platform"]))
        return found

    def _take_sale(self, step: Step, clicks: Sequence[tuple[datetime, str]], signed_up: datetime | None, rate: float) -> None:
        touch = step["platform"] if step["source_type"] == "organic_post" else None
        if signed_up is not None:
            for name in {platform for at, platform in clicks if at <= signed_up} - {touch}:
                self.columns[name].assisted += 1
        if touch in self.columns:
            column = self.columns[touch]
            later = sum(signed_up is not None and at > signed_up and platform != touch for at, platform in clicks)
            column.sales += 1
            column.revenue_micro_usd += int(step["revenue_micro_usd"])
            column.replaceable += 1 - (1 - rate) ** later


def _signups_per_click(rows: Sequence[Step]) -> float:
    clicks = sum(row["event_type"] == "click" for row in rows)
    signups = sum(row["event_type"] == "signup" and row["source_type"] == "organic_post" for row in rows)
    return min(signups / clicks, 1.0) if clicks else 0.0
