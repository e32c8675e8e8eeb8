"""Writes jobs, scores, proposals and outcomes; each by its natural key, so that a repeated call changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.owner.models import ServiceProfile
from revenue_machine.domains.upwork import rules
from revenue_machine.domains.upwork.models import Job
from revenue_machine.domains.upwork.reads import given_back_ids, job_of, known_ids
from revenue_machine.domains.upwork.rules import Outcomes
from revenue_machine.domains.upwork.tables import JOBS, SEEN
from revenue_machine.engine.database import Database
from revenue_machine.engine.forgetting import Markers
from revenue_machine.engine.ledger import Entry, Ledger
from revenue_machine.kit.db import change
from revenue_machine.kit.ids import make_id
from revenue_machine.kit.money import show

CHUNK = 500
_SEEN = (
    "title", "budget_micro_usd", "job_type", "hourly_min_micro_usd", "hourly_max_micro_usd", "level", "description", "skills",
    "proposals", "url", "external_id", "posted_at", "connects",
)  # fmt: skip
_JUDGED = (
    "status", "score", "known_points", "score_breakdown", "scored_for", "connects_cost", "expected_value_micro_usd", "lost_reason",
)  # fmt: skip
# A row is the machine's to judge until it became a proposal.
_UNJUDGED = JOBS.c.status.in_(("found", "scored")) | ((JOBS.c.status == "skipped") & JOBS.c.approval_id.is_(None))


@dataclass(frozen=True)
class Judge:
    """Everything a score is made with; without a profile nothing is scored."""

    profile: ServiceProfile | None
    outcomes: Mapping[int, Outcomes]
    now: datetime
    day: date

    def columns(self, job: Job) -> dict[str, Any]:
        """Status, score, breakdown and worth as the row keeps them."""
        blank: dict[str, Any] = dict.fromkeys(_JUDGED) | {"known_points": 0, "connects_cost": rules.connects_for(job)}
        if self.profile is None:
            return blank | {"status": "found"}
        score = rules.score_of(job, self.profile, self.now)
        worth = rules.worth_of(job, score, self.profile, self.outcomes, self.day)
        verdict = rules.verdict(score)
        return blank | {
            "status": "skipped" if verdict == "skip" else "scored" if score.value is not None else "found",
            "score": score.value, "known_points": score.known_points, "expected_value_micro_usd": worth.expected_micro_usd,
            "score_breakdown": score.as_dict() | {"verdict": verdict, "worth": worth.words},
            "scored_for": rules.scored_for(self.profile), "lost_reason": "; ".join(score.breaks) or None,
        }  # fmt: skip


@dataclass(frozen=True)
class Stored:
    """Jobs never seen before, known ones, and how many of those kept now were scored or ruled out."""

    new: int = 0
    known: int = 0
    scored: int = 0
    skipped: int = 0


@dataclass(frozen=True)
class Received:
    """One payment for a contract; `payment` is the owner's name for it."""

    amount_micro_usd: int
    payment: str
    at: datetime


def put_jobs(connection: sa.Connection, database: Database, jobs: Sequence[Job], judge: Judge, *, refresh: bool = False) -> Stored:
    """Keep jobs not seen before, the first of two with one key; with `refresh` a known listing takes its new figures."""
    distinct: dict[str, Job] = {}
    for job in jobs:
        distinct.setdefault(job.job_id, job)
    known = known_ids(connection, list(distinct))
    rows = [_row(job, judge) for job_id, job in distinct.items() if job_id not in known]
    for start in range(0, len(rows), CHUNK):
        database.put(connection, JOBS, rows[start : start + CHUNK], ["job_id"])
    if refresh:
        for job_id in sorted(known):
            _refresh(connection, distinct[job_id], judge)
    new = len(rows) - len(given_back_ids(connection, [row["job_id"] for row in rows]))
    counts = [row["status"] for row in rows]
    return Stored(new, len(jobs) - new, counts.count("scored"), counts.count("skipped"))


def _row(job: Job, judge: Judge) -> dict[str, Any]:
    seen = {name: getattr(job, name) for name in _SEEN} | {"skills": list(job.skills), "client": job.client.facts()}
    nothing = dict.fromkeys(
        (
            "proposal_text",
            "contract_value_micro_usd",
            "approval_id",
            "hand_task_id",
            "model",
            "drafted_at",
            "submitted_at",
            "decided_at",
        )
    )
    return {
        "id": make_id("upj", job.job_id), "job_id": job.job_id, **seen, **nothing, **judge.columns(job), "source": job.source,
        "import_file": job.import_file, "import_row": job.import_row, "seen_at": judge.now, "created_at": judge.now,
        "updated_at": judge.now,
    }  # fmt: skip


def _refresh(connection: sa.Connection, job: Job, judge: Judge) -> None:
    seen = {name: getattr(job, name) for name in _SEEN} | {"skills": list(job.skills), "client": job.client.facts()}
    mine = JOBS.c.job_id == job.job_id
    found_again = {"seen_at": judge.now, "external_id": job.external_id, "url": job.url}
    connection.execute(JOBS.update().where(mine).values(**found_again))
    # What came from a file is the owner's own and stays; a listing that was lent takes its new figures.
    lent = sa.and_(mine, JOBS.c.source == "api", _UNJUDGED)
    connection.execute(JOBS.update().where(lent).values(**seen, **judge.columns(job), updated_at=judge.now))


