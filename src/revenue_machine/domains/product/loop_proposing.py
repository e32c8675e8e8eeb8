"""Chooses which leak is tried next, and writes the proposal down with everything that is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from revenue_machine.domains.owner.models import Business, Product
from revenue_machine.domains.product import drill, loop_reads, loop_store
from revenue_machine.domains.product.leaks import LeakFinder
from revenue_machine.domains.product.loop_models import LeaksArgs, ProductLeaks, StepLeak
from revenue_machine.domains.product.loop_rules import RESTS, flag_name, lag_days, planned_days
from revenue_machine.domains.product.loop_words import hypothesis
from revenue_machine.engine.database import Database
from revenue_machine.engine.dispatch import Topics
from revenue_machine.kit.clock import Clock, local_date
from revenue_machine.kit.errors import Failure
from revenue_machine.kit.money import dollars, show
from revenue_machine.kit.settings import Settings

Row = Mapping[str, Any]
LOOK_AGAIN = timedelta(days=1)
# Every leak is at rest, or there is none: nothing changes overnight.
QUIET = timedelta(days=7)
MOST_REMEMBERED = 5


@dataclass(frozen=True)
class Choice:
    """The leak to try, with its product."""

    product: Product
    leaks: ProductLeaks
    leak: StepLeak


@dataclass(frozen=True)
class Proposing:
    """Within one call."""

    database: Database
    clock: Clock
    settings: Settings
    business: Business
    finder: LeakFinder

    def search(self, topics: Topics) -> tuple[str | None, str]:
        """(id of the proposal written down, words); None when there is nothing to try now. Raises: what analytics raises."""
        now = self.clock.now()
        report = self.finder.find(LeaksArgs(with_segments=False), topics)
        choice, why_not = self._choose(report.products, now)
        kept = [one.model_dump(mode="json") for one in report.ranked]
        if choice is None:
            wait = LOOK_AGAIN if "too early" in why_not else QUIET
            with self.database.writing() as connection:
                loop_store.keep_search(connection, self.database, now, ("nothing", why_not, kept), wait)
            return None, why_not
        row = self._row(topics, choice, now)
        words = f"{choice.product.key}: {choice.leak.words}"
        with self.database.writing() as connection:
            loop_store.put_new(connection, self.database, row, now)
            loop_store.keep_search(connection, self.database, now, ("proposed", words, kept), LOOK_AGAIN)
        return str(row["id"]), words

    def _choose(self, products: list[ProductLeaks], now: datetime) -> tuple[Choice | None, str]:
        """The dearest leak that is not at rest, of the first project in the seed's order that has none under way."""
        early = False
        with self.database.reading() as connection:
            busy = loop_reads.busy_projects(loop_reads.unfinished(connection))
            for one in products:
                product = self.business.product(one.project) if one.project is not None else None
                early |= any(step.state in ("too_early", "unsure", "no_data") for step in one.steps)
                if product is None or product.key in busy:
                    continue
                tried = loop_reads.tried_since(connection, product.key, now - max(RESTS.values()))
                rests = {(row["from_step"], row["to_step"]) for row in tried if now - row["ended_at"] < RESTS[row["status"]]}
                fresh = [step for step in one.steps if step.state == "leak" and (step.from_step, step.to_step) not in rests]
                fresh = [step for step in fresh if (step.worth_micro_usd_per_week or 0) > 0]
                if fresh:
                    best = max(fresh, key=lambda step: (step.worth_micro_usd_per_week or 0, step.to_step))
                    return Choice(product, one, best), ""
        return None, "too early: too few people came to judge every step" if early else "no leak that is not at rest"

    def _row(self, topics: Topics, choice: Choice, now: datetime) -> dict[str, Any]:
        """The proposal: what is registered, for how long, and the brief."""
        leak, project = choice.leak, choice.product.key
        opened_for = f"{leak.from_step[:30]}>{leak.to_step[:30]}/{local_date(now, self.settings.zone).isoformat()}"
        experiment_id = loop_store.experiment_id(project, opened_for)
        lag = lag_days(leak.to_step, max((offer.trial_days for offer in choice.product.offers), default=0))
        return {
            "id": experiment_id, "project": project, "hypothesis": hypothesis(project, leak), "from_step": leak.from_step,
            "to_step": leak.to_step, "from_event": self.finder.event_of(leak.from_step),
            "to_event": self.finder.event_of(leak.to_step), "flag": flag_name(self.finder.event_of(leak.to_step), experiment_id),
            "opened_for": opened_for, "lag_days": lag, "planned_days": planned_days(leak.rate or 0.0, leak.people_per_week / 7),
            "baseline_conversion": leak.rate, "value_per_conversion_micro_usd": leak.value_per_person_micro_usd,
            "expected_per_week_micro_usd": leak.worth_micro_usd_per_week,
            "brief": {"facts": self._facts(topics, choice, now), "leak": leak.model_dump(mode="json")},
        }  # fmt: skip

    def _facts(self, topics: Topics, choice: Choice, now: datetime) -> dict[str, Any]:
        """What the task may say: numbers as numbers, everything else quoted as data."""
        leak = choice.leak
        facts: dict[str, Any] = {
            "people": leak.people, "went_on": leak.went_on, "people_lost": leak.lost, "conversion_rate": leak.rate,
            "conversion_rate_interval": leak.interval, "target_rate": leak.target,
            "worth_per_week_usd": str(dollars(leak.worth_micro_usd_per_week or 0)),
            "from_step": self.finder.event_of(leak.from_step), "step": self.finder.event_of(leak.to_step),
            "why_this_step": f"users drop at {1 - (leak.rate or 0):.1%} here; {choice.leaks.price_words}",
        }  # fmt: skip
        facts |= self._behaviour(topics, choice, now)
        tried = self._tried(topics, choice, now)
        return facts | ({"tried_before": tried} if tried else {})

    def _behaviour(self, topics: Topics, choice: Choice, now: datetime) -> dict[str, Any]:
        """What those who stop do before; without single events the brief does without."""
        try:
            found = self.drill(topics, choice.product, choice.leak, now)
        except Failure as failure:
            return {"analysis": f"what people do before they stop could not be read ({failure.code})"}
        held: dict[str, Any] = {"analysis": f"{choice.leak.words}; {found.analysis}"}
        for name, value in (("last_seen_doing", found.last), ("errors_shown", found.errors)):
            held |= {name: value} if value else {}
        if found.splits:
            held["by_source"] = [{"property": one.property, "where": one.where} for one in found.splits]
        return held

    def drill(
        self,
        topics: Topics,
        product: Product | None,
        leak: StepLeak,
        end: datetime,
        *,
        with_behaviour: bool = True,
        source: str = "auto",
    ) -> drill.DrillDown:
        """Those who stopped at a step, of one product or of all. Raises: what `posthog.events` raises."""
        key = None if product is None else product.key
        question = drill.Question(
            from_event=self.finder.event_of(leak.from_step), to_event=self.finder.event_of(leak.to_step),
            start=end - timedelta(days=drill.DRILL_DAYS), end=end, lag=timedelta(days=leak.lag_days or 1), source=source,
            told_by=self.finder.told_by(), is_mine=lambda properties: key is None or self.finder.product_of(properties) == key,
        )  # fmt: skip
        return drill.look(topics, question, with_behaviour=with_behaviour)

    def _tried(self, topics: Topics, choice: Choice, now: datetime) -> list[str]:
        """What memory knows of changes to this step: what did not work is not asked for again in the same words."""
        asked = {"query": f"{choice.product.key} {choice.leak.from_step} to {choice.leak.to_step}", "limit": MOST_REMEMBERED}
        answer = topics.call("graph.search", asked, key=f"tried/{choice.product.key}/{choice.leak.to_step}/{now.date()}")
        if answer.error is not None or answer.result is None:
            return []
        step = f"{choice.leak.from_step} to {choice.leak.to_step}"
        return [str(hit["text"]) for hit in answer.result["hits"] if step in hit["text"] and choice.product.key in hit["text"]]


