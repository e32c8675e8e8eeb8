"""Shows the book: which experiments there are, and one of them with every look, its measure, and how its effect lasts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.experiments import reads
from revenue_machine.domains.experiments.asked import (
    WEEK_DAYS,
    Effect,
    Experiment,
    HoldoutWeek,
    ListArgs,
    ListResult,
    Look,
    ShowResult,
)
from revenue_machine.domains.experiments.book import must_find
from revenue_machine.domains.experiments.book_judging import Window, lasting, measure_check, windows
from revenue_machine.domains.experiments.book_rules import is_held_out
from revenue_machine.domains.experiments.book_words import next_of, verdict_words
from revenue_machine.engine.database import Database
from revenue_machine.kit.clock import Clock, local_date
from revenue_machine.kit.money import dollars
from revenue_machine.kit.settings import Settings


@dataclass(frozen=True)
class ExperimentDesk:
    """Reads only."""

    database: Database
    settings: Settings
    clock: Clock

    def listed(self, args: ListArgs) -> ListResult:
        """Experiments that fit, newest first; `measure_due` are those whose winner wants its weekly look."""
        is_closed = {"open": False, "closed": True}.get(args.which)
        with self.database.reading() as connection:
            rows = reads.find(connection, is_closed=is_closed, kind=args.kind, subject=args.subject)
            found = [self._experiment(connection, row) for row in rows]
        if args.which == "measure_due":
            today = local_date(self.clock.now(), self.settings.zone)
            found = [one for one in found if one.measure_due_on is not None and one.measure_due_on <= today]
        return ListResult(total=len(found), experiments=found[: args.limit])

    def show(self, experiment_id: str) -> ShowResult:
        """Everything about one. Raises: not_found."""
        with self.database.reading() as connection:
            return self.shown(connection, must_find(connection, experiment_id))

    def shown(self, connection: sa.Connection, row: Mapping[str, Any]) -> ShowResult:
        """The same inside the caller's view of the tables."""
        test, measure = (reads.looks(connection, row["id"], phase) for phase in ("test", "measure"))
        weeks = windows(row, measure)
        return ShowResult(
            experiment=self._experiment(connection, row), hypothesis=row["hypothesis"], arms=row["arms"], control=row["control"],
            planned_split=row["planned_split"], minimum_days=row["minimum_days"], planned_looks=row["planned_looks"],
            value_per_conversion_usd=dollars(row["value_per_conversion_micro_usd"]), alpha=row["alpha"],
            outcome_words=row["outcome_words"], effect=effect_of(row), interval=interval_of(row),
            looks=[_look(one) for one in (*test, *measure)],
            measure_check=measure_check(row, test[-1] if test else None, measure), holdout_weeks=[_week(one) for one in weeks],
            lasting=lasting(weeks),
        )  # fmt: skip

    def _experiment(self, connection: sa.Connection, row: Mapping[str, Any]) -> Experiment:
        look = current_look(connection, row)
        wait = None if look is None or row["status"] == "closed" else usd(look["waiting_micro_usd"])
        shipped_on = None if row["shipped_at"] is None else self._day(row["shipped_at"])
        names = (
            "kind", "subject", "opened_for", "title", "metric", "status", "verdict", "winner", "outcome", "delegation_id",
            "holdout_share", "planned_days", "started_at", "shipped_at", "closed_at",
        )  # fmt: skip
        return Experiment(
            experiment_id=row["id"], **{name: row[name] for name in names}, planned_end_on=self._day(row["ends_at"]),
            last_look_on=None if look is None else look["on_date"], measure_due_on=self._measure_due_on(connection, row),
            waiting_cost_usd_per_week=wait,
            words=row["outcome_words"] or verdict_words(row, look), next=next_of(row, look, shipped_on),
        )  # fmt: skip

    def _measure_due_on(self, connection: sa.Connection, row: Mapping[str, Any]) -> date | None:
        """When winner and holdout are to be looked at next: a week after shipping, then weekly as long as somebody is held out."""
        if row["shipped_at"] is None or not (row["status"] == "measuring" or is_held_out(row)):
            return None
        last = reads.newest_look(connection, row["id"], "measure")
        since = self._day(row["shipped_at"])
        if last is None or last["days"] < WEEK_DAYS:
            return since + timedelta(days=WEEK_DAYS)
        due: date = last["on_date"] + timedelta(days=WEEK_DAYS)
        return due

    def _day(self, at: Any) -> date:
        return local_date(at, self.settings.zone)


def current_look(connection: sa.Connection, row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The newest look of the phase an experiment is in: of the measure once it has shipped."""
    phase = "test" if row["shipped_at"] is None else "measure"
    return reads.newest_look(connection, row["id"], phase)


def effect_of(row: Mapping[str, Any]) -> Effect:
    """The effect a row holds."""
    return Effect(absolute=row["effect_absolute"], relative=row["effect_relative"])


def interval_of(row: Mapping[str, Any]) -> list[float] | None:
    """[low, high] of a look or an experiment, None when unknown."""
    low, high = row["interval_low"], row["interval_high"]
    return None if low is None or high is None else [low, high]


def usd(micro_usd: int | None) -> Decimal | None:
    """Exact dollars, None for unknown."""
    return None if micro_usd is None else dollars(micro_usd)


def _look(row: Mapping[str, Any]) -> Look:
    return Look(
        on_date=row["on_date"], phase=row["phase"], days=row["days"], counts=row["counts"], verdict=row["verdict"],
        reason=row["reason"], arm=row["arm"], effect=effect_of(row), interval=interval_of(row), p_value=row["p_value"],
        p_always_valid=row["p_always_valid"], ship_now_usd_per_week=usd(row["ship_now_micro_usd"]),
        waiting_cost_usd_per_week=usd(row["waiting_micro_usd"]),
    )  # fmt: skip


def _week(one: Window) -> HoldoutWeek:
    found, interval = one.difference, one.interval
    effect = Effect(absolute=None, relative=None) if found is None else Effect(absolute=found.absolute, relative=found.relative)
    return HoldoutWeek(
        until=one.look["on_date"], days=one.days, users=one.control.users + one.winner.users, effect=effect,
        interval=None if interval is None else list(interval),
    )  # fmt: skip
