"""Typed questions about jobs and proposals; nothing here writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.upwork.models import Client, FoundJob, Job, RecentProposal
from revenue_machine.domains.upwork.rules import DECIDED, ENOUGH_POINTS, SENT, Outcomes, band_of
from revenue_machine.domains.upwork.tables import JOBS, SEEN
from revenue_machine.engine.tables import APPROVALS, LEDGER
from revenue_machine.kit.money import dollars

CHUNK = 500
LESSONS = 5
_ORDERS: Mapping[str, tuple[Any, ...]] = {
    # Well-founded scores stand first: a full score over one known part says less than a good one over three.
    "score": (JOBS.c.score.is_(None), JOBS.c.known_points < ENOUGH_POINTS, JOBS.c.score.desc(), JOBS.c.known_points.desc()),
    "lowest_score": (JOBS.c.score.is_(None), JOBS.c.score, JOBS.c.known_points.desc()),
    "expected_value": (JOBS.c.expected_value_micro_usd.is_(None), JOBS.c.expected_value_micro_usd.desc()),
    "newest": (JOBS.c.posted_at.is_(None), JOBS.c.posted_at.desc()),
}
_TIMES = ("drafted", "approved", *SENT)


def job_of(row: Mapping[Any, Any]) -> Job:
    """The job of a row as the rules see it."""
    return Job(
        job_id=row["job_id"], title=row["title"], job_type=row["job_type"], budget_micro_usd=row["budget_micro_usd"],
        hourly_min_micro_usd=row["hourly_min_micro_usd"], hourly_max_micro_usd=row["hourly_max_micro_usd"], level=row["level"],
        description=row["description"], skills=tuple(row["skills"]), client=Client(**row["client"]), proposals=row["proposals"],
        posted_at=row["posted_at"], url=row["url"], connects=row["connects"], external_id=row["external_id"], source=row["source"],
        import_file=row["import_file"], import_row=row["import_row"],
    )  # fmt: skip


def shown(row: Mapping[Any, Any]) -> FoundJob:
    """The job of a row as a person reads it."""
    breakdown = row["score_breakdown"] or {"parts": [], "breaks": [], "known_points": 0, "verdict": "pass"}
    low, high = row["hourly_min_micro_usd"], row["hourly_max_micro_usd"]
    expected = row["expected_value_micro_usd"]
    return FoundJob(
        job_id=row["job_id"], title=row["title"], status=row["status"], url=row["url"], job_type=row["job_type"],
        budget_usd=None if row["budget_micro_usd"] is None else dollars(row["budget_micro_usd"]),
        hourly_usd=None if high is None else (dollars(high if low is None else low), dollars(high)),
        level=row["level"], skills=tuple(row["skills"]), score=row["score"], known_points=breakdown["known_points"],
        verdict=breakdown["verdict"], score_line=_line(row["score"], breakdown), breakdown=tuple(breakdown["parts"]),
        breaks=tuple(breakdown["breaks"]), expected_value_usd=None if expected is None else dollars(expected),
        posted_at=row["posted_at"],
    )  # fmt: skip


def _line(score: float | None, breakdown: Mapping[str, Any]) -> str:
    """`86.4 over 55 of 100 points (no data: client): budget 25.0/25, …`."""
    if score is None:
        return "not scored"
    parts = breakdown["parts"]
    named = ", ".join(f"{one['name']} {one['points']:.1f}/{one['most']}" for one in parts if one["points"] is not None)
    missing = ", ".join(one["name"] for one in parts if one["points"] is None)
    over = f" over {breakdown['known_points']} of 100 points (no data: {missing})" if missing else ""
    return f"{score:.1f}{over}: {named}"


def job(connection: sa.Connection, job_id: str) -> dict[str, Any] | None:
    """The row of a job by its key at Upwork or its own id."""
    query = sa.select(JOBS).where((JOBS.c.job_id == job_id) | (JOBS.c.id == job_id)).order_by(JOBS.c.id).limit(1)
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)


def known_ids(connection: sa.Connection, job_ids: Sequence[str]) -> set[str]:
    """Which of these jobs are kept already."""
    return _among(connection, JOBS.c.job_id, job_ids)


def given_back_ids(connection: sa.Connection, job_ids: Sequence[str]) -> set[str]:
    """Which of these jobs were kept once and given back."""
    return _among(connection, SEEN.c.job_id, job_ids)


def _among(connection: sa.Connection, column: sa.Column[str], job_ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(job_ids), CHUNK):
        chunk = job_ids[start : start + CHUNK]
        found.update(connection.execute(sa.select(column).where(column.in_(chunk))).scalars())
    return found


def listed(
    connection: sa.Connection, *, query: str | None, status: str | None, with_skipped: bool, order: str, limit: int
) -> tuple[int, list[dict[str, Any]]]:
    """(how many match, the first of them); by score, those with half the points known first."""
    wanted = []
    if status is not None:
        wanted.append(JOBS.c.status == status)
    elif not with_skipped:
        wanted.append(JOBS.c.status != "skipped")
    for word in (query or "").lower().split():
        text = sa.func.lower(JOBS.c.title) + " " + sa.func.lower(sa.func.coalesce(JOBS.c.description, ""))
        wanted.append(text.contains(word, autoescape=True))
    total = connection.execute(sa.select(sa.func.count()).select_from(JOBS).where(*wanted)).scalar_one()
    ranked = sa.select(JOBS).where(*wanted).order_by(*_ORDERS[order], JOBS.c.id).limit(limit)
    return int(total), [dict(row) for row in connection.execute(ranked).mappings()]


def candidates(connection: sa.Connection) -> Iterator[dict[str, Any]]:
    """Jobs worth a proposal, best expected value first: scored apply or maybe, reachable by a link, worth more than they cost."""
    query = (
        sa.select(JOBS)
        .where(JOBS.c.status == "scored", JOBS.c.url.is_not(None), JOBS.c.expected_value_micro_usd > 0)
        .order_by(JOBS.c.expected_value_micro_usd.desc(), JOBS.c.id)
    )
    for row in connection.execute(query).mappings():
        if row["score_breakdown"]["verdict"] in {"apply", "maybe"}:
            yield dict(row)


def why_not(connection: sa.Connection) -> dict[str, int]:
    """Jobs that wait but are no candidates, by the first thing against them."""
    counts = {"score too low": 0, "no link to send it to": 0, "worth less than it costs": 0}
    columns = (JOBS.c.url, JOBS.c.expected_value_micro_usd, JOBS.c.score_breakdown)
    for row in connection.execute(sa.select(*columns).where(JOBS.c.status == "scored").order_by(JOBS.c.id)):
        if row[2]["verdict"] not in {"apply", "maybe"}:
            counts["score too low"] += 1
        elif row[0] is None:
            counts["no link to send it to"] += 1
        elif row[1] is None or row[1] <= 0:
            counts["worth less than it costs"] += 1
    return counts


def proposals_between(connection: sa.Connection, start: datetime, end: datetime) -> int:
    """Proposals drafted in [start, end) that stand: waiting for a yes, approved, or sent."""
    mine = sa.and_(JOBS.c.drafted_at >= start, JOBS.c.drafted_at < end, JOBS.c.status.in_(_TIMES))
    return int(connection.execute(sa.select(sa.func.count()).select_from(JOBS).where(mine)).scalar_one())


def recent_proposals(connection: sa.Connection, limit: int = 10) -> list[RecentProposal]:
    """The newest proposals, whatever became of them."""
    query = sa.select(JOBS).where(JOBS.c.drafted_at.is_not(None)).order_by(JOBS.c.drafted_at.desc(), JOBS.c.id).limit(limit)
    return [
        RecentProposal(
            job_id=row["job_id"], title=row["title"], status=row["status"], score=row["score"], drafted_at=row["drafted_at"],
            url=row["url"],
        )
        for row in connection.execute(query).mappings()
    ]  # fmt: skip


def with_status(connection: sa.Connection, *statuses: str) -> list[dict[str, Any]]:
    """Rows in any of these states, by id."""
    query = sa.select(JOBS).where(JOBS.c.status.in_(statuses)).order_by(JOBS.c.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def counts_by_status(connection: sa.Connection) -> dict[str, int]:
    """How many jobs stand where."""
    query = sa.select(JOBS.c.status, sa.func.count()).group_by(JOBS.c.status).order_by(JOBS.c.status)
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def outcomes(connection: sa.Connection) -> dict[int, Outcomes]:
    """Decided proposals per score band, by the careful score the odds are read from."""
    found: dict[int, Outcomes] = {}
    for row in with_status(connection, *DECIDED):
        band = careful_band(row)
        before = found.get(band, Outcomes())
        found[band] = Outcomes(before.decided + 1, before.won + (row["status"] == "won"))
    return found


def careful_band(row: Mapping[str, Any]) -> int:
    """The band of a row's careful score; the lowest for one that was never scored."""
    return band_of((row["score_breakdown"] or {"careful": 0.0})["careful"])


