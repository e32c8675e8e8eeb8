"""Guards the AI money: holds the worst case before a call, gives it back after, and says when a limit is near."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa

from revenue_machine.domains.credit import rules
from revenue_machine.domains.credit.reads import BudgetState, budget_states
from revenue_machine.domains.credit.store import add_hold, open_scope, release_hold, take
from revenue_machine.engine.call import Call
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.engine.gates import Spend
from revenue_machine.kit.clock import Clock, local_date
from revenue_machine.kit.errors import BudgetExhausted
from revenue_machine.kit.money import micro, show
from revenue_machine.kit.settings import Settings


class BudgetClock:
    """The clock the budgets run on: the business clock, or the wall when the model is a real one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        """Aware UTC instant."""
        return self._clock.now()


class CreditGovernor:
    """`engine.gates.BudgetGate` for AI spending; everything it knows stands in the database."""

    def __init__(self, database: Database, clock: BudgetClock, settings: Settings, events: Events) -> None:
        self._database, self._clock, self._settings, self._events = database, clock, settings, events

    def reserve(self, connection: sa.Connection, intent_key: str, spend: Spend, call: Call) -> None:
        """Hold the worst case in every scope, or raise `budget_exhausted` naming the first that is used up."""
        if spend.kind not in rules.AI_KINDS:
            raise BudgetExhausted(f"no budget is set for {spend.kind}", scope=spend.kind)
        if spend.worst_case_micro_usd < 0:
            raise BudgetExhausted("the price of this call is unknown", scope=spend.kind)
        budget = self._settings.budget
        is_critical = spend.is_critical or call.is_critical
        scopes = rules.scopes_for(budget, self.today(), call.run_id, self._settings.zone, is_critical=is_critical)
        for scope in scopes:
            open_scope(connection, self._database, scope, budget.alert_threshold_pct)
            if not take(connection, scope, spend.worst_case_micro_usd):
                raise self._exhausted(connection, scope, spend)
        row = {
            "intent_key": intent_key, "scopes": [scope.name for scope in scopes], "amount_micro_usd": spend.worst_case_micro_usd,
            "kind": spend.kind, "task_type": spend.task_type, "run_id": call.run_id, "created_at": self._clock.now(),
        }  # fmt: skip
        add_hold(connection, row)

    def release(self, connection: sa.Connection, intent_key: str) -> None:
        """Give the hold back; what was spent is booked by now, so this is where a crossed mark is seen."""
        scopes = release_hold(connection, intent_key, self._clock.now())
        # Most effects hold no money, and SQLAlchemy builds a query for no scope at all anew each time.
        for state in budget_states(connection, scopes) if scopes else ():
            self._raise_alerts(connection, state)

    def note_refusal(self, refusal: BudgetExhausted) -> None:
        """Say once per scope that calls are refused; the refused call's own transaction was undone."""
        key = f"budget/{refusal.details.get('scope')}/refused"
        text = f"AI budget refuses a call: {refusal.message}"
        with self._database.writing() as connection:
            self._events.emit(connection, "alert.raised", key, {"kind": "budget", "text": text, "key": key})

    def used_pct(self, connection: sa.Connection) -> int:
        """Whole percent used of today's or this month's budget, whichever is more; what is held counts as used."""
        budget = self._settings.budget
        names = rules.scope_names(self.today(), None)
        used = {one.scope: one.spent_micro_usd + one.held_micro_usd for one in budget_states(connection, names)}
        limits = zip(names, (micro(budget.day_usd), micro(budget.month_usd)), strict=True)
        return max(100 if limit <= 0 else used.get(name, 0) * 100 // limit for name, limit in limits)

    def today(self) -> date:
        """The owner's calendar date as the budgets see it."""
        return local_date(self._clock.now(), self._settings.zone)

    @property
    def threshold_pct(self) -> int:
        """From how many percent on batches shrink and the owner is told."""
        return self._settings.budget.alert_threshold_pct

    def _exhausted(self, connection: sa.Connection, scope: rules.Scope, spend: Spend) -> BudgetExhausted:
        """The refusal, with what stands in the way."""
        [state] = budget_states(connection, [scope.name])
        used = f"{show(state.spent_micro_usd)} spent and {show(state.held_micro_usd)} held of {show(scope.limit_micro_usd)}"
        words = f"{scope.name}: {used}; {spend.task_type} may cost {show(spend.worst_case_micro_usd)}"
        wait_s = None if scope.reset_at is None else (scope.reset_at - self._clock.now()).total_seconds()
        return BudgetExhausted(words, retry_after_s=wait_s, scope=scope.name)

    def _raise_alerts(self, connection: sa.Connection, state: BudgetState) -> None:
        limit_micro_usd = state.limit_micro_usd or 0
        for pct in rules.crossed_pcts(state.spent_micro_usd, limit_micro_usd, state.alert_threshold_pct):
            self._alert(connection, state, pct)

    def _alert(self, connection: sa.Connection, state: BudgetState, pct: int) -> None:
        """One fact per scope and mark; a scope's name holds its period, so a new period alerts anew."""
        key = f"budget/{state.scope}/{pct}"
        amounts = f"{show(state.spent_micro_usd)} of {show(state.limit_micro_usd)} spent"
        meaning = "non-critical model calls wait until it is reset" if pct >= 100 else "batches get smaller"
        text = f"AI budget {state.scope}: {pct} % used ({amounts}); {meaning}"
        self._events.emit(connection, "alert.raised", key, {"kind": "budget", "text": text, "key": key})
