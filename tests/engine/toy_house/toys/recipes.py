"""A purse with a fixed limit, and a vendor that keeps a journal in memory."""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa

from revenue_machine.engine.call import Call
from revenue_machine.engine.container import recipe
from revenue_machine.engine.gates import BudgetGate, Spend
from revenue_machine.kit.errors import BudgetExhausted, Failure

LIMIT_MICRO_USD = 100


@dataclass
class Purse:
    held: dict[str, int] = field(default_factory=dict)

    def reserve(self, connection: sa.Connection, intent_key: str, spend: Spend, call: Call) -> None:
        if sum(self.held.values()) + spend.worst_case_micro_usd > LIMIT_MICRO_USD:
            raise BudgetExhausted
        self.held[intent_key] = spend.worst_case_micro_usd

    def release(self, connection: sa.Connection, intent_key: str) -> None:
        self.held.pop(intent_key, None)


@dataclass
class ToyVendor:
    """Acts on every send; `failure` is raised after it acted, `refusal` before."""

    acted: list[str] = field(default_factory=list)
    failure: Failure | None = None
    refusal: Failure | None = None

    def send(self, key: str) -> dict[str, str]:
        if self.refusal is not None:
            refusal, self.refusal = self.refusal, None
            raise refusal
        self.acted.append(key)
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        return {"id": f"v{len(self.acted)}"}


PURSE = Purse()
VENDOR = ToyVendor()


@recipe
def purse() -> BudgetGate:
    return PURSE


@recipe
def vendor() -> ToyVendor:
    return VENDOR
