"""The words of the daily routine: blocks, steps, calls, and what a failure means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum
from typing import Any

from revenue_machine.engine.topic import Result


class Kind(StrEnum):
    """What a call is for; failure and lateness are decided by this alone."""

    HOUSE = "house"
    REVENUE = "revenue"
    MEMORY = "memory"
    RESEARCH = "research"
    GENERATION = "generation"
    PUBLISHING = "publishing"
    OUTREACH = "outreach"
    FEEDBACK = "feedback"
    REPORT = "report"


class Status(StrEnum):
    """How a call of the routine ended."""

    OK = "ok"
    RETRIED = "retried"
    SKIPPED = "skipped"
    NOT_CONFIGURED = "not_configured"
    AWAITING_APPROVAL = "awaiting_approval"
    UNKNOWN = "outcome_unknown"
    FAILED = "failed"


class Standing(StrEnum):
    """How a step of the day stands, in the words the dashboard shows."""

    TO_COME = "to come"
    OVERDUE = "overdue"
    NEXT = "next"
    RUNNING = "running"
    DONE = "done"
    PARTLY = "partly done"
    SKIPPED = "skipped"
    NOT_SET_UP = "not set up"
    WAITING = "waits for you"
    UNKNOWN = "outcome unknown"
    FAILED = "failed"


@dataclass(frozen=True)
class TopicCall:
    """One of the day's actions: a topic, its input, what it is for and how often it is tried."""

    topic: str
    kind: Kind
    args: Mapping[str, Any] = field(default_factory=dict)
    attempts: int = 1

    @property
    def label(self) -> str:
        """Names the call within its step."""
        suffix = "".join(f" {value}" for _, value in sorted(self.args.items()))
        return f"{self.topic}{suffix}"


@dataclass(frozen=True)
class Step:
    """One of the 17 steps: number, planned wall time, calls, and the rule when something fails in it."""

    number: int
    at: time
    calls: tuple[TopicCall, ...]
    on_failure: str


@dataclass(frozen=True)
class Block:
    """One of the six blocks of the day; `day_offset` 1 is the night after."""

    name: str
    at: time
    steps: tuple[Step, ...]
    day_offset: int = 0

    @property
    def run_name(self) -> str:
        return f"routine.{self.name}"


@dataclass(frozen=True)
class CallRecord:
    """How one call of a day ended, as the report and the dashboard show it."""

    step: int
    place: int
    topic: str
    label: str
    status: Status
    attempts: int
    reason: str | None
    summary: Mapping[str, Any]


class CycleResult(Result):
    """How each part of a cycle ended (`ok` or a code), and how many did what they could."""

    parts: dict[str, str]
    went_well: int
