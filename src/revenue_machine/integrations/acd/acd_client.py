"""How we speak to a coding harness: projects, start by reference, status, stop, logs; a start is found again by its reference."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from pydantic import ValidationError

from revenue_machine.integrations.acd.wire import (
    NAME,
    REFERENCE,
    DashboardStats,
    Data,
    ErrorAnswer,
    HarnessRun,
    LogPage,
    Project,
    StartOrder,
)
from revenue_machine.kit.errors import BadInput, ContractBroken, Failure, OutsideRejected
from revenue_machine.kit.service import ServiceClient

# A run takes minutes: asking sooner than this whether the project is free again is of no use.
BUSY_S = 300.0
MOST_TAIL = 500
_UNKNOWN = ("unknown_project", "unknown_run")


class AcdClient(ServiceClient):
    """`start` spends and changes code: call it through `Outside.perform` with `find` as its look-up."""

    service: ClassVar[str] = "acd"

    def projects(self) -> list[Project]:
        """Every project the harness knows."""
        return self.get("/api/projects", Data[list[Project]]).data

    def import_project(self, name: str, path: str) -> Project:
        """Tell the harness where a project lies; harmless and safe to repeat."""
        return self.post("/api/projects", Data[Project], {"name": _named(name), "path": path}).data

    def start(self, project: str, order: StartOrder) -> HarnessRun:
        """Start a run, or get the one this reference started before.

        Raises `outside_rejected`: nothing was started; its `reason` is a code of README.md (running, dirty_tree, bad_path …).
        """
        body = order.model_dump(by_alias=True, exclude_none=True)
        return self._same(self._run(self.post(f"{_harness(project)}/start", Data[HarnessRun], body), project), order.reference)

    def find(self, project: str, reference: str) -> HarnessRun | None:
        """The run a reference started, None when surely none was: the look-up of a start whose answer was lost."""
        try:
            return self.status(project, reference)
        except OutsideRejected as refusal:
            if refusal.details.get("reason") in _UNKNOWN:
                return None
            raise

    def status(self, project: str, reference: str | None = None) -> HarnessRun:
        """One run, or the project's latest (`idle` when it has none). Raises `outside_rejected` for an unknown one."""
        query = {"reference": None if reference is None else _referenced(reference)}
        run = self._run(self.get(f"{_harness(project)}/status", Data[HarnessRun], query), project)
        return run if reference is None else self._same(run, reference)

    def stop(self, project: str, reference: str | None = None) -> HarnessRun:
        """End the open run, or only the one of this reference; safe to repeat."""
        body = {} if reference is None else {"reference": _referenced(reference)}
        return self._run(self.post(f"{_harness(project)}/stop", Data[HarnessRun], body), project)

    def logs(self, project: str, reference: str | None = None, after: int = 0) -> LogPage:
        """The page of lines behind number `after`."""
        page = self.get(f"{_harness(project)}/logs", Data[LogPage], {"reference": reference, "after": after}).data
        if page.lines and (page.lines[0].number <= after or page.next_after < page.lines[-1].number):
            raise ContractBroken("The harness's log pages in circles")
        return page

    def log_tail(self, project: str, reference: str | None = None, lines: int = 50) -> LogPage:
        """The last lines."""
        if not 1 <= lines <= MOST_TAIL:
            raise BadInput(f"1 to {MOST_TAIL} lines", field="lines")
        return self.get(f"{_harness(project)}/logs", Data[LogPage], {"reference": reference, "tail": lines}).data

    def open_runs(self) -> list[HarnessRun]:
        """Every run that has not ended."""
        return self.get("/api/harnesses", Data[list[HarnessRun]]).data

    def dashboard_stats(self) -> DashboardStats:
        """All projects together."""
        return self.get("/api/dashboard/stats", Data[DashboardStats]).data

    def rejection(self, status: int, payload: Any) -> Failure | None:
        try:
            error = ErrorAnswer.model_validate(payload).error
        except ValidationError:
            return None
        # A 5xx says nothing about what happened, and a refused key has its own failure: both are read from the status.
        if status >= 500 or status in (401, 429):
            return None
        wait_s = BUSY_S if error.code == "running" else None
        return OutsideRejected(f"The harness refused: {error.message or error.code}", reason=error.code, retry_after_s=wait_s)

    def _run(self, answer: Data[HarnessRun], project: str) -> HarnessRun:
        if answer.data.project != project:
            raise ContractBroken("The harness answered for another project")
        return answer.data

    def _same(self, run: HarnessRun, reference: str) -> HarnessRun:
        if run.reference != reference:
            raise ContractBroken("The harness answered for another run")
        return run


def _harness(project: str) -> str:
    return f"/api/projects/{_named(project)}/harness"


def _named(name: str) -> str:
    if re.fullmatch(NAME, name) is None:
        raise BadInput("a project's name is 1 to 64 of a-z, 0-9, _ and -, beginning with a letter or digit", field="project")
    return name


def _referenced(reference: str) -> str:
    if re.fullmatch(REFERENCE, reference) is None:
        raise BadInput("a reference is 1 to 128 of A-Z, a-z, 0-9, _ . : and -", field="reference")
    return reference
