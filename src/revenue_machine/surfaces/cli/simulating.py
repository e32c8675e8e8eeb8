"""`revenue simulate`: the sandbox world alone, strategies side by side, and attribution on trial."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from revenue_machine.kit.clock import machine_s
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.money import show
from revenue_machine.sandbox.rates import WorldRates, from_toml
from revenue_machine.surfaces.cli.running import say

if TYPE_CHECKING:
    from revenue_machine.sandbox.simulation import Outcome
    from revenue_machine.surfaces.trials import TrialSummary, WorldTrial

FIRST_DAY = datetime(2026, 11, 2, tzinfo=UTC)
MOST_DAYS, MOST_WORLDS = 366, 200


def simulate(args: argparse.Namespace) -> int:
    """Print the world, try attribution in many, or live strategies side by side in one."""
    rates = from_toml(Path(args.world)) if args.world else WorldRates()
    if args.people is not None:
        rates = _with_people(rates, args.people)
    if args.print_world:
        sys.stdout.write(rates.to_toml() + "\n")
        return 0
    if args.worlds is not None:
        return _try_worlds(args)
    return _compare(args, rates)


def _with_people(rates: WorldRates, people: int) -> WorldRates:
    if not 100 <= people <= 2_000_000:
        raise BadInput("a world has 100 to 2,000,000 people", field="--people")
    return rates.model_copy(update={"people": people})


def _compare(args: argparse.Namespace, rates: WorldRates) -> int:
    from revenue_machine.sandbox.simulation import Simulation
    from revenue_machine.sandbox.strategy import Strategy, read_strategy

    if not 1 <= args.days <= MOST_DAYS:
        raise BadInput(f"a simulation lasts 1 to {MOST_DAYS} days", field="--days")
    strategies = [read_strategy(Path(file), rates) for file in args.strategy or []] or [Strategy()]
    if len({one.name for one in strategies}) < len(strategies):
        raise BadInput("two strategies have one name", field="--strategy")
    simulation = Simulation(args.seed, rates, FIRST_DAY, args.days)
    outcomes = []
    for number, strategy in enumerate(strategies, start=1):
        began_s = machine_s()
        _progress(f"strategy {number}/{len(strategies)}  {strategy.name}: {args.days} days …")
        outcomes.append(simulation.live(strategy))
        _progress(f"strategy {number}/{len(strategies)}  {strategy.name}: lived in {machine_s() - began_s:.1f} s")
    document = {
        "seed": args.seed, "days": args.days, "people": rates.people, "strategies": [one.as_dict() for one in outcomes],
    }  # fmt: skip
    head = f"{args.days} days, {rates.people:,} people, seed {args.seed}; the same world for every strategy, no machine in it."
    say(args, document, "\n".join([head, "", *_table(outcomes)]))
    return 0


_ROWS: Sequence[tuple[str, Callable[[Outcome], str]]] = (
    ("posts", lambda one: f"{one.posts:,}"),
    ("impressions", lambda one: f"{one.impressions:,}"),
    ("clicks on links", lambda one: f"{one.clicks:,}"),
    ("visits", lambda one: f"{one.visits:,}"),
    ("signups", lambda one: f"{one.signups:,}"),
    ("trials", lambda one: f"{one.trials:,}"),
    ("first purchases", lambda one: f"{one.purchases:,}"),
    ("payers at the end", lambda one: f"{one.payers:,}"),
    ("revenue", lambda one: show(one.revenue_micro_usd)),
    ("  because of posts", lambda one: show(one.because_of_posts_micro_usd)),
)


def _table(outcomes: Sequence[Outcome]) -> list[str]:
    """One column per strategy."""
    networks = sorted({name for one in outcomes for name in one.by_network_micro_usd})
    rows = [("", *(one.strategy for one in outcomes))]
    rows += [(name, *(cell(one) for one in outcomes)) for name, cell in _ROWS]
    rows += [(f"    {name}", *(show(one.by_network_micro_usd.get(name, 0)) for one in outcomes)) for name in networks]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    ]


def _try_worlds(args: argparse.Namespace) -> int:
    from revenue_machine.surfaces.trials import summarise, try_world

    if not 1 <= args.worlds <= MOST_WORLDS:
        raise BadInput(f"1 to {MOST_WORLDS} worlds", field="--worlds")
    trials = []
    for number in range(args.seed, args.seed + args.worlds):
        began_s = machine_s()
        trials.append(try_world(number))
        _progress(f"world {number}  {len(trials)}/{args.worlds}  {machine_s() - began_s:.1f} s")
    summary = summarise(trials)
    say(args, summary.as_dict(), "\n".join([*trial_lines(trials), "", *summary_lines(summary)]))
    return 0


def trial_lines(trials: Sequence[WorldTrial]) -> list[str]:
    """One line per network and world: last touch, truth, interval."""
    lines = []
    for trial in trials:
        for one in trial.channels:
            ends = one.answer.causal_sales_interval
            said = "refused" if ends is None else f"{ends[0]:5.0f} to {ends[1]:5.0f}{'' if one.is_covered else '   missed'}"
            touch = one.answer.last_touch_sales
            lines.append(f"world {trial.number:5} {one.channel:10} last touch {touch:5}  true {one.true_sales:5}  causal {said}")
    return lines


def summary_lines(summary: TrialSummary) -> list[str]:
    """What many worlds say of the intervals and of every model."""
    found = f"{summary.worlds} worlds: the truth lies in {summary.coverage:.1%} of {summary.intervals} intervals of 90 %"
    width = (
        f"width of the causal share: median {summary.median_width:.2f}; the prior's central 90 % is {summary.prior_width:.2f} wide"
    )
    return [
        f"{found}; {summary.refused} tests refused",
        f"{width}; {summary.narrower_than_half:.0%} are narrower than half of it",
        f"placebo lotteries that found nothing: {summary.placebo_clear:.0%}",
        "mean absolute share error per network and bias of all posts together, in points of sales:",
        *(f"  {one.model:16} error {one.error * 100:5.2f}  bias {one.bias * 100:+6.2f}" for one in summary.models),
    ]


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
