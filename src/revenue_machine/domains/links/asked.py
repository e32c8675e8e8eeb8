"""What the topics of tracking links take and answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from revenue_machine.engine.topic import Args, Result

Word = Annotated[str, Field(min_length=1, max_length=120)]
Grouping = Literal["link", "day", "source", "medium", "referrer", "reason", "post"]


class CreateArgs(Args):
    """A link to make; without UTM values it is tagged `direct_link` / `manual`, and its campaign is the post or the slug."""

    destination_url: str = Field(examples=["https://everreach.example/pro"], max_length=2_048)
    slug: str | None = Field(None, description="2 to 64 of a-z, 0-9, - and _; without it ten signs are made up")
    post_id: Word | None = None
    product: Word | None = None
    utm_source: Word = "direct_link"
    utm_medium: Word = "manual"
    utm_campaign: Word | None = None
    utm_term: Word | None = None
    utm_content: Word = "link"


class LinkRow(Result):
    """A link and what came of it: clicks of people, what the filter took out, people counted once per window of 60 minutes."""

    link_id: str
    slug: str
    short_url: str
    destination_url: str
    post_id: str | None
    product: str | None
    utm_source: str
    utm_medium: str
    utm_campaign: str
    is_disabled: bool
    created_at: datetime
    counted: int = 0
    filtered: int = 0


class CreateResult(Result):
    """The link, and whether there was none like it."""

    link_id: str
    slug: str
    short_url: str
    is_new: bool


class BulkArgs(Args):
    """Links to make together: all of them or none."""

    links: list[CreateArgs] = Field(
        min_length=1, max_length=1_000, examples=[[{"destination_url": "https://everreach.example/pro"}]]
    )


class BulkResult(Result):
    """The links in the order in which they were asked for."""

    made: int
    known: int
    links: list[CreateResult]


class ListArgs(Args):
    """Which links; newest first."""

    post_id: Word | None = None
    product: Word | None = None
    words: str | None = Field(None, max_length=200, description="in slug or destination")
    is_disabled: bool | None = None
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0)


class ListResult(Result):
    """Links with their counts."""

    total: int
    links: list[LinkRow]


class SwitchArgs(Args):
    """Which link."""

    slug: str = Field(examples=["spring-sale"])


class SwitchResult(Result):
    """How the link stands, and whether that is new."""

    slug: str
    is_disabled: bool
    changed: bool


class ClicksArgs(Args):
    """Which clicks, how they are grouped, and within how many minutes a visitor counts once per link."""

    slug: str | None = None
    post_id: Word | None = None
    product: Word | None = None
    since: datetime | None = None
    until: datetime | None = None
    by: Grouping = "link"
    window_minutes: int = Field(60, ge=1, le=44_640)
    limit: int = Field(100, ge=1, le=1_000)


class ClickRow(Result):
    """One group: clicks of people, of whom `unique` in their windows and `visitors` in all; and what the filter took out."""

    name: str
    counted: int
    unique: int
    visitors: int
    filtered: int


class ClicksResult(Result):
    """Sums and groups, the largest first; `reasons`: why clicks were filtered; `waiting_bytes` lie on this machine's disk."""

    counted: int
    unique: int
    visitors: int
    filtered: int
    reasons: dict[str, int]
    window_minutes: int
    rows: list[ClickRow]
    waiting_bytes: int
    torn_bytes: int


class RefilterArgs(Args):
    """Which version judges (none: the newest), over which clicks; `preview` changes nothing."""

    version: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    preview: bool = False


class RefilterResult(Result):
    """What the filter says now: how many were looked at, and which way they changed; old ones without facts stay as they are."""

    version: int
    judged: int
    changed: int
    to_counted: int
    to_filtered: int
    without_facts: int
    counted_before: int
    counted_after: int
    reasons: dict[str, int]
