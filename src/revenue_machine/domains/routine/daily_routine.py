"""The 17 steps in six blocks (seed §4.10, definitions §3.2): one table, and the run that walks it."""

from __future__ import annotations

from datetime import date, time
from functools import partial
from typing import Any

from revenue_machine.domains.routine import rules, store
from revenue_machine.domains.routine.models import Block, CallRecord, Kind, Status, Step, TopicCall
from revenue_machine.engine.call import Call
from revenue_machine.engine.database import Database
from revenue_machine.engine.dispatch import Dispatcher
from revenue_machine.engine.durable import Steps
from revenue_machine.engine.events import Events
from revenue_machine.kit.clock import Clock, machine_s
from revenue_machine.kit.errors import NotFound


def _call(topic: str, kind: Kind, attempts: int = 1, **args: Any) -> TopicCall:
    return TopicCall(topic, kind, args, attempts)


_GENERATION_RULE = "one retry, then skip and log, the rest goes on"

MORNING = (
    Step(
        1,
        time(6, 0),
        (_call("system.heartbeat", Kind.HOUSE),),
        "alert; no steps 4-8 and no generation that day; revenue and memory go on",
    ),
    Step(
        2,
        time(6, 2),
        (_call("revenue.daily_snapshot", Kind.REVENUE, slot="am"),),
        "a missing source is skipped, an outage is an alert",
    ),
    Step(3, time(6, 5), (_call("graph.search", Kind.MEMORY, query="winning lessons"),), "go on without recall"),
    Step(
        4,
        time(6, 10),
        (_call("research.twitter", Kind.RESEARCH, 2), _call("research.platform", Kind.RESEARCH, 2)),
        "one retry, then the stale cache, flagged",
    ),
    Step(5, time(6, 25), (_call("twitter.strategy", Kind.GENERATION, 2),), "one retry, then yesterday's strategy"),
    Step(
        6,
        time(6, 30),
        (_call("twitter.generate", Kind.GENERATION, 2, batch=1), _call("content.review", Kind.GENERATION, 2)),
        _GENERATION_RULE,
    ),
    Step(7, time(6, 45), (_call("sora.generate", Kind.GENERATION, 2),), _GENERATION_RULE),
    Step(
        8,
        time(7, 0),
        (_call("publish.schedule", Kind.PUBLISHING), _call("publish.auto", Kind.PUBLISHING)),
        "one attempt per post; unknown is parked",
    ),
    Step(9, time(8, 0), (_call("linkedin.prospect", Kind.OUTREACH),), "skip and log"),
    Step(10, time(9, 0), (_call("upwork.scan", Kind.OUTREACH),), "skip and log"),
    Step(11, time(9, 15), (_call("email.send", Kind.OUTREACH),), "each send on its own; a bounce suppresses"),
)
MIDDAY = (
    Step(
        12,
        time(12, 0),
        (
            _call("feedback.checkbacks", Kind.FEEDBACK, age_hours=4),
            _call("dm.process_outreach", Kind.OUTREACH),
            _call("crm.stats", Kind.FEEDBACK),
            _call("posthog.funnel", Kind.FEEDBACK, steps=["pageview", "signup", "trial", "purchase"]),
            _call("feedback.generate_prompt", Kind.GENERATION, 2),
        ),
        "each on its own; a DM only ever files an approval",
    ),
)
AFTERNOON = (
    Step(
        13,
        time(15, 0),
        (
            _call("twitter.generate", Kind.GENERATION, 2, batch=2),
            _call("content.review", Kind.GENERATION, 2),
            _call("publish.schedule", Kind.PUBLISHING),
            _call("publish.auto", Kind.PUBLISHING),
            _call("social.collect", Kind.FEEDBACK),
        ),
        _GENERATION_RULE,
    ),
)
EVENING = (
    Step(
        14,
        time(18, 0),
        (
            _call("feedback.checkbacks", Kind.FEEDBACK, age_hours=24),
            _call("feedback.analysis", Kind.FEEDBACK),
            _call("metrics.winners", Kind.FEEDBACK),
        ),
        "partial data is marked",
    ),
    Step(
        15,
        time(19, 0),
        (
            _call("revenue.daily_snapshot", Kind.REVENUE, slot="pm"),
            _call("revcat.overview", Kind.REVENUE),
            _call("superwall.metrics", Kind.REVENUE, 3),
            _call("posthog.insights", Kind.REVENUE),
        ),
        "a missing source is skipped",
    ),
)
NIGHT = (
    Step(
        16,
        time(20, 0),
        (
            _call("memory.write_daily", Kind.MEMORY, 3),
            _call("graph.record_event", Kind.MEMORY, 3),
            _call("twitter.generate_prompt", Kind.GENERATION, 2),
            _call("telegram.daily_report", Kind.REPORT),
            _call("orchestrator.daily_summary", Kind.REPORT),
        ),
        "memory is tried three times; the report goes out even when partial",
    ),
)
OVERNIGHT = (
    Step(
        17,
        time(3, 0),
        (_call("memory.promote", Kind.MEMORY, 3), _call("graph.sync_vault", Kind.MEMORY), _call("system.self_test", Kind.HOUSE)),
        "alert; a self-heal needs approval",
    ),
)

