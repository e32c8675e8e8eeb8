"""The durable-execution library behind a small face: start by id, steps with checkpoints, recovery (ARCHITECTURE §5b)."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from typing import Any

from revenue_machine.engine.call import Moments
from revenue_machine.engine.workers import Slot
from revenue_machine.kit.clock import machine_sleep

Body = Callable[["Steps", dict[str, Any]], dict[str, Any]]
APPLICATION_VERSION = "1"
_bodies: dict[str, Body] = {}
_workflow: Any = None
# The runs somebody here waits for, and whether their body began meanwhile: cheaper than asking the database beforehand.
_began: dict[str, bool] = {}


class Steps:
    """What a workflow body runs its steps through: each step's outcome is kept, a finished one is not run again."""

    def __init__(self, moments: Moments) -> None:
        self._moments = moments

    def run(self, name: str, function: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Run one step, or hand back what it answered before the crash."""
        from dbos import DBOS

        outcome: dict[str, Any] = DBOS.run_step({"name": name}, function)
        self._moments.reached("topic:recorded", name)
        return outcome


class Durable:
    """One per process; runs workflow bodies by name under an id that makes repetition impossible."""

    def __init__(self, database_url: str, slot: Slot, moments: Moments) -> None:
        self._url, self._slot, self._moments = database_url, slot, moments
        self._launched = False

    def register(self, name: str, body: Body) -> None:
        """Give a kind of run its body."""
        _bodies[name] = body

    def launch(self) -> None:
        """Start the library: it recovers what this slot left behind."""
        if self._launched:
            return
        from dbos import DBOS

        logging.getLogger("dbos").setLevel(logging.CRITICAL)
        DBOS(
            config={
                "name": "revenue",
                "system_database_url": _library_url(self._url),
                "application_version": APPLICATION_VERSION,
                "executor_id": self._slot.name,
                "log_level": "CRITICAL",
                "use_listen_notify": False,
                "sys_db_pool_size": 10,
                "notification_listener_polling_interval_sec": 1.0,
            }
        )
        _declare(self._moments)
        DBOS.launch()
        self._launched = True
        self.take_over_dead()

    def run(self, workflow_id: str, name: str, payload: dict[str, Any]) -> bool:
        """Start (or join) a run and wait for its end; the same id is the same run, for ever.

        Returns: whether its body ran here meanwhile; False when it had ended before or runs in another process.
        """
        from dbos import DBOS, SetWorkflowID

        self.launch()
        _began[workflow_id] = False
        try:
            with SetWorkflowID(workflow_id):
                handle = DBOS.start_workflow(_workflow, name, payload)
            handle.get_result(polling_interval_sec=0.05)
        finally:
            has_begun = _began.pop(workflow_id, False)
        return has_begun

    def take_over_dead(self) -> int:
        """Recover runs of slots whose process is gone; returns how many were taken over."""
        from dbos import DBOS

        dead = self._slot.dead_slots()
        return len(DBOS._recover_pending_workflows(dead)) if dead else 0  # noqa: SLF001 - the library's only door for this

    def open_runs(self) -> list[str]:
        """Ids of runs that have not ended."""
        from dbos import DBOS

        self.launch()
        return [one.workflow_id for one in DBOS.list_workflows(status=["PENDING", "ENQUEUED"], load_input=False, load_output=False)]

    def settle(self, timeout_s: float) -> list[str]:
        """Wait until no run is open; returns what is still open at the time-out."""
        waited_s = 0.0
        while (still := self.open_runs()) and waited_s < timeout_s:
            machine_sleep(0.1)
            waited_s += 0.1
        return still

    def close(self) -> None:
        if self._launched:
            from dbos import DBOS

            with contextlib.suppress(TimeoutError):
                DBOS.destroy(workflow_completion_timeout_sec=5)
            self._launched = False


def _declare(moments: Moments) -> None:
    """Register the one workflow function; the library keeps registrations per process."""
    global _workflow  # noqa: PLW0603 - the library's registry is global too
    from dbos import DBOS

    if _workflow is not None:
        _current["moments"] = moments
        return
    _current["moments"] = moments

    @DBOS.workflow(name="revenue_run", max_recovery_attempts=20)
    def revenue_run(name: str, payload: dict[str, Any]) -> dict[str, Any]:
        run_id = str(DBOS.workflow_id)
        if run_id in _began:
            _began[run_id] = True
        return _bodies[name](Steps(_current["moments"]), payload)

    _workflow = revenue_run


_current: dict[str, Moments] = {}


def _library_url(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)
