"""How often rules for experiments are wrong when looked at daily, what they find, how soon, and what a verdict costs.

`python benchmarks/experiments.py [--experiments 20000] [--gbstats-python PATH [--gbstats-experiments 2000]]`
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from experiments_world import DAYS, LOPSIDED, OTHERS, SETTINGS, SHIPPED, Drawn, Setting, anytime, draw, luck, outcome
from timing import median_s

from revenue_machine.domains.experiments.confidence_sequence import always_valid_p, critical_z, tuning
from revenue_machine.domains.experiments.models import VerdictArgs
from revenue_machine.domains.experiments.proportions import Counts, Difference
from revenue_machine.domains.experiments.verdict import judge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from experiments_world import Rule

# The lift each setting's test is planned for: the fixed test finds it in seven or eight of ten cases.
LIFTS = dict(zip((*SETTINGS, LOPSIDED), (0.25, 0.7, 0.2, 0.4), strict=True))
MOST, SEED, WIDTH = 0.053, 4, 40


def rules_over(setting: Setting, experiments: int) -> dict[str, tuple[float, float, float]]:
    """False alarms, power and mean stop day of every rule in one setting."""
    null, real = draw(setting, experiments, seed=SEED), draw(setting, experiments, LIFTS[setting], seed=SEED)
    planned = DAYS * (setting.control_a_day + setting.arm_a_day)
    rules: Mapping[str, Rule] = {
        **SHIPPED, f"anytime-valid, tuned to {planned:,}": lambda drawn: anytime(drawn, planned), **OTHERS,
    }  # fmt: skip
    found = {}
    for name, rule in rules.items():
        wrong, right = outcome(rule(null)), outcome(rule(real))
        found[name] = (wrong.alarms, right.wins, right.stop_day)
    return found


def show(setting: Setting, found: dict[str, tuple[float, float, float]]) -> None:
    """One table."""
    print(f"\n{setting.words}, +{LIFTS[setting]:.0%} to be found, {DAYS} daily looks")
    print(f"{'':{WIDTH}} false alarms    power  x fixed  stop day")
    fixed = found["fixed test, one look"][1]
    for name, (alarms, power, stop_day) in found.items():
        print(f"{name:{WIDTH}} {alarms:11.2%} {power:9.1%} {power / fixed:8.2f} {stop_day:9.1f}")


def counted(drawn: Drawn, experiments: int) -> Any:
    """Experiments x days x (users, conversions, users, conversions)."""
    rows = [[drawn.counts(row, day) for day in range(DAYS)] for row in range(experiments)]
    return np.array(rows, dtype=np.int64)


def beside_gbstats(python: Path, setting: Setting, experiments: int) -> dict[str, Any]:
    """What gbstats makes of the same experiments, and how far its confidence sequence is from ours."""
    null, real = (counted(draw(setting, experiments, lift, seed=SEED), experiments) for lift in (0.0, LIFTS[setting]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "counts.npz"
        np.savez(path, null=null, real=real)
        script = Path(__file__).with_name("experiments_peers.py")
        done = subprocess.run([python, script, path], check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    sequential = found["rules"]["gbstats sequential (default tuning)"]["answers"]
    found["apart"] = max(
        abs(ours - theirs) / max(abs(theirs), 1e-12)
        for counts, answer in zip(real[: len(sequential), -1].tolist(), sequential, strict=True)
        for ours, theirs in zip(sequence(counts), answer, strict=True)
    )
    return found


def sequence(counts: list[int]) -> list[float]:
    """The product's confidence sequence and always-valid p of the same counts."""
    users, hits, others, found = counts
    step, precision = Difference(Counts(users, hits), Counts(others, found)), tuning(0.05)
    needed = critical_z(users + others, 0.05, precision)
    return [*step.interval(needed), always_valid_p(step.z_apart, users + others, precision)]


def verdict_us(plan: dict[str, int] | None, rounds: int = 7) -> float:
    """Microseconds for one whole verdict, input checked and words written."""
    arms = [{"name": "A", "users": 4000, "conversions": 240}, {"name": "B", "users": 4000, "conversions": 270}]
    asked = {"arms": arms, "control": "A", "days": 7, "plan": plan}

    def many() -> None:
        for _ in range(500):
            judge(VerdictArgs.model_validate(asked))

    many()
    return median_s(many, rounds) / 500 * 1e6


def main() -> None:
    """Print every setting's table, gbstats beside it when it is named, speeds, and where the goals stand."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=20_000)
    parser.add_argument("--gbstats-python", type=Path, help="an interpreter with gbstats")
    parser.add_argument("--gbstats-experiments", type=int, default=2_000, help="gbstats judges one at a time")
    args = parser.parse_args()
    worst, weakest, peers = 0.0, 1.0, []
    for setting in LIFTS:
        start_s = time.perf_counter()
        found = rules_over(setting, args.experiments)
        spent_s = time.perf_counter() - start_s
        worst = max(worst, *(found[name][0] for name in SHIPPED))
        weakest = min(weakest, found["O'Brien-Fleming, planned looks"][1] / found["fixed test, one look"][1])
        if args.gbstats_python:
            peers.append(beside_gbstats(args.gbstats_python, setting, args.gbstats_experiments))
            for name, one in peers[-1]["rules"].items():
                found[name] = (one["alarms"], one["power"], one["stop_day"])
        show(setting, found)
        print(f"{2 * args.experiments / spent_s:,.0f} experiments a second through {len(SHIPPED) + 1 + len(OTHERS)} rules")
    if peers:
        many = args.gbstats_experiments
        print(
            f"\ngbstats {peers[0]['version']} judged the first {many:,} of each; one standard error at 5 %: {luck(0.05, many):.2%}"
        )
        print(f"its sequence and ours are at most {max(one['apart'] for one in peers):.0e} apart, relative")
        for name in peers[0]["rules"]:
            print(f"{name:{WIDTH}} {peers[0]['rules'][name]['us']:8.0f} us a result")
    for name, plan in (("anytime-valid", None), ("look 7 of 14", {"looks": 14, "look": 7}), ("one look", {"looks": 1, "look": 1})):
        print(f"{f'a whole verdict, {name}':{WIDTH}} {verdict_us(plan):8.0f} us")
    error = luck(0.05, args.experiments)
    word = _met(worst <= MOST) if error < 0.002 else "too few drawn to say"
    print(f"\nmost false alarms of a shipped rule {worst:.2%} (one standard error {error:.2%})  goal <= {MOST:.1%}  {word}")
    print(f"least power of planned looks x fixed {weakest:.3f}  goal >= 0.950  {_met(weakest >= 0.95)}")


def _met(is_met: bool) -> str:  # noqa: FBT001  said by position
    return "met" if is_met else "not met"


if __name__ == "__main__":
    main()
