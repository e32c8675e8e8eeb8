"""Compares what each model credits each channel with, over the journeys of one file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from revenue_machine.domains.attribution.comparison import CompareArgs, CompareResult, ModelName
from revenue_machine.domains.attribution.dividing import Credits, credit, pot_of
from revenue_machine.domains.attribution.event_journeys import read_events
from revenue_machine.domains.attribution.journeys import Journeys
from revenue_machine.domains.attribution.paths import read_paths
from revenue_machine.domains.attribution.shapley import CONFIDENCE, MOST_EXACT

_READERS = {"paths": read_paths, "events": read_events}


def compare_models(args: CompareArgs) -> CompareResult:
    """Every asked model over the same journeys, channels by name.

    Raises: not_found; bad_input for a file that is no such table (by line and column) and for a Markov walk that is too large.
    """
    found = _READERS[args.source](Path(args.path), needs_value=args.value == "value")
    pot = pot_of(found.journeys, args.value)
    credited = {name: credit(found.journeys, name, args.order, pot) for name in dict.fromkeys(args.models)}
    return CompareResult(
        models={name: {channel: units / pot.scale for channel, units in one.units.items()} for name, one in credited.items()},
        total=pot.total / pot.scale,
        errors={name: one.error for name, one in credited.items()},
        notes=(*found.notes, *_notes(args, found.journeys, credited)),
    )


def _notes(args: CompareArgs, journeys: Journeys, credited: Mapping[ModelName, Credits]) -> Iterator[str]:
    if "markov" in args.models and len(journeys) and not any(journeys.nulls):
        yield "no journey came to nothing: markov then only tells how many conversions passed each channel"
    if "shapley" in args.models and len(journeys.names) > MOST_EXACT:
        yield "shapley is exact for any number of channels: each journey is divided evenly among its distinct ones"
    error = credited["shapley_markov"].error if "shapley_markov" in credited else 0.0
    if error:
        yield f"shapley_markov was estimated: with {CONFIDENCE:.0%} no channel is off by more than {error:.6g}"
