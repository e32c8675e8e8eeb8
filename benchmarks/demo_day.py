"""What a day of `revenue demo` costs beside its floor: `python benchmarks/demo_day.py [--days 4] [--rounds 3]`."""

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
REVENUE = "import sys; from revenue_machine.__main__ import main; sys.exit(main())"


@dataclass(frozen=True)
class Cost:
    """Seconds of one process, or of a part of it."""

    user_s: float
    wall_s: float


def measure(code: str, *arguments: str) -> Cost:
    """Run code in a fresh interpreter with a home of its own; raises when it fails."""
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"REVENUE_HOME": home}
        before, started_s = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime, time.monotonic()
        subprocess.run([sys.executable, "-c", code, *arguments], env=environment, check=True, capture_output=True)
        wall_s = time.monotonic() - started_s
        return Cost(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before, wall_s)


def further_day(days: int, seed: int, first: Cost) -> Cost:
    """What each day after the first adds."""
    whole = measure(REVENUE, "demo", "--seed", str(seed), "--days", str(days))
    return Cost((whole.user_s - first.user_s) / (days - 1), (whole.wall_s - first.wall_s) / (days - 1))


def median(costs: list[Cost]) -> Cost:
    """The middle of each column."""
    return Cost(statistics.median(one.user_s for one in costs), statistics.median(one.wall_s for one in costs))


def main() -> None:
    """Measure in turns, so that a noisy minute meets all three alike, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=4, help="length of the longer demo, at least 2")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    if args.days < 2 or args.rounds < 1:
        parser.error("--days is at least 2 and --rounds at least 1")
    measure(FLOOR)
    found: dict[str, list[Cost]] = {"bare imports (floor)": [], "first command, 1 day": [], "each further day": []}
    for _ in range(args.rounds):
        first = measure(REVENUE, "demo", "--seed", str(args.seed), "--days", "1")
        costs = (measure(FLOOR), first, further_day(args.days, args.seed, first))
        for held, cost in zip(found.values(), costs, strict=True):
            held.append(cost)
    floor = median(found["bare imports (floor)"])
    print(f"{'':22} {'user s':>8} {'x floor':>8} {'wall s':>8} {'x floor':>8}")
    for name, held in found.items():
        cost = median(held)
        ratios = (cost.user_s / floor.user_s, cost.wall_s / floor.wall_s)
        print(f"{name:22} {cost.user_s:8.2f} {ratios[0]:8.1f} {cost.wall_s:8.2f} {ratios[1]:8.1f}")


if __name__ == "__main__":
    main()
