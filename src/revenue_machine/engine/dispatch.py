"""One topic call from input to envelope: find, validate, gate, inject, run, record; it never raises."""

from __future__ import annotations

import functools
import inspect
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError

from revenue_machine.engine.approvals import Approvals, Question
from revenue_machine.engine.audit import Audit
from revenue_machine.engine.call import Call, Moments
from revenue_machine.engine.container import Container
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.engine.recorder import Recorder
from revenue_machine.engine.registry import Registry
from revenue_machine.engine.switch import Switch
from revenue_machine.engine.tables import ANSWERS
from revenue_machine.engine.topic import Approval, Args, Effect, Result, Topic
from revenue_machine.kit.clock import Clock, machine_s, machine_sleep
from revenue_machine.kit.errors import BadInput, Conflict, ContractBroken, Failure, NotConfigured
from revenue_machine.kit.ids import canonical_json, content_hash, make_id
from revenue_machine.kit.log import logger


@dataclass(frozen=True)
class Envelope:
    """How every topic answers, on every surface (INTERFACE §4); `value` is the typed result inside the process."""

    topic: str
    run_id: str
    duration_ms: int
    result: Any = None
    error: Failure | None = None
    value: Result | None = None

    @property
    def ok(self) -> bool:
        return self.error is None

    def as_dict(self) -> dict[str, Any]:
        """The envelope as JSON."""
        body: dict[str, Any] = {"ok": self.ok, "topic": self.topic}
        body |= {"result": self.result} if self.error is None else {"error": self.error.as_dict()}
        return body | {"duration_ms": self.duration_ms, "run_id": self.run_id}

    def outcome(self) -> dict[str, Any]:
        """What a checkpoint may keep: the verdict and counts, no personal data."""
        if self.error is not None:
            return {"ok": False, "code": self.error.code, "message": self.error.message, **_ids_only(self.error.details)}
        return {"ok": True, "summary": self.value.summary() if self.value is not None else {}}


class Topics:
    """What a topic body gets when it wants to call another topic."""

    def __init__(self, dispatcher: Dispatcher, call: Call) -> None:
        self._dispatcher, self._call = dispatcher, call

    def call(self, name: str, payload: Mapping[str, Any] | None = None, *, key: str | None = None) -> Envelope:
        """Call another topic inside this call; its key derives from this call's, so a repetition is the same call."""
        return self._dispatcher.call(self._call.inner(name, key), payload or {})


