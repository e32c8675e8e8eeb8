"""Makes a batch of drafts: decide the design, ask once per niche, keep what keeps the rules, say why the rest was dropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from revenue_machine.domains.content import reads, rules, store
from revenue_machine.domains.content.asking import DRAFTS_SHAPE, ask, twice
from revenue_machine.domains.content.design import Slot, deal_platforms, design_niche, slot_brief, text_rules
from revenue_machine.domains.content.models import GenerateResult, NicheDrafts
from revenue_machine.domains.content.strategist import evidence_brief, niches_of, one_line
from revenue_machine.domains.credit.models import ModelDesk
from revenue_machine.domains.owner.models import Business, Niche
from revenue_machine.domains.research.models import Evidence
from revenue_machine.domains.research.reads import evidence as find_evidence
from revenue_machine.engine.choices import Choice, log_choices
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import BudgetExhausted, ContractBroken, Failure
from revenue_machine.kit.ids import make_id
from revenue_machine.kit.rng import rng
from revenue_machine.kit.settings import Settings

EVIDENCE_ROWS = 12
MOST_LESSONS = 12
# Of ten drafts about seven pass the review (definitions §1.6): batch 2 asks for that much more than it needs.
PASS_RATE_TENTHS = 7


@dataclass(frozen=True)
class _Batch:
    """One batch of one local date, what was said before, and which niches failed."""

    run_date: date
    number: int
    memory: rules.Memory
    failures: list[Failure]

    def key(self, niche: str) -> str:
        return f"{self.run_date}/{self.number}/{niche}"


@dataclass(frozen=True)
class ContentPipeline:
    """Writes drafts for the owner's niches."""

    database: Database
    clock: Clock
    settings: Settings
    business: Business
    desk: ModelDesk
    events: Events

    def generate(self, run_date: date, batch: int, niche: str | None, count: int) -> GenerateResult:
        """Drafts of one batch; a niche that has its drafts is not asked again, one that fails is skipped and named.

        Raises: the failure, when every niche failed and nothing stands.
        """
        wanted = [one.key for one in niches_of(self.business, niche)]
        with self.database.reading() as connection:
            standing = reads.drafts_in(connection, run_date, batch)
        work = _Batch(run_date, batch, self._memory(run_date), [])
        hands = self._deal(run_date, batch, count)
        found = list[NicheDrafts]()
        for one in self.business.niches:
            if one.key not in wanted:
                continue
            if one.key in standing:
                found.append(NicheDrafts(niche=one.key, existing=standing[one.key]))
                continue
            found.append(self._niche(work, one, hands[one.key]))
        made = sum(one.made for one in found)
        if work.failures and len(work.failures) == len(found):
            raise work.failures[-1]
        return GenerateResult(
            batch=batch, made=made, dropped=sum(one.dropped for one in found), existing=sum(one.existing for one in found),
            skipped_niches=len(work.failures), niches=found,
        )  # fmt: skip

    def _memory(self, run_date: date) -> rules.Memory:
        memory = rules.Memory()
        with self.database.reading() as connection:
            for draft_id, text in reads.recent_texts(connection, run_date - timedelta(days=rules.DUPLICATE_DAYS)):
                memory.add(draft_id, text)
        return memory

    def _deal(self, run_date: date, batch: int, count: int) -> dict[str, list[str]]:
        """Platforms per niche: the day's quotas in batch 1, in batch 2 what batch 1 left open."""
        channels = [one for one in self.business.channels if one.takes_text] or list(self.business.channels)
        niches = [one.key for one in self.business.niches]
        weights: dict[str, int] = {one.platform: one.per_day for one in channels}
        turn = run_date.toordinal()
        if batch == 1:
            return deal_platforms(niches, count, weights, turn)
        with self.database.reading() as connection:
            by_platform, by_niche = reads.open_by(connection, run_date, "platform"), reads.open_by(connection, run_date, "niche")
        weights = {platform: max(0, most - by_platform.get(platform, 0)) for platform, most in weights.items()}
        needed = -(-sum(weights.values()) * 10 // PASS_RATE_TENTHS)
        served = min(len(niches), -(-needed // count))
        poorest = sorted(niches, key=lambda one: (by_niche.get(one, 0), (niches.index(one) - turn) % len(niches)))[:served]
        hands = deal_platforms(poorest, count, weights, turn) if poorest else {}
        return {one: hands.get(one, []) for one in niches}

    def _niche(self, work: _Batch, niche: Niche, platforms: Sequence[str]) -> NicheDrafts:
        if not platforms:
            return NicheDrafts(niche=niche.key, skipped="no open slots")
        draw = rng(self.settings.seed, "content.design", work.run_date, work.number, niche.key)
        slots = design_niche(self.business, niche, work.number, platforms, draw)
        try:
            slots = slots[: self._affordable(len(slots))]
            with self.database.reading() as connection:
                evidence = find_evidence(connection, niche.key, EVIDENCE_ROWS)
                lessons = self._lessons(niche.key, work.run_date, connection)
            brief = self._brief(niche, slots, evidence, lessons)
            (answers, model), attempts = twice(lambda number: self._ask(f"{work.key(niche.key)}/{number}", brief, slots))
        except Failure as failure:
            work.failures.append(failure)
            return NicheDrafts(niche=niche.key, wanted=len(slots), skipped=f"{failure.code}: {failure.message}")
        asked = zip(slots, models_for(slots, evidence), strict=True)
        rows = [
            self._row(work, slot, answers[slot.key], source) | {"model": model} for slot, source in asked if slot.key in answers
        ]
        self._keep(work, niche.key, slots, rows)
        dropped = [row["review_notes"] for row in rows if row["status"] == "rejected"]
        return NicheDrafts(
            niche=niche.key, wanted=len(slots), made=len(rows) - len(dropped), dropped=len(dropped), attempts=attempts,
            reasons=tuple(dropped),
        )  # fmt: skip

    def _affordable(self, wanted: int) -> int:
        size = self.desk.batch_size(wanted)
        if size == 0:
            raise BudgetExhausted("today's AI budget leaves no room for drafts")
        return size

    def _lessons(self, niche: str, run_date: date, connection: Any) -> list[str]:
        """Today's angles, what to avoid, and what the numbers taught."""
        strategy, learned = reads.strategy(connection, niche, run_date), reads.lessons(connection, niche, run_date)
        said = [f"Angle: {one['angle']}" for one in (strategy or {}).get("angles", [])]
        said += [f"Avoid: {one}" for one in (strategy or {}).get("avoid", [])]
        return [one_line(one) for one in [*(learned or {}).get("guidelines", []), *said]][:MOST_LESSONS]

    def _brief(self, niche: Niche, slots: Sequence[Slot], evidence: Sequence[Evidence], lessons: Sequence[str]) -> dict[str, Any]:
        return {
            "niche": niche.key, "audience": niche.audience, "voice": self.business.voice,
            "slots": [
                slot_brief(self.business, slot) | {"evidence_id": None if source is None else source.id}
                for slot, source in zip(slots, models_for(slots, evidence), strict=True)
            ],
            "evidence": evidence_brief(evidence),
            "lessons": list(lessons),
        }  # fmt: skip

    def _ask(self, key: str, brief: Mapping[str, Any], slots: Sequence[Slot]) -> tuple[dict[str, dict[str, Any]], str]:
        """Answers by slot; an answer without any draft for us is a broken one."""
        most_tokens = sum(slot.max_chars + 100 for slot in slots)
        task = "draft_generation"
        reply = ask(self.desk, task, task, key, brief=brief, schema=DRAFTS_SHAPE, most_tokens=most_tokens)
        known = {slot.key for slot in slots}
        answers = {one["key"]: one for one in reversed(reply.data["drafts"]) if one["key"] in known}
        if not answers:
            raise ContractBroken("the model wrote for none of the slots")
        return answers, reply.model

    def _row(self, work: _Batch, slot: Slot, answer: Mapping[str, Any], source: Evidence | None) -> dict[str, Any]:
        """A draft, or, when it breaks a rule, a rejected one with the reason; dimensions are the design's, never the model's."""
        text, reason = self._checked(str(answer["text"]).strip(), slot, work.memory)
        values = {
            "niche": slot.niche, "platform": slot.platform, "content_type": slot.content_type, "hook_category": slot.hook_category,
            "framework": slot.framework, "offer": slot.offer, "cta": slot.cta, "length_bucket": slot.length,
            "disclosure": rules.disclosure(slot.platform, slot.content_type),
            "evidence_item_id": None if source is None else source.id,
            "blueprint_id": None if source is None else source.blueprint_id,
            "status": "draft" if reason is None else "rejected", "review_notes": None if reason is None else f"dropped: {reason}",
        }  # fmt: skip
        row = store.draft_row((work.run_date, work.number, slot.key), text, values, self.clock.now())
        if reason is None:
            work.memory.add(row["id"], text)
        return row

    def _checked(self, text: str, slot: Slot, memory: rules.Memory) -> tuple[str, str | None]:
        reason = rules.flaw(text, text_rules(self.business, slot))
        if reason is None and slot.content_type == "thread":
            parts = rules.as_parts(text, rules.PLATFORM_RULES[slot.platform].text_chars)
            if parts is None:
                return text, "a sentence is longer than a post of the thread may be"
            text = parts
        nearest = memory.nearest(text) if reason is None else None
        if nearest is not None and nearest[1] >= rules.NEAR_DUPLICATE:
            reason = f"{nearest[1]:.0%} the same as {nearest[0]}"
        return text, reason

    def _keep(self, work: _Batch, niche: str, slots: Sequence[Slot], rows: Sequence[Mapping[str, Any]]) -> None:
        """Drafts, the design with its chances, and the fact that they were made: one transaction."""
        ids = [make_id("dft", work.run_date, work.number, slot.key) for slot in slots]
        choices = [
            Choice("content.design", draft_id, slot.choice, slot.propensity, dict(slot.propensities))
            for draft_id, slot in zip(ids, slots, strict=True)
        ]
        facts = {
            "run_date": work.run_date.isoformat(), "batch": work.number, "niche": niche, "drafts": len(rows),
            "blueprints": reads.blueprint_counts(rows),
        }  # fmt: skip
        with self.database.writing() as connection:
            store.insert_drafts(connection, self.database, rows)
            log_choices(connection, self.database, self.clock, choices)
            self.events.emit(connection, "content.generated", work.key(niche), facts)


def models_for(slots: Sequence[Slot], evidence: Sequence[Evidence]) -> list[Evidence | None]:
    """The post each slot is modelled on, dealt in turn before a word is written; None where there is no evidence."""
    return [evidence[place % len(evidence)] if evidence else None for place in range(len(slots))]
