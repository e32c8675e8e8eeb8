"""Answers what the lottery of silence has shown: causal credit beside last-touch credit, or that it is too early to tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Literal

import sqlalchemy as sa
from pydantic import Field

from revenue_machine.domains.attribution import reads
from revenue_machine.domains.attribution.lift import ChannelLift, estimate
from revenue_machine.domains.attribution.lift_panel import Calendar, PanelMaker
from revenue_machine.domains.credit.models import DollarNumber
from revenue_machine.domains.publishing.reads import planned_between
from revenue_machine.engine.topic import Args, Result
from revenue_machine.kit.clock import Clock, day_bounds, local_date
from revenue_machine.kit.money import dollars
from revenue_machine.kit.rng import array_rng
from revenue_machine.kit.settings import Settings

_STEPS = ("click", "signup", "purchase")


class LiftArgs(Args):
    """How many whole local days back the lottery is judged over."""

    days: int = Field(default=90, ge=1, le=730)


class ChannelRow(Result):
    """One channel: credit of the last touch, and what its silence showed; intervals hold 90 %, null where the test cannot answer.

    `causal_share` is what to multiply last-touch credit with; `detectable_share` the smallest part of it the test would notice
    four times in five.
    """

    channel: str
    silent_days: int
    last_touch_sales: int
    last_touch_usd: DollarNumber
    causal_share: float | None
    causal_share_low: float | None
    causal_share_high: float | None
    causal_usd: DollarNumber | None
    causal_low_usd: DollarNumber | None
    causal_high_usd: DollarNumber | None
    detectable_share: float | None
    days_needed: int | None


class LiftResult(Result):
    """Verdict over the days judged; `planned_silence` is what the test costs: the share of posts that stay in the drawer."""

    verdict: Literal["answered", "too_early"]
    days: int
    planned_silence: float
    placebo_clear: float | None
    channels: list[ChannelRow]
    note: str


@dataclass(frozen=True)
class LiftDesk:
    """Reads the machine's own rows; writes nothing."""

    settings: Settings
    clock: Clock

    def answer(self, connection: sa.Connection, days: int) -> LiftResult:
        """Judge the lottery over the last whole days since the first planned post."""
        zone, share = self.settings.zone, self.settings.lift.switchback_share
        today = local_date(self.clock.now(), zone)
        start, end = day_bounds(today - timedelta(days=days), zone)[0], day_bounds(today, zone)[0]
        posts = planned_between(connection, start, end)
        if share == 0 or not posts:
            note = "no lottery: REVENUE_LIFT__SWITCHBACK_SHARE is 0" if share == 0 else "nothing was planned in these days"
            return LiftResult(verdict="too_early", days=0, planned_silence=share, placebo_clear=None, channels=[], note=note)
        first = local_date(posts[0].scheduled_at, zone)
        calendar = Calendar(first, (today - first).days, zone)
        steps = reads.steps_between(connection, _STEPS, day_bounds(first, zone)[0], end)
        panel = PanelMaker(calendar, share, reads.users_of_visitors(connection)).panel(posts, steps)
        report = estimate(panel, array_rng(self.settings.seed, "attribution.lift", first.isoformat(), today.isoformat()))
        money = {name: one.revenue_micro_usd for name, one in panel.channels.items()}
        return LiftResult(
            verdict=report.verdict, days=report.days, planned_silence=share, placebo_clear=report.placebo_clear,
            channels=[_row(one, money[one.channel]) for one in report.channels], note=report.note,
        )  # fmt: skip


def _row(one: ChannelLift, last_touch_micro_usd: int) -> ChannelRow:
    low, high = one.causal_share_interval or (None, None)

    def part(share: float | None) -> Decimal | None:
        return None if share is None else dollars(round(last_touch_micro_usd * share))

    return ChannelRow(
        channel=one.channel, silent_days=one.silent_days, last_touch_sales=one.last_touch_sales,
        last_touch_usd=dollars(last_touch_micro_usd), causal_share=one.causal_share, causal_share_low=low,
        causal_share_high=high, causal_usd=part(one.causal_share), causal_low_usd=part(low), causal_high_usd=part(high),
        detectable_share=one.detectable_share, days_needed=one.days_needed,
    )  # fmt: skip