def rescore(connection: sa.Connection, judge: Judge) -> int:
    """Judge again what was judged by other rules, for another profile, or ages; returns how many rows."""
    if judge.profile is None:
        return 0
    is_old = JOBS.c.scored_for.is_(None) | (JOBS.c.scored_for != rules.scored_for(judge.profile)) | JOBS.c.posted_at.is_not(None)
    found = connection.execute(sa.select(JOBS).where(_UNJUDGED, is_old).order_by(JOBS.c.id)).mappings().all()
    changes = [{"row_id": row["id"], "at": judge.now, **_bound(judge.columns(job_of(row)))} for row in found]
    if changes:
        values = {name: sa.bindparam(f"new_{name}", type_=JOBS.c[name].type) for name in _JUDGED}
        judged = JOBS.update().where(JOBS.c.id == sa.bindparam("row_id"))
        connection.execute(judged.values(**values, updated_at=sa.bindparam("at", type_=JOBS.c.updated_at.type)), changes)
    return len(changes)


def _bound(columns: Mapping[str, Any]) -> dict[str, Any]:
    return {f"new_{name}": value for name, value in columns.items()}


def forget_lent(connection: sa.Connection, database: Database, now: datetime) -> int:
    """Drop what Upwork lent for a day and nobody proposed for; refused ones keep only their key."""
    old = sa.and_(JOBS.c.source == "api", JOBS.c.seen_at <= now - rules.LENT_FOR)
    dropped = connection.execute(sa.select(JOBS.c.job_id).where(old, _UNJUDGED).order_by(JOBS.c.job_id)).scalars().all()
    for start in range(0, len(dropped), CHUNK):
        rows = [{"job_id": one, "given_back_at": now} for one in dropped[start : start + CHUNK]]
        database.put(connection, SEEN, rows, ["job_id"])
    gone = connection.execute(JOBS.delete().where(old, _UNJUDGED)).rowcount
    refused = (JOBS.c.status == "skipped") & JOBS.c.approval_id.is_not(None) & JOBS.c.description.is_not(None)
    connection.execute(JOBS.update().where(old, refused).values(description=None, client={}))
    return gone


def move(connection: sa.Connection, row: Mapping[str, Any], after: str, now: datetime, **changes: Any) -> bool:
    """Move a job on where the transition table allows it; False when it does not or the row is elsewhere by now."""
    if not rules.may_move(row["status"], after):
        return False
    here = {"id": row["id"], "status": row["status"]}
    return change(connection, JOBS, here, {"status": after, "updated_at": now, **changes}) > 0


def note(connection: sa.Connection, row_id: str, now: datetime, **changes: Any) -> None:
    """Write something down about a job without moving it."""
    change(connection, JOBS, {"id": row_id}, {"updated_at": now, **changes})


def submit(connection: sa.Connection, ledger: Ledger, row: Mapping[str, Any], now: datetime, day: date) -> bool:
    """The owner sent the proposal: the row moves and its connects are booked, both once."""
    if not move(connection, row, "submitted", now, submitted_at=now):
        return False
    price = rules.connect_price_micro_usd(day)
    connects = int(row["connects_cost"])
    return ledger.book(
        connection,
        Entry(
            key=f"upwork/{row['id']}/connects", kind="connects", service="upwork", amount_micro_usd=-connects * price,
            cause_type="upwork_job", cause_id=row["id"], occurred_at=now, item_id=row["id"],
            units={"connects": connects, "is_estimate": row["connects"] is None},
            price_version=f"upwork-connects/{show(price)}@{rules.CONNECT_PRICES[-1][0].isoformat()}",
        ),
    )  # fmt: skip


def book_received(connection: sa.Connection, ledger: Ledger, row: Mapping[str, Any], received: Received) -> bool:
    """Money the owner says arrived for a won contract, once per named payment; it belongs to no product."""
    return ledger.book(
        connection,
        Entry(
            key=f"upwork/{row['id']}/payment/{received.payment}", kind="revenue", service="upwork",
            amount_micro_usd=received.amount_micro_usd, cause_type="upwork_job", cause_id=row["id"],
            occurred_at=received.at, item_id=row["id"],
        ),
    )  # fmt: skip


def forget(connection: sa.Connection, marks: Markers) -> tuple[list[str], int]:
    """(questions about proposals to this person, jobs emptied); a job is theirs when any text of it names them."""
    words = ("title", "description", "client", "proposal_text", "lost_reason")
    query = sa.select(JOBS.c.id, JOBS.c.approval_id, *(sa.cast(JOBS.c[name], sa.Text) for name in words)).order_by(JOBS.c.id)
    named = [row for row in connection.execute(query) if marks.found_in("\n".join(text for text in row[2:] if text))]
    blank: dict[str, Any] = {
        "title": "[forgotten]",
        "description": None,
        "client": {},
        "proposal_text": None,
        "lost_reason": None,
        "url": None,
    }
    for row in named:
        connection.execute(JOBS.update().where(JOBS.c.id == row[0]).values(**blank))
    return [str(row[1]) for row in named if row[1] is not None], len(named)
