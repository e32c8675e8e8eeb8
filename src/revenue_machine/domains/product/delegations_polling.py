"""Follows delegations to their end: asks the harness, stops what takes too long, and looks after a repair of the machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from revenue_machine.domains.product import delegations_rules as rules
from revenue_machine.domains.product import delegations_store as store
from revenue_machine.domains.product import reads
from revenue_machine.domains.product.acd_delegation_engine import DelegationEngine
from revenue_machine.domains.product.delegations_harness import stats_of
from revenue_machine.domains.product.models import Stopped, Woken
from revenue_machine.engine.caps import Ceiling
from revenue_machine.engine.effects import Outside, Plan
from revenue_machine.engine.gates import Speech
from revenue_machine.engine.switch import Switch
from revenue_machine.integrations.acd.wire import HarnessRun
from revenue_machine.kit.errors import Failure, OutsideRejected
from revenue_machine.kit.ids import content_hash

# A brake: it is no message, and it has to work while the kill switch is on, which only what answers the owner may.
BRAKE = Speech("acd_stop", Ceiling(per_day=500), answers_owner=True)
_UNKNOWN = ("unknown_project", "unknown_run")
_ENDS = {"completed": "done", "failed": "failed", "stopped": "stopped"}
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Poller:
    """Looks at every delegation whose time has come."""

    engine: DelegationEngine
    switch: Switch

    def look(self, outside: Outside, *, at_all: bool = False) -> Woken:
        """Look once at what is due, or at everything that is open; one that cannot be looked at stops none of the others."""
        engine = self.engine
        with engine.database.reading() as connection:
            rows = reads.delegations_to_look_at(connection, None if at_all else engine.clock.now())
        open_rows = [row for row in rows if row["status"] not in rules.ENDED]
        return Woken(looked_at=len(open_rows), ended=sum(self._look_at(row, outside) for row in open_rows))

    def stop(self, project: str, reason: str, outside: Outside) -> Stopped:
        """End the run in a project because a person said so; ours or not."""
        engine = self.engine
        with engine.database.reading() as connection:
            row = reads.delegation_at_work(connection, project)
        if row is None:
            run = engine.harness.client.status(project)
            if not run.has_ended and run.status != "idle":
                self.brake(project, run.reference, f"{project}/{run.reference}", outside)
            return Stopped(project=project, was_running=not run.has_ended and run.status != "idle", delegation_id=None)
        self._stop(row, "stopped", f"{reason}", outside)
        return Stopped(project=project, was_running=True, delegation_id=row["id"])

    def _look_at(self, row: Row, outside: Outside) -> bool:
        """Whether it ended."""
        try:
            if row["status"] == "approved":
                is_over = row["poll_at"] <= self.engine.clock.now()
                return is_over and self.engine.end(row, "expired", reason=rules.held_words(row))
            if row["status"] == "starting":
                return self._look_at_start(row, outside)
            return self._look_at_run(row, outside)
        except Failure as failure:
            return self._not_seen(row, failure, outside)

    def _look_at_start(self, row: Row, outside: Outside) -> bool:
        """A start whose answer was lost: found at the harness or sent again, unless nothing may start now."""
        if self.switch.is_stopped():
            return self._stop(row, "stopped", "the kill switch is on", outside)
        self.engine.send(row, outside)
        return False

    def _look_at_run(self, row: Row, outside: Outside) -> bool:
        now = self.engine.clock.now()
        run = self.engine.harness.client.status(row["project"], row["id"])
        if run.has_ended:
            return self._ended(row, run)
        if self.switch.is_stopped():
            return self._stop(row, "stopped", "the kill switch is on", outside)
        if now >= rules.deadline(row["kind"], row["started_at"]):
            return self._stop(row, "timed_out", None, outside)
        self._later(row, stats={**(row["stats"] or {}), **stats_of(run), "harness_status": run.status})
        return False

    def _ended(self, row: Row, run: HarnessRun) -> bool:
        status = _ENDS[run.status]
        changes: dict[str, Any] = {"stats": {**(row["stats"] or {}), **stats_of(run), "harness_status": run.status}}
        if status != "done":
            changes |= self._tail(row)
        if row["kind"] == "self_heal":
            changes |= {"check_after": "due", "poll_at": self.engine.clock.now()}
        return self.engine.end(row, status, polls=row["polls"] + 1, **changes)

    def _stop(self, row: Row, status: str, reason: str | None, outside: Outside) -> bool:
        """Stop the harness and end the delegation; a harness that finished a moment earlier has finished."""
        words = {} if reason is None else {"reason": reason}
        try:
            said = self.brake(row["project"], row["id"], row["id"], outside)
        except Failure as failure:
            why = reason or rules.ended_words(status, row, self.engine.clock.now())
            words = {"reason": f"{why}; the harness did not confirm the stop ({failure.code}): look whether it still works"}
            return self.engine.end(row, status, polls=row["polls"] + 1, **words)
        if said == "completed":
            return self._ended(row, self.engine.harness.client.status(row["project"], row["id"]))
        return self.engine.end(row, status, polls=row["polls"] + 1, **words, **self._tail(row))

    def brake(self, project: str, reference: str | None, key: str, outside: Outside) -> str:
        """Tell the harness to end a run; how it stands afterwards. Safe to repeat."""
        plan = Plan(
            service="acd", operation="stop", key=key, payload={"project": project}, answer=str,
            send=lambda _key: self.engine.harness.client.stop(project, reference).status, repeats_safely=True, speech=BRAKE,
        )  # fmt: skip
        return outside.perform(plan)

    def _tail(self, row: Row) -> dict[str, Any]:
        """The end of the log as far as it can be had."""
        try:
            tail = self.engine.harness.tail(row)
        except Failure:
            return {}
        return {"log_tail": tail, "log_tail_hash": content_hash(tail)} if tail else {}

    def _not_seen(self, row: Row, failure: Failure, outside: Outside) -> bool:
        """The harness cannot be asked: again in a minute, until the time of the run is over."""
        with self.engine.database.reading() as connection:
            stands = reads.delegation(connection, row["id"])
        if stands is None or stands["status"] in rules.ENDED or stands["status"] == "approved":
            return stands is not None and stands["status"] in rules.ENDED
        if isinstance(failure, OutsideRejected) and failure.details.get("reason") in _UNKNOWN:
            return self.engine.end(stands, "failed", reason="the harness does not know this run any more")
        if stands["started_at"] is not None and self.engine.clock.now() >= rules.deadline(row["kind"], stands["started_at"]):
            return self._stop(stands, "timed_out", None, outside)
        self._later(stands)
        return False

    def _later(self, row: Row, **changes: Any) -> None:
        now = self.engine.clock.now()
        end = rules.deadline(row["kind"], row["started_at"]) if row["started_at"] is not None else now + rules.POLL_EVERY
        next_look = max(min(now + rules.POLL_EVERY, end), now) if now < end else now + rules.POLL_EVERY
        with self.engine.database.writing() as connection:
            store.note(connection, row, now, polls=row["polls"] + 1, poll_at=next_look, **changes)
