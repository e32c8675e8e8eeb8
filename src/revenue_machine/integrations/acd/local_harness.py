"""Runs the owner's command-line coding agent for one task at a time in a project, and always knows afterwards how it ended."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from revenue_machine.integrations.acd import local_git
from revenue_machine.integrations.acd.local_book import Book, RunRecord
from revenue_machine.integrations.acd.local_git import Branch, GitRefused
from revenue_machine.integrations.acd.local_log import RunLog
from revenue_machine.integrations.acd.local_process import GRACE_S, RUN_VARIABLE, Agent, agent_environment, end_left_behind
from revenue_machine.kit.clock import Clock, machine_s
from revenue_machine.kit.errors import OutsideRejected
from revenue_machine.kit.ids import content_hash, make_id
from revenue_machine.kit.log import logger

LOOK_EVERY_S = 0.2
# Nobody hears any more what an agent says whose server was killed.
LEFT_BEHIND_GRACE_S = 2.0
_SKIPPED = {".git", "node_modules", "__pycache__", ".venv"}
_MOST_FILES = 20_000


@dataclass(frozen=True)
class AgentOptions:
    """The owner's command word by word, what of our environment it may see, and its limits in seconds."""

    words: tuple[str, ...]
    passed: tuple[str, ...] = ()
    limit_s: float = 110 * 60.0
    grace_s: float = GRACE_S


@dataclass(frozen=True)
class Order:
    """What a start asks for."""

    project: str
    reference: str
    task: str
    task_type: str
    model: str
    max_sessions: int = 1
    delay_s: float = 5.0


@dataclass
class _Working:
    """A run in this process; `wish` says why it shall end early."""

    thread: threading.Thread | None = None
    wake: threading.Event = field(default_factory=threading.Event)
    wish: str | None = None


