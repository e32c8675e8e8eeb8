"""Inputs and answers of the feedback topics, and a post as it was judged."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from revenue_machine.engine.topic import Args, Result

Platform = Literal["x", "threads", "instagram", "tiktok", "facebook"]
Classification = Literal["viral", "strong", "average", "weak", "flop"]
PromotionStatus = Literal["organic_only", "candidate", "graduated"]
Dimension = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=2000)]


class RegisterArgs(Args):
    """One of our posts by `post_id`, or a post published by hand by `url`, `platform` and `published_at`."""

    post_id: str | None = None
    url: Url | None = None
    platform: Platform | None = None
    published_at: AwareDatetime | None = None
    niche: Dimension | None = None
    content_type: Dimension | None = None
    hook_category: Dimension | None = None
    framework: Dimension | None = None
    offer: Dimension | None = None


class RegisterResult(Result):
    """Under which id the post is followed, and whether that is new."""

    post_id: str
    is_new: bool


class CheckbackArgs(Args):
    """Only the looks of one age, or all."""

    age_hours: Literal[1, 4, 24] | None = None


class PlatformFailure(Result):
    """A platform that did not answer: its looks wait an hour."""

    platform: str
    code: str
    reason: str
    waiting: int


class CheckbackResult(Result):
    """What became of the looks that were due; `partial` when a platform did not answer."""

    taken: int = 0
    missing: int = 0
    waiting: int = 0
    measured: int = 0
    partial: bool = False
    failures: list[PlatformFailure] = Field(default_factory=list)


class ListArgs(Args):
    """Filters; a score filter leaves out posts that are not judged yet. `since` is about publication."""

    min_score: float | None = Field(None, ge=0, le=10)
    promotion_status: PromotionStatus | None = None
    classification: Classification | None = None
    niche: str | None = None
    platform: Platform | None = None
    since: AwareDatetime | None = None
    limit: int = Field(50, ge=1, le=500)


class FeedbackPost(Result):
    """A post with its numbers; `money_rank` is its place by profit among all posts, None without an attributed click or sale."""

    post_id: str
    platform: str
    niche: str | None
    content_type: str | None
    hook_category: str | None
    framework: str | None
    offer: str | None
    url: str
    published_at: AwareDatetime
    views: int | None
    views_24h: int | None
    engagement: float | None
    engagement_score: float | None
    classification: str | None
    promotion_status: str = "organic_only"
    money_rank: int | None = None
    profit_micro_usd: int | None = None


class ListResult(Result):
    """The best first, and how many fit the filters in all."""

    total: int
    posts: list[FeedbackPost]


class PromptResult(Result):
    """How many niches had winners, how many of those were asked about, and how many had taught all they can already."""

    niches: int = 0
    asked: int = 0
    unchanged: int = 0
    failed: int = 0
    cost_micro_usd: int = 0
    guideline_ids: list[str] = Field(default_factory=list)


class Winner(Result):
    """A winner as the model sees it: numbers and names only, never its words."""

    post_id: str
    text_hash: str
    hook_category: str
    framework: str
    score: float


class Guidelines(Result):
    """What a niche's winners taught."""

    id: str
    niche: str
    lines: list[str]
    created_at: AwareDatetime
