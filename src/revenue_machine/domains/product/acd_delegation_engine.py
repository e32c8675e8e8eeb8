"""Hands one decision to the coding harness: asked about once, started once, whatever crashes in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.product import briefs, reads
from revenue_machine.domains.product import delegations_rules as rules
from revenue_machine.domains.product import delegations_store as store
from revenue_machine.domains.product.briefs import Brief
from revenue_machine.domains.product.delegations_harness import Harness
from revenue_machine.domains.product.models import DelegateArgs, ProposeArgs, Proposed, Started
from revenue_machine.engine.approvals import MONEY_LIFETIME, Approvals, Question
from revenue_machine.engine.call import Call
from revenue_machine.engine.database import Database
from revenue_machine.engine.effects import Outside, Plan
from revenue_machine.engine.events import Events
from revenue_machine.engine.gates import Spend
from revenue_machine.engine.ledger import Entry
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import BadInput, CapReached, Conflict, Failure, NotFound
from revenue_machine.kit.ids import content_hash, make_id
from revenue_machine.kit.money import micro, show

TOPIC = "system.delegate_to_acd"
BUSY_S = 300.0
MOST_WHY = 600
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Direct:
    """What a person had started without a proposal of the machine's."""

    kind: str
    project: str
    task_type: str
    task: str
    max_sessions: int = 1


