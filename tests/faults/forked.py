"""Starts processes that need not import the product anew: each is a real process of its own, forked from one that has it loaded."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.faults.preloaded"])


@dataclass(frozen=True)
class Forked:
    """One process; what it says goes to `log`, its complaints too unless they have a file of their own."""

    process: multiprocessing.process.BaseProcess
    log: Path
    errors: Path

    @property
    def exit_code(self) -> int | None:
        """None while it runs; -9 after kill -9."""
        return self.process.exitcode

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""

    @property
    def complained(self) -> str:
        return self.errors.read_text(encoding="utf-8") if self.errors.exists() else ""

    def wait(self, timeout_s: float) -> Forked:
        """Let it end by itself."""
        self.process.join(timeout_s)
        if self.process.exitcode is None:
            self.process.kill()
            raise TimeoutError(f"still running after {timeout_s} s: {self.said[-2000:]}")
        return self

    def kill(self) -> None:
        """kill -9; whoever waits for it sees -9."""
        self.process.kill()

    def end(self) -> None:
        """Ask it to stop, and see that it does."""
        self.process.terminate()
        self.process.join(20)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join(20)


def start(
    function: Callable[..., object], words: tuple[str, ...], environment: Mapping[str, str], log: Path, errors: Path | None = None
) -> Forked:
    """Run `function(*words)` in a process of its own, under exactly this environment."""
    errors = errors or log
    process = _context.Process(target=_enter, args=(function, words, dict(environment), str(log), str(errors)))
    process.start()
    return Forked(process, log, errors)


def _enter(function: Callable[..., object], words: tuple[str, ...], environment: Mapping[str, str], log: str, errors: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    for place, stream in ((log, 1), (errors, 2)):
        os.dup2(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), stream)
    sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8")
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8")
    function(*words)
