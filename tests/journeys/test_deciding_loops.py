"""Line 3 of the deciding issue: both loops end in memory with the true effect in the stated interval, and nothing is made of nothing."""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests.faults.kill_cases import sources_hash
from tests.journeys.loop_life import small_world
from tests.journeys.loop_trials import KINDS, LoopTrial, keep, kept, summary_lines, try_loops

ROOT = Path(__file__).parents[2]
SEEDS = range(1, 21)
FEWEST_COVERED = 0.9
# Of 20 worlds without any effect, each test may call one in twenty a win; more than three would be chance once in sixty.
MOST_FALSE_WINS = 3


@pytest.fixture(scope="module")
def one() -> dict[str, LoopTrial]:
    """Both loops in one small world with a clear effect."""
    return {trial.kind: trial for trial in try_loops(11, small_world(1.9))}


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_loop_ends_in_memory(one: dict[str, LoopTrial], kind: str) -> None:
    trial = one[kind]
    assert trial.is_remembered
    assert (trial.verdict, trial.outcome) == ("ship", "improved")
    assert trial.is_covered, trial.line


@pytest.mark.proof
def test_twenty_worlds_hold_what_was_said() -> None:
    drawn, null = _all("drawn", is_null=False), _all("null", is_null=True)
    lines = [*(trial.line for trial in (*drawn, *null)), "", *summary_lines(drawn, null)]
    (ROOT / ".proof").mkdir(exist_ok=True)
    (ROOT / ".proof" / "loops.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))
    for kind in KINDS:
        mine = [trial for trial in drawn if trial.kind == kind]
        assert len(mine) == len(SEEDS)
        assert all(trial.is_remembered for trial in (*mine, *null))
        assert sum(bool(trial.is_covered) for trial in mine) >= FEWEST_COVERED * len(mine)
        assert sum(trial.is_win for trial in null if trial.kind == kind) <= MOST_FALSE_WINS
        assert any(trial.is_win for trial in mine)


def _all(name: str, *, is_null: bool) -> list[LoopTrial]:
    """Every seed's trials; those of these very sources are not lived again."""
    sources, trials = sources_hash(), list[LoopTrial]()
    files = {seed: ROOT / ".proof" / "loops" / f"{name}-{seed}.json" for seed in SEEDS}
    known = {seed: found for seed, file in files.items() if (found := kept(file, sources)) is not None}
    missing = [seed for seed in SEEDS if seed not in known]
    with ProcessPoolExecutor(2) as pool:
        for seed, found in zip(missing, pool.map(partial(try_loops, is_null=is_null), missing), strict=True):
            keep(files[seed], sources, found)
            known[seed] = found
            print(f"{name} world {seed}: {len(known)}/{len(SEEDS)}", file=sys.stderr, flush=True)
    for seed in SEEDS:
        trials += known[seed]
    return trials
