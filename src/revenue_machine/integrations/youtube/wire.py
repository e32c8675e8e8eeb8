"""YouTube's payloads as sent: counts are strings, reports are tables of unnamed rows under named columns."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from pydantic import Field

from revenue_machine.kit.service import Wire

Cell = str | int | Decimal


class ChannelStatistics(Wire):
    """Totals since the channel began; the number of subscribers is rounded by YouTube, or hidden."""

    views: int = Field(alias="viewCount")
    videos: int = Field(alias="videoCount")
    subscribers: int | None = Field(default=None, alias="subscriberCount")
    hides_subscribers: bool = Field(default=False, alias="hiddenSubscriberCount")


class ChannelSnippet(Wire):
    """What the channel is called."""

    title: str


class Channel(Wire):
    """One channel with the parts that were asked for."""

    id: str
    snippet: ChannelSnippet
    statistics: ChannelStatistics


class ChannelList(Wire):
    """No `items` at all when there is no such channel."""

    items: tuple[Channel, ...] = ()


class ColumnHeader(Wire):
    """A column of a report."""

    name: str
    column_type: str = Field(alias="columnType")
    data_type: str = Field(alias="dataType")


class Report(Wire):
    """A table; `rows` is missing when nothing was counted."""

    headers: tuple[ColumnHeader, ...] = Field(alias="columnHeaders")
    rows: tuple[tuple[Cell, ...], ...] = ()


class ChannelNumbers(Wire):
    """How the channel stands as the Data API says."""

    title: str
    subscribers: int | None
    views: int
    videos: int


class Earnings(Wire):
    """A span of days: views, watch time, subscribers won and lost, and estimated earnings in micro-dollars where allowed."""

    start: date
    end: date
    views: int
    watch_minutes: int
    subscribers_gained: int
    subscribers_lost: int
    estimated_micro_usd: int | None


class TopVideo(Wire):
    """One of the most seen videos of a span."""

    video_id: str
    views: int
    watch_minutes: int
