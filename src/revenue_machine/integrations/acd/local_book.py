"""What the local harness remembers, on disk: every run under its reference, written before it starts, and where projects lie."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from revenue_machine.kit.errors import BadInput, Conflict, OutsideRejected
from revenue_machine.kit.ids import make_id

PROJECT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
Status = Literal["running", "stopping", "completed", "failed", "stopped"]


class RunRecord(BaseModel):
    """One run; `place` is the folder it works in, `pid` and `mark` who works there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    project: str
    reference: str
    task_hash: str
    task_type: str
    model: str
    place: Path
    status: Status = "running"
    reason: str | None = None
    summary: str = ""
    session: int = 1
    pid: int | None = None
    mark: str | None = None
    branch: tuple[str, str, str] | None = None
    branch_name: str | None = None
    commits: tuple[tuple[str, str], ...] | None = None
    files: tuple[tuple[str, str], ...] | None = None
    log_lines: int = 0
    started_at: datetime
    ended_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.ended_at is None


class Book:
    """Runs and projects below one folder, which one server holds alone."""

    def __init__(self, home: Path, projects: Path) -> None:
        self.home, self._lock = home, threading.RLock()
        try:
            self._projects = projects.resolve(strict=True)
        except OSError as error:
            raise BadInput(f"the folder {projects} cannot be used: {error.strerror}", field="--projects") from None
        if not self._projects.is_dir():
            raise BadInput(f"{projects} is no folder", field="--projects")
        (home / "runs").mkdir(parents=True, exist_ok=True, mode=0o700)
        self._held = _hold(home / "lock")
        self._runs = {run.id: run for run in self._kept_runs()}
        self._places = self._kept_places()

    def close(self) -> None:
        """Let another server hold the folder."""
        os.close(self._held)

    def folder_of(self, run_id: str) -> Path:
        """Where a run's task, record and log stand."""
        return self.home / "runs" / run_id

    def run(self, reference: str) -> RunRecord | None:
        """The run of a reference."""
        with self._lock:
            return self._runs.get(make_id("run", reference))

    def runs(self) -> list[RunRecord]:
        """Every run, the oldest first."""
        with self._lock:
            return sorted(self._runs.values(), key=lambda run: (run.started_at, run.id))

    def latest(self, project: str) -> RunRecord | None:
        """The project's last run."""
        return next((run for run in reversed(self.runs()) if run.project == project), None)

    def open_at(self, place: Path) -> RunRecord | None:
        """The run that works in a folder now."""
        return next((run for run in self.runs() if run.is_open and run.place == place), None)

    def claim(self, run: RunRecord, task: str) -> None:
        """Write a run down before anything of it happens. Raises conflict when its reference has a record nobody can read."""
        folder = self.folder_of(run.id)
        folder.mkdir(mode=0o700, exist_ok=True)  # one without a record was killed before anything began
        if (folder / "run.json").exists():
            raise Conflict("that reference was started before, and its record cannot be read")
        _put(folder / "task.md", task)
        self.keep(run)

    def keep(self, run: RunRecord) -> RunRecord:
        """Write how a run stands, in one step."""
        with self._lock:
            _put(self.folder_of(run.id) / "run.json", run.model_dump_json(indent=1))
            self._runs[run.id] = run
        return run

    def change(self, run_id: str, **fields: object) -> RunRecord:
        """Write some fields of a run anew."""
        with self._lock:
            return self.keep(self._runs[run_id].model_copy(update=fields))

    def mark_stopping(self, run_id: str) -> None:
        """Say that an open run is being ended; one that ended by itself meanwhile keeps its end."""
        with self._lock:
            if self._runs[run_id].is_open:
                self.change(run_id, status="stopping")

    def projects(self) -> list[str]:
        """Imported ones and the folders that lie there, by name."""
        lying = (place.name for place in self._projects.iterdir() if place.is_dir() and PROJECT_NAME.fullmatch(place.name))
        return sorted({*self._places, *lying})

    def place_of(self, project: str) -> Path:
        """The project's folder. Raises outside_rejected with `reason` unknown_project or bad_path."""
        known = self._places.get(project)
        if known is None and PROJECT_NAME.fullmatch(project) and (self._projects / project).is_dir():
            known = str(self._projects / project)
        if known is None:
            raise OutsideRejected("no project of that name", reason="unknown_project")
        return self.allowed(known)

    def allowed(self, path: str) -> Path:
        """The real folder behind a path, if it lies below the projects' folder. Raises outside_rejected (`bad_path`)."""
        try:
            place = (self._projects / path).resolve(strict=True)
        except (OSError, ValueError, RuntimeError):
            raise OutsideRejected("there is no such folder", reason="bad_path") from None
        if not place.is_dir() or self._projects not in place.parents:
            raise OutsideRejected("the folder does not lie below --projects", reason="bad_path")
        return place

    def move(self, project: str, place: Path) -> bool:
        """Remember where a project lies; whether that is new."""
        with self._lock:
            is_new = project not in self.projects()
            if self._places.get(project) != str(place):
                self._places[project] = str(place)
                _put(self.home / "projects.json", json.dumps(self._places, indent=1, sort_keys=True))
            return is_new

    def _kept_runs(self) -> Iterator[RunRecord]:
        for place in sorted((self.home / "runs").glob("*/run.json")):
            with contextlib.suppress(ValidationError):
                yield RunRecord.model_validate_json(place.read_bytes())

    def _kept_places(self) -> dict[str, str]:
        place = self.home / "projects.json"
        return {} if not place.exists() else {str(name): str(path) for name, path in json.loads(place.read_bytes()).items()}


def _put(place: Path, text: str) -> None:
    """In one step and surely on disk."""
    fresh = place.with_name(f".{place.name}.new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(place)


def _hold(place: Path) -> int:
    """The lock of one server; it is free again when its process has ended, however. Raises conflict."""
    held = os.open(place, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        raise Conflict("another `revenue harness` works with this REVENUE_HOME") from None
    return held
