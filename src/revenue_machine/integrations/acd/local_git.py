"""A run's own branch in the owner's repository: from a clean tree, everything committed at the end, the owner's branch back."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from revenue_machine.kit.errors import Failure, OutsideRejected

LIMIT_S = 25
MOST_COMMITS = 50
MOST_FILES = 500
_LETTERS = {"A": "added", "D": "deleted"}
_WHO = ("-c", "user.name=revenue harness", "-c", "user.email=harness@localhost", "-c", "commit.gpgsign=false")
_QUIET = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "gc.auto=0")


class GitRefused(Failure):
    """git did not do what it was asked."""

    code = "conflict"
    http_status = 409


@dataclass(frozen=True)
class Branch:
    """What a run needs to know to go back: its own branch, where it began, and what was checked out before."""

    name: str
    base: str
    before: str


@dataclass(frozen=True)
class Outcome:
    """What stands on the branch at the end."""

    branch: str
    commits: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str], ...]


def is_repository(folder: Path) -> bool:
    """Whether the folder is the root of a repository. Raises outside_rejected when it is only a part of one."""
    if (folder / ".git").exists():
        return True
    if shutil.which("git") is None:
        return False
    inside = _asked(folder, "rev-parse", "--show-toplevel")
    if inside is None or _asked(folder, "check-ignore", "-q", str(folder)) is not None:
        return False
    raise OutsideRejected("the folder is part of a larger git repository: name that repository's root", reason="bad_path")


def check_clean(folder: Path) -> None:
    """Raises outside_rejected with `reason` dirty_tree or no_commit."""
    if _asked(folder, "rev-parse", "--verify", "-q", "HEAD^{commit}") is None:
        raise OutsideRejected("the git repository has no commit yet to start from", reason="no_commit")
    dirty = [line[3:] for line in _git(folder, "status", "--porcelain").splitlines()]
    if dirty:
        more = f" and {len(dirty) - 3} more" if len(dirty) > 3 else ""
        what = f"the git repository has uncommitted changes ({', '.join(dirty[:3])}{more})"
        raise OutsideRejected(f"{what}: commit or stash them first", reason="dirty_tree")


def planned(folder: Path, reference: str, run_id: str) -> Branch:
    """The branch a run will have; nothing is changed yet."""
    name = "harness/" + re.sub(r"[^A-Za-z0-9_-]+", "-", reference).strip("-")[:80]
    if name == "harness/" or _asked(folder, "rev-parse", "--verify", "-q", f"refs/heads/{name}") is not None:
        name = f"{name}-{run_id[-8:]}"
    before = _asked(folder, "symbolic-ref", "-q", "--short", "HEAD")
    base = _git(folder, "rev-parse", "HEAD").strip()
    return Branch(name, base, (before or "").strip() or base)


def begin(folder: Path, branch: Branch) -> None:
    """Check the new branch out."""
    _git(folder, "switch", "-q", "-c", branch.name, branch.base)


def finish(folder: Path, branch: Branch, subject: str) -> Outcome:
    """Commit what was left lying about, say what the branch holds, check the owner's branch out again; safe to repeat."""
    standing = _current(folder)
    if standing != branch.before and _git(folder, "status", "--porcelain"):
        _git(folder, "add", "-A")
        _git(folder, *_WHO, "commit", "-q", "--no-verify", "-m", subject)
    name = standing if _asked(folder, "rev-parse", "--verify", "-q", f"refs/heads/{branch.name}") is None else branch.name
    span = f"{branch.base}..{name}"
    log = _git(folder, "log", f"-{MOST_COMMITS}", "--format=%h%x00%s", span).splitlines()
    commits = tuple((line.split("\0")[0], line.split("\0")[1][:200]) for line in log)
    words = _git(folder, "diff", "--name-status", "--no-renames", "-z", branch.base, name).split("\0")
    files = tuple((path, _LETTERS.get(letter, "modified")) for letter, path in zip(words[::2], words[1::2], strict=False))
    if standing != branch.before:
        is_branch = _asked(folder, "show-ref", "--verify", "-q", f"refs/heads/{branch.before}") is not None
        _git(folder, "switch", "-q", *(() if is_branch else ("--detach",)), branch.before)
    return Outcome(name, commits, files[:MOST_FILES])


def _current(folder: Path) -> str:
    name = _asked(folder, "symbolic-ref", "-q", "--short", "HEAD")
    return (name or _git(folder, "rev-parse", "HEAD")).strip()


def _asked(folder: Path, *words: str) -> str | None:
    """What git answers, None when it says no."""
    done = _run(folder, words)
    return done.stdout if done.returncode == 0 else None


def _git(folder: Path, *words: str) -> str:
    done = _run(folder, words)
    if done.returncode != 0:
        verb = next((word for word in words if not word.startswith("-") and "=" not in word), "")
        raise GitRefused(f"git {verb}: {(done.stderr.strip().splitlines() or ['failed'])[-1]}")
    return done.stdout


def _run(folder: Path, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment |= {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        return subprocess.run(  # noqa: S603 - our own words; a reference is reduced to letters before it becomes a branch
            ["git", *_QUIET, *words],  # noqa: S607 - the owner's git
            cwd=folder, env=environment, capture_output=True, text=True, errors="replace", timeout=LIMIT_S, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise GitRefused("git is not on this machine") from None
    except subprocess.TimeoutExpired:
        raise GitRefused("git took too long") from None
