"""Starts an agent in a process group of its own, never before its id is on disk, and ends the group with everything in it."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from revenue_machine.kit.clock import machine_s, machine_sleep

GRACE_S = 10.0
DRAIN_S = 2.0
RUN_VARIABLE = "HARNESS_RUN"
_CHUNK = 65_536
# The shell waits at a gate: when the server dies before it wrote down who runs, the gate falls shut and nothing ever ran.
_GATE = 'read -r word && [ "$word" = go ] && exec "$@" </dev/null'
_ALLOWED = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TERM", "TMPDIR", "TZ")
_ALLOWED_BEGINNINGS = ("LC_", "XDG_")


def agent_environment(ours: Mapping[str, str], passed: Sequence[str], own: Mapping[str, str]) -> dict[str, str]:
    """An agent sees what it needs to find itself, what the owner passes by name, and its task; nothing else of ours."""
    kept = {
        name: value
        for name, value in ours.items()
        if (name in _ALLOWED or name.startswith(_ALLOWED_BEGINNINGS) or name in passed) and not name.upper().startswith("REVENUE_")
    }
    return {**kept, **own}


class Agent:
    """A process that waits at its gate until `go`."""

    def __init__(self, words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self._process: Any = subprocess.Popen(  # noqa: S603 - the owner's own command, word by word, without a shell reading it
            ["/bin/sh", "-c", _GATE, "harness", *words],
            cwd=folder, env=dict(environment), start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.pid = self._process.pid
        self.mark = birth_of(self.pid)

    def go(self) -> None:
        """Open the gate."""
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(b"go\n")
            self._process.stdin.close()

    def call_off(self) -> None:
        """Close the gate: the agent never runs."""
        self._process.stdin.close()
        self._process.wait()
        self._close()

    def code(self, wait_s: float) -> int | None:
        """The exit code, None while it runs."""
        try:
            return int(self._process.wait(wait_s))
        except subprocess.TimeoutExpired:
            return None

    def end(self, grace_s: float) -> None:
        """End everything in the group: asked first, then not."""
        end_group(self.pid, grace_s, lambda: self._process.poll() is None)
        self._process.wait()

    def sweep(self) -> None:
        """End what it left running behind it."""
        _send(self.pid, signal.SIGKILL)

    def hear(self, write: Callable[[str, str], None]) -> None:
        """Hand on what it prints until both ends are closed, or shortly after it ended when somebody else holds them open."""
        ears = selectors.DefaultSelector()
        left: dict[str, bytes] = {"stdout": b"", "stderr": b""}
        for stream, pipe in (("stdout", self._process.stdout), ("stderr", self._process.stderr)):
            ears.register(pipe, selectors.EVENT_READ, stream)
        deadline: float | None = None
        while ears.get_map():
            for key, _ in ears.select(0.2):
                data = os.read(key.fd, _CHUNK)
                left[key.data] = _handed_on(key.data, left[key.data] + data, write)
                if not data:
                    ears.unregister(key.fileobj)
            if self._process.poll() is not None:
                deadline = deadline or machine_s() + DRAIN_S
                if machine_s() > deadline:
                    break
        for stream, rest in left.items():
            if rest:
                write(stream, rest.decode("utf-8", "replace"))
        ears.close()
        self._close()

    def _close(self) -> None:
        for pipe in (self._process.stdout, self._process.stderr):
            pipe.close()


def _handed_on(stream: str, data: bytes, write: Callable[[str, str], None]) -> bytes:
    """Hand on whole lines; a line without an end is handed on in pieces. Returns what waits for its end."""
    lines, newline, rest = data.rpartition(b"\n")
    if newline:
        write(stream, lines.decode("utf-8", "replace") or " ")
    if len(rest) >= _CHUNK:
        write(stream, rest.decode("utf-8", "replace"))
        rest = b""
    return rest


def end_group(group: int, grace_s: float, is_leader_there: Callable[[], bool]) -> None:
    """SIGTERM, a grace, SIGKILL: the second always, for children outlive their leader."""
    if is_leader_there():
        _send(group, signal.SIGTERM)
        deadline = machine_s() + grace_s
        while is_leader_there() and machine_s() < deadline:
            machine_sleep(0.05)
    _send(group, signal.SIGKILL)


def end_left_behind(group: int, mark: str | None, run_id: str, grace_s: float) -> bool:
    """End the group of an agent whose server was killed, if it is still that group; whether there was one.

    Ids are given out anew: only a leader born then, or a member that carries the run's name, is ended.
    """
    if not _is_same(group, mark, run_id):
        return False
    end_group(group, grace_s, lambda: birth_of(group) is not None)
    return True


def _is_same(group: int, mark: str | None, run_id: str) -> bool:
    birth = birth_of(group)
    if birth is not None:
        return mark is not None and birth == mark
    return any(_carries(member, run_id) for member in _members(group))


def birth_of(pid: int) -> str | None:
    """When a living process was born, in the machine's own words; None when there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return _birth_by_ps(pid) if not Path("/proc/self/stat").exists() else None
    return None if fields[0] in ("Z", "X") else fields[19]


def _birth_by_ps(pid: int) -> str | None:
    """Where there is no /proc."""
    words = ["/bin/ps", "-o", "lstart=", "-p", str(pid)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=10, check=False, env={"LC_ALL": "C"})  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None


def _members(group: int) -> list[int]:
    """The living processes of a group; none where the machine does not tell."""
    found = []
    for place in sorted(Path("/proc").glob("[0-9]*")) if Path("/proc/self/stat").exists() else ():
        with contextlib.suppress(OSError):
            fields = (place / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if int(fields[2]) == group and fields[0] not in ("Z", "X"):
                found.append(int(place.name))
    return found


def _carries(pid: int, run_id: str) -> bool:
    with contextlib.suppress(OSError):
        return f"{RUN_VARIABLE}={run_id}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return False


def _send(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