BLOCKS: tuple[Block, ...] = (
    Block("morning", time(6, 0), MORNING),
    Block("midday", time(12, 0), MIDDAY),
    Block("afternoon", time(15, 0), AFTERNOON),
    Block("evening", time(18, 0), EVENING),
    Block("night", time(20, 0), NIGHT),
    Block("overnight", time(3, 0), OVERNIGHT, day_offset=1),
)
STEPS: tuple[Step, ...] = tuple(step for block in BLOCKS for step in block.steps)


def block_of(run_name: str) -> Block:
    """The block behind a scheduled run's name."""
    return next(block for block in BLOCKS if block.run_name == run_name)


def block_named(name: str) -> str:
    """The run name of a block as a person calls it, or `not_found` with the six names."""
    for block in BLOCKS:
        if block.name == name:
            return block.run_name
    raise NotFound(f"there is no block {name}; one of {', '.join(block.name for block in BLOCKS)}", field="--block")


def run_block(
    *, payload: dict[str, Any], steps: Steps, dispatcher: Dispatcher, database: Database, clock: Clock, events: Events
) -> dict[str, Any]:
    """Walk one block of one local date; every call is a durable step, so a restart goes on where it stopped."""
    block, run_date = block_of(payload["name"]), date.fromisoformat(payload["run_date"])
    run = BlockRun(
        block=block,
        run_date=run_date,
        is_late=bool(payload["is_late"]),
        dispatcher=dispatcher,
        database=database,
        clock=clock,
        events=events,
    )
    steps.run("start", run.begin)
    for step in block.steps:
        for place, call in enumerate(step.calls):
            steps.run(f"{step.number:02}.{place}.{call.label}", partial(run.call, step, place, call))
    return steps.run("finish", run.finish)


def _skipped(reason: str) -> dict[str, Any]:
    return {"ok": False, "code": "skipped", "message": reason}


class BlockRun:
    """One block of one date."""

    def __init__(
        self,
        *,
        block: Block,
        run_date: date,
        is_late: bool,
        dispatcher: Dispatcher,
        database: Database,
        clock: Clock,
        events: Events,
    ) -> None:
        self._block, self._date, self._is_late = block, run_date, is_late
        self._dispatcher, self._database, self._clock, self._events = dispatcher, database, clock, events
        self._run_id = f"{block.run_name}/{run_date.isoformat()}"

    def begin(self) -> dict[str, Any]:
        """Put the run on the books."""
        with self._database.writing() as connection:
            store.begin_run(
                connection,
                self._database,
                run_id=self._run_id,
                run_date=self._date,
                block=self._block,
                is_late=self._is_late,
                now=self._clock.now(),
            )
        return {"ok": True}

    def call(self, step: Step, place: int, call: TopicCall) -> dict[str, Any]:
        """Run, retry or skip one call as its rules say, and write down how it ended."""
        started_s, at = machine_s(), self._clock.now()
        outcome: dict[str, Any]
        reason = rules.reason_to_skip(call.kind, step.number, is_house_down=self._is_house_down(), is_late=self._is_late)
        outcome, attempts = self._attempt(step, call) if reason is None else (_skipped(reason), 0)
        status = rules.status_of(outcome, attempts)
        record = CallRecord(
            step.number, place, call.topic, call.label, status, attempts, outcome.get("message"), outcome.get("summary", {})
        )
        with self._database.writing() as connection:
            store.write_call(
                connection, self._database, record, run_id=self._run_id, run_date=self._date, at=at,
                duration_ms=int((machine_s() - started_s) * 1000),
            )  # fmt: skip
            if rules.needs_alert(call.kind, status):
                text = f"Step {step.number} {call.topic}: {status.value}: {record.reason}"
                self._events.emit(
                    connection, "alert.raised", f"{self._run_id}/{call.label}", {"kind": "step", "text": text, "key": self._run_id}
                )
        return {"ok": status in (Status.OK, Status.RETRIED), "status": status.value}

    def finish(self) -> dict[str, Any]:
        """Count how the block went."""
        with self._database.writing() as connection:
            counts = store.finish_run(connection, self._run_id, self._clock.now())
        return {"ok": True, **counts}

    def _attempt(self, step: Step, call: TopicCall) -> tuple[dict[str, Any], int]:
        key = f"{self._date.isoformat()}/{step.number:02}/{call.label}"
        asked = Call(call.topic, key, self._run_id, "routine", self._date, is_critical=rules.is_critical(call.kind))
        attempts = 1
        outcome = self._dispatcher.call(asked, dict(call.args)).outcome()
        while attempts < call.attempts and not outcome["ok"] and rules.is_worth_a_retry(outcome["code"]):
            attempts += 1
            outcome = self._dispatcher.call(asked, dict(call.args)).outcome()
        return outcome, attempts

    def _is_house_down(self) -> bool:
        with self._database.reading() as connection:
            return store.is_house_down(connection, self._date)
