"""Line 7 of the counting issue: over worlds nobody tuned anything on, intervals cover the truth, and every model has its error."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from revenue_machine.domains.attribution.models import MODELS
from revenue_machine.sandbox.strategy import Strategy
from revenue_machine.surfaces.cli.simulating import summary_lines, trial_lines
from revenue_machine.surfaces.trials import CAUSAL, WorldTrial, summarise, try_world

ROOT = Path(__file__).parents[2]
# Half of the range of causal shares that the table of priors allows: 0.84 (no look-ups, a fifth anyway, 5 % unseen) to 2.57
# (0.8 look-ups, 30 % unseen).
HALF_PRIOR_RANGE = (2.57 - 0.84) / 2


# Half the time and fewer posts, so that the suite stays quick.
SMALL = Strategy(posts_per_day={"x": 10, "facebook": 8})
SMALL_DAYS = 45


@pytest.fixture(scope="module")
def three() -> list[WorldTrial]:
    """A sample."""
    return [try_world(number, SMALL_DAYS, plan=SMALL) for number in (1, 2, 3)]


def test_a_sample_of_worlds_is_covered(three: list[WorldTrial]) -> None:
    found = summarise(three)
    assert found.intervals + found.refused == 6
    assert found.intervals >= 3
    assert found.coverage >= 0.6
    assert 0.75 <= found.placebo_clear <= 1.0


def test_every_model_has_its_error(three: list[WorldTrial]) -> None:
    for trial in three:
        assert {one.model for one in trial.models} == {*MODELS, CAUSAL}
        assert all(0 < one.error < 0.5 for one in trial.models)


def test_lift_beats_every_model(three: list[WorldTrial]) -> None:
    errors = {one.model: one.error for one in summarise(three).models}
    assert errors[CAUSAL] == min(errors.values())


def test_last_touch_credits_too_little(three: list[WorldTrial]) -> None:
    assert all(one.bias < 0 for trial in three for one in trial.models if one.model == "last")


def test_the_same_world_is_told_alike(three: list[WorldTrial]) -> None:
    assert try_world(3, SMALL_DAYS, plan=SMALL) == three[2]


@pytest.mark.proof
def test_twenty_worlds_cover_the_truth() -> None:
    with ProcessPoolExecutor(2) as pool:
        trials = list(pool.map(try_world, range(1, 21)))
    found = summarise(trials)
    lines = [*trial_lines(trials), "", *summary_lines(found)]
    (ROOT / ".proof").mkdir(exist_ok=True)
    (ROOT / ".proof" / "lift.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))
    assert 0.80 <= found.coverage <= 0.98
    assert found.refused <= 10
    widths = [one.width for trial in trials for one in trial.channels if one.width is not None]
    assert sum(widths) / len(widths) < min(HALF_PRIOR_RANGE, found.prior_width / 2)
    assert {one.model for one in found.models} == {*MODELS, CAUSAL}
