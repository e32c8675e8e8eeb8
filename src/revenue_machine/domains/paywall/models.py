"""What a paywall test is made of, and what the topics of Superwall take and answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from revenue_machine.domains.credit.models import DollarNumber
from revenue_machine.engine.topic import Args, Result

State = Literal[
    "found", "testing", "shipping", "awaiting", "shipped", "measuring", "closing", "undoing", "undo_awaiting", "ended"
]  # fmt: skip
Phase = Literal["test", "measure"]
VariantStatus = Literal["running", "winner", "loser", "inconclusive", "applied"]


@dataclass(frozen=True)
class Arm:
    """Cumulative counts of one variant: people who met its paywall, and what they did; money in micro-dollars, refunds taken off.

    `matured_*` are of trials that had time to end, `revenue_micro_usd` what all assigned people are worth once the rest has.
    """

    name: str
    variant_id: str
    users: int = 0
    opens: int = 0
    conversions: int = 0
    trials: int = 0
    subscriptions: int = 0
    proceeds_micro_usd: int = 0
    matured_trials: int = 0
    matured_subscriptions: int = 0
    matured_proceeds_micro_usd: int = 0

    def hits(self, metric: str) -> int:
        """What counts as a success: trial starts or purchases; never more than there were people."""
        return min(self.users, self.trials if metric == "trial_starts" else self.conversions)


@dataclass(frozen=True)
class Shown:
    """One variant of a running experiment as the campaign has it; `share` of the people who see any paywall."""

    name: str
    variant_id: str
    paywall_id: str | None
    share: float
    since: datetime | None


@dataclass(frozen=True)
class Found:
    """One experiment that charts know, as the campaign runs it now; `trouble` says why it is no fair test.

    `holdouts` are variants that show no paywall: nobody in them is an arm's.
    """

    application_id: str
    vendor_experiment_id: str
    campaign_id: str | None
    placement: str | None
    variants: tuple[Shown, ...]
    trouble: str | None = None
    holdouts: tuple[str, ...] = ()

    @property
    def split(self) -> dict[str, float]:
        """Share by name."""
        return {one.name: one.share for one in self.variants}


@dataclass(frozen=True)
class Decision:
    """What the book said when it said ship or roll back, as the task and the memory quote it."""

    verdict: str
    winner: str
    relative: float | None
    absolute: float | None
    interval: tuple[float, float] | None
    p_value: float | None
    users: int
    days: int
    on_date: str
    waiting_usd: str | None

    def as_dict(self) -> dict[str, Any]:
        """As the loop's row keeps it."""
        return {
            "verdict": self.verdict, "winner": self.winner, "relative": self.relative, "absolute": self.absolute,
            "interval": None if self.interval is None else list(self.interval), "p_value": self.p_value, "users": self.users,
            "days": self.days, "on_date": self.on_date, "waiting_usd": self.waiting_usd,
        }  # fmt: skip


class AppArgs(Args):
    """Which product; all when not said."""

    product: str | None = Field(None, max_length=64, examples=["everreach_pro"])


class PaywallView(Result):
    """One paywall in Superwall and what runs on it."""

    paywall_id: str
    application_id: str
    product: str | None
    identifier: str
    name: str
    status: str
    sells: list[str]
    shown_as: list[str]


class PaywallsResult(Result):
    """The paywalls of the owner's apps; `notes` name apps that belong to no product of the owner's file."""

    total: int
    paywalls: list[PaywallView]
    notes: list[str]


class RankedVariant(Result):
    """One variant among its siblings, best conversion first; rates are 0..1, `significance` the p-value against the control."""

    rank: int | None
    product: str
    experiment_id: str
    vendor_experiment_id: str
    variant_id: str
    name: str
    status: VariantStatus
    is_control: bool
    impressions: int
    users: int
    conversions: int
    trials: int
    revenue_usd: DollarNumber
    conversion_rate: float | None
    significance: float | None
    as_of: date | None


class MoneyCheck(Result):
    """Charts against webhooks for the same complete days of one app; `words` says it when they disagree."""

    application_id: str
    product: str
    since: date
    until: date
    charts_usd: DollarNumber
    webhooks_usd: DollarNumber | None
    agrees: bool | None
    words: str


class MetricsResult(Result):
    """What charts say now, ranked; `requests` is how often Superwall was asked for it."""

    as_of: date
    experiments: int
    new: int
    requests: int
    variants: list[RankedVariant]
    money: list[MoneyCheck]
    notes: list[str]


class AbTestArgs(Args):
    """One experiment by its id, or everything that waits; `control` names the variant that was there before, until it is opened."""

    experiment_id: str | None = Field(None, max_length=80, examples=["exp_aaaaaaaaaaaaaaaa"])
    control: str | None = Field(None, max_length=80)


class LoopView(Result):
    """Where one paywall test stands, and what happens next."""

    experiment_id: str
    vendor_experiment_id: str
    product: str
    state: State
    control: str
    winner: str | None
    split: dict[str, float]
    since: date | None
    measure_since: date | None
    delegation_id: str | None
    outcome: str | None
    effect_relative: float | None
    interval: list[float] | None
    words: str
    trouble: str | None
    memory_id: str | None
    ended_at: AwareDatetime | None


class AbTestResult(Result):
    """How many steps were taken, and the tests they were about; without any, the newest twenty."""

    steps: int
    open: int
    experiments: list[LoopView]


class HookArgs(Args):
    """A stored webhook to put back in line; without it, everything that waits is read."""

    hook_id: int | None = None


class ToldEvent(Result):
    """One sale, renewal, refund or change a webhook told; webhooks name no paywall, experiment or variant."""

    event_id: str
    kind: str
    application_id: str
    product_id: str | None
    proceeds_usd: DollarNumber
    is_sandbox: bool
    occurred_at: AwareDatetime


class HookResult(Result):
    """Webhooks of Superwall: read now, kept in all, still waiting, given up, and the newest ones."""

    handled: int
    kept: int
    waiting: int
    dead: int
    newest: list[ToldEvent]


LoopRow = Mapping[str, Any]
