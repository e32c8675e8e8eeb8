"""The three phases, the one table of what a day of each should hold (definitions §4.2), and who said which phase holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from revenue_machine.engine.topic import Args, Result

Phase = Literal[1, 2, 3]
Action = Literal[
    "drafts", "published", "videos", "linkedin_drafts", "linkedin_sends", "dm_drafts", "dm_sends", "upwork_proposals", "emails",
    "ad_spend_usd", "graduations", "experiments",
]  # fmt: skip
PHASE_WORDS: dict[Phase, str] = {1: "organic only, no ads", 2: "micro-budget ads", 3: "automated loops"}


@dataclass(frozen=True)
class Volume:
    """How much of an action: `least` is what a day should reach, `most` what it may not pass; None where there is none."""

    least: int | None
    most: int | None

    def words(self) -> str:
        """`30 or more`, `2 to 3`, `at most 20`, `none`."""
        if self.most == 0:
            return "none"
        if self.least is None:
            return "no limit" if self.most is None else f"at most {self.most}"
        if self.most is None:
            return f"{self.least} or more"
        return str(self.least) if self.least == self.most else f"{self.least} to {self.most}"


@dataclass(frozen=True)
class Standing:
    """Which phase holds: the rule's, unless the owner holds another."""

    phase: Phase
    by_rule: Phase
    override: Phase | None
    reason: str | None
    since: datetime | None


class OverrideArgs(Args):
    """The phase to hold by hand, or nothing to follow the rule again; always with a reason."""

    phase: Literal[1, 2, 3] | None = Field(examples=[1])
    reason: str = Field(min_length=3, max_length=500, examples=["the market is closed for a week"])


class OverrideResult(Result):
    """Which phase holds now, and what the rule says."""

    phase: Phase
    by_rule: Phase
    override: Phase | None
    reason: str


Span = Literal["day", "week", "open"]


@dataclass(frozen=True)
class Row:
    """An action over the three phases; `span` says what the number counts: a day, a week, or what is open at a time."""

    label: str
    span: Span
    by_phase: tuple[Volume, Volume, Volume]


def _row(label: str, *volumes: tuple[int | None, int | None], span: Span = "day") -> Row:
    one, two, three = (Volume(*volume) for volume in volumes)
    return Row(label, span, (one, two, three))


# (least, most) in phase 1, 2, 3.
VOLUMES: Mapping[Action, Row] = MappingProxyType({
    "drafts": _row("drafts written", (50, None), (50, None), (50, None)),
    "published": _row("posts published", (30, None), (30, None), (40, None)),
    "videos": _row("videos made", (0, 1), (2, 3), (5, 5)),
    "linkedin_drafts": _row("LinkedIn drafts", (50, 50), (50, 50), (50, 50)),
    # DECISIONS: 15 a day is what LinkedIn's weekly limit bears, where definitions had 20.
    "linkedin_sends": _row("LinkedIn messages sent", (None, 15), (None, 15), (None, 15)),
    "dm_drafts": _row("direct messages prepared", (20, 20), (20, 20), (30, 30)),
    # DECISIONS: 20 a day, where definitions had 30 in phase 3.
    "dm_sends": _row("direct messages sent", (None, 20), (None, 20), (None, 20)),
    "upwork_proposals": _row("Upwork proposals", (5, 5), (3, 3), (2, 2)),
    # Phase 3 is the mail service's own tier: a hundred a day on the free one, more by the owner's setting.
    "emails": _row("mails sent", (None, 30), (None, 30), (None, 100)),
    # DECISIONS: the phase's band is the cap, account-wide; whole dollars.
    "ad_spend_usd": _row("dollars of ads", (None, 0), (5, 10), (50, 100)),
    "graduations": _row("posts made ads", (None, 0), (None, 2), (None, None), span="week"),
    "experiments": _row("experiments open", (None, 1), (None, 2), (None, 3), span="open"),
})  # fmt: skip


def volume_of(action: Action, phase: Phase) -> Volume:
    """What a phase wants of an action."""
    return VOLUMES[action].by_phase[phase - 1]


def changes(before: Phase, after: Phase) -> list[str]:
    """What is different in another phase, one line per action."""
    return [
        f"{row.label}{' a week' if row.span == 'week' else ''}: "
        f"{row.by_phase[before - 1].words()} -> {row.by_phase[after - 1].words()}"
        for row in VOLUMES.values()
        if row.by_phase[before - 1] != row.by_phase[after - 1]
    ]