@dataclass(frozen=True)
class DelegationEngine:
    """From a decision to a running harness."""

    database: Database
    clock: Clock
    approvals: Approvals
    events: Events
    harness: Harness

    def propose(self, args: ProposeArgs, call: Call) -> Proposed:
        """Write a delegation down and ask its one question; a decision that has one already gets no second.

        Raises: bad_input; not_found (nothing to revert); not_configured (no harness, no folder).
        """
        standing = self._standing(store.delegation_id(args.decision_key))
        if standing is not None:
            return _proposed(standing, is_new=False)
        name = self.harness.check(args.project)
        with self.database.reading() as connection:
            end_state = self._end_state(connection, args)
            state = self._state(connection, args.project)
        brief = Brief(args.kind, name, args.facts, end_state, args.reverts_id)
        row = self._row(args, end_state, state) | {"title": rules.title_of(args.kind, name), "task": briefs.render(brief)}
        with self.database.writing() as connection:
            is_new = store.put_new(connection, self.database, row, self.clock.now())
            if is_new:
                approval_id = self.approvals.file(connection, self._question(row, args, call))
                store.note(connection, row, self.clock.now(), approval_id=approval_id)
        found = self._standing(row["id"])
        return _proposed(_there(found), is_new=is_new)

    def delegate(self, args: DelegateArgs, call: Call, outside: Outside) -> Started:
        """Start what a person said yes to, exactly in the words of the yes.

        Raises: not_found; conflict (over already, or another project than was asked about); what a gate or the harness refuses.
        """
        if args.delegation_id is None:
            return self.start_direct(Direct("free", args.project, args.task_type, args.text), call, outside)
        row = self._standing(args.delegation_id)
        if row is None:
            raise NotFound(f"there is no delegation {args.delegation_id}", field="delegation_id")
        if row["project"] != args.project:
            raise Conflict(f"this delegation is about {row['project']}; another project is another decision", field="project")
        with self.database.writing() as connection:
            take_yes(connection, row, str(call.approval_id), args, self.clock)
        return self._start(row["id"], outside)

    def start_direct(self, wish: Direct, call: Call, outside: Outside) -> Started:
        """Start what a person asked for and said yes to, without a proposal; one call is one delegation."""
        name = self.harness.check(wish.project)
        with self.database.reading() as connection:
            state = self._state(connection, wish.project)
        end_state = briefs.end_state_in(wish.task)
        row: dict[str, Any] = {
            "decision_key": f"direct/{call.topic}/{call.key}", "kind": wish.kind, "project": wish.project,
            "task_type": wish.task_type, "model": rules.model_for(wish.task_type), "title": rules.title_of(wish.kind, name),
            "task": wish.task, "end_state": end_state, "previous_state": rules.stands_for(end_state or {}, state),
            "approval_id": call.approval_id, "price_micro_usd": self.harness.price_micro_usd(), "status": "approved",
            "stats": {"max_sessions": wish.max_sessions}, "poll_at": gives_up_at(self.clock),
        }  # fmt: skip
        with self.database.writing() as connection:
            store.put_new(connection, self.database, row, self.clock.now())
        return self._start(store.delegation_id(row["decision_key"]), outside)

    def send(self, row: Row, outside: Outside) -> None:
        """Start the run, or find out what became of its start; the row says afterwards how it stands.

        Raises: whatever keeps it from starting for now; what ends it is written down before it is raised.
        """
        try:
            run_status = outside.perform(self._plan(row))
        except Failure as failure:
            self._not_started(row, failure)
            raise
        now = self.clock.now()
        with self.database.writing() as connection:
            started = {**row, "status": "starting"}
            changes = {"run_id": row["id"], "harness_project_id": row["project"], "poll_at": now + rules.POLL_EVERY}
            store.move(connection, started, "running", now, stats={**(row["stats"] or {}), "harness_status": run_status}, **changes)

    def end(self, row: Row, status: str, **changes: Any) -> bool:
        """End a delegation and state the fact in one transaction; False when it had ended or moved on meanwhile."""
        with self.database.writing() as connection:
            return end_delegation(connection, self.events, row, status, self.clock, **changes)

    def _start(self, delegation_id: str, outside: Outside) -> Started:
        row = _there(self._standing(delegation_id))
        if row["status"] in {"approved", "starting"}:
            self.send(row, outside)
            row = _there(self._standing(delegation_id))
        elif row["status"] not in {"running", "done"}:
            raise Conflict(f"this delegation is over: {row['status']} ({row['reason'] or 'no reason given'})", status=row["status"])
        return Started(
            delegation_id=row["id"], project=row["project"], status=row["status"], model=row["model"], run_id=row["run_id"]
        )

    def _plan(self, row: Row) -> Plan[str]:
        price, sessions = row["price_micro_usd"], int((row["stats"] or {}).get("max_sessions", 1))
        return Plan(
            service="acd", operation="start", key=row["id"],
            payload={
                "project": row["project"], "task": content_hash(row["task"]), "task_type": row["task_type"], "sessions": sessions,
            },
            answer=str, send=lambda _key: self.harness.start(row, sessions).status,
            look_up=lambda: self._look_up(row), spend=Spend(price or 0, "ai", f"acd_{row['task_type']}"),
            prices=lambda _status: [self._estimate(row, price)] if price else [],
            still_wanted=lambda connection: self._claim_place(connection, row),
        )  # fmt: skip

    def _look_up(self, row: Row) -> str | None:
        run = self.harness.client.find(row["project"], row["id"])
        return None if run is None else run.status

    def _estimate(self, row: Row, price: int) -> Entry:
        """The set price, booked when the run starts: no harness bills us, so it stays an estimate."""
        return Entry(
            key=f"acd/{row['id']}", kind="ai", service="acd", amount_micro_usd=-price, cause_type="delegation", cause_id=row["id"],
            occurred_at=self.clock.now(), state="unconfirmed", product=row["project"], item_id=None,
            intent_id=make_id("int", f"acd.start/{row['id']}"), task_type=f"acd_{row['task_type']}", model=row["model"],
            price_version="acd-price-setting",
        )  # fmt: skip

    def _claim_place(self, connection: sa.Connection, row: Row) -> None:
        """In the intent's own transaction: still approved, nobody else at work in this project, and the state before it kept."""
        self.database.lock(connection, f"delegation/{row['project']}")
        stands = _there(reads.delegation(connection, row["id"]))
        if stands["status"] not in {"approved", "starting"}:
            raise Conflict(f"this delegation is {stands['status']}", status=stands["status"])
        other = reads.delegation_at_work(connection, row["project"])
        if other is not None and other["id"] != row["id"]:
            raise CapReached(f"another delegation is at work in {row['project']}; this one waits for it", retry_after_s=BUSY_S)
        now = self.clock.now()
        if stands["status"] == "approved":
            before = rules.stands_for(stands["end_state"] or {}, self._state(connection, row["project"]))
            times = {"started_at": stands["started_at"] or now, "poll_at": now + rules.POLL_EVERY}
            store.move(connection, stands, "starting", now, previous_state=before, **times)

    def _not_started(self, row: Row, failure: Failure) -> None:
        """What a failed start leaves: waiting where surely nothing left, in doubt, or over."""
        if not failure.nothing_happened or isinstance(failure, Conflict):
            return
        stands = _there(self._standing(row["id"]))
        if not failure.is_for_now:
            self.end(stands, "failed", reason=f"the harness did not take it: {briefs.one_line(failure.message, 300)}")
            return
        reason, now = f"waits: {briefs.one_line(failure.message, 300)}", self.clock.now()
        with self.database.writing() as connection:
            if stands["status"] == "starting":
                store.move(connection, stands, "approved", now, reason=reason, poll_at=gives_up_at(self.clock), started_at=None)
            else:
                store.note(connection, stands, now, reason=reason)

    def _end_state(self, connection: sa.Connection, args: ProposeArgs) -> dict[str, Any]:
        if args.kind != "revert":
            briefs.check_end_state(args.end_state)
            if not args.end_state and args.kind != "free":
                raise BadInput(f"{args.kind} needs an end state: without one nobody can tell when it is done", field="end_state")
            return args.end_state
        if args.reverts_id is None:
            raise BadInput("a revert names the delegation it takes back", field="reverts_id")
        earlier = reads.delegation(connection, args.reverts_id)
        if earlier is None or earlier["project"] != args.project:
            raise NotFound(f"there is no delegation {args.reverts_id} of {args.project} to take back", field="reverts_id")
        if earlier["started_at"] is None or not earlier["previous_state"]:
            raise Conflict("that delegation changed nothing that could be taken back", field="reverts_id")
        return dict(earlier["previous_state"])

    def _state(self, connection: sa.Connection, project: str) -> dict[str, Any]:
        """What product.json holds by our own record: every finished delegation laid over the one before."""
        state: dict[str, Any] = {}
        for one in reads.end_states(connection, project):
            state = rules.merged(state, one)
        return state

    def _row(self, args: ProposeArgs, end_state: dict[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "id": store.delegation_id(args.decision_key), "decision_key": args.decision_key, "kind": args.kind,
            "project": args.project, "task_type": args.task_type, "model": rules.model_for(args.task_type),
            "end_state": end_state, "previous_state": rules.stands_for(end_state, state), "experiment_id": args.experiment_id,
            "reverts_id": args.reverts_id, "status": "awaiting_approval", "price_micro_usd": self.harness.price_micro_usd(),
        }  # fmt: skip

    def _question(self, row: Row, args: ProposeArgs, call: Call) -> Question:
        """What the owner sees: why, with the numbers; the whole text; who does it, for how long and for how much."""
        numbers = "; ".join(briefs.number_lines({name: one for name, one in args.facts.items() if name != "request"}))
        why = briefs.one_line(args.why or numbers or "asked for by the machine", MOST_WHY)
        price = row["price_micro_usd"]
        money = f"up to {show(price)} by your setting" if price else "price unknown, your agent's own account pays"
        value = args.predicted_value_usd
        payload = DelegateArgs(delegation_id=row["id"], project=row["project"], task_type=args.task_type, text=row["task"])
        return Question(
            topic=TOPIC, call_key=rules.call_key(row["id"]), payload=payload.model_dump(mode="json"), title=row["title"],
            why=f"{why}. Done by {row['model']} ({args.task_type}), {rules.most_words(args.kind)} at most, {money}",
            evidence=_evidence(row), price_micro_usd=price, is_money=True, requested_by=call.actor,
            predicted_value_micro_usd=None if value is None else micro(value),
        )  # fmt: skip

    def _standing(self, delegation_id: str) -> dict[str, Any] | None:
        with self.database.reading() as connection:
            return reads.delegation(connection, delegation_id)


def take_yes(connection: sa.Connection, row: Row, approval_id: str, yes: DelegateArgs, clock: Clock) -> bool:
    """A person said yes to these words: they are the task now, and the end state they ask for is the one that counts.

    What has begun already keeps its words.
    """
    if row["status"] not in {"awaiting_approval", "approved"}:
        return False
    changes: dict[str, Any] = {"approval_id": approval_id, "task_type": yes.task_type, "model": rules.model_for(yes.task_type)}
    changes["poll_at"] = gives_up_at(clock)
    if yes.text != row["task"]:
        end_state = briefs.end_state_in(yes.text)
        changes |= {"task": yes.text, "end_state": end_state, "reason": "the text was edited before the yes"}
    if row["status"] == "approved":
        return store.note(connection, row, clock.now(), **changes)
    return store.move(connection, row, "approved", clock.now(), **changes)


def gives_up_at(clock: Clock) -> datetime:
    """When a yes that led to nothing is over at the latest: it is no yes for ever."""
    return clock.now() + MONEY_LIFETIME


def end_delegation(connection: sa.Connection, events: Events, row: Row, status: str, clock: Clock, **changes: Any) -> bool:
    """Move a delegation to an end and state `delegation.ended`, in the caller's transaction; both or neither."""
    now = clock.now()
    words = rules.ended_words(status, {**row, **changes}, now)
    if not store.move(connection, row, status, now, **{"ended_at": now, "poll_at": None, "reason": words, **changes}):
        return False
    facts = {
        "delegation_id": row["id"], "decision_key": row["decision_key"], "kind": row["kind"], "project": row["project"],
        "experiment_id": row["experiment_id"], "outcome": rules.OUTCOMES.get(status, status), "status": status, "summary": words,
    }  # fmt: skip
    events.emit(connection, "delegation.ended", row["id"], facts)
    # A revert nobody answered leaves in the product what was measured to hurt: silence is not the end of that.
    if status in {"failed", "timed_out", "stopped"} or (row["kind"], status) == ("revert", "expired"):
        key, text = f"delegation/{row['id']}/{status}", f"{row['title']}: {words} (revenue call system.acd_status)"
        events.emit(connection, "alert.raised", key, {"kind": "delegation", "text": text, "key": key})
    return True


def _proposed(row: Row, *, is_new: bool) -> Proposed:
    return Proposed(
        delegation_id=row["id"], decision_key=row["decision_key"], status=row["status"], approval_id=row["approval_id"],
        is_new=is_new, reason=row["reason"],
    )  # fmt: skip


def _evidence(row: Row) -> str | None:
    """What the question belongs to, by id."""
    named = [f"{label} {row[name]}" for label, name in (("experiment", "experiment_id"), ("takes back", "reverts_id")) if row[name]]
    return ", ".join(named) or None


def _there(row: dict[str, Any] | None) -> dict[str, Any]:
    if row is None:
        raise NotFound("this delegation is gone")
    return row
