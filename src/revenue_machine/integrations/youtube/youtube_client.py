"""Questions to YouTube: the channel's totals, what a span of days brought, and its most seen videos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from revenue_machine.integrations.youtube.analytics_line import analytics_line, google_failure
from revenue_machine.integrations.youtube.wire import Cell, ChannelList, ChannelNumbers, Earnings, Report, TopVideo
from revenue_machine.kit.errors import ContractBroken, Failure, OutsideAuthFailed, OutsideRejected
from revenue_machine.kit.money import micro
from revenue_machine.kit.service import ServiceClient

TOP = 10
_COUNTS = ("views", "estimatedMinutesWatched", "subscribersGained", "subscribersLost")


class YouTubeClient(ServiceClient):
    """Reads only; the Data API takes the key, the Analytics API an access token of the channel's owner."""

    service = "youtube"

    def auth_headers(self) -> dict[str, str]:
        return {"x-goog-api-key": self.link.api_key}

    @property
    def channel_id(self) -> str:
        """The owner's channel. Raises: not_configured."""
        return self.link.need("channel_id")

    def channel(self) -> ChannelNumbers:
        """Totals of the channel. Raises: outside_rejected when there is no such channel; outside_*."""
        query = {"part": "snippet,statistics", "id": self.channel_id}
        found = self.get("/youtube/v3/channels", ChannelList, query).items
        if not found:
            raise OutsideRejected(f"YouTube knows no channel {self.channel_id}", field="REVENUE_YOUTUBE__CHANNEL_ID")
        numbers = found[0].statistics
        return ChannelNumbers(
            title=found[0].snippet.title, subscribers=None if numbers.hides_subscribers else numbers.subscribers,
            views=numbers.views, videos=numbers.videos,
        )  # fmt: skip

    def earnings(self, start: date, end: date) -> Earnings:
        """What the days start to end (both included) brought; a channel that is not monetised has no estimate.

        Raises: not_configured (no access token); outside_*.
        """
        counts = self._totals(start, end, _COUNTS)
        try:
            money = self._totals(start, end, ("estimatedRevenue",)).get("estimatedRevenue")
        except OutsideAuthFailed:
            money = None  # the token may read numbers and no money
        return Earnings(
            start=start, end=end, views=int(counts.get("views", 0)), watch_minutes=int(counts.get("estimatedMinutesWatched", 0)),
            subscribers_gained=int(counts.get("subscribersGained", 0)), subscribers_lost=int(counts.get("subscribersLost", 0)),
            estimated_micro_usd=None if money is None else micro(Decimal(str(money))),
        )  # fmt: skip

    def top_videos(self, start: date, end: date) -> list[TopVideo]:
        """The ten most seen videos of a span. Raises: not_configured (no access token); outside_*."""
        metrics = ("views", "estimatedMinutesWatched")
        report = self._report(start, end, metrics, {"dimensions": "video", "sort": "-views", "maxResults": TOP})
        return [
            TopVideo(video_id=str(row["video"]), views=int(row["views"]), watch_minutes=int(row["estimatedMinutesWatched"]))
            for row in _named(report, ("video", *metrics))
        ]

    def _totals(self, start: date, end: date, metrics: Sequence[str]) -> dict[str, Cell]:
        rows = _named(self._report(start, end, metrics, {}), metrics)
        return rows[0] if rows else {}

    def _report(self, start: date, end: date, metrics: Sequence[str], more: Mapping[str, Any]) -> Report:
        query = {
            "ids": f"channel=={self.channel_id}", "startDate": start.isoformat(), "endDate": end.isoformat(),
            "metrics": ",".join(metrics), "currency": "USD", **more,
        }  # fmt: skip
        return analytics_line(self.link).get("/v2/reports", Report, query)

    def rejection(self, status: int, payload: Any) -> Failure | None:
        return google_failure(status, payload)


def _named(report: Report, wanted: Sequence[str]) -> list[dict[str, Cell]]:
    """Rows by column name. Raises: contract_broken when a column that was asked for is missing."""
    names = [header.name for header in report.headers]
    if set(wanted) - set(names) or any(len(row) != len(names) for row in report.rows):
        raise ContractBroken(f"YouTube's report lacks {', '.join(sorted(set(wanted) - set(names))) or 'cells'}")
    return [dict(zip(names, row, strict=True)) for row in report.rows]
