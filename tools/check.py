"""Run every house check, two at a time, and end in one line: what failed and how long it took."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHECKS = {
    "mypy": ["-m", "mypy"],
    "ruff": ["-m", "ruff", "check", "--quiet"],
    "format": ["-m", "ruff", "format", "--check", "--quiet"],
    "imports": ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-logo"],
    "lint": ["-m", "tools.lint"],
    "docs": ["-m", "tools.docs", "--check"],
}


def run(words: list[str]) -> tuple[int, str]:
    """Exit code and everything a check said."""
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return done.returncode, done.stdout


def main() -> int:
    """Print what failed, whole; pass over what is fine."""
    start = time.monotonic()
    with ThreadPoolExecutor(max_workers=2) as pool:
        answers = dict(zip(CHECKS, pool.map(run, CHECKS.values()), strict=True))
    failed = [name for name, (code, _) in answers.items() if code]
    for name in failed:
        print(f"--- {name}\n{answers[name][1].strip()}\n")
    spent = f"{time.monotonic() - start:.0f} s"
    print(f"make check: {', '.join(failed)} failed, {spent}" if failed else f"make check: {', '.join(CHECKS)} passed, {spent}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
