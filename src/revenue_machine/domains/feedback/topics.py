"""Feedback as topics (seed §4.6, §4.10)."""

from __future__ import annotations

from revenue_machine.domains.feedback import reads
from revenue_machine.domains.feedback.feedback_loop import FeedbackLoop
from revenue_machine.domains.feedback.lessons import Teacher
from revenue_machine.domains.feedback.models import (
    CheckbackArgs,
    CheckbackResult,
    ListArgs,
    ListResult,
    PromptResult,
    RegisterArgs,
    RegisterResult,
)
from revenue_machine.engine.database import Database
from revenue_machine.engine.topic import Effect, planned, topic


@topic("feedback.register_post", effect=Effect.WRITES, section="§4.1")
def register_post(args: RegisterArgs, loop: FeedbackLoop) -> RegisterResult:
    """Follow a post: looks at 1, 4 and 24 hours of age.

    Returns: the id it is followed under; `is_new` is false when it was followed already. Our own posts register by themselves.
    Raises: bad_input, not_found, conflict (not published yet).
    """
    return loop.register(args)


@topic("feedback.checkbacks", effect=Effect.WRITES, section="§4.10")
def checkbacks(args: CheckbackArgs, loop: FeedbackLoop) -> CheckbackResult:
    """Look at every post whose time has come, and judge it at the last look.

    Returns: counts; `partial` names platforms that did not answer, whose looks wait an hour. Late looks record their real age.
    Source: definitions §1.7 (classes by percentile of the platform's last 500 posts).
    """
    return loop.sweep(args.age_hours)


@topic("feedback.list_posts", effect=Effect.READS, section="§4.6")
def list_posts(args: ListArgs, database: Database) -> ListResult:
    """List posts with their verdicts, best first.

    Returns: posts by score 0..10 (10 x percentile of the 24 h engagement), unjudged ones last; `money_rank` beside it.
    """
    with database.reading() as connection:
        total, posts = reads.list_posts(connection, args)
    return ListResult(total=total, posts=posts)


@topic("feedback.generate_prompt", effect=Effect.SPENDS, section="§4.10", aliases=("generate_prompt",))
def generate_prompt(teacher: Teacher) -> PromptResult:
    """Let each niche's winners of the last 14 days teach the next batch.

    Returns: how many niches were asked about; winners that have taught already, and niches without winners, cost nothing.
    Raises: budget_exhausted, stopped, the outside_* family when every question failed.
    """
    return teacher.teach()


PLANNED = (
    planned("feedback.analysis", effect=Effect.WRITES, section="§4.10", issue=5),
    planned("feedback.twitter_cycle", effect=Effect.WRITES, section="definitions §0.3", issue=5),
    planned("feedback.universal_cycle", effect=Effect.WRITES, section="§1", issue=5),
    planned("twitter.metrics", effect=Effect.READS, section="definitions §0.3", issue=5),
    planned("metrics.winners", effect=Effect.READS, section="§4.10", issue=5),
    planned("social.collect", effect=Effect.WRITES, section="§4.10", issue=5),
    planned("social.metrics", effect=Effect.READS, section="definitions §0.3", issue=5),
    planned("social.summary", effect=Effect.READS, section="definitions §0.3", issue=5),
)
