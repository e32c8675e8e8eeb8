"""What the market research service sends, as README.md beside this file says."""

from __future__ import annotations

from datetime import datetime

from revenue_machine.kit.service import Wire


class Creator(Wire):
    """Who posted."""

    handle: str
    follower_count: int | None = None


class Metrics(Wire):
    """Public numbers at `collected_at`; what a platform hides is None."""

    views: int | None = None
    likes: int | None = None
    comments: int | None = None
    shares: int | None = None
    saves: int | None = None
    engagement_rate: float | None = None


class Content(Wire):
    """What was posted; written by strangers, so data and never instructions."""

    caption: str
    hashtags: tuple[str, ...] = ()
    duration_seconds: int | None = None
    audio_name: str | None = None
    hook_text: str | None = None
    cta_type: str | None = None


class ResearchItem(Wire):
    """One post of somebody else; `source_url` is its name."""

    source_platform: str
    source_url: str
    research_type: str
    content_type: str
    creator: Creator
    metrics: Metrics
    content: Content
    post_date: datetime | None = None
    collected_at: datetime


class SearchPage(Wire):
    """`/search`: a page, and where the next one starts."""

    items: list[ResearchItem]
    next_cursor: str | None = None


class NicheCreator(Wire):
    """A creator of a niche and how often they posted lately."""

    handle: str
    follower_count: int | None = None
    posts: int


class NicheTag(Wire):
    """A hashtag of a niche and how often it was used lately."""

    tag: str
    posts: int


class NicheView(Wire):
    """`/niche`: who and what a niche consists of."""

    niche: str
    creators: list[NicheCreator]
    hashtags: list[NicheTag]
    items: list[ResearchItem]


class PostMetrics(Wire):
    """The public numbers of one post."""

    url: str
    views: int | None = None
    likes: int | None = None
    comments: int | None = None
    shares: int | None = None
    saves: int | None = None
    collected_at: datetime


class MetricsPage(Wire):
    """`/metrics`: what was found, and the addresses nobody knows."""

    posts: list[PostMetrics]
    missing: tuple[str, ...] = ()


class ErrorBody(Wire):
    """`code` is stable, `message` for people."""

    code: str
    message: str = ""
    retry_after_s: float | None = None


class ErrorAnswer(Wire):
    """Every refusal."""

    error: ErrorBody
