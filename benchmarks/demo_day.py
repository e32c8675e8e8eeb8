"""What a day of `revenue demo` costs beside its floor: `python benchmarks/demo_day.py [--days 4] [--postgresql URL]`."""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

# The floor: the libraries a day cannot do without, loaded and left alone.
FLOOR = "import alembic, anthropic, dbos, fastapi, httpx, numpy, pydantic, sqlalchemy"
FLOOR_ROW = "bare imports (floor)"
REVENUE = "import sys; from revenue_machine.__main__ import main; sys.exit(main())"


@dataclass(frozen=True)
class Cost:
    """Seconds of one process, or of a part of it; a server's own seconds show only in the wall's."""

    cpu_s: float
    wall_s: float


def children_s() -> float:
    """CPU seconds, user and system, of all children that have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def measure(code: str, *arguments: str, url: str | None = None) -> Cost:
    """Run code in a fresh interpreter with a home of its own; raises when it fails."""
    with tempfile.TemporaryDirectory() as home:
        database = {} if url is None else {"REVENUE_DATABASE_URL": url}
        environment = os.environ | {"REVENUE_HOME": home} | database
        before_s, started_s = children_s(), time.monotonic()
        subprocess.run([sys.executable, "-c", code, *arguments], env=environment, check=True, capture_output=True)
        wall_s = time.monotonic() - started_s
        return Cost(children_s() - before_s, wall_s)


def first_and_further(days: int, seed: int, url: str | None) -> tuple[Cost, Cost]:
    """A demo of one day, and what each day after the first adds."""
    first = measure(REVENUE, "demo", "--seed", str(seed), "--days", "1", url=url)
    whole = measure(REVENUE, "demo", "--seed", str(seed), "--days", str(days), url=url)
    return first, Cost((whole.cpu_s - first.cpu_s) / (days - 1), (whole.wall_s - first.wall_s) / (days - 1))


def median(costs: list[Cost]) -> Cost:
    """The middle of each column."""
    return Cost(statistics.median(one.cpu_s for one in costs), statistics.median(one.wall_s for one in costs))


def main() -> None:
    """Measure in turns, so that a noisy minute meets all alike, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=4, help="length of the longer demo, at least 2")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--postgresql", metavar="URL", help="measure there too; the demo makes a database of its own beside it")
    args = parser.parse_args()
    if args.days < 2 or args.rounds < 1:
        parser.error("--days is at least 2 and --rounds at least 1")
    measure(FLOOR)
    databases: dict[str, str | None] = {"": None}
    if args.postgresql is not None:
        databases[", PostgreSQL"] = args.postgresql
    found: dict[str, list[Cost]] = {}
    for _ in range(args.rounds):
        found.setdefault(FLOOR_ROW, []).append(measure(FLOOR))
        for name, url in databases.items():
            first, further = first_and_further(args.days, args.seed, url)
            found.setdefault(f"first command, 1 day{name}", []).append(first)
            found.setdefault(f"each further day{name}", []).append(further)
    show(found)


def show(found: dict[str, list[Cost]]) -> None:
    """One line per thing measured, beside the floor."""
    floor = median(found[FLOOR_ROW])
    print(f"{'':34} {'cpu s':>8} {'x floor':>8} {'wall s':>8} {'x floor':>8}")
    for name, held in found.items():
        cost = median(held)
        ratios = (cost.cpu_s / floor.cpu_s, cost.wall_s / floor.wall_s)
        print(f"{name:34} {cost.cpu_s:8.2f} {ratios[0]:8.1f} {cost.wall_s:8.2f} {ratios[1]:8.1f}")


if __name__ == "__main__":
    main()
