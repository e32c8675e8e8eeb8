"""What attribution of millions of touches costs, beside one scan of the same Parquet and beside published packages.

`python benchmarks/attribution.py --folder DIR [--quick] [--rounds 3] [--peers DIR] [--fast-python PATH] [--only WORD …]`
"""

# ruff: noqa: S608  the queries are put together of this file's own words and a folder
from __future__ import annotations

import argparse
import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent))

from attribution_peers import CONTENDERS as PEERS
from attribution_world import DAYS, DIMENSIONS, FULL, KINDS, QUICK, START_MS, draw
from contest import Checks, Contender, contest, disagreements, run_one, table

if TYPE_CHECKING:
    from revenue_machine.domains.attribution.bulk_store import Standing, TouchLog

# numpy's AVX-512 sort is five times slower than its AVX2 sort on some processors; set it before numpy is loaded.
CPU = {"NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL"}
GOAL, NEW_TOUCHES, NEW_CONVERSIONS = "signup", 9_700, 300
FIVE = ("first", "last", "linear", "position", "time_decay")


def _log(folder: Path) -> TouchLog:
    from revenue_machine.domains.attribution.bulk_store import TouchLog

    return TouchLog(folder / "columns")


def prepared(folder: Path, *, is_quick: bool) -> Path:
    """The folder with the drawn world and its columns, and an environment in which contenders are alike."""
    data = folder / ("quick" if is_quick else "full")
    draw(data, QUICK if is_quick else FULL, 7)
    os.environ |= CPU
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[1] / "src")
    if not (data / "columns").exists():
        build(data)
    return data


def build(folder: Path) -> Checks:
    """From Parquet in time order to the product's columns."""
    from revenue_machine.domains.attribution.bulk_load import load_files

    shutil.rmtree(folder / "columns", ignore_errors=True)
    load_files(_log(folder), folder / "touches.parquet", folder / "conversions.parquet")
    return {}


def scan(folder: Path) -> Checks:
    """All twelve columns of the touches once; sums, because a maximum is answered from the file's footer."""
    import duckdb

    sums = ", ".join(
        [f"sum({one})" for one in ("seq", "user_id", "at_ms", "post_id")] + [f"sum(length({one}))" for one in DIMENSIONS]
    )
    duckdb.execute(f"select {sums} from read_parquet('{folder}/touches.parquet')").fetchall()
    return {}


def sql(folder: Path) -> Checks:
    """The product's one statement on DuckDB: every weight once, eight dimensions by grouping sets."""
    import duckdb

    from revenue_machine.domains.attribution.bulk_sql import columns, credits_statement

    session = duckdb.connect()
    for name in ("touches", "conversions"):
        session.execute(f"create view {name} as select * from read_parquet('{folder}/{name}.parquet')")
    rows = session.execute(credits_statement()).fetchall()
    names = columns()[3:]
    return {
        f"{dimension}/{value}/{kind}/{name}": number
        for dimension, value, kind, *numbers in rows
        for name, number in zip(names, numbers, strict=True)
        if value != "unknown"
    }


def _cells(standing: Standing) -> Checks:
    from revenue_machine.domains.attribution.weights import RULE_MODELS

    return {
        f"{dimension}/{value}/{kind}/{model}_{what}": float(sums[number, place, measure])
        for dimension in DIMENSIONS
        for value, sums in standing.by_dimension(dimension).items()
        if value != "unknown"
        for number, kind in enumerate(standing.kinds)
        for place, model in enumerate(RULE_MODELS)
        for measure, what in enumerate(("conversions", "amount"))
    }


def rules(folder: Path, *, fast: bool) -> Checks:
    """Six rule models and clicks over eight dimensions from the columns on disk."""
    from revenue_machine.domains.attribution.bulk import credit, touched
    from revenue_machine.domains.attribution.bulk_store import Standing, facets_of

    held = _log(folder).read()
    facets, kinds = facets_of(held.words["facet"]), tuple(held.words["kind"].texts())
    touches, conversions = held.base["touches"], held.base["conversions"]
    summed = credit(touches, conversions, facets, len(kinds), fast=fast)
    return _cells(Standing(facets, kinds, summed, touched(touches, facets)))


