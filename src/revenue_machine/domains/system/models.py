"""What the house says of its own health."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from revenue_machine.engine.topic import Args, Result

Status = Literal["ok", "down", "not_configured"]


class Check(BaseModel):
    """One part of the house: its state, in words where it is not well; a critical one stops the day's generation."""

    model_config = ConfigDict(frozen=True)

    name: str
    status: Status
    is_critical: bool = False
    detail: str = ""


class Heartbeat(Result):
    """`ok` while nothing critical is down; `is_degraded` when an outside service that is set up does not answer."""

    ok: bool
    is_degraded: bool
    checks: tuple[Check, ...]

    def summary(self) -> dict[str, Any]:
        """The verdicts and which checks are down."""
        down = [one.name for one in self.checks if one.status == "down"]
        return {"ok": self.ok, "is_degraded": self.is_degraded, "down": down}


class Finding(BaseModel):
    """One question the house asked itself, and its answer."""

    model_config = ConfigDict(frozen=True)

    name: str
    ok: bool
    detail: str


class SelfTest(Result):
    """Every check by name; `ok` when all of them are."""

    ok: bool
    passed: int
    failed: int
    checks: tuple[Finding, ...]


class Parked(BaseModel):
    """An effect nobody can vouch for; a person has to look at the vendor."""

    model_config = ConfigDict(frozen=True)

    intent_id: str
    service: str
    operation: str
    topic: str
    state: str


class Reconciled(Result):
    """How many doubts were settled, and the ones that stay."""

    settled: int
    parked: int
    settled_ids: tuple[str, ...]
    parked_intents: tuple[Parked, ...]


class GateArgs(Args):
    """What a person is asked about: an action in words, and whatever details it rests on."""

    action: str = Field(min_length=1, max_length=500, examples=["Deploy release 12 to production"])
    details: dict[str, Any] = Field(default_factory=dict)
    why: str = Field(default="asked by whoever wants to do it", min_length=1, max_length=1000)
    is_money: bool = False


class GateAnswer(Result):
    """How the question stands; only `approved` is a yes, and only until it expires."""

    approval_id: str
    status: Literal["pending", "approved", "rejected", "expired", "replaced", "used"]
    reason: str | None
    expires_at: str


class PendingApprovals(Result):
    """The cards of the inbox."""

    count: int
    approvals: list[dict[str, Any]]


class DeadArgs(Args):
    """One dead letter by its number and, for a reaction, its handler; without a number all of them, at most `most`."""

    id: int | None = Field(default=None, ge=1)
    handler: str | None = None
    most: int = Field(default=100, ge=1, le=1000)


class DeadLetter(Result):
    """A webhook nobody could read (`handler` is None) or a fact a reaction failed at, and why."""

    id: int
    handler: str | None
    service: str
    kind: str
    key: str
    since: datetime
    attempts: int
    error: str | None


class DeadLetters(Result):
    """What was given up, oldest first."""

    count: int
    letters: list[DeadLetter]


class Retried(Result):
    """How many were tried once more, and those that are dead still."""

    tried: int
    dead: int
    letters: list[DeadLetter]
