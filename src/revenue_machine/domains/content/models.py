"""What content tells others: drafts ready to go; and the inputs and answers of its topics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from pydantic import Field

from revenue_machine.engine.topic import Args, Result


@dataclass(frozen=True)
class ApprovedDraft:
    """A text that passed the gate or a person; `disclosure` says which label its platform wants for what a machine made."""

    id: str
    run_date: date
    slot_key: str
    niche: str
    platform: str
    content_type: str
    hook_category: str
    framework: str
    offer: str | None
    cta: str
    text: str
    text_hash: str
    disclosure: str
    is_ai_made: bool
    review_score: float | None
    created_at: datetime


class NicheArgs(Args):
    """One niche, or all of the owner's."""

    niche: str | None = None


class GenerateArgs(NicheArgs):
    """Batch 1 is the morning's, batch 2 fills what the morning left open; `count` drafts per niche."""

    batch: Literal[1, 2] = 1
    count: int = Field(10, ge=1, le=50)


class NicheStrategy(Result):
    """One niche's strategy: `source` is model, yesterday, defaults; `dropped_claims` had no evidence."""

    niche: str
    source: str
    evidence: int
    angles: list[dict[str, object]]
    avoid: list[str]
    dropped_claims: int = 0
    reason: str | None = None


class StrategyResult(Result):
    """Every niche's strategy of today."""

    niches: int
    from_model: int
    kept: int
    strategies: list[NicheStrategy]


class NicheDrafts(Result):
    """What became of one niche's call; `skipped` says why nothing was asked or came."""

    niche: str
    wanted: int = 0
    made: int = 0
    dropped: int = 0
    existing: int = 0
    attempts: int = 0
    skipped: str | None = None
    reasons: tuple[str, ...] = ()


class GenerateResult(Result):
    """Drafts of one batch."""

    batch: int
    made: int
    dropped: int
    existing: int
    skipped_niches: int
    niches: list[NicheDrafts]


class ReviewResult(Result):
    """Verdicts: `held` waits for a person, `waiting` for money or the end of a stop."""

    reviewed: int
    approved: int
    held: int
    rejected: int
    waiting: int
    retried: int
    reason: str | None = None


class PromptResult(Result):
    """Guidelines for tomorrow; `unmeasured` niches have no winners yet and keep what they had."""

    niches: int
    from_model: int
    from_numbers: int
    unmeasured: int
    guidelines: dict[str, list[str]]


@dataclass(frozen=True)
class RunDate:
    """The local date a call works for."""

    day: date
