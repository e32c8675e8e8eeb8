"""Makes the budget gate, its clock, and the desk where domains ask a model."""

from __future__ import annotations

from revenue_machine.domains.credit.credit_governor import BudgetClock, CreditGovernor
from revenue_machine.domains.credit.desk import VendorDesk
from revenue_machine.domains.credit.models import ModelDesk
from revenue_machine.engine.call import Call
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.container import recipe
from revenue_machine.engine.database import Database
from revenue_machine.engine.effects import Outside
from revenue_machine.engine.events import Events
from revenue_machine.engine.gates import BudgetGate
from revenue_machine.kit.clock import Clock, SystemClock
from revenue_machine.kit.settings import Settings


@recipe
def budget_clock(settings: Settings, clock: Clock) -> BudgetClock:
    """A real model costs real money on real days, whatever the business clock says (INTERFACE §2)."""
    return BudgetClock(SystemClock() if settings.service("anthropic").is_live else clock)


@recipe
def governor(database: Database, clock: BudgetClock, settings: Settings, events: Events) -> CreditGovernor:
    """The one guard of the AI money."""
    return CreditGovernor(database, clock, settings, events)


@recipe
def budget_gate(credit: CreditGovernor) -> BudgetGate:
    """The role the engine asks for."""
    return credit


@recipe
def desk(*, call: Call, outside: Outside, clients: Clients, credit: CreditGovernor, database: Database, clock: Clock) -> ModelDesk:
    """Where a domain asks a model."""
    return VendorDesk(call, outside, clients, credit, database=database, clock=clock)