class Dispatcher:
    """Runs topic calls."""

    def __init__(self, registry: Registry, container: Container, database: Database, clock: Clock, moments: Moments) -> None:
        self.registry, self._container, self._database, self._clock, self._moments = registry, container, database, clock, moments

    def call(self, call: Call, payload: Mapping[str, Any], *, dry_run: bool = False) -> Envelope:
        """Run one topic call; whatever goes wrong is an envelope with a code."""
        started_s = machine_s()
        try:
            topic = self.registry.find(call.topic)
            call = replace(call, topic=topic.name)
            value = self._run(topic, call, payload, dry_run=dry_run)
            result = value.model_dump(mode="json") if isinstance(value, Result) else value
            return Envelope(
                call.topic, call.run_id, _ms(started_s), result=result, value=value if isinstance(value, Result) else None
            )
        except Failure as failure:
            return Envelope(call.topic, call.run_id, _ms(started_s), error=failure)
        except Exception as error:  # noqa: BLE001 - nothing throws to the caller; the trace goes to the log
            logger().error(
                "topic.crashed", topic=call.topic, run_id=call.run_id, error=type(error).__name__, trace=traceback.format_exc()
            )
            broken = ContractBroken(f"{call.topic} failed inside: {type(error).__name__}: {error}")
            return Envelope(call.topic, call.run_id, _ms(started_s), error=broken)

    def call_once(self, call: Call, payload: Mapping[str, Any]) -> Envelope | dict[str, Any]:
        """The same, with the answer kept under (topic, key): the same key and input again gives the same answer.

        Returns: an Envelope the first time, the kept envelope as a dict afterwards. Another input under a used key
        is a `conflict`.
        """
        kept = self._kept(call, payload)
        if kept is not None:
            return kept
        envelope = self.call(call, payload)
        if envelope.ok or (envelope.error is not None and not envelope.error.retryable):
            self._keep(call, payload, envelope)
        return envelope

    def _run(self, topic: Topic, call: Call, payload: Mapping[str, Any], *, dry_run: bool) -> Result | dict[str, Any]:
        if topic.function is None:
            raise NotConfigured(f"{topic.name} is not built yet: issue {topic.issue} builds it", issue=topic.issue)
        args = read_args(topic, payload)
        if dry_run and topic.effect >= Effect.WRITES:
            return self._plan(topic, call, args)
        try:
            self._admit(topic, call, args)
            value = self._with_retries(topic, call, args)
        except Failure as refusal:
            if call.approval_id is not None and refusal.is_for_now:
                self._container.get(Approvals).hold(call.approval_id, refusal)
            raise
        if topic.effect >= Effect.WRITES:
            self._container.get(Events).drain()
        return value

    def _admit(self, topic: Topic, call: Call, args: Args) -> None:
        """The gates before a topic's own code: the kill switch, then a person's word."""
        if topic.effect >= Effect.SPENDS:
            with self._database.reading() as connection:
                self._container.get(Switch).check(connection)
        if topic.approval is Approval.ALWAYS and not topic.asks_itself:
            self._check_approval(topic, call, args)

    def _check_approval(self, topic: Topic, call: Call, args: Args) -> None:
        """Without an approval of exactly this input the question is filed and nothing runs."""
        approvals = self._container.get(Approvals)
        if call.approval_id is None:
            raise approvals.require(_question(topic, call, args))
        with self._database.writing() as connection:
            approvals.claim(connection, call.approval_id, args.model_dump(mode="json"), topic=topic.name, call_key=call.key)

    def _with_retries(self, topic: Topic, call: Call, args: Args) -> Result:
        failures = 0
        while True:
            try:
                return self._once(topic, call, args)
            except Failure as failure:
                failures += 1
                if not failure.retryable or failures >= topic.retry.attempts:
                    raise
                machine_sleep(topic.retry.wait_s(failures))

    def _once(self, topic: Topic, call: Call, args: Args) -> Result:
        inner = self._container.child(call)
        inner.put(Topics(self, call))
        given = {"args": args} if "args" in _parameters(topic.function) else {}
        self._moments.reached("topic:before", topic.name)
        try:
            value: Result = inner.fill(topic.function, **given)  # type: ignore[arg-type]
            self._moments.reached("topic:acted", topic.name)
        except Failure as failure:
            self._note(topic, call, failure.code)
            raise
        finally:
            self._container.get(Recorder).flush(call)
        self._note(topic, call, "ok")
        return value

    def _note(self, topic: Topic, call: Call, outcome: str) -> None:
        """Everything that may change something is on the record, and every refusal."""
        if topic.effect < Effect.WRITES:
            return
        with self._database.writing() as connection:
            self._container.get(Audit).note(connection, call.actor, f"topic.{topic.name}", call.key, outcome)

    def _plan(self, topic: Topic, call: Call, args: Args) -> dict[str, Any]:
        """A dry run: the input was understood; say what would follow, do nothing."""
        for kind in topic.needs.values():
            self._container.child(call, Topics(self, call)).get(kind)
        stopped = topic.effect >= Effect.SPENDS and self._container.get(Switch).is_stopped()
        return {
            "dry_run": True, "effect": topic.effect.name, "approval": topic.approval.value, "stopped": stopped,
            "input": args.model_dump(mode="json"),
        }  # fmt: skip

    def _kept(self, call: Call, payload: Mapping[str, Any]) -> dict[str, Any] | None:
        import json

        with self._database.reading() as connection:
            query = sa.select(ANSWERS).where(ANSWERS.c.topic == call.topic, ANSWERS.c.call_key == call.key)
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        if row["args_hash"] != content_hash(dict(payload)):
            error = Conflict("this idempotency key was used with another input", field="Idempotency-Key")
            return Envelope(call.topic, call.run_id, 0, error=error).as_dict()
        envelope: dict[str, Any] = json.loads(row["envelope"])
        return envelope

    def _keep(self, call: Call, payload: Mapping[str, Any], envelope: Envelope) -> None:
        row = {
            "id": make_id("ans", call.topic, call.key), "topic": call.topic, "call_key": call.key,
            "args_hash": content_hash(dict(payload)), "envelope": canonical_json(envelope.as_dict()),
            "created_at": self._clock.now(),
        }  # fmt: skip
        with self._database.writing() as connection:
            self._database.put(connection, ANSWERS, row, ["topic", "call_key"])


def read_args(topic: Topic, payload: Mapping[str, Any]) -> Args:
    """The typed input, or `bad_input` naming the field."""
    try:
        return topic.args.model_validate(dict(payload))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        known = ", ".join(topic.args.model_fields) or "nothing"
        words = (
            f"unknown field {field}; {topic.name} takes {known}"
            if first["type"] == "extra_forbidden"
            else f"{field}: {first['msg']}"
        )
        raise BadInput(words, field=field) from None


def _question(topic: Topic, call: Call, args: Args) -> Question:
    return Question(
        topic=topic.name,
        call_key=call.key,
        payload=args.model_dump(mode="json"),
        title=topic.summary,
        why=f"{topic.name} always needs a person (seed {topic.section})",
        is_money=topic.effect is Effect.SPENDS,
        requested_by=call.actor,
    )


@functools.lru_cache(maxsize=512)
def _parameters(function: Callable[..., Any] | None) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters) if function else ()


def _ids_only(details: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in details.items() if name.endswith("_id") or isinstance(value, int)}


def _ms(started_s: float) -> int:
    return int((machine_s() - started_s) * 1000)
