"""Decides what each niche should be told about today, from evidence only; without evidence it says so and keeps yesterday's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from revenue_machine.domains.content import reads, store
from revenue_machine.domains.content.asking import ANGLES_SHAPE, ask, twice
from revenue_machine.domains.content.design import HOOK_CATEGORIES
from revenue_machine.domains.content.models import NicheStrategy, StrategyResult
from revenue_machine.domains.content.rules import supported_angles
from revenue_machine.domains.credit.models import ModelDesk
from revenue_machine.domains.owner.models import Business, Niche
from revenue_machine.domains.research.models import Evidence
from revenue_machine.domains.research.reads import evidence as find_evidence
from revenue_machine.engine.database import Database
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import BadInput, Failure
from revenue_machine.kit.wording import is_plain

EVIDENCE_ROWS = 20
MOST_TOKENS = 1600
DEFAULT_ANGLES = (
    {"angle": "One concrete situation from the audience's week, and one thing to do about it.", "hook_category": "story"},
    {"angle": "A question the audience asks itself, answered in plain words.", "hook_category": "question"},
    {"angle": "A short list of steps somebody can try today.", "hook_category": "list"},
)
DEFAULT_AVOID = ("claims without a source", "pitching in the first line")


@dataclass(frozen=True)
class Strategist:
    """Writes one strategy per niche and local date."""

    database: Database
    clock: Clock
    business: Business
    desk: ModelDesk

    def write(self, run_date: date, niche: str | None) -> StrategyResult:
        """Strategies for today; those that stand already are kept as they are."""
        found = [self._one(run_date, one) for one in niches_of(self.business, niche)]
        by_model = sum(1 for one in found if one.source == "model")
        return StrategyResult(niches=len(found), from_model=by_model, kept=len(found) - by_model, strategies=found)

    def _one(self, run_date: date, niche: Niche) -> NicheStrategy:
        with self.database.reading() as connection:
            before = reads.strategy(connection, niche.key, run_date)
            evidence = find_evidence(connection, niche.key, EVIDENCE_ROWS)
        if before is not None and before["run_date"] == run_date:
            return _shown(niche.key, before, len(evidence), None)
        if not evidence:
            return self._fall_back(run_date, niche.key, before, "no evidence")
        try:
            values, _ = twice(lambda number: self._ask(run_date, niche.key, evidence, number))
        except Failure as failure:
            return self._fall_back(run_date, niche.key, before, f"{failure.code}: {failure.message}", len(evidence))
        if not values["angles"]:
            return self._fall_back(run_date, niche.key, before, "no angle named its evidence", len(evidence))
        return self._keep(run_date, niche.key, values, len(evidence), None)

    def _ask(self, run_date: date, niche: str, evidence: Sequence[Evidence], number: int) -> dict[str, Any]:
        brief = {"niche": niche, "evidence": evidence_brief(evidence)}
        key = f"{run_date}/{niche}/{number}"
        reply = ask(
            self.desk, "research_synthesis", "research_synthesis", key, brief=brief, schema=ANGLES_SHAPE, most_tokens=MOST_TOKENS
        )
        angles, dropped = supported_angles(reply.data["angles"], [one.id for one in evidence], HOOK_CATEGORIES)
        for angle in angles:
            angle["angle"] = one_line(str(angle["angle"]))
        return {
            "source": "model", "angles": angles[:6], "avoid": [one_line(one) for one in reply.data["avoid"][:6] if is_plain(one)],
            "evidence_item_ids": [one.id for one in evidence], "dropped_claims": dropped, "model": reply.model,
        }  # fmt: skip

    def _fall_back(
        self, run_date: date, niche: str, before: Mapping[str, Any] | None, reason: str, evidence: int = 0
    ) -> NicheStrategy:  # fmt: skip
        """Yesterday's strategy, or the plain defaults where there never was one."""
        values: dict[str, Any] = {
            "source": "defaults", "angles": [{**one, "format": "text", "evidence_ids": []} for one in DEFAULT_ANGLES],
            "avoid": list(DEFAULT_AVOID), "evidence_item_ids": [], "dropped_claims": 0, "model": None,
        }  # fmt: skip
        if before is not None:
            values |= {name: before[name] for name in ("angles", "avoid", "evidence_item_ids")} | {"source": "yesterday"}
        return self._keep(run_date, niche, values, evidence, reason)

    def _keep(self, run_date: date, niche: str, values: dict[str, Any], evidence: int, reason: str | None) -> NicheStrategy:
        with self.database.writing() as connection:
            store.put_strategy(connection, self.database, (run_date, niche), values, self.clock.now())
        return _shown(niche, values, evidence, reason)


def niches_of(business: Business, niche: str | None) -> list[Niche]:
    """The niche of that key, or all of them."""
    found = [one for one in business.niches if niche in (None, one.key)]
    if not found:
        raise BadInput(f"there is no niche {niche}", field="niche")
    return found


def evidence_brief(evidence: Sequence[Evidence]) -> list[dict[str, Any]]:
    """Evidence as a model sees it: quoted data with where it came from."""
    shown = ("id", "quote", "platform", "engagement", "source")
    return [{name: getattr(one, name) for name in shown} for one in evidence]


def one_line(text: str, most: int = 200) -> str:
    """A model's sentence as one short line without angle brackets."""
    return " ".join(text.replace("<", " ").replace(">", " ").split())[:most]


def _shown(niche: str, values: Mapping[str, Any], evidence: int, reason: str | None) -> NicheStrategy:
    return NicheStrategy(
        niche=niche, source=values["source"], evidence=evidence, angles=values["angles"], avoid=values["avoid"],
        dropped_claims=values["dropped_claims"], reason=reason,
    )  # fmt: skip
