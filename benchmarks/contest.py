"""How contenders are compared: each run in a fresh process, rounds interleaved, memory from the kernel's own high-water mark."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Checks = Mapping[str, float]


@dataclass(frozen=True)
class Contender:
    """Who runs: the interpreter, the script, and what to say where it cannot run."""

    name: str
    python: Path
    script: Path
    absent: str = ""


def run_one(work: Callable[[Any], Checks], prepare: Callable[[], Any] = lambda: None) -> None:
    """In the contender's own process: prepare, then print the work's seconds, the peak megabytes and the values that must agree."""
    ready = prepare()
    start_s = time.perf_counter()
    checks = work(ready)
    print(json.dumps({"seconds": time.perf_counter() - start_s, "peak_mb": peak_mb(), "checks": dict(checks)}))


def peak_mb() -> float:
    """The process' high-water mark; `ru_maxrss` of a child would begin at its parent's."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def contest(contenders: list[Contender], arguments: list[str], rounds: int) -> dict[str, list[dict[str, Any]]]:
    """Rounds of A B C A B C …; what every contender printed, and a line for each that is absent or breaks."""
    found: dict[str, list[dict[str, Any]]] = {one.name: [] for one in contenders}
    gone = {one.name for one in contenders if one.absent}
    for one in contenders:
        if one.absent:
            print(f"  skipped {one.name}: {one.absent}", flush=True)
    for number in range(rounds):
        for one in contenders:
            if one.name in gone:
                continue
            start_s = time.perf_counter()
            words = [str(one.python), str(one.script), "--contender", one.name, *arguments]
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            lines = done.stdout.strip().splitlines()
            if done.returncode or not lines:
                gone.add(one.name)
                print(f"  {one.name} broke: {(done.stderr.strip().splitlines() or ['no output'])[-1]}", flush=True)
                continue
            found[one.name].append({**json.loads(lines[-1]), "wall": time.perf_counter() - start_s})
            last = found[one.name][-1]
            print(
                f"  round {number + 1}: {one.name} {last['seconds']:.3f} s, {last['peak_mb']:.0f} MB", file=sys.stderr, flush=True
            )
    return found


def table(found: Mapping[str, list[dict[str, Any]]], base: str) -> dict[str, float]:
    """Print medians beside the base, ratios taken round by round; the ratio of each contender."""
    print(f"\n{'':34} {'s':>8} {'wall s':>8} {'x ' + base:>12} {'peak MB':>8}")
    ratios: dict[str, float] = {}
    for name, runs in found.items():
        if not runs:
            continue
        pairs = zip(runs, found[base], strict=False)
        ratios[name] = statistics.median(one["seconds"] / other["seconds"] for one, other in pairs)
        inner, wall = (statistics.median(one[key] for one in runs) for key in ("seconds", "wall"))
        peak = max(one["peak_mb"] for one in runs)
        print(f"{name:34} {inner:8.3f} {wall:8.3f} {ratios[name]:12.2f} {peak:8.0f}")
    return ratios


def disagreements(found: Mapping[str, list[dict[str, Any]]], tolerance: float) -> list[str]:
    """Check values that differ between any two runs by more than the tolerance, relative to their size."""
    seen: dict[str, dict[str, float]] = {}
    wrong = []
    for name, runs in found.items():
        for run in runs:
            for key, value in run["checks"].items():
                seen.setdefault(key, {})[name] = value
    for key, values in sorted(seen.items()):
        low, high = min(values.values()), max(values.values())
        if high - low > tolerance * max(abs(low), abs(high), 1.0):
            wrong.append(f"{key}: {values}")
    return wrong
