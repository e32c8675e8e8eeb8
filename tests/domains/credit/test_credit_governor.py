"""Whatever happens in whatever order: the books add up, nothing is admitted past a limit, each mark is told once."""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from revenue_machine.domains.credit import reads
from revenue_machine.domains.credit.credit_governor import BudgetClock, CreditGovernor
from revenue_machine.domains.credit.rules import scopes_for
from revenue_machine.engine.call import Call
from revenue_machine.engine.events import Events
from revenue_machine.engine.gates import Spend
from revenue_machine.engine.ledger import Entry, Ledger
from revenue_machine.kit.errors import BudgetExhausted
from revenue_machine.kit.ids import make_id
from revenue_machine.kit.settings import Budget
from tests.domains.money_house import START, facts, open_house, scopes, spend

TABLES = ("actp_credit_usage", "actp_credit_budgets", "actp_budget_holds", "actp_ledger_entries", "actp_events")


class Purse(RuleBasedStateMachine):
    """Holds, prices, refunds, limits and days in any order, beside a model of four dictionaries."""

    holds = Bundle("holds")

    @initialize()
    def open(self) -> None:
        self.app = _house()
        with self.app.database.writing() as connection:
            for name in TABLES:
                connection.exec_driver_sql(f"delete from {name}")
        self.clock: Any = self.app.clock
        self.clock.move_to(START)
        self.budget = Budget(day_usd=Decimal("0.01"), month_usd=Decimal("0.03"), run_usd=Decimal("0.008"))
        self.spent: dict[str, int] = {}
        self.held: dict[str, int] = {}
        self.limits: dict[str, int] = {}
        self.told: set[str] = set()
        self.count = 0

    @property
    def governor(self) -> CreditGovernor:
        own = self.app.settings.model_copy(update={"budget": self.budget})
        return CreditGovernor(self.app.database, BudgetClock(self.clock), own, self.app.container.get(Events))

    @rule(target=holds, amount=st.integers(0, 6_000), run=st.sampled_from("ab"), is_critical=st.booleans())
    def reserve(self, amount: int, run: str, is_critical: bool) -> Any:
        self.count += 1
        key = f"anthropic.complete/{self.count}"
        wanted = scopes_for(self.budget, self.clock.now().date(), run, self.app.settings.zone,
                            is_critical=is_critical)  # fmt: skip
        fits = all(self._used(one.name) + amount <= one.hard_limit_micro_usd for one in wanted)
        try:
            with self.app.database.writing() as connection:
                self.governor.reserve(connection, key, Spend(amount, "ai", "draft", is_critical), Call("t", key, run))
        except BudgetExhausted:
            assert not fits
            return multiple()
        assert fits
        for one in wanted:
            self.held[one.name] = self.held.get(one.name, 0) + amount
            self.limits[one.name] = one.limit_micro_usd
        return (key, amount, tuple(one.name for one in wanted), run)

    @rule(hold=consumes(holds), percent=st.integers(0, 100), twice=st.booleans())
    def settle(self, hold: Any, percent: int, twice: bool) -> None:
        key, amount, names, run = hold
        cost = amount * percent // 100
        entry = Entry(
            key=key, kind="ai", service="anthropic", amount_micro_usd=-cost, cause_type="intent", cause_id=key,
            occurred_at=self.clock.now(), intent_id=make_id("int", key), run_id=run,
        )  # fmt: skip
        for _ in range(2 if twice else 1):
            with self.app.database.writing() as connection:
                self.app.container.get(Ledger).book(connection, entry)
                self.governor.release(connection, key)
        for name in names:
            self.held[name] -= amount
            self.spent[name] = self.spent.get(name, 0) + cost
            marks = {pct for pct in (80, 100) if self.spent[name] * 100 >= self.limits[name] * pct}
            self.told |= {f"budget/{name}/{pct}" for pct in marks}

    @rule(hold=consumes(holds))
    def void(self, hold: Any) -> None:
        key, amount, names, _run = hold
        with self.app.database.writing() as connection:
            self.governor.release(connection, key)
        for name in names:
            self.held[name] -= amount
            marks = {pct for pct in (80, 100) if self._spent(name) * 100 >= self.limits[name] * pct}
            self.told |= {f"budget/{name}/{pct}" for pct in marks}

    @rule(cents=st.integers(1, 4))
    def change_limit(self, cents: int) -> None:
        self.budget = Budget(day_usd=Decimal(cents) / 100, month_usd=Decimal("0.03"), run_usd=Decimal("0.008"))

    @rule(hours=st.integers(1, 40))
    def time_passes(self, hours: int) -> None:
        self.clock.move_to(self.clock.now() + timedelta(hours=hours))

    @invariant()
    def books_add_up(self) -> None:
        names = set(self.spent) | set(self.held)
        assert {name: both for name, both in scopes(self.app).items() if name in names} == {
            name: (self._spent(name), self.held.get(name, 0)) for name in names
        }
        with self.app.database.reading() as connection:
            assert reads.misbooked_scopes(connection) == []
            assert reads.unbooked_entries(connection) == []

    @invariant()
    def each_mark_is_told_once(self) -> None:
        keys = [one["key"] for one in facts(self.app, "alert.raised")]
        assert sorted(keys) == sorted(self.told)

    def _spent(self, name: str) -> int:
        return self.spent.get(name, 0)

    def _used(self, name: str) -> int:
        return self._spent(name) + self.held.get(name, 0)


