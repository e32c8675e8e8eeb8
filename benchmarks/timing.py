"""How the benchmarks measure: the median of several rounds, for a shared machine has bad moments."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any


def median_s(work: Callable[[], Any], rounds: int) -> float:
    """Median wall seconds."""
    spent = []
    for _ in range(rounds):
        start_s = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start_s)
    return statistics.median(spent)
