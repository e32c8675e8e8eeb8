"""What of a day is worth keeping as an event: money per month that moved, and winners."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from revenue_machine.domains.feedback import reads as feedback_reads
from revenue_machine.domains.feedback.models import FeedbackPost
from revenue_machine.domains.funnel import reads as funnel_reads
from revenue_machine.domains.memory.models import Memory
from revenue_machine.domains.memory.rules import IMPORTANCE
from revenue_machine.domains.revenue import reads as revenue_reads
from revenue_machine.kit.clock import day_bounds
from revenue_machine.kit.money import show

MOST_WINNERS = 20
SOURCES = ("revcat", "stripe")
WINNER_SOURCE = "feedback.checkbacks"


def of_day(connection: sa.Connection, run_date: date, zone: ZoneInfo) -> list[Memory]:
    """The milestones of a local date."""
    return [*_mrr(connection, run_date), *_phase(connection, run_date), *_winners(connection, run_date, zone)]


def _mrr(connection: sa.Connection, run_date: date) -> Iterator[Memory]:
    """Only fresh numbers of both evenings are compared: an outage moves no money."""
    for source in SOURCES:
        now = _fresh_mrr(connection, source, run_date)
        before = _fresh_mrr(connection, source, run_date - timedelta(days=1))
        if now is None or before is None or now == before:
            continue
        word = "rose" if now > before else "fell"
        yield Memory(
            key=f"mrr/{source}", event_type="milestone", content=f"MRR at {source} {word} from {show(before)} to {show(now)}",
            importance=IMPORTANCE["mrr_change"], source="revenue.snapshot", tags=("mrr", "revenue", source),
            metadata={"before_micro_usd": before, "after_micro_usd": now},
        )  # fmt: skip


def _fresh_mrr(connection: sa.Connection, source: str, day: date) -> int | None:
    seen = revenue_reads.snapshot_at(connection, source, day, "pm")
    if seen is None or seen.is_stale:
        return None
    found = seen.metrics.get("mrr_micro_usd")
    return None if found is None else int(found)


def _phase(connection: sa.Connection, run_date: date) -> Iterator[Memory]:
    """A crossing, or the first phase ever seen."""
    today = funnel_reads.snapshot(connection, run_date)
    if today is None:
        return
    past = funnel_reads.history_before(connection, run_date, 1)
    before = past[-1][1] if past else None
    if before != today["phase"]:
        came = "began" if before is None else f"followed phase {before}"
        yield Memory(
            key="phase", event_type="milestone", content=f"phase {today['phase']} {came}", importance=IMPORTANCE["phase_crossed"],
            source="funnel.snapshot", tags=("phase",), metadata={"before": before, "after": today["phase"]},
        )  # fmt: skip


def _winners(connection: sa.Connection, run_date: date, zone: ZoneInfo) -> Iterator[Memory]:
    start, end = day_bounds(run_date, zone)
    for post in feedback_reads.winners_measured(connection, start, end)[:MOST_WINNERS]:
        names = (post.platform, post.niche, post.hook_category, post.framework, post.classification)
        yield Memory(
            key=f"winner/{post.post_id}", event_type="insight", content=winner_line(post), source=WINNER_SOURCE,
            importance=IMPORTANCE[post.classification or "strong"], tags=("winner", "lesson", *(name for name in names if name)),
            metadata={"post_id": post.post_id},
        )  # fmt: skip


def winner_line(post: FeedbackPost) -> str:
    """A winner by its numbers and dimensions; its words stay where they are."""
    place = f"{post.platform} in {post.niche or 'unknown'}"
    built = f"{post.hook_category or 'unknown'} hook, {post.framework or 'unknown'} framework"
    score = 0.0 if post.engagement_score is None else post.engagement_score
    return f"winner on {place}: {built}, score {score:.1f}, {post.classification} ({post.post_id})"
