"""Lets the machine ask for its own repair: failed checks become a task, at most three times, then a person is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from revenue_machine.domains.product import delegations_rules as rules
from revenue_machine.domains.product import delegations_store as store
from revenue_machine.domains.product import reads
from revenue_machine.domains.product.acd_delegation_engine import DelegationEngine
from revenue_machine.domains.product.models import HealResult, ProposeArgs
from revenue_machine.domains.routine import reads as routine
from revenue_machine.engine.call import Call
from revenue_machine.engine.dispatch import Topics
from revenue_machine.kit.errors import ContractBroken, NotConfigured
from revenue_machine.kit.ids import content_hash

MOST_NAMES = 5


@dataclass(frozen=True)
class Tested:
    """What the self-test said: how many checks were good, and what each failed one found."""

    passed: int
    wrong: Mapping[str, str]

    @property
    def mark(self) -> str:
        """The same for the same failed checks, whatever they found."""
        return content_hash(sorted(self.wrong))[:12]


@dataclass(frozen=True)
class Healer:
    """From failed checks to a question, and from a finished repair to a word about it."""

    engine: DelegationEngine

    def heal(self, topics: Topics, call: Call) -> HealResult:
        """Test, and ask for a repair of what fails; an open repair is waited for, a refused or third one is left to a person."""
        tested = ask_the_house(topics)
        with self.engine.database.reading() as connection:
            earlier = [row for row in reads.delegations(connection, project=rules.SELF_PROJECT) if row["kind"] == "self_heal"]
        tries = tries_of(earlier)
        if not tested.wrong:
            self._remember_health(tries)
            return HealResult(status="healthy", failed_checks=[], attempt=0)
        names = sorted(tested.wrong)
        if tries and tries[0]["status"] not in rules.ENDED:
            return _answer("waiting", names, len(tries), tries[0])
        if tries and tries[0]["status"] == "rejected" and tries[0]["decision_key"].endswith(tested.mark):
            return _answer("needs_a_person", names, len(tries), tries[0], "a person said no to repairing exactly this")
        if len(tries) >= rules.TRIES:
            self._call_a_person(tries[-1], names)
            return _answer("needs_a_person", names, len(tries), tries[0], f"{rules.TRIES} tries did not repair it")
        try:
            proposed = self.engine.propose(_wish(tested, len(tries) + 1, len(earlier) + 1), call)
        except NotConfigured as failure:
            text = f"Checks of the machine fail: {_named(names)}; {failure.message}"
            self._tell_once(f"self_heal/{tested.mark}/{call.key}", text)
            return HealResult(status="needs_a_person", failed_checks=names, attempt=len(tries), reason=failure.message)
        return HealResult(
            status="asked", failed_checks=names, attempt=len(tries) + 1, delegation_id=proposed.delegation_id,
            approval_id=proposed.approval_id,
        )  # fmt: skip

    def had_a_good_night(self, morning: date) -> bool:
        """Whether the routine's own self-test of the night before found everything in order."""
        with self.engine.database.reading() as connection:
            calls = routine.calls_of(connection, morning - timedelta(days=1))
        return any(one.topic == "system.self_test" and one.summary.get("ok") is True for one in calls)

    def check_after(self, topics: Topics) -> int:
        """Test again behind each finished repair, tell the owner, and ask for the next try where it still fails; how many."""
        with self.engine.database.reading() as connection:
            rows = [row for row in reads.delegations_to_look_at(connection, None) if row["check_after"] == "due"]
        for row in rows:
            tested = ask_the_house(topics)
            self._tell(row, tested)
            if tested.wrong:
                topics.call("system.self_heal", {}, key=row["id"])
        return len(rows)

    def _tell(self, row: Mapping[str, Any], tested: Tested) -> None:
        now, total = self.engine.clock.now(), tested.passed + len(tested.wrong)
        if tested.wrong:
            text = (
                f"Repair of the machine did not help: {len(tested.wrong)} of {total} checks fail ({_named(sorted(tested.wrong))})"
            )
        else:
            text = f"Repair of the machine worked: all {total} checks are good"
        key = f"self_heal/{row['id']}/after"
        with self.engine.database.writing() as connection:
            if store.note(connection, row, now, check_after="failed" if tested.wrong else "ok", poll_at=None):
                self.engine.events.emit(connection, "alert.raised", key, {"kind": "self_heal", "text": text, "key": key})

    def _remember_health(self, tries: Sequence[Mapping[str, Any]]) -> None:
        """All is well again, whoever did it: the next failure starts to count anew."""
        if tries and tries[0]["status"] in rules.ENDED and tries[0]["check_after"] != "due":
            with self.engine.database.writing() as connection:
                store.note(connection, tries[0], self.engine.clock.now(), check_after="ok")

    def _call_a_person(self, first: Mapping[str, Any], names: Sequence[str]) -> None:
        text = f"The machine needs a person: {rules.TRIES} tries did not repair {_named(names)} (revenue call system.self_test)"
        self._tell_once(f"self_heal/{first['id']}/needs_a_person", text)

    def _tell_once(self, key: str, text: str) -> None:
        with self.engine.database.writing() as connection:
            self.engine.events.emit(connection, "alert.raised", key, {"kind": "self_heal", "text": text, "key": key})


def ask_the_house(topics: Topics) -> Tested:
    """What the self-test says now. Raises: contract_broken when it does not answer."""
    envelope = topics.call("system.self_test")
    if not envelope.ok:
        raise envelope.error or ContractBroken("the self-test gave no answer")
    checks = envelope.result["checks"]
    return Tested(sum(one["ok"] for one in checks), {one["name"]: one["detail"] for one in checks if not one["ok"]})


def tries_of(earlier: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The tries since all was well, newest first."""
    found: list[Mapping[str, Any]] = []
    for row in earlier:
        if row["check_after"] == "ok":
            break
        found.append(row)
    return found


def _wish(tested: Tested, attempt: int, number: int) -> ProposeArgs:
    failed, total = _named(sorted(tested.wrong)), tested.passed + len(tested.wrong)
    facts = {"failed": len(tested.wrong), "passed": tested.passed, "attempt": attempt, "failed_checks": dict(tested.wrong)}
    return ProposeArgs(
        kind="self_heal", project=rules.SELF_PROJECT, decision_key=f"self_heal/{number}/{tested.mark}", task_type="features",
        facts=facts, end_state={"checks": dict.fromkeys(sorted(tested.wrong), "ok")},
        why=f"{len(tested.wrong)} of {total} checks of the machine fail: {failed}; try {attempt} of {rules.TRIES}",
    )  # fmt: skip


def _answer(status: Any, names: list[str], attempt: int, row: Mapping[str, Any], reason: str | None = None) -> HealResult:
    return HealResult(
        status=status, failed_checks=names, attempt=attempt, delegation_id=row["id"], approval_id=row["approval_id"], reason=reason
    )


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more
