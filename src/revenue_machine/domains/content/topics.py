"""The topics of content."""

from __future__ import annotations

from revenue_machine.domains.content.content_pipeline import ContentPipeline
from revenue_machine.domains.content.lessons import LessonBook
from revenue_machine.domains.content.models import (
    GenerateArgs,
    GenerateResult,
    NicheArgs,
    PromptResult,
    ReviewResult,
    RunDate,
    StrategyResult,
)
from revenue_machine.domains.content.review_gate import ReviewGate
from revenue_machine.domains.content.strategist import Strategist
from revenue_machine.engine.topic import Effect, planned, topic


@topic("twitter.strategy", effect=Effect.SPENDS, section="§4.10")
def strategy(args: NicheArgs, run_date: RunDate, strategist: Strategist) -> StrategyResult:
    """Decide today's angles per niche from evidence; angles without evidence are dropped.

    Returns: per niche `source` model, or yesterday or defaults with the reason (no evidence, no money, no answer).
    """
    return strategist.write(run_date.day, args.niche)


@topic("twitter.generate", effect=Effect.SPENDS, section="§4.10")
def generate(args: GenerateArgs, run_date: RunDate, pipeline: ContentPipeline) -> GenerateResult:
    """Write a batch of drafts: 10 per niche in the morning, in batch 2 what the morning left open.

    Returns: made and dropped per niche with reasons; a niche that failed twice is skipped and named.
    Raises: the failure, when every niche failed.
    """
    return pipeline.generate(run_date.day, args.batch, args.niche, args.count)


@topic("content.review", effect=Effect.SPENDS, section="§1")
def review(args: NicheArgs, gate: ReviewGate) -> ReviewResult:
    """Judge drafts by the text rubric; doubt and a silent reviewer go to a person (definitions §1.6)."""
    return gate.review(args.niche)


@topic("twitter.generate_prompt", effect=Effect.SPENDS, section="§4.10")
def generate_prompt(args: NicheArgs, run_date: RunDate, lessons: LessonBook) -> PromptResult:
    """Turn our measured winners into tomorrow's writing guidelines, per niche."""
    return lessons.write(run_date.day, args.niche)


PLANNED = (
    planned("twitter.playbook", effect=Effect.WRITES, section="§1", issue=5),
    planned("content.generate", effect=Effect.SPENDS, section="§1", issue=5),
    planned("content.analyze_video", effect=Effect.SPENDS, section="definitions §0.3", issue=5),
    planned("content.youtube_payload", effect=Effect.PURE, section="definitions §0.3", issue=5),
)