_houses: list[Any] = []


def _house() -> Any:
    """One house for all examples: to build one takes longer than to play in it."""
    if not _houses:
        _houses.append(open_house(Path(tempfile.mkdtemp(prefix="revenue-purse-"))))
    return _houses[0]


def teardown_module() -> None:
    for app in _houses:
        app.close()
        shutil.rmtree(app.settings.home, ignore_errors=True)


Purse.TestCase.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
TestPurse = Purse.TestCase


def test_usage_and_budgets_follow_the_ledger(tmp_path: Path) -> None:
    app = open_house(tmp_path)
    for number, micro_usd in enumerate((1, 333_333, 7_000_001, -500)):
        spend(app, f"cost/{number}", micro_usd, f"run/{number % 2}")
    spend(app, "cost/0", 999_999)
    with app.database.reading() as connection:
        ledger = connection.exec_driver_sql("select -sum(amount_micro_usd) from actp_ledger_entries where kind = 'ai'").scalar()
        usage = connection.exec_driver_sql("select sum(cost_micro_usd) from actp_credit_usage").scalar()
    assert ledger == usage == 7_332_835
    assert scopes(app) == {
        "day:2026-11-02": (7_332_835, 0), "month:2026-11": (7_332_835, 0), "run:run/0": (7_000_002, 0), "run:run/1": (332_833, 0),
    }  # fmt: skip
    app.close()


def test_tampered_projection_is_found(tmp_path: Path) -> None:
    app = open_house(tmp_path)
    spend(app, "cost/1", 100)
    with app.database.writing() as connection:
        connection.exec_driver_sql("update actp_credit_budgets set current_spend_micro_usd = 99 where scope = 'day:2026-11-02'")
        connection.exec_driver_sql("update actp_credit_usage set cost_micro_usd = 101")
    found = {one["name"]: one["detail"] for one in app.call("system.self_test").result["checks"] if not one["ok"]}
    assert found["ledger.budgets"] == "day:2026-11-02"
    assert found["ledger.usage"].startswith("led_")
    app.close()


def test_real_model_puts_budgets_on_the_wall(tmp_path: Path) -> None:
    from revenue_machine.kit.clock import SystemClock, local_date

    address = "http://127.0.0.1:9"
    app = open_house(tmp_path, REVENUE_ANTHROPIC__API_KEY="sk-ant-real", REVENUE_ANTHROPIC__BASE_URL=address)
    governor = app.container.get(CreditGovernor)
    assert governor.today() == local_date(SystemClock().now(), app.settings.zone)
    app.close()
    app = open_house(tmp_path, REVENUE_ANTHROPIC__API_KEY="sk_sandbox_anthropic", REVENUE_ANTHROPIC__BASE_URL=address)
    assert app.container.get(CreditGovernor).today() == START.date()
    app.close()
