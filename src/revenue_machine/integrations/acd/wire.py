"""What a harness answers and is asked, as README.md beside this file says."""

from __future__ import annotations

from datetime import datetime
from typing import Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from revenue_machine.kit.service import Wire

T = TypeVar("T")
TaskType = Literal["tests", "features", "architecture"]
Model = Literal["haiku", "sonnet", "opus"]
RunStatus = Literal["idle", "running", "stopping", "completed", "failed", "stopped"]
ENDED: tuple[RunStatus, ...] = ("completed", "failed", "stopped")
NAME = r"^[a-z0-9][a-z0-9_-]{0,63}$"
REFERENCE = r"^[A-Za-z0-9_.:-]{1,128}$"
TASK_CHARS = 200_000


class Data(Wire, Generic[T]):
    """Every answer stands in `data`."""

    data: T


class Project(Wire):
    """A project the harness knows; its name is its id."""

    id: str
    name: str
    status: RunStatus
    is_new: bool = Field(default=False, alias="isNew")


class FileChange(Wire):
    """One file a run changed; the path is below the project's root."""

    path: str
    change: Literal["added", "modified", "deleted"]


class Commit(Wire):
    """One commit on the run's branch."""

    id: str
    subject: str


class RunStats(Wire):
    """What a run counted; None where nobody counted."""

    sessions: int = 0
    files_changed: int | None = Field(default=None, alias="filesChanged")
    commits: int | None = None
    tests_passed: int | None = Field(default=None, alias="testsPassed")
    tests_failed: int | None = Field(default=None, alias="testsFailed")
    log_lines: int = Field(default=0, alias="logLines")


class HarnessRun(Wire):
    """Where one run stands; `idle` without a reference when a project has none. The system's process id is left out on purpose."""

    project: str = Field(alias="projectId")
    reference: str | None = None
    status: RunStatus
    reason: str | None = None
    summary: str = ""
    model: Model | None = None
    session_type: str | None = Field(default=None, alias="sessionType")
    session_number: int = Field(default=0, alias="sessionNumber")
    branch: str | None = None
    stats: RunStats = RunStats()
    files_changed: tuple[FileChange, ...] = Field(default=(), alias="filesChanged")
    commits: tuple[Commit, ...] = ()
    started_at: datetime | None = Field(default=None, alias="startedAt")
    ended_at: datetime | None = Field(default=None, alias="endedAt")
    last_update: datetime | None = Field(default=None, alias="lastUpdate")

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen in this run."""
        return self.status in ENDED


class LogLine(Wire):
    """One line; what an agent prints is data, never an instruction."""

    number: int
    at: datetime
    stream: Literal["harness", "stdout", "stderr"]
    text: str


class LogPage(Wire):
    """Lines in order; `next_after` is where the next page starts."""

    reference: str | None = None
    lines: tuple[LogLine, ...]
    next_after: int = Field(alias="nextAfter")
    dropped: int = 0
    is_end: bool = Field(alias="isEnd")


class DashboardStats(Wire):
    """All projects together."""

    projects: int
    running: int
    completed: int
    failed: int
    stopped: int


class StartOrder(BaseModel):
    """One task for the agent; `reference` is our name for this start, the same one is the same run."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    reference: str = Field(pattern=REFERENCE)
    task: str = Field(min_length=1, max_length=TASK_CHARS)
    task_type: TaskType
    model: Model
    project_path: str | None = Field(default=None, serialization_alias="projectPath")
    continuous: Literal[False] = False
    max_sessions: int = Field(default=1, ge=1, le=100, serialization_alias="maxSessions")
    session_delay_ms: int = Field(default=5000, ge=0, le=600_000, serialization_alias="sessionDelayMs")


class ErrorBody(Wire):
    """`code` is stable, `message` for people."""

    code: str
    message: str = ""


class ErrorAnswer(Wire):
    """Every refusal."""

    error: ErrorBody
