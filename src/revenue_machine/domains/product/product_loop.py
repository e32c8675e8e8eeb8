"""The loop over products: one change at a time, asked about, built, measured against a control, remembered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from revenue_machine.domains.experiments import reads as book_reads
from revenue_machine.domains.phase import reads as phase_reads
from revenue_machine.domains.product import loop_reads, loop_store, reads
from revenue_machine.domains.product import loop_words as words
from revenue_machine.domains.product.loop_judging import Judging, is_over_already, must
from revenue_machine.domains.product.loop_models import OPEN, ReviewResult
from revenue_machine.domains.product.loop_proposing import Proposing, open_payload, propose_payload
from revenue_machine.domains.product.loop_rules import CONTROL_SHARE, ROLL_OUT_SHARE
from revenue_machine.engine.database import Database
from revenue_machine.engine.dispatch import Topics
from revenue_machine.kit.clock import Clock, iso, local_date, wall_instant
from revenue_machine.kit.errors import CapReached, Failure

Row = Mapping[str, Any]
# An outage or a closed gate is looked at again in the same night, not at every turn.
TRY_AGAIN = timedelta(hours=1)
# On the owner's clock: questions come from eight in the morning until eight in the evening.
FIRST_HOUR, LAST_HOUR = 8, 20
CONFIDENCE = {"improved": 0.9, "regressed": 0.9, "neutral": 0.7, "failed": 0.4}
USUAL_CONFIDENCE = 0.35
TAGS = ("conversion", "product_experiment")


@dataclass
class _Told:
    """What a review did, as it goes along."""

    judged: int = 0
    finished: int = 0
    proposed: str | None = None
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ProductLoop:
    """Every step is a row first: killed anywhere, the next review goes on from the row."""

    database: Database
    clock: Clock
    proposing: Proposing
    judging: Judging

    def review(self, topics: Topics) -> ReviewResult:
        """Carry every experiment as far as it goes now; then, with room, propose a change for the dearest leak."""
        told = _Told()
        with self.database.reading() as connection:
            rows = loop_reads.unfinished(connection)
        now = self.clock.now()
        due = [row for row in rows if (row["due_at"] is not None and row["due_at"] <= now) or row["status"] in words.WAITING]
        for row in due:
            self._carry(row, topics, told)
        watched = self._watch_holdouts(topics, told)
        looked = self._may_search()
        if looked:
            self._search(topics, told)
        return ReviewResult(
            is_idle=not (due or looked or watched), looked=len(due) + watched, judged=told.judged, finished=told.finished,
            proposed=told.proposed, lines=told.lines,
        )  # fmt: skip

    def _carry(self, row: Row, topics: Topics, told: _Told) -> None:
        """As far as one experiment goes; what fails for now is tried again in an hour."""
        try:
            self._advance(row, topics, told)
        except Failure as failure:
            with self.database.writing() as connection:
                stands = loop_reads.experiment(connection, row["id"])
                if stands is not None:
                    loop_store.note(connection, stands, self.clock.now(), due_at=self.clock.now() + TRY_AGAIN)
            told.lines.append(f"{row['project']}: {failure.message}; tried again later")

    def _advance(self, row: Row, topics: Topics, told: _Told) -> None:
        if row["status"] == "proposed":
            self._hand_over(row, topics, told)
        elif row["status"] in words.WAITING:
            self._follow(row)
        stands = self._stands(row)
        if stands is None or stands["due_at"] is None or stands["due_at"] > self.clock.now():
            return
        if stands["status"] == "measuring" and stands["flag_words"] is None:
            self.judging.begin(stands, topics)
        elif stands["status"] == "measuring" and self.judging.look(stands, topics) != "measuring":
            told.judged += 1
        stands = self._stands(row)
        if stands is not None and stands["status"] not in OPEN:
            self._finish(stands, topics, told)

    def _hand_over(self, row: Row, topics: Topics, told: _Told) -> None:
        """Register it in the book, then ask for the change; both know it again. Without room it never was."""
        if not self._is_awake():
            self._note(row, due_at=self._morning())
            return
        opened = topics.call("experiments.open", open_payload(row), key=f"open/{row['id']}")
        if isinstance(opened.error, CapReached):
            with self.database.writing() as connection:
                loop_store.drop(connection, row)
            told.lines.append(f"{row['project']}: not proposed, {opened.error.message}")
            return
        must(opened)
        waits = {"experiment_id": row["id"], "status": "applying", "next": "the change waits for your yes"}
        must(topics.call("experiments.note", waits, key=f"apply/{row['id']}"))
        asked = topics.call("acd.propose", propose_payload(row, CONTROL_SHARE, "fix_step"), key=f"try/{row['id']}")
        now = self.clock.now()
        if asked.error is not None:
            if asked.error.retryable:
                raise asked.error
            with self.database.writing() as connection:
                loop_store.move(connection, row, "failed", now, result=f"not tried: {asked.error.message}")
            return
        found = must(asked)
        with self.database.writing() as connection:
            title = f"Fix {row['to_event']}: users drop at {1 - (row['baseline_conversion'] or 0):.1%}"
            loop_store.note(connection, row, now, acd_task=title)
            loop_store.follow(connection, row, {**found, "id": found["delegation_id"]}, now)
        told.proposed = row["id"]
        told.lines.append(f"{row['project']}: {row['from_step']} to {row['to_step']}, a change is proposed")

    def _follow(self, row: Row) -> None:
        """Stand as the delegation stands; the event says the same, this is for whoever missed it."""
        with self.database.writing() as connection:
            delegation = reads.delegation(connection, row["delegation_id"])
            if delegation is not None:
                loop_store.follow(connection, row, delegation, delegation["ended_at"] or self.clock.now())

    def _finish(self, row: Row, topics: Topics, told: _Told) -> None:
        """After the verdict: remember, ask for what follows, and close the book when that is decided too."""
        if row["remembered_at"] is None:
            self._remember(row, topics)
        kind = _follow_up(row)
        if kind is not None and row["follow_up_id"] is None and not self._is_awake():
            self._note(row, due_at=self._morning())
            return
        if kind is not None and row["follow_up_id"] is None:
            row = self._ask_follow_up(row, kind, topics)
        if row["follow_up_id"] is not None and row["follow_up_outcome"] is None:
            self._note(row, due_at=None)
            return
        if row["follow_up_kind"] == "roll_out" and row["follow_up_outcome"] == "done":
            shipped = {"experiment_id": row["id"], "shipped_at": iso(row["due_at"]), "holdout_share": round(1 - ROLL_OUT_SHARE, 6)}
            self._told_book(topics.call("experiments.note", shipped, key=f"shipped/{row['id']}"))
        if row["closed_at"] is None:
            self._told_book(topics.call("experiments.close", _close_payload(row), key=f"close/{row['id']}"))
        now = self.clock.now()
        self._note(row, closed_at=now, finished_at=now, due_at=None)
        told.finished += 1
        told.lines.append(words.line(row, row["status"]))

    def _remember(self, row: Row, topics: Topics) -> None:
        span = None if row["measuring_at"] is None or row["ended_at"] is None else (row["measuring_at"], row["ended_at"])
        evidence = [one for one in (row["id"], row["delegation_id"]) if one]
        kept = {
            "subject": f"{row['project']} {row['from_step']} to {row['to_step']}", "statement": words.statement(row, span)[:2000],
            "evidence": evidence, "confidence": _confidence(row), "tags": [*TAGS, row["status"]],
        }  # fmt: skip
        answer = must(topics.call("memory.write_knowledge", kept, key=f"remember/{row['id']}"))
        self._note(row, memory_id=answer["id"], remembered_at=self.clock.now())

    def _ask_follow_up(self, row: Row, kind: str, topics: Topics) -> dict[str, Any]:
        """Ask once for the roll-out or the removal; a harness that cannot be asked leaves the change as it is, and says so."""
        answer = topics.call("acd.propose", propose_payload(row, ROLL_OUT_SHARE, kind), key=f"{kind}/{row['id']}")
        if answer.error is not None and answer.error.retryable:
            raise answer.error
        changes: dict[str, Any] = {"follow_up_kind": kind}
        if answer.error is not None:
            changes |= {"follow_up_id": "none", "follow_up_outcome": f"not asked: {answer.error.message}"}
        else:
            found = must(answer)
            changes |= {"follow_up_id": found["delegation_id"]}
            said = "the roll-out waits for your yes" if kind == "roll_out" else "taking it out waits for your yes"
            waits = {"experiment_id": row["id"], "next": said}
            self._told_book(topics.call("experiments.note", waits, key=f"{kind}/next/{row['id']}"))
            outcome = ended_as(found["status"])
            changes |= {} if outcome is None else {"follow_up_outcome": outcome}
        self._note(row, **changes)
        return {**row, **changes}

    def _told_book(self, answer: Any) -> None:
        """The book may have closed it by itself when its planned end passed; then it stays closed so."""
        if answer.error is not None and not is_over_already(answer.error):
            raise answer.error

    def _watch_holdouts(self, topics: Topics, told: _Told) -> int:
        """How shipped changes last, once a week each; how many were looked at."""
        with self.database.reading() as connection:
            held = [one for one in book_reads.held_out(connection) if one["kind"] == "product"]
            rows = [(loop_reads.experiment(connection, one["id"]), one["shipped_at"]) for one in held]
        watched = 0
        for row, shipped_at in rows:
            try:
                said = None if row is None else self.judging.watch_holdout(row, shipped_at, topics)
            except Failure as failure:
                said = f"a holdout could not be looked at: {failure.message}"
            watched += said is not None
            told.lines += [] if said is None else [said]
        return watched

    def _may_search(self) -> bool:
        """Whether somebody is awake to be asked, the phase has room for another experiment, and the last search is old enough."""
        now = self.clock.now()
        if not self._is_awake():
            return False
        with self.database.reading() as connection:
            most = phase_reads.volume(connection, "experiments").most
            if most is not None and len(book_reads.alphas_of_loops(connection)) >= most:
                return False
            last = loop_reads.last_search(connection)
            return last is None or last["look_again_at"] <= now or loop_reads.finished_since(connection, last["looked_at"])

    def _search(self, topics: Topics, told: _Told) -> None:
        try:
            experiment_id, said = self.proposing.search(topics)
        except Failure as failure:
            told.lines.append(f"no search for leaks: {failure.message}")
            return
        told.lines.append(said)
        with self.database.reading() as connection:
            row = None if experiment_id is None else loop_reads.experiment(connection, experiment_id)
        if row is not None:
            self._carry(row, topics, told)

    def _is_awake(self) -> bool:
        """Whether it is a time to ask somebody: silence of four hours is a no, so nobody is asked at night."""
        return FIRST_HOUR <= self.clock.now().astimezone(self.judging.settings.zone).hour < LAST_HOUR

    def _morning(self) -> datetime:
        """The next time somebody is asked."""
        zone, now = self.judging.settings.zone, self.clock.now()
        today = wall_instant(local_date(now, zone), time(FIRST_HOUR), zone)
        return today if today > now else wall_instant(local_date(now, zone) + timedelta(days=1), time(FIRST_HOUR), zone)

    def _stands(self, row: Row) -> dict[str, Any] | None:
        with self.database.reading() as connection:
            return loop_reads.experiment(connection, row["id"])

    def _note(self, row: Row, **changes: Any) -> None:
        with self.database.writing() as connection:
            loop_store.note(connection, row, self.clock.now(), **changes)


def ended_as(status: str) -> str | None:
    """How a delegation ended, None while it has not."""
    if loop_store.OF_DELEGATION[status] not in (*words.WAITING, "measuring"):
        return status
    return "done" if status == "done" else None


def _follow_up(row: Row) -> str | None:
    """What a verdict asks for: a proven change goes to nearly everybody, any other one comes out of the code again.

    A change that moved nothing is taken out too: half on for ever, it would stand in every later test of that product.
    A change that is likely better without proof stays, as taking it out would need the same proof.
    """
    if row["measuring_at"] is None or row["delegation_id"] is None:
        return None
    if row["status"] == "improved":
        return "roll_out"
    return None if row["verdict"] == "likely_better" else "revert"


def _confidence(row: Row) -> float:
    """Two windows without a control are worth half."""
    usual = CONFIDENCE.get(row["status"], USUAL_CONFIDENCE)
    return 0.5 if row["verdict"] in ("likely_better", "likely_worse", "unclear") else usual


def _close_payload(row: Row) -> dict[str, Any]:
    outcome = "unhealthy" if row["status"] == "failed" and row["verdict"] == "unhealthy" else row["status"]
    payload: dict[str, Any] = {
        "experiment_id": row["id"], "outcome": outcome, "words": (row["result"] or "nothing was measured")[:1000],
    }  # fmt: skip
    if row["effect_points"] is not None:
        payload["effect"] = {"absolute": row["effect_points"], "relative": row["effect_relative"]}
        payload["interval"] = [row["points_low"], row["points_high"]]
    return payload