def lessons(connection: sa.Connection) -> list[str]:
    """Why the owner refused proposals lately, newest first, each reason once."""
    query = (
        sa.select(APPROVALS.c.reason)
        .where(APPROVALS.c.topic == "upwork.propose", APPROVALS.c.status == "rejected", APPROVALS.c.reason.is_not(None))
        .order_by(APPROVALS.c.decided_at.desc(), APPROVALS.c.id)
        .limit(LESSONS * 4)
    )
    return list(dict.fromkeys(connection.execute(query).scalars()))[:LESSONS]


def refusal(connection: sa.Connection, approval_id: str) -> str | None:
    """The reason somebody gave with a decision."""
    found: str | None = connection.execute(sa.select(APPROVALS.c.reason).where(APPROVALS.c.id == approval_id)).scalar()
    return found


def last_seen_at(connection: sa.Connection) -> datetime | None:
    """When Upwork last showed us a job."""
    found: datetime | None = connection.execute(sa.select(sa.func.max(JOBS.c.seen_at)).where(JOBS.c.source == "api")).scalar()
    return found


def booked_micro_usd(connection: sa.Connection, kind: str) -> int:
    """What the ledger holds of a kind for Upwork, negative for costs."""
    mine = sa.and_(LEDGER.c.service == "upwork", LEDGER.c.kind == kind)
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.sum(LEDGER.c.amount_micro_usd), 0)).where(mine)).scalar_one())


@dataclass(frozen=True)
class DayCounts:
    """What happened in a span of time."""

    seen: int
    drafted: int
    submitted: int
    connects_micro_usd: int


def day_of(connection: sa.Connection, start: datetime, end: datetime) -> DayCounts:
    """Jobs first seen, drafted and submitted in [start, end), and the connects booked for them."""

    def count(column: sa.Column[Any]) -> int:
        query = sa.select(sa.func.count()).select_from(JOBS).where(column >= start, column < end)
        return int(connection.execute(query).scalar_one())

    booked = sa.select(sa.func.coalesce(sa.func.sum(LEDGER.c.amount_micro_usd), 0)).where(
        LEDGER.c.service == "upwork", LEDGER.c.kind == "connects", LEDGER.c.occurred_at >= start, LEDGER.c.occurred_at < end
    )
    spent = -int(connection.execute(booked).scalar_one())
    return DayCounts(count(JOBS.c.created_at), count(JOBS.c.drafted_at), count(JOBS.c.submitted_at), spent)