def open_payload(row: Row) -> dict[str, Any]:
    """What the book registers."""
    value = row["value_per_conversion_micro_usd"]
    return {
        "kind": "product", "subject": row["project"], "opened_for": row["opened_for"],
        "title": f"{row['project']}: {row['from_step']} to {row['to_step']}", "hypothesis": row["hypothesis"],
        "metric": f"{row['from_step']} to {row['to_step']}", "arms": ["control", "treatment"], "control": "control",
        "planned_split": {"control": 0.5, "treatment": 0.5}, "planned_days": row["planned_days"] + row["lag_days"],
        "minimum_days": 7,
        "planned_looks": row["planned_days"] // 7, "value_per_conversion_usd": str(dollars(value or 0)),
    }  # fmt: skip


def propose_payload(row: Row, share: float, kind: str) -> dict[str, Any]:
    """The delegation of a change, its roll-out or its removal; one decision has one key, for ever."""
    verb = {"fix_step": "try", "roll_out": "roll_out", "revert": "revert"}[kind]
    worth = row["expected_per_week_micro_usd"]
    payload: dict[str, Any] = {
        "kind": kind, "project": row["project"], "decision_key": f"product/{row['id']}/{verb}", "experiment_id": row["id"],
        "task_type": "features", "facts": dict(row["brief"]["facts"]), "why": row["hypothesis"],
    }  # fmt: skip
    if kind != "revert":
        payload["end_state"] = {"features": {row["flag"]: {"share": share, "step": row["to_event"]}}}
        payload["predicted_value_usd"] = None if worth is None else str(dollars(worth))
    if kind == "fix_step":
        return payload
    payload["facts"] = _measured(row)
    payload["why"] = f"{row['status']}: {row['result']}"[:1000]
    return payload | ({"reverts_id": row["delegation_id"]} if kind == "revert" else {})


def _measured(row: Row) -> dict[str, Any]:
    """What the measure says, for the task that follows it."""
    facts = {
        "from_step": row["from_event"], "step": row["to_event"], "flag": row["flag"], "verdict": row["status"],
        "control_rate": row["control_conversion"], "treatment_rate": row["post_conversion"],
        "difference_points": row["effect_points"],
    }  # fmt: skip
    if row["points_low"] is not None:
        facts["difference_points_interval"] = [row["points_low"], row["points_high"]]
    return {name: value for name, value in facts.items() if value is not None}


def money_words(row: Row) -> str:
    """`$12.30 a week expected`."""
    worth = row["expected_per_week_micro_usd"]
    return "" if worth is None else f"{show(worth)} a week expected"
