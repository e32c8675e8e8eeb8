"""What the house lint costs beside its floor, parsing every file once: `python benchmarks/house_lint.py [--rounds 5]`."""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
from pathlib import Path

from timing import median_s

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("src", "tests", "tools", "benchmarks")


def parse_everything() -> None:
    """The floor: no check can look at a file it has not read and parsed."""
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            ast.parse(path.read_text(encoding="utf-8"))


def lint_everything() -> None:
    """The check as `make check` runs it, interpreter start included."""
    subprocess.run([sys.executable, "-m", "tools.lint"], cwd=ROOT, check=False, capture_output=True)


def main() -> None:
    """Print both and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    floor_s, lint_s = median_s(parse_everything, rounds), median_s(lint_everything, rounds)
    print(f"parse every file (floor) {floor_s:6.2f} s\nhouse lint               {lint_s:6.2f} s  {lint_s / floor_s:5.1f} x floor")


if __name__ == "__main__":
    main()
