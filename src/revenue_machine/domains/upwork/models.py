"""What a job is, what its score is made of, and the inputs and answers of the upwork topics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from revenue_machine.domains.credit.models import DollarNumber
from revenue_machine.engine.topic import Args, Result

JobType = Literal["fixed", "hourly", "unknown"]
Status = Literal[
    "found", "scored", "drafted", "approved", "submitted", "interviewing", "won", "lost", "no_response", "skipped"
]  # fmt: skip
Verdict = Literal["apply", "maybe", "pass", "skip"]


@dataclass(frozen=True)
class Client:
    """What is known of who asks; None is unknown, never zero."""

    is_payment_verified: bool | None = None
    spent_micro_usd: int | None = None
    hires: int | None = None
    rating: float | None = None
    country: str | None = None
    name: str | None = None

    def facts(self) -> dict[str, Any]:
        """Only what is known, for the row."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class Job:
    """A job as it was seen; `job_id` is its natural key, money in micro-dollars, None is unknown.

    `external_id` is the number Upwork uses for the same job where it speaks of proposals.
    """

    job_id: str
    title: str
    job_type: JobType = "unknown"
    budget_micro_usd: int | None = None
    hourly_min_micro_usd: int | None = None
    hourly_max_micro_usd: int | None = None
    level: str | None = None
    description: str | None = None
    skills: tuple[str, ...] = ()
    client: Client = field(default_factory=Client)
    proposals: int | None = None
    posted_at: datetime | None = None
    url: str | None = None
    connects: int | None = None
    external_id: str | None = None
    source: str = "import"
    import_file: str | None = None
    import_row: int | None = None


@dataclass(frozen=True)
class ScorePart:
    """One part of a score: points of a most, why; `points` None is no data."""

    name: str
    most: int
    points: float | None
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """The part as the row keeps it."""
        return dict(vars(self))


@dataclass(frozen=True)
class Score:
    """`value` 0..100 over the parts that have data (`known_points` of 100); None when none has."""

    value: float | None
    known_points: int
    parts: tuple[ScorePart, ...]
    breaks: tuple[str, ...] = ()

    @property
    def careful(self) -> float:
        """The score with every unknown part counted as half: what the odds are read from, so that ignorance never pays."""
        return sum(one.most / 2 if one.points is None else one.points for one in self.parts)

    def part(self, name: str) -> ScorePart:
        """The part of that name."""
        return next(one for one in self.parts if one.name == name)

    def as_dict(self) -> dict[str, Any]:
        """The breakdown as the row keeps it."""
        return {
            "known_points": self.known_points, "careful": round(self.careful, 1),
            "parts": [one.as_dict() for one in self.parts], "breaks": list(self.breaks),
        }  # fmt: skip


@dataclass(frozen=True)
class Worth:
    """What a proposal is worth: p(win) × value − connects − minutes; `words` shows the sum, `value` None is unknown."""

    expected_micro_usd: int | None
    p_win_ppm: int
    value_micro_usd: int | None
    connects: int
    is_connects_known: bool
    words: str


class SearchArgs(Args):
    """`stored` looks at what is kept, `live` asks Upwork and keeps nothing; `status` or `with_skipped` widen the list."""

    source: Literal["stored", "live"] = "stored"
    query: str | None = Field(None, max_length=200, examples=["react dashboard"])
    order: Literal["score", "lowest_score", "expected_value", "newest"] = "score"
    status: Status | None = None
    with_skipped: bool = False
    limit: int = Field(10, ge=1, le=200)


class FoundJob(Result):
    """One job as a person reads it; `score_line` is the score in one line."""

    job_id: str
    title: str
    status: str
    url: str | None
    job_type: str
    budget_usd: DollarNumber | None
    hourly_usd: tuple[DollarNumber, DollarNumber] | None
    level: str | None
    skills: tuple[str, ...]
    score: float | None
    known_points: int
    verdict: str
    score_line: str
    breakdown: tuple[Mapping[str, Any], ...]
    breaks: tuple[str, ...]
    expected_value_usd: DollarNumber | None
    posted_at: datetime | None


class SearchResult(Result):
    """Jobs in the asked order; `total` before the limit."""

    total: int
    jobs: list[FoundJob]


class ScanResult(Result):
    """What the morning's look brought; `reason` says why there are fewer proposals than wanted."""

    searches: int
    new_jobs_found: int
    known_jobs: int
    scored: int
    skipped: int
    forgotten: int
    top_job_score: float | None
    top_jobs: list[FoundJob]
    drafted: int
    proposals_today: int
    wanted: int
    notes: list[str]
    reason: str | None = None


class ProposeArgs(Args):
    """The job, and the owner's own words if the machine is not to write them."""

    job_id: str = Field(min_length=1, max_length=200, examples=["~021992000000000000001"])
    text: str | None = Field(None, max_length=5000)


class ProposeResult(Result):
    """Where the proposal stands: `drafted` waits for a yes, `approved` lies ready to be sent by hand."""

    job_id: str
    status: str
    approval_id: str | None
    hand_task_id: str | None = None
    text: str | None = None
    words: int = 0
    attempts: int = 0


class TrackArgs(Args):
    """Without a job, ask Upwork; with one, the owner says what became of it or what was paid (`payment` names the payment)."""

    job_id: str | None = None
    outcome: Literal["submitted", "interviewing", "won", "lost", "no_response"] | None = None
    contract_value_usd: str | None = Field(None, pattern=r"^\d{1,7}(\.\d{1,6})?$", examples=["2000"])
    received_usd: str | None = Field(None, pattern=r"^\d{1,7}(\.\d{1,6})?$", examples=["500"])
    payment: str | None = Field(None, min_length=1, max_length=80, examples=["milestone-1"])
    reason: str | None = Field(None, max_length=500)


class TrackResult(Result):
    """How many proposals moved, and to what."""

    looked_at: int
    moved: int
    booked: int
    by_status: dict[str, int]
    notes: list[str]


class Rate(Result):
    """How one group of decided proposals did; `p_win` is what is expected of the next one."""

    group: str
    decided: int
    won: int
    win_rate: float | None
    p_win: float | None = None


class StatsResult(Result):
    """Counts, win rates, money in and out."""

    by_status: dict[str, int]
    by_score_band: list[Rate]
    by_feature: list[Rate]
    connects: int
    connects_usd: DollarNumber
    contract_value_usd: DollarNumber
    revenue_usd: DollarNumber


class RecentProposal(Result):
    """One proposal of the last days."""

    job_id: str
    title: str
    status: str
    score: float | None
    drafted_at: datetime
    url: str | None


class StatusResult(Result):
    """What is watched, what was proposed lately, and whether Upwork can be asked."""

    job_watches: list[str]
    recent_proposals: list[RecentProposal]
    health: str
    last_seen_at: datetime | None
    jobs: int
    waiting_for_you: int
