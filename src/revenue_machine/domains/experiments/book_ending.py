"""What loops tell the book after the verdict, how an experiment ends, and the ones that end because nobody decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.experiments import book_rules as rules
from revenue_machine.domains.experiments import reads, store
from revenue_machine.domains.experiments.asked import Changed, CloseArgs, NoteArgs, SweepResult
from revenue_machine.domains.experiments.book import must_find
from revenue_machine.domains.experiments.book_words import day_words
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.kit.clock import Clock, local_date
from revenue_machine.kit.errors import Conflict
from revenue_machine.kit.settings import Settings


@dataclass(frozen=True)
class ExperimentEnds:
    """Notes and endings; every method is one transaction."""

    database: Database
    events: Events
    settings: Settings
    clock: Clock

    def note(self, args: NoteArgs) -> Changed:
        """Keep what was done; a change of standing drops the words about the one before.

        Raises: not_found; conflict (a move the book does not allow, another delegation, another start after the first look).
        """
        with self.database.writing() as connection:
            self.database.lock(connection, f"experiment/{args.experiment_id}")
            row = must_find(connection, args.experiment_id)
            values = self._noted(connection, row, args)
            fresh = {name: value for name, value in values.items() if value != row[name]}
            if fresh:
                store.update(connection, row["id"], fresh, self.clock.now())
            row |= fresh
        return Changed(experiment_id=row["id"], status=row["status"], outcome=row["outcome"], is_new=bool(fresh))

    def _noted(self, connection: sa.Connection, row: Mapping[str, Any], args: NoteArgs) -> dict[str, Any]:
        values: dict[str, Any] = {}
        has_looks = reads.newest_look(connection, row["id"], "test") is not None
        if args.status is not None and args.status != row["status"]:
            no = rules.wrong_move(row, args.status, has_looks=has_looks)
            if no is not None:
                raise Conflict(f"status: {args.status}: {no}", field="status")
            values |= {"status": args.status, "next_words": None}
        if args.started_at is not None and args.started_at != row["started_at"]:
            if has_looks:
                raise Conflict("started_at: it has been looked at already", field="started_at")
            values |= {"started_at": args.started_at, "ends_at": args.started_at + timedelta(days=row["planned_days"])}
        given = args.model_dump(include={"delegation_id", "shipped_at", "holdout_share"}, exclude_none=True)
        return values | given | ({} if args.next is None else {"next_words": args.next})

    def close(self, args: CloseArgs) -> Changed:
        """End an experiment for good; the same ending again changes nothing.

        Raises: not_found; conflict when it ended otherwise.
        """
        effect = args.effect if isinstance(args.effect, dict) else {"absolute": args.effect}
        low, high = args.interval or (None, None)
        found = {
            "effect_absolute": effect.get("absolute"), "effect_relative": effect.get("relative"),
            "interval_low": low, "interval_high": high,
        }  # fmt: skip
        with self.database.writing() as connection:
            self.database.lock(connection, f"experiment/{args.experiment_id}")
            row = must_find(connection, args.experiment_id)
            if row["status"] == "closed":
                if row["outcome"] != args.outcome:
                    raise Conflict(f"outcome: it was closed as {row['outcome']}", field="outcome")
                return Changed(experiment_id=row["id"], status="closed", outcome=row["outcome"], is_new=False)
            self._end(connection, row, args.outcome, args.words, found)
        return Changed(experiment_id=row["id"], status="closed", outcome=args.outcome, is_new=True)

    def close_overdue(self) -> SweepResult:
        """End every open experiment whose planned end passed without a decision."""
        closed = []
        with self.database.writing() as connection:
            for found_row in reads.overdue(connection, self.clock.now()):
                self.database.lock(connection, f"experiment/{found_row['id']}")
                row = must_find(connection, found_row["id"])
                if row["status"] != "open":
                    continue  # somebody decided it while we waited for the lock
                look = reads.newest_look(connection, row["id"], "test")
                outcome = "unhealthy" if row["verdict"] == "unhealthy" else "inconclusive"
                ended_on = day_words(local_date(row["ends_at"], self.settings.zone))
                words = f"the planned end, {ended_on}, passed without a decision" + ("" if look else "; nobody ever sent counts")
                found = {} if look is None else {name: look[name] for name in _EFFECT}
                self._end(connection, row, outcome, f"{words}; {row['control']} is kept", found)
                closed.append(row["id"])
        return SweepResult(closed=len(closed), experiment_ids=closed)

    def _end(self, connection: sa.Connection, row: Mapping[str, Any], outcome: str, words: str, found: Mapping[str, Any]) -> None:
        now: datetime = self.clock.now()
        values = {"status": "closed", "outcome": outcome, "outcome_words": words, "closed_at": now, "next_words": None, **found}
        store.update(connection, row["id"], values, now)
        told = {"experiment_id": row["id"], "kind": row["kind"], "subject": row["subject"], "outcome": outcome}
        self.events.emit(connection, "experiment.closed", row["id"], told)


_EFFECT = ("effect_absolute", "effect_relative", "interval_low", "interval_high")
