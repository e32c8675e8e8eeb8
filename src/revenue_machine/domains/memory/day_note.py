"""Composes the note of a day from what the other domains know; the same facts give the same bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from revenue_machine.domains.credit import reads as credit_reads
from revenue_machine.domains.feedback import reads as feedback_reads
from revenue_machine.domains.funnel import reads as funnel_reads
from revenue_machine.domains.memory import milestones, reads
from revenue_machine.domains.memory.store import event_id
from revenue_machine.domains.publishing import reads as publishing_reads
from revenue_machine.domains.revenue import reads as revenue_reads
from revenue_machine.domains.routine import reads as routine_reads
from revenue_machine.domains.routine.models import Status
from revenue_machine.kit.clock import day_bounds
from revenue_machine.kit.money import show

BEST_POSTS = 5
_QUIET = (Status.OK, Status.NOT_CONFIGURED)


def compose(connection: sa.Connection, run_date: date, zone: ZoneInfo) -> str:
    """The note of a local date as Markdown."""
    sections = (
        ("Routine", _routine(connection, run_date)),
        ("Posts", _posts(connection, run_date, zone)),
        ("Verdicts", _verdicts(connection, run_date, zone)),
        ("Money", _money(connection, run_date)),
        ("Events", _events(connection, run_date, zone)),
    )
    parts = [f"# {run_date.isoformat()}"]
    for title, lines in sections:
        parts.append(f"## {title}\n\n" + "\n".join(f"- {line}" for line in list(lines) or ["nothing"]))
    return "\n\n".join(parts) + "\n"


def _routine(connection: sa.Connection, run_date: date) -> Iterator[str]:
    calls = routine_reads.calls_of(connection, run_date)
    counts = Counter(one.status.value for one in calls)
    if counts:
        yield ", ".join(f"{status} {count}" for status, count in sorted(counts.items()))
    for one in calls:
        if one.status not in _QUIET:
            yield f"step {one.step} {one.topic}: {one.status.value}{f' ({one.reason})' if one.reason else ''}"


def _posts(connection: sa.Connection, run_date: date, zone: ZoneInfo) -> Iterator[str]:
    start, end = day_bounds(run_date, zone)
    published = publishing_reads.published_by_platform(connection, start, end)
    if published:
        yield f"published {sum(published.values())}: " + ", ".join(f"{name} {count}" for name, count in published.items())
    for status, count in publishing_reads.counts_between(connection, start, end).items():
        if status != "published":
            yield f"{status} {count}"
    views = feedback_reads.views_between(connection, start, end)
    if views:
        yield f"seen {views} times so far"


def _verdicts(connection: sa.Connection, run_date: date, zone: ZoneInfo) -> Iterator[str]:
    start, end = day_bounds(run_date, zone)
    classes = feedback_reads.classes_count(connection, start, end)
    if classes:
        yield ", ".join(f"{name} {count}" for name, count in classes.items())
    for post in feedback_reads.winners_measured(connection, start, end)[:BEST_POSTS]:
        yield milestones.winner_line(post)


def _money(connection: sa.Connection, run_date: date) -> Iterator[str]:
    money = revenue_reads.money_between(connection, run_date, run_date)
    yield f"revenue {show(money.gross_micro_usd)}, refunds {show(money.refunds_micro_usd)}"
    yield f"after fees and tax {show(money.net_micro_usd)}"
    yield f"models {show(credit_reads.spent_on(connection, run_date))}"
    for source in milestones.SOURCES:
        seen = revenue_reads.snapshot_at(connection, source, run_date, "pm")
        mrr = None if seen is None else seen.metrics.get("mrr_micro_usd")
        if seen is not None and mrr is not None:
            yield f"MRR at {source} {show(mrr)}{' (stale)' if seen.is_stale else ''}"
    funnel = funnel_reads.snapshot(connection, run_date)
    if funnel is not None:
        yield f"phase {funnel['phase']}, paying users {'unknown' if funnel['paying_users'] is None else funnel['paying_users']}"


def _events(connection: sa.Connection, run_date: date, zone: ZoneInfo) -> Iterator[str]:
    """What was recorded, and the milestones that are recorded after this note; winners stand above already."""
    rows = [(-row["importance_score"], row["id"], row) for row in reads.events_of(connection, run_date)]
    known = {row_id for _, row_id, _ in rows}
    for one in milestones.of_day(connection, run_date, zone):
        row_id = event_id(run_date, one.key)
        if row_id not in known:
            rows.append((-one.importance, row_id, one.model_dump()))
    for _, _, row in sorted(rows, key=lambda row: row[:2]):
        if row["source"] != milestones.WINNER_SOURCE:
            label = " (outside)" if row["provenance"] == "outside" else ""
            yield f"{row['event_type']}{label}: {row['content']}"