def markov(folder: Path, *, fast: bool) -> Checks:
    """Exact Markov of eight dimensions: moves counted, one inverse each."""
    from revenue_machine.domains.attribution.bulk_store import facets_of
    from revenue_machine.domains.attribution.bulk_walks import chains
    from revenue_machine.domains.attribution.markov import removal

    held = _log(folder).read()
    facets, ends = facets_of(held.words["facet"]), held.base["conversions"]
    goals = ends.keys[ends.columns["kind"] == held.words["kind"].texts().index(GOAL)]
    shares = {}
    for dimension, chain in chains(held.base["touches"], goals, facets, fast=fast).items():
        names = facets.codes[dimension][0]
        shares[dimension] = dict(zip(names, removal(chain, len(names)).shares(), strict=True))
    return {f"markov/{name}": share for name, share in shares["platform"].items() if name != "unknown"}


def shapley(folder: Path) -> Checks:
    """Shapley values of eight dimensions by the closed form."""
    from revenue_machine.domains.attribution import bulk_walks
    from revenue_machine.domains.attribution.bulk_store import facets_of

    held = _log(folder).read()
    facets = facets_of(held.words["facet"])
    bulk_walks.shapley(held.base["touches"], held.base["conversions"], facets, len(held.words["kind"]))
    return {}


def load_product(folder: Path) -> Path:
    """Import everything before the clock starts; the whole process' time stands beside it."""
    import duckdb

    from revenue_machine.domains.attribution import bulk_load, bulk_sql, bulk_store, bulk_walks

    _ = duckdb, bulk_load, bulk_sql, bulk_store, bulk_walks
    return folder


def load_compiler(folder: Path) -> Path:
    """Compile or load the passes before the clock starts: a machine that runs all day does this once."""
    from revenue_machine.domains.attribution.bulk import credit
    from revenue_machine.domains.attribution.bulk_store import facets_of
    from revenue_machine.domains.attribution.bulk_walks import chains
    from revenue_machine.engine.columns import Events

    held = _log(folder).read()
    few = {name: Events(one.keys[:2], {key: column[:2] for key, column in one.columns.items()}) for name, one in held.base.items()}
    credit(few["touches"], few["conversions"], facets_of(held.words["facet"]), 4, fast=True)
    chains(few["touches"], few["conversions"].keys, facets_of(held.words["facet"]), fast=True)
    return folder


