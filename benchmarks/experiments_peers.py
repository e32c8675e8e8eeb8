"""Runs gbstats over drawn experiments in an environment of its own; started by `experiments.py`, prints JSON.

`python experiments_peers.py COUNTS.npz`: arrays `null` and `real` (experiments x days x 4: users and conversions of each).
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from typing import Any

import numpy as np
from gbstats.frequentist.tests import FrequentistConfig, SequentialConfig, SequentialTwoSidedTTest, TwoSidedTTest
from gbstats.models.statistics import ProportionStatistic

KINDS = {
    "gbstats sequential (default tuning)": (SequentialTwoSidedTTest, SequentialConfig(difference_type="absolute")),
    "gbstats t-test, p < 0.05 daily": (TwoSidedTTest, FrequentistConfig(difference_type="absolute")),
}


def judged(kind: str, counts: list[int]) -> tuple[list[float], float, float]:
    """The interval, the p and the effect that gbstats gives; nothing where nothing varies."""
    test, config = KINDS[kind]
    users, hits, others, found = counts
    if min(hits, found) == 0:
        return [-1.0, 1.0], 1.0, 0.0
    one = test(ProportionStatistic(n=users, sum=hits), ProportionStatistic(n=others, sum=found), config)
    return [float(end) for end in one.confidence_interval], float(one.p_value), float(one.point_estimate)


def outcome(kind: str, drawn: Any) -> tuple[float, float, float]:
    """Shares decided and won, mean day of the stop; the experiment ends at its first decision."""
    alarms = wins = stops = 0
    for days in drawn.tolist():
        for day, counts in enumerate(days, 1):
            (low, high), _, effect = judged(kind, counts)
            if low > 0 or high < 0:
                alarms, wins, stops = alarms + 1, wins + (effect > 0), stops + day
                break
        else:
            stops += len(days)
    many = len(drawn)
    return alarms / many, wins / many, stops / many


def main() -> None:
    """Every kind over both arrays, its speed, and its answers at the last look of the real one."""
    drawn = np.load(sys.argv[1])
    found: dict[str, Any] = {"version": version("gbstats"), "rules": {}}
    for kind in KINDS:
        null, real = outcome(kind, drawn["null"]), outcome(kind, drawn["real"])
        last = drawn["real"][:500, -1].tolist()
        start_s = time.perf_counter()
        answers = [judged(kind, counts) for counts in last]
        spent_s = time.perf_counter() - start_s
        found["rules"][kind] = {
            "alarms": null[0], "power": real[1], "stop_day": real[2], "us": spent_s / len(last) * 1e6,
            "answers": [[*interval, p] for interval, p, _ in answers],
        }  # fmt: skip
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
