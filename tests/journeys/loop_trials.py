"""Puts both loops on trial: worlds whose true effects are drawn by seed, or planted as nothing, and what the loops said of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.experiments.tables import EXPERIMENTS
from revenue_machine.domains.memory.tables import GRAPH_ENTITIES
from revenue_machine.sandbox.priors import draw_world, priors
from revenue_machine.sandbox.rates import WorldRates
from revenue_machine.sandbox.scenarios import scenario_named
from revenue_machine.sandbox.truth import TrueRates, true_rates
from revenue_machine.surfaces.cli.living import FIRST_DAY
from tests.journeys.loop_life import LoopLife, fresh_settings, loop_life

PRODUCT, OFFER = "everreach_pro", "everreach"
DRAWN = ("paywalls.effect", "fixes.effect")
KINDS = ("paywall", "product")
MOST_DAYS = 50


@dataclass(frozen=True)
class LoopTrial:
    """One loop in one world: how it ended, what it said of the effect (a share of people), and what was true."""

    seed: int
    kind: str
    verdict: str | None
    winner: str | None
    outcome: str | None
    effect: float | None
    interval: tuple[float, float] | None
    true_effect: float | None
    is_remembered: bool
    days: int

    @property
    def is_covered(self) -> bool | None:
        """Whether the truth lies in the stated interval; None where none was stated."""
        if self.interval is None or self.true_effect is None:
            return None
        return self.interval[0] <= self.true_effect <= self.interval[1]

    @property
    def is_win(self) -> bool:
        """Whether the machine changed the product for good because of it, or would have."""
        return self.outcome in ("improved", "shipped") or (self.verdict == "ship" and self.winner in ("B", "treatment"))

    @property
    def line(self) -> str:
        """For the proof's page."""
        truth = "no truth" if self.true_effect is None else f"true {self.true_effect * 100:+6.2f}"
        said = "no interval"
        if self.interval is not None:
            said = f"said {self.interval[0] * 100:+6.2f} to {self.interval[1] * 100:+6.2f}{'' if self.is_covered else '   missed'}"
        end = f"{self.verdict or '-'} {self.winner or '-'}: {self.outcome}"
        return f"seed {self.seed:3} {self.kind:8} {self.days:3} days  {end:34} {truth} points  {said}"


def drawn_world(seed: int) -> WorldRates:
    """The scenario with its effects drawn from the priors; everything else stays."""
    keep = [one.field for one in priors() if one.field not in DRAWN]
    return draw_world(seed, scenario_named("deciding").rates(WorldRates()), keep=keep)


def null_world() -> WorldRates:
    """The scenario in which no variant and no change does anything."""
    base = scenario_named("deciding").rates(WorldRates())
    paywalls = {key: one.model_copy(update={"effect": 1.0}) for key, one in base.paywalls.items()}
    fixes = {key: one.model_copy(update={"effect": 1.0}) for key, one in base.fixes.items()}
    return base.model_copy(update={"paywalls": paywalls, "fixes": fixes})


def try_loops(seed: int, rates: WorldRates | None = None, *, is_null: bool = False) -> list[LoopTrial]:
    """Live one world until both loops have ended in memory, and hold what they said against the truth.

    Without `rates` it is the world of that seed, or the one without any effect.
    """
    rates = rates or (null_world() if is_null else drawn_world(seed))
    with TemporaryDirectory() as folder, loop_life(fresh_settings(Path(folder), seed), rates) as life:
        life.hold_phase(2)
        days = life.live_days(FIRST_DAY, MOST_DAYS, lambda: _are_over(life))
        return [_trial(life, kind, days) for kind in KINDS]


def _are_over(life: LoopLife) -> bool:
    """Whether both loops have ended once; a product that was looked at rests, other products are another story."""
    over = {kind for kind in KINDS if _ended(life, kind) is not None}
    if "product" in over:
        life.resting.add("product.review")
    return over == set(KINDS)


def _ended(life: LoopLife, kind: str) -> dict[str, Any] | None:
    """The first closed experiment of a kind on the product."""
    query = (
        sa.select(EXPERIMENTS)
        .where(EXPERIMENTS.c.kind == kind, EXPERIMENTS.c.subject == PRODUCT, EXPERIMENTS.c.status == "closed")
        .order_by(EXPERIMENTS.c.closed_at, EXPERIMENTS.c.id)
    )
    with life.app.database.reading() as connection:
        row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)


def _trial(life: LoopLife, kind: str, days: int) -> LoopTrial:
    row = _ended(life, kind)
    assert row is not None, f"the {kind} loop did not end in {days} days"
    shown = life.ask("experiments.show", {"experiment_id": row["id"]}, key=f"show/{row['id']}")
    interval = shown["interval"]
    return LoopTrial(
        seed=life.world.seed, kind=kind, verdict=row["verdict"], winner=shown["experiment"]["winner"], outcome=row["outcome"],
        effect=shown["effect"]["absolute"], interval=None if interval is None else (interval[0], interval[1]),
        true_effect=_truth(life, row), is_remembered=_is_remembered(life, row["id"]), days=days,
    )  # fmt: skip


def _truth(life: LoopLife, row: dict[str, Any]) -> float | None:
    """The true effect on the people the statement is about: a shipped paywall's since shipping, all others' since the start."""
    since = row["shipped_at"] if row["kind"] == "paywall" and row["shipped_at"] is not None else row["started_at"]
    found = true_rates(life.world.store, since, row["closed_at"])
    mine = [one for one in found if one.offer == OFFER and _is_about(one, row["kind"])]
    if not mine:
        return None
    return mine[0].effect("B", "A") if row["kind"] == "paywall" else mine[0].effect("treatment", "control")


def _is_about(one: TrueRates, kind: str) -> bool:
    return (one.subject == "paywall") == (kind == "paywall")


def _is_remembered(life: LoopLife, experiment_id: str) -> bool:
    """Whether memory has a fact that names the experiment as its evidence."""
    query = sa.select(GRAPH_ENTITIES.c.properties).where(GRAPH_ENTITIES.c.entity_type == "fact")
    with life.app.database.reading() as connection:
        return any(experiment_id in properties.get("evidence", ()) for properties in connection.execute(query).scalars())


def summary_lines(drawn: Sequence[LoopTrial], null: Sequence[LoopTrial]) -> list[str]:
    """What many worlds say together."""
    lines = []
    for kind in KINDS:
        mine, empty = [one for one in drawn if one.kind == kind], [one for one in null if one.kind == kind]
        told = [one for one in mine if one.is_covered is not None]
        lines.append(
            f"{kind}: the truth lies in {sum(bool(one.is_covered) for one in told)} of {len(told)} intervals of {len(mine)} worlds; "
            f"{sum(one.is_remembered for one in mine)} remembered; {sum(one.is_win for one in mine)} called a win"
        )
        lines.append(f"{kind}: {sum(one.is_win for one in empty)} of {len(empty)} changes without any effect called a win")
    return lines


def kept(path: Path, sources: str) -> list[LoopTrial] | None:
    """Trials of these very sources, if they were made before."""
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if found.get("sources") != sources:
        return None
    return [LoopTrial(**{**one, "interval": one["interval"] and tuple(one["interval"])}) for one in found["trials"]]


def keep(path: Path, sources: str, trials: Sequence[LoopTrial]) -> None:
    """So that a proof goes on where it was stopped."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"sources": sources, "trials": [asdict(one) for one in trials]}), encoding="utf-8")