def copy_of_columns(folder: Path) -> tuple[TouchLog, list[Any], list[Any]]:
    """The columns again (by links: files are never changed in place) and 10,000 events that came late and in no order."""
    import numpy as np

    from revenue_machine.domains.attribution.bulk_store import ConversionMade, TouchLog, TouchMade, facets_of

    place = Path(tempfile.mkdtemp(dir=folder, prefix="delta-"))
    shutil.copytree(folder / "columns", place / "columns", copy_function=os.link)
    log = TouchLog(place / "columns")
    values = [tuple(one) for one in facets_of(log.read().words["facet"]).values]
    dice = np.random.default_rng(11)
    users = (FULL if folder.name == "full" else QUICK).users
    at = (START_MS + dice.random(NEW_TOUCHES + NEW_CONVERSIONS) * DAYS * 86_400_000).astype(int).tolist()
    who = dice.integers(0, users + users // 100, NEW_TOUCHES + NEW_CONVERSIONS).tolist()
    touches = [
        TouchMade(str(user), time, values[pick])
        for user, time, pick in zip(who, at, dice.integers(0, len(values), NEW_TOUCHES).tolist(), strict=False)
    ]
    pairs = zip(who[NEW_TOUCHES:], at[NEW_TOUCHES:], strict=True)
    return log, touches, [ConversionMade(str(user), time, KINDS[user % 3], 9_990_000 * (user % 3 == 2)) for user, time in pairs]


def delta(ready: tuple[TouchLog, list[Any], list[Any]]) -> Checks:
    """10,000 new events on disk and in the standing credits of all cells."""
    log, touches, conversions = ready
    log.add(touches, conversions)
    return {f"delta {name}": value for name, value in _cells(log.standing()).items()}


def recompute(ready: tuple[TouchLog, list[Any], list[Any]]) -> Checks:
    """The same events merged and everything reckoned anew from the columns."""
    log, touches, conversions = ready
    log.add(touches, conversions)
    log.merge()
    return {f"delta {name}": value for name, value in _cells(log.standing()).items()}


OWN: dict[str, tuple[Callable[[Any], Checks], Callable[[Path], Any], bool]] = {
    "plain scan": (scan, load_product, False),
    "SQL on DuckDB, 6 rules": (sql, load_product, False),
    "columns, numpy, 6 rules": (lambda folder: rules(folder, fast=False), load_product, False),
    "columns, fast, 6 rules": (lambda folder: rules(folder, fast=True), load_compiler, True),
    "columns, numpy, Markov, 8 dims": (lambda folder: markov(folder, fast=False), load_product, False),
    "columns, fast, Markov, 8 dims": (lambda folder: markov(folder, fast=True), load_compiler, True),
    "columns, numpy, Shapley, 8 dims": (shapley, load_product, False),
    "10,000 late events": (delta, copy_of_columns, False),
    "the same, merged and reckoned anew": (recompute, copy_of_columns, False),
    "building the columns": (build, load_product, False),
}


def main() -> None:
    """Draw the world, run the contest, print times, ratios and memory, and say where the goals stand."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "revenue-attribution")
    parser.add_argument("--quick", action="store_true", help="half a million touches instead of ten")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", type=Path, help="a folder with an environment each: mam, channelattribution, pandas")
    parser.add_argument("--fast-python", type=Path, default=Path(sys.executable), help="an interpreter with the extra `fast`")
    parser.add_argument("--only", nargs="*", default=[], help="contenders whose name holds one of these words")
    parser.add_argument("--contender", help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.contender:
        work, prepare, _ = OWN[args.contender]
        run_one(work, lambda: prepare(args.data))
        return
    data = prepared(args.folder, is_quick=args.quick)
    chosen = [
        one for one in _contenders(args) if one.name == "plain scan" or not args.only or any(word in one.name for word in args.only)
    ]
    found = contest(chosen, ["--data", str(data)], args.rounds)
    for path in data.glob("delta-*"):
        shutil.rmtree(path)
    ratios = table(found, "plain scan")
    wrong = disagreements(found, 1e-9)
    print(f"\ncells that disagree by more than 1e-9: {len(wrong)}", *wrong[:5], sep="\n  ")
    _say_goals(found, ratios)
    print(f"load average {os.getloadavg()}")


def _contenders(args: argparse.Namespace) -> list[Contender]:
    here, script = Path(sys.executable), Path(__file__).resolve()
    has_fast = subprocess.run([args.fast_python, "-c", "import numba"], check=False, capture_output=True).returncode == 0
    absent = "" if has_fast else "the extra `fast` (numba) is not installed in --fast-python"
    found = [
        Contender(name, args.fast_python if needs_fast else here, script, absent if needs_fast else "")
        for name, (_, _, needs_fast) in OWN.items()
    ]
    for name, (place, _, _) in PEERS.items():
        python = (args.peers or Path("no-peers")) / place / "bin" / "python"
        found.append(
            Contender(name, python, script.with_name("attribution_peers.py"), "" if python.exists() else f"there is no {python}")
        )
    return found


def _say_goals(found: dict[str, list[dict[str, Any]]], ratios: dict[str, float]) -> None:
    """Each goal as a ratio within this run."""

    def against(name: str, other: str) -> float:
        return ratios[name] / ratios[other] if name in ratios and other in ratios else float("nan")

    peaks = {name: max(run["peak_mb"] for run in runs) for name, runs in found.items() if runs}
    own = [value for name, value in peaks.items() if name.startswith(("columns, numpy", "SQL"))]
    quick = [value for name, value in peaks.items() if name.startswith("columns, fast")]
    mam = "mam, Markov, 1 dimension"
    for text, value, goal in (
        ("SQL x scan", ratios.get("SQL on DuckDB, 6 rules", float("nan")), 6),
        ("numpy x scan", ratios.get("columns, numpy, 6 rules", float("nan")), 2),
        ("fast x scan", ratios.get("columns, fast, 6 rules", float("nan")), 1),
        ("Markov of 8 dimensions, numpy, x mam's of one", against("columns, numpy, Markov, 8 dims", mam), 1 / 40),
        ("Markov of 8 dimensions, fast, x mam's of one", against("columns, fast, Markov, 8 dims", mam), 1 / 40),
        ("10,000 late events x SQL", against("10,000 late events", "SQL on DuckDB, 6 rules"), 0.25),
        ("peak MB", max(own, default=float("nan")), 800),
        ("peak MB, fast", max(quick, default=float("nan")), 600),
    ):
        print(
            f"{text:46} {value:8.3f}  goal <= {goal:.3f}  "
            + ("not run" if math.isnan(value) else "met" if value <= goal else "not met")
        )


if __name__ == "__main__":
    main()
