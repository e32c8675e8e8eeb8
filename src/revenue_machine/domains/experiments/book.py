"""The book of experiments: registers what is tried before it is counted, judges each look, and states what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.experiments import book_rules as rules
from revenue_machine.domains.experiments import reads, store
from revenue_machine.domains.experiments.asked import OpenArgs, OpenResult
from revenue_machine.domains.experiments.book_judging import family_alpha
from revenue_machine.domains.phase import reads as phase_reads
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.kit.clock import Clock, local_date
from revenue_machine.kit.errors import CapReached, Conflict, NotFound
from revenue_machine.kit.money import micro
from revenue_machine.kit.settings import Settings


@dataclass(frozen=True)
class ExperimentBook:
    """Opens, finds and changes experiments; every method is one transaction."""

    database: Database
    events: Events
    settings: Settings
    clock: Clock

    def open(self, args: OpenArgs) -> OpenResult:
        """Register an experiment, or find it; what is registered stands from the first look on.

        Raises: conflict naming the field; cap_reached when one is open on this subject, or the phase allows no more.
        """
        fresh = rules.registration(args, micro(args.value_per_conversion_usd))
        key = {"kind": args.kind, "subject": args.subject, "opened_for": args.opened_for}
        experiment_id, now = store.experiment_id(**key), self.clock.now()
        with self.database.writing() as connection:
            self.database.lock(connection, "experiments")
            self.database.lock(connection, f"experiment/{experiment_id}")
            row = reads.experiment(connection, experiment_id)
            if row is not None:
                return self._found(connection, row, fresh, args.started_at)
            alpha = self._room(connection, args)
            full = {"id": experiment_id, **key, **fresh, "alpha": alpha, **_span(args.started_at or now, args.planned_days)}
            store.insert(self.database, connection, full, now)
            told = {"experiment_id": experiment_id, "kind": args.kind, "subject": args.subject}
            self.events.emit(connection, "experiment.opened", experiment_id, told)
        return OpenResult(experiment_id=experiment_id, is_new=True, status="open", reason="registered", alpha=alpha)

    def _found(
        self, connection: sa.Connection, row: dict[str, Any], fresh: Mapping[str, Any], started_at: datetime | None
    ) -> OpenResult:
        """The same key again: before the first look its registration follows, afterwards it stands."""
        changed, seen_on = rules.changed_fields(row, fresh), reads.last_look_on(connection, row["id"])
        reason = f"it stands since {self.on(row['started_at'])}"
        if row["status"] == "closed":
            reason = f"it was closed on {self.on(row['closed_at'])}: {row['outcome']}"
        if changed and (seen_on is not None or row["status"] == "closed"):
            field = changed[0].removesuffix("_micro_usd") + "_usd" if changed[0].endswith("_micro_usd") else changed[0]
            since = f"the first look at the counts ({seen_on})" if seen_on is not None else "it was closed"
            raise Conflict(f"{field}: registered otherwise, and it cannot change after {since}", field=field)
        if seen_on is None and row["status"] != "closed":
            begun = {} if started_at is None else _span(started_at, fresh["planned_days"])
            span = begun or _span(row["started_at"], fresh["planned_days"])
            store.update(connection, row["id"], {**fresh, **span}, self.clock.now())
            reason = f"changed before the first look: {', '.join(changed)}" if changed else reason
        return OpenResult(experiment_id=row["id"], is_new=False, status=row["status"], reason=reason, alpha=row["alpha"])

    def _room(self, connection: sa.Connection, args: OpenArgs) -> float:
        """The share of false alarms it may have: one experiment per kind and subject, and for loops as many as the phase allows."""
        other = reads.open_of(connection, args.kind, args.subject)
        if other is not None:
            words = f"{args.subject} has an open {args.kind} experiment: {other['title']}, since {self.on(other['started_at'])}"
            raise CapReached(words, field="subject", experiment_id=other["id"])
        if args.kind not in rules.LOOPS:
            return family_alpha((), None)
        most, alphas = phase_reads.volume(connection, "experiments").most, reads.alphas_of_loops(connection)
        phase = phase_reads.current_phase(connection)
        if most is not None and len(alphas) >= most:
            raise CapReached(f"{len(alphas)} of {most} experiments are open, which is what phase {phase} allows", field="kind")
        alpha = family_alpha(alphas, most)
        if alpha <= 0:
            words = "the experiments open now hold all of the allowed false alarms; the next one opens when one of them closes"
            raise CapReached(words, field="kind")
        return alpha

    def on(self, at: datetime) -> str:
        """The local date of an instant, as the report says it."""
        day = local_date(at, self.settings.zone)
        return f"{day.day} {day:%b}"


def must_find(connection: sa.Connection, experiment_id: str) -> dict[str, Any]:
    """The row of that id. Raises: not_found."""
    row = reads.experiment(connection, experiment_id)
    if row is None:
        raise NotFound(f"there is no experiment {experiment_id} (revenue call experiments.list)", field="experiment_id")
    return row


def _span(started_at: datetime, planned_days: int) -> dict[str, datetime]:
    return {"started_at": started_at, "ends_at": started_at + timedelta(days=planned_days)}