class LocalHarness:
    """All runs of one server: a record is on disk before its agent begins, and what is found open at the start was interrupted."""

    def __init__(self, book: Book, options: AgentOptions, clock: Clock) -> None:
        self.book, self._options, self._clock = book, options, clock
        self._turn, self._opening = threading.Lock(), threading.Lock()
        self._working: dict[str, _Working] = {}
        self._logs: dict[str, RunLog] = {}
        for run in book.runs():
            if run.is_open:
                self._bury(run)

    def start(self, order: Order, project_path: str | None) -> RunRecord:
        """A new run, or the one of this reference. Raises outside_rejected with the contract's code as `reason`."""
        with self._turn:
            known = self.book.run(order.reference)
            if known is not None:
                if (known.project, known.task_hash) != (order.project, content_hash(order.task)):
                    raise OutsideRejected("that reference was started with another task or project", reason="reference_used")
                return known
            if project_path is not None:
                self._move(order.project, project_path)
            place = self.book.place_of(order.project)
            if self.book.open_at(place) is not None:
                raise OutsideRejected("another run works in this folder", reason="running")
            return self._begun(order, place)

    def move(self, project: str, path: str) -> bool:
        """Import a project, or say that it lies elsewhere now."""
        with self._turn:
            return self._move(project, path)

    def stop(self, project: str, reference: str | None) -> RunRecord | None:
        """Ask the open run to end; its agent has a grace."""
        run = self.find(project, reference)
        if run is not None and run.is_open:
            self._end(run.id, "stopped")
            run = self.book.run(run.reference)
        return run

    def find(self, project: str, reference: str | None) -> RunRecord | None:
        """The run of a reference, or the project's latest. Raises outside_rejected for what is unknown."""
        run = self.book.latest(project) if reference is None else self.book.run(reference)
        if run is not None and run.project == project:
            return run  # also when its folder has gone since
        if project not in self.book.projects():
            raise OutsideRejected("no project of that name", reason="unknown_project")
        if reference is not None:
            raise OutsideRejected("this project has no run of that reference", reason="unknown_run")
        return None

    def log_of(self, run: RunRecord) -> RunLog:
        """What a run printed."""
        with self._opening:
            if run.id not in self._logs:
                self._logs[run.id] = RunLog(self.book.folder_of(run.id), self._clock)
            return self._logs[run.id]

    def close(self) -> None:
        """End every agent: the server goes, and nobody would look after them."""
        for run in self.book.runs():
            if run.is_open:
                self._end(run.id, "interrupted")
        for working in list(self._working.values()):
            if working.thread is not None:
                working.thread.join()
        self.book.close()

    def _move(self, project: str, path: str) -> bool:
        place = self.book.allowed(path)
        known = place if project not in self.book.projects() else self.book.place_of(project)
        if known != place and self.book.open_at(known) is not None:
            raise OutsideRejected("a run of this project is open", reason="running")
        return self.book.move(project, place)

    def _begun(self, order: Order, place: Path) -> RunRecord:
        run_id = make_id("run", order.reference)
        branch = None
        try:
            if local_git.is_repository(place):
                local_git.check_clean(place)
                branch = local_git.planned(place, order.reference, run_id)
        except GitRefused as refusal:
            raise OutsideRejected(refusal.message, reason="bad_path") from None
        run = RunRecord(
            id=run_id, project=order.project, reference=order.reference, task_hash=content_hash(order.task),
            task_type=order.task_type, model=order.model, place=place, started_at=self._clock.now(),
            branch=None if branch is None else (branch.name, branch.base, branch.before),
        )  # fmt: skip
        self.book.claim(run, order.task)
        working = _Working()
        working.thread = threading.Thread(target=self._live, args=(run, order, working), name=f"agent-{order.project}", daemon=True)
        self._working[run.id] = working
        working.thread.start()
        return run

    def _end(self, run_id: str, wish: str) -> None:
        working = self._working.get(run_id)
        if working is not None and working.wish is None:
            working.wish = wish
            self.book.mark_stopping(run_id)
            working.wake.set()

    def _live(self, run: RunRecord, order: Order, working: _Working) -> None:
        """One run from branch to end; whatever breaks, the run ends."""
        log = self.log_of(run)
        before = None if run.branch else _files(run.place)
        end: tuple[str, str | None, str] = ("failed", "could_not_start", "the harness broke")
        try:
            if run.branch is not None:
                local_git.begin(run.place, Branch(*run.branch))
            log.write("harness", f"{run.reference}: {run.model} begins for {run.task_type}")
            end = self._sessions(run, order, working, log)
        except GitRefused as refusal:
            end = ("failed", "git", refusal.message)
        except OSError as error:
            end = ("failed", "could_not_start", f"the agent cannot be started: {error.strerror or error}")
        finally:
            self._settle(run, end, before)
            self._working.pop(run.id, None)

    def _sessions(self, run: RunRecord, order: Order, working: _Working, log: RunLog) -> tuple[str, str | None, str]:
        """Sessions until one succeeds or there are no more; a failed one is tried again after the delay."""
        deadline = machine_s() + self._options.limit_s
        code = 1
        for session in range(1, order.max_sessions + 1):
            self.book.change(run.id, session=session)
            log.write("harness", f"session {session} of {order.max_sessions}")
            found = self._session(run, working, log, deadline)
            if isinstance(found, str):
                return self._early(found)
            code = found
            if code == 0:
                return "completed", None, f"session {session} ended well"
            if session < order.max_sessions and working.wake.wait(max(0.0, min(order.delay_s, deadline - machine_s()))):
                return self._early(working.wish or "stopped")
        return "failed", "exit_code", f"the agent ended with exit code {code} in its last of {order.max_sessions} sessions"

    def _early(self, why: str) -> tuple[str, str | None, str]:
        if why == "stopped":
            return "stopped", None, "stopped as asked"
        words = {"timed_out": f"not ready after {self._options.limit_s:g} s", "interrupted": "the harness was stopped"}
        return "failed", why, words[why]

    def _session(self, run: RunRecord, working: _Working, log: RunLog, deadline: float) -> int | str:
        """One agent from gate to end: its exit code, or why it was ended."""
        if working.wake.is_set():
            return working.wish or "stopped"
        agent = Agent(self._words(run), run.place, self._environment(run))
        try:
            self.book.change(run.id, pid=agent.pid, mark=agent.mark)
        except OSError:
            agent.call_off()
            raise
        agent.go()
        ear = threading.Thread(target=agent.hear, args=(_keeper(log),), name=f"ear-{run.project}", daemon=True)
        ear.start()
        why: str | None = None
        while (code := agent.code(LOOK_EVERY_S)) is None:
            why = working.wish if working.wake.is_set() else "timed_out" if machine_s() >= deadline else None
            if why is not None:
                agent.end(self._options.grace_s)
                break
        agent.sweep()
        ear.join()
        return why if why is not None else int(code or 0)

    def _settle(self, run: RunRecord, end: tuple[str, str | None, str], before: Mapping[str, tuple[int, int]] | None) -> None:
        status, reason, summary = end
        fields: dict[str, Any] = {}
        try:
            if run.branch is not None:
                outcome = local_git.finish(run.place, Branch(*run.branch), f"Left uncommitted by {run.reference}")
                fields = {"branch_name": outcome.branch, "commits": outcome.commits, "files": outcome.files}
                summary += f"; {len(outcome.commits)} commit{'s'[: len(outcome.commits) != 1]} on {outcome.branch}"
            elif before is not None:
                fields = {"files": _changed(before, _files(run.place))}
        except (GitRefused, OSError) as refusal:
            summary += f"; the branch could not be closed: {refusal}"
            status, reason = ("failed", "git") if status == "completed" else (status, reason)
        log = self.log_of(run)
        log.write("harness", f"{run.reference}: {status}: {summary}")
        fields |= {"status": status, "reason": reason, "summary": summary, "ended_at": self._clock.now(), "log_lines": log.count}
        self.book.change(run.id, pid=None, **fields)

    def _bury(self, run: RunRecord) -> None:
        """A run whose server was killed: its agent is ended, its branch closed, and it has failed for good."""
        if run.pid is not None and end_left_behind(run.pid, run.mark, run.id, LEFT_BEHIND_GRACE_S):
            logger().warning("harness.left_behind_ended", reference=run.reference)
        self._settle(run, ("failed", "interrupted", "the harness was killed while the agent worked"), None)

    def _words(self, run: RunRecord) -> Sequence[str]:
        known = {"{task_file}": self._task_file(run), "{model}": run.model, "{project}": run.project, "{reference}": run.reference}
        words = list(self._options.words)
        for name, value in known.items():
            words = [word.replace(name, value) for word in words]
        return words

    def _environment(self, run: RunRecord) -> dict[str, str]:
        own = {
            "HARNESS_TASK_FILE": self._task_file(run), "HARNESS_MODEL": run.model, "HARNESS_PROJECT": run.project,
            "HARNESS_REFERENCE": run.reference, RUN_VARIABLE: run.id,
        }  # fmt: skip
        return agent_environment(os.environ, self._options.passed, own)

    def _task_file(self, run: RunRecord) -> str:
        return str(self.book.folder_of(run.id) / "task.md")


def _keeper(log: RunLog) -> Callable[[str, str], None]:
    """Writes into the log; what a full disk does not take is lost, but the agent is heard on, or it would stand still."""

    def write(stream: str, text: str) -> None:
        try:
            log.write(stream, text)
        except OSError as error:
            logger().error("harness.log_lost", message=str(error))

    return write


def _files(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of every file, where there is no git to ask; the first 20,000."""
    found: dict[str, tuple[int, int]] = {}
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        for name in sorted(names):
            place = Path(root) / name
            if len(found) < _MOST_FILES and place.is_file():
                known = place.stat()
                found[str(place.relative_to(folder))] = (known.st_size, known.st_mtime_ns)
    return found


def _changed(before: Mapping[str, tuple[int, int]], after: Mapping[str, tuple[int, int]]) -> tuple[tuple[str, str], ...]:
    names = sorted({*before, *after})
    words = {(False, True): "added", (True, False): "deleted", (True, True): "modified"}
    return tuple((name, words[name in before, name in after]) for name in names if before.get(name) != after.get(name))[:500]
