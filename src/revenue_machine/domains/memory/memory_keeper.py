"""Keeps what is worth keeping: the day's note, its milestones, and facts with their evidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from revenue_machine.domains.memory import day_note, milestones, reads, rules, store, vault
from revenue_machine.domains.memory.models import (
    DailyResult,
    EventArgs,
    EventResult,
    KnowledgeArgs,
    KnowledgeResult,
    Memory,
    SearchArgs,
    SearchResult,
)
from revenue_machine.engine.call import Call
from revenue_machine.engine.database import Database
from revenue_machine.kit.clock import Clock, local_date
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.ids import content_hash
from revenue_machine.kit.settings import Settings


@dataclass(frozen=True)
class MemoryKeeper:
    """Writes and recalls within one call; the date is the run's, else the owner's today."""

    database: Database
    clock: Clock
    settings: Settings
    call: Call

    def write_daily(self, run_date: date | None) -> DailyResult:
        """Write the note of a date into database and vault.

        Raises: outside_unavailable when the vault's disk does not take it (the row stands then).
        """
        day = run_date or self._run_date()
        with self.database.reading() as connection:
            text = day_note.compose(connection, day, self.settings.zone)
        with self.database.writing() as connection:
            store.write_note(connection, self.database, day, text, self.clock.now())
        place = vault.write_daily_file(self.settings.home, day, text)
        shown = place.relative_to(self.settings.home).as_posix()
        return DailyResult(run_date=day, lines=text.count("\n"), text=text, file=shown)

    def write_knowledge(self, args: KnowledgeArgs) -> KnowledgeResult:
        """Keep a statement on the layer its score reaches."""
        score = rules.cognitive_score(args.confidence, args.tags)
        layer = rules.layer_for(score)
        if layer is None:
            return KnowledgeResult(is_kept=False, layer=None, score=score, id=None)
        with self.database.writing() as connection:
            if layer == 1:
                fact_id = store.write_fact(connection, self.database, args, self.clock.now())
                return KnowledgeResult(is_kept=True, layer=1, score=score, id=fact_id)
            memory = Memory(
                key=f"knowledge/{content_hash([args.subject, args.statement])}", event_type="observation",
                content=f"{args.subject}: {args.statement}", importance=score, source=self.call.actor, provenance=args.provenance,
                tags=args.tags, metadata={"evidence": ",".join(sorted(set(args.evidence)))},
            )  # fmt: skip
            store.record(connection, self.database, memory, self._run_date(), self.clock.now())
            return KnowledgeResult(is_kept=True, layer=2, score=score, id=store.event_id(self._run_date(), memory.key))

    def record_event(self, args: EventArgs) -> EventResult:
        """Keep one event, or without any the milestones of the date.

        Raises: bad_input when only one of event_type and content is given.
        """
        day = args.run_date or self._run_date()
        memories = self._milestones(day) if args.content is None and args.event_type is None else [_memory(args)]
        kept = [one for one in memories if rules.layer_for(one.importance) is not None]
        with self.database.writing() as connection:
            fresh = [store.record(connection, self.database, one, day, self.clock.now()) for one in kept]
        return EventResult(run_date=day, recorded=sum(fresh), known=len(kept) - sum(fresh), dropped=len(memories) - len(kept))

    def search(self, args: SearchArgs) -> SearchResult:
        """The memories that answer best."""
        with self.database.reading() as connection:
            found, hits = reads.recall(connection, args.query, args.limit)
        return SearchResult(found=found, hits=hits)

    def _milestones(self, day: date) -> list[Memory]:
        with self.database.reading() as connection:
            return milestones.of_day(connection, day, self.settings.zone)

    def _run_date(self) -> date:
        return self.call.run_date or local_date(self.clock.now(), self.settings.zone)


def _memory(args: EventArgs) -> Memory:
    if args.content is None or args.event_type is None:
        missing = "content" if args.content is None else "event_type"
        raise BadInput("an event has a type and a content, or neither", field=missing)
    return Memory(
        key=f"said/{args.event_type}/{content_hash(args.content)}", event_type=args.event_type, content=args.content,
        importance=args.importance, source=args.source, provenance=args.provenance, tags=args.tags, metadata=args.metadata,
    )  # fmt: skip
