"""Decides what tomorrow's prompt says: what our own winners have in common, per niche, once a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from revenue_machine.domains.content import reads, rules, store
from revenue_machine.domains.content.asking import GUIDELINES_SHAPE, ask, twice
from revenue_machine.domains.content.models import PromptResult
from revenue_machine.domains.content.strategist import niches_of, one_line
from revenue_machine.domains.credit.models import ModelDesk
from revenue_machine.domains.owner.models import Business
from revenue_machine.engine.database import Database
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import Failure
from revenue_machine.kit.wording import is_plain

WINNERS_FROM = timedelta(days=14)
MOST_TOKENS = 700
MOST_GUIDELINES = 6


@dataclass(frozen=True)
class LessonBook:
    """Writes one set of guidelines per niche and local date."""

    database: Database
    clock: Clock
    business: Business
    desk: ModelDesk

    def write(self, run_date: date, niche: str | None) -> PromptResult:
        """Guidelines from measured winners; by model, or counted where no model answers; none where nothing won yet."""
        found: dict[str, list[str]] = {}
        by_model = by_numbers = unmeasured = 0
        for one in niches_of(self.business, niche):
            with self.database.reading() as connection:
                winners = reads.winners(connection, one.key, self.clock.now() - WINNERS_FROM)
            if not winners:
                unmeasured += 1
                continue
            values = self._learn(run_date, one.key, winners)
            by_model += values["source"] == "model"
            by_numbers += values["source"] == "numbers"
            found[one.key] = values["guidelines"]
            with self.database.writing() as connection:
                store.put_lessons(connection, self.database, (run_date, one.key), values, self.clock.now())
        niches = by_model + by_numbers + unmeasured
        return PromptResult(niches=niches, from_model=by_model, from_numbers=by_numbers, unmeasured=unmeasured, guidelines=found)

    def _learn(self, run_date: date, niche: str, winners: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        values: dict[str, Any] = {"winner_draft_ids": [one["id"] for one in winners]}
        try:
            (guidelines, model), _ = twice(lambda number: self._ask(f"{run_date}/{niche}/{number}", niche, winners))
        except Failure:
            return values | {"source": "numbers", "guidelines": rules.guidelines_from_numbers(winners), "model": None}
        return values | {"source": "model", "guidelines": guidelines, "model": model}

    def _ask(self, key: str, niche: str, winners: Sequence[Mapping[str, Any]]) -> tuple[list[str], str]:
        brief = {
            "niche": niche,
            "winners": [
                {
                    "text_hash": one["text_hash"], "hook_category": one["hook_category"], "framework": one["framework"],
                    "score": one["measured_score"],
                }
                for one in winners
            ],
        }  # fmt: skip
        reply = ask(
            self.desk, "next_prompt", "draft_generation", key, brief=brief, schema=GUIDELINES_SHAPE, most_tokens=MOST_TOKENS
        )
        return [one_line(one) for one in reply.data["guidelines"][:MOST_GUIDELINES] if is_plain(one)], reply.model
