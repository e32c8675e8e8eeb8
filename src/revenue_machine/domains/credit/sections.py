"""What the models cost, as the evening report shows it."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.credit.reads import BudgetState, budget_states
from revenue_machine.engine.briefing import Day, section
from revenue_machine.kit.money import show


@section("AI budget", 15)
def ai_budget(day: Day, connection: sa.Connection) -> list[str]:
    """Spent of the day's and the month's limit."""
    scopes = [f"day:{day.date.isoformat()}", f"month:{day.date:%Y-%m}"]
    return [_line(state) for state in budget_states(connection, scopes)]


def _line(state: BudgetState) -> str:
    limit = state.limit_micro_usd
    share = f" ({100 * state.spent_micro_usd / limit:.1f} %)" if limit else ""
    return f"{state.scope.split(':')[0]} {show(state.spent_micro_usd)} of {show(limit)}{share}"
