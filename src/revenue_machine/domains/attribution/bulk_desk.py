"""Loads files of touches into a log of columns under REVENUE_HOME and answers what each value is credited with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from revenue_machine.domains.attribution.bulk import Floats, Rules
from revenue_machine.domains.attribution.bulk_asked import BulkCredit, BulkModel, CreditsArgs, CreditsResult, LoadArgs, LoadResult
from revenue_machine.domains.attribution.bulk_load import add_files, load_files
from revenue_machine.domains.attribution.bulk_store import Standing, TouchLog
from revenue_machine.domains.attribution.bulk_walks import chains, shapley
from revenue_machine.domains.attribution.markov import removal
from revenue_machine.domains.attribution.models import UNKNOWN
from revenue_machine.domains.attribution.weights import RULE_MODELS, settle
from revenue_machine.engine.column_store import Snapshot
from revenue_machine.engine.columns import Events
from revenue_machine.engine.rowfiles import file_hash
from revenue_machine.kit.errors import BadInput, NotFound

# So many unmerged events cost a question about as much as the merged ones; then they are merged.
MERGED_FROM = 200_000


def log_folder(home: Path, name: str) -> Path:
    """Where a log's columns are."""
    return home / "columns" / name


def load(args: LoadArgs, home: Path) -> LoadResult:
    """Put two files into a log, once; the first ones make it.

    Raises: not_found; bad_input for files of another shape.
    """
    paths = [Path(args.touches), Path(args.conversions)]
    for path, field in zip(paths, ("touches", "conversions"), strict=True):
        if not path.is_file():
            raise NotFound(f"there is no file {path}", field=field)
    log = TouchLog(log_folder(home, args.log))
    held, both = log.read(), " ".join(file_hash(path) for path in paths)
    known: list[str] = json.loads(held.mark or "[]")
    if both not in known:
        mark = json.dumps([*known, both])
        (add_files if known else load_files)(log, paths[0], paths[1], mark)
        held = log.read()
        if known and sum(len(events) for events in held.fresh.values()) >= MERGED_FROM:
            log.merge()
    sizes = {name: len(events) + len(held.fresh[name]) for name, events in held.base.items()}
    return LoadResult(
        is_new=both not in known, touches=sizes["touches"], conversions=sizes["conversions"], users=len(held.words["user"])
    )


def credits_of(args: CreditsArgs, home: Path) -> CreditsResult:
    """What every value of a dimension is credited with, by each asked model.

    Raises: not_found when nothing was loaded; bad_input for a kind no conversion has.
    """
    folder = log_folder(home, args.log)
    log = TouchLog(folder)
    if not folder.is_dir() or not log.read().mark:
        raise NotFound(f"no touches were loaded as {args.log}", field="log")
    standing = log.standing()
    if args.kind is not None and args.kind not in standing.kinds:
        raise BadInput(f"no conversion is a {args.kind}; there are {', '.join(standing.kinds)}", field="kind")
    kinds = [place for place, kind in enumerate(standing.kinds) if args.kind in (None, kind)]
    sums = {value: found[kinds].sum(axis=0) for value, found in standing.by_dimension(args.dimension).items()}
    credited: dict[str, Mapping[str, Floats]] = {
        model: {value: found[place] for value, found in sums.items()} for place, model in enumerate(RULE_MODELS)
    }
    if {"markov", "shapley"} & set(args.models):
        credited |= _by_walks(log.read(), standing, args.dimension, kinds, credited["linear"])
    names, codes = standing.facets.codes[args.dimension]
    touches = np.bincount(codes[:-1], weights=standing.touches, minlength=len(names)).astype(np.int64)
    whole = sum(credited["first"].values(), np.zeros(2))
    return CreditsResult(
        rows=[row for model in dict.fromkeys(args.models) for row in _rows(model, credited[model], round(float(whole[1])))],
        touches=dict(zip(names, touches.tolist(), strict=True)),
        conversions=round(float(whole[0])),
        amount_micro_usd=round(float(whole[1])),
    )


def _rows(model: BulkModel, sums: Mapping[str, Floats], total_micro_usd: int) -> Iterator[BulkCredit]:
    """A row per value; the money in whole micro-dollars that sum to the total."""
    money = settle(total_micro_usd, [float(found[1]) for found in sums.values()])
    for (value, found), amount in zip(sums.items(), money, strict=True):
        yield BulkCredit(value=value, model=model, conversions=round(float(found[0]), 9), amount_micro_usd=amount)


def _by_walks(
    held: Snapshot, standing: Standing, dimension: str, kinds: list[int], linear: Mapping[str, Floats]
) -> dict[str, Mapping[str, Floats]]:
    """Markov shares what somebody touched by removal effects, Shapley each conversion among its distinct values."""
    whole = held.joined()
    touches, conversions, names = whole["touches"], whole["conversions"], standing.facets.codes[dimension][0]
    mine = np.isin(conversions.columns["kind"], kinds)
    asked = Events(conversions.keys[mine], {name: column[mine] for name, column in conversions.columns.items()})
    shares = removal(chains(touches, asked.keys, standing.facets)[dimension], len(names)).shares()
    # Nobody's part is the same by every rule; the walk shares the rest, or leaves it where it is when it has no moves.
    nobody = standing.credits[kinds, -1, RULE_MODELS.index("linear")].sum(axis=0)
    rest = sum(linear.values(), np.zeros(2)) - nobody
    walked = {name: share * rest for name, share in zip(names, shares, strict=True)}
    walked[UNKNOWN] = walked[UNKNOWN] + nobody + (0 if any(shares) else rest)
    divided = shapley(touches, asked, standing.facets, len(standing.kinds), Rules())[dimension].sum(axis=0)
    return {"markov": walked, "shapley": dict(zip(names, divided, strict=True))}
