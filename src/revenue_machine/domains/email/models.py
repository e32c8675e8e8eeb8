"""Sequences, enrolments, texts and mails as others see them; the inputs and answers of the topics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from revenue_machine.engine.topic import Args, Result

Trigger = Literal["trial_started", "churned", "weekly"]
Kind = Literal["marketing", "transactional"]
Policy = Literal["once", "issue", "person"]


class Step(BaseModel):
    """One mail of a sequence: when after the start, with which text, and how that is approved.

    A weekly step has a `weekday` (0 is Monday) and a `wall` time of the recipient's day instead of a day.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    day: int
    text: str
    policy: Policy
    weekday: int | None = None
    wall: str | None = None


@dataclass(frozen=True)
class Sequence:
    """A row of mails and what starts it."""

    id: str
    name: str
    trigger: Trigger
    kind: Kind
    steps: tuple[Step, ...]
    active: bool

    def step(self, number: int) -> Step | None:
        """The step of that number; a weekly sequence has the same one every week."""
        if self.trigger == "weekly":
            return self.steps[0]
        return next((one for one in self.steps if one.number == number), None)


@dataclass(frozen=True)
class Enrolment:
    """Somebody in a sequence, and when the next thing has to be done about it."""

    id: str
    sequence_id: str
    contact_id: str
    product: str | None
    user_id: str | None
    status: str
    arm: str
    step: int
    anchor_at: datetime
    next_send_at: datetime | None
    next_due_at: datetime | None
    hold_reason: str | None
    exit_reason: str | None
    created_at: datetime


@dataclass(frozen=True)
class Wording:
    """A text a person is asked about or has approved: `body` is plain text with {{ greeting }} and [words](product)."""

    id: str
    name: str
    product: str
    issue: str
    version: str
    source_version: str
    subject: str
    body: str
    layout_hash: str
    because: str
    status: str
    asked: int
    approval_id: str | None
    reason: str | None
    decided_at: datetime | None


@dataclass(frozen=True)
class Send:
    """One mail."""

    id: str
    sequence_id: str
    enrolment_id: str
    contact_id: str
    step_number: int
    subject: str
    status: str
    kind: str
    recipient: str
    template_id: str
    template_version: str
    provider: str
    provider_id: str | None
    owner: str | None
    link_ids: dict[str, str]
    sent_at: datetime | None
    created_at: datetime


@dataclass(frozen=True)
class Letter:
    """A mail as it leaves: subject, both bodies, headers."""

    subject: str
    html: str
    text: str
    headers: dict[str, str]


class SendArgs(Args):
    """How many mails at most."""

    limit: int = Field(1_000, ge=1, le=100_000)


class SendResult(Result):
    """What one look at everything due came to; `held` mails go later, `waiting` ones need an approval first."""

    sent: int
    held: int
    waiting: int
    prepared: int
    ended: int
    failed: int
    unknown: int
    replies: int
    captured: int
    reason: str | None = None


class StatusArgs(Args):
    """One mail by its id; without it, the channel."""

    send_id: str | None = None


class SenderCheck(Result):
    """Whether the sender's domain proves who it is; None where nobody was asked."""

    domain: str | None = None
    spf: bool | None = None
    dkim: bool | None = None
    dmarc: bool | None = None
    problem: str | None = None


class StatusResult(Result):
    """How the mail channel stands, and one mail if it was asked for."""

    provider: str | None
    ready: bool
    reason: str | None
    paused: str | None
    sent_today: int
    per_day: int
    sent_7d: int
    bounced_7d: int
    complained_7d: int
    warning: str | None
    enrolments: dict[str, int]
    texts: dict[str, int]
    sender: SenderCheck
    send: dict[str, Any] | None = None


class ListArgs(Args):
    """Mails of a sequence or person, and what is planned for the days ahead."""

    sequence: str | None = None
    contact: str | None = None
    days: int = Field(14, ge=0, le=90)
    limit: int = Field(50, ge=1, le=1_000)


class Upcoming(Result):
    """One planned mail and why it goes, or what holds it."""

    at: datetime | None
    sequence: str
    step: int
    contact_id: str
    reason: str


class SentMail(Result):
    """One mail that was made."""

    id: str
    sequence: str
    step: int
    contact_id: str
    subject: str
    status: str
    sent_at: datetime | None
    opened_at: datetime | None
    clicked_at: datetime | None


class ListResult(Result):
    """Newest mails first; planned ones by their time."""

    total: int
    sends: list[SentMail]
    upcoming: list[Upcoming]


class StatsArgs(Args):
    """Over how many days back."""

    days: int = Field(30, ge=1, le=3_650)


class StepStats(Result):
    """What became of the mails of one step."""

    sequence: str
    step: int | None
    sent: int
    delivered: int
    opened: int
    clicked: int
    replied: int
    unsubscribed: int
    bounced: int
    complained: int


class LiftStats(Result):
    """A sequence against its hold-out: shares that converted, their difference and its 95 % interval; revenue per person."""

    sequence: str
    treated: int
    treated_converted: int
    held_out: int
    held_out_converted: int
    difference: float | None
    low: float | None
    high: float | None
    revenue_per_treated_micro_usd: int
    revenue_per_held_out_micro_usd: int


class StatsResult(Result):
    """Mails by step, and what they changed."""

    steps: list[StepStats]
    lift: list[LiftStats]


class WebhookArgs(Args):
    """A stored webhook to put back in line; without it, everything that waits is read."""

    hook_id: int | None = None


class WebhookResult(Result):
    """Webhooks of Resend: read now, still waiting, and those nobody could read."""

    handled: int
    waiting: int
    dead: int


class PreviewArgs(Args):
    """Which sequence, as whom: a contact's id or mail address."""

    sequence: str = Field("trial_onboarding", examples=["trial_onboarding"])
    contact: str | None = None


class PreviewStep(Result):
    """One mail as this person would get it, when, and what stands in its way."""

    step: int
    planned_at: datetime | None
    reason: str
    approved: bool
    version: str | None
    subject: str
    html: str
    text: str
    headers: dict[str, str]


class PreviewResult(Result):
    """Every step of a sequence for one person."""

    sequence: str
    contact_id: str | None
    steps: list[PreviewStep]
