"""What an ordered funnel over millions of events costs from the product's columns, beside DuckDB on the same data.

`python benchmarks/funnel.py --folder DIR [--quick] [--rounds 3]` (the world and the columns of `attribution.py`)
"""

# ruff: noqa: S608  the queries are put together of this file's own words and a folder
from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from attribution import load_product, prepared
from contest import Checks, Contender, contest, disagreements, run_one, table

STEPS = ("click", "signup", "trial", "purchase")
WINDOW_MS, DIMENSION = 14 * 86_400_000, "utm_source"


def scan(folder: Path) -> Checks:
    """The columns a funnel needs, once."""
    import duckdb

    asked = f"select sum(user_id), sum(at_ms), sum(seq), sum(length({DIMENSION})) from read_parquet('{folder}/touches.parquet')"
    duckdb.execute(asked).fetchall()
    return {}


def by_windows(folder: Path) -> Checks:
    """DuckDB, each step's latest start carried by a running maximum over the user's events; ties count in the order that helps."""
    import duckdb

    stream = f"""select user_id, at_ms, 0 as step, {DIMENSION} as value, seq from read_parquet('{folder}/touches.parquet')
        union all select user_id, at_ms, case kind when 'signup' then 1 when 'trial' then 2 else 3 end, null, 0
        from read_parquet('{folder}/conversions.parquet') where kind <> 'refund'"""
    over = "over (partition by user_id order by at_ms, step, seq rows unbounded preceding)"
    query = f"""with s0 as (select *, case when step = 0 then at_ms end as a0 from ({stream})),
        s1 as (select *, max(a0) {over} as b0, first_value(value) {over} as origin from s0),
        s2 as (select *, case when step = 1 and at_ms - b0 <= {WINDOW_MS} then b0 end as a1 from s1),
        s3 as (select *, max(a1) {over} as b1 from s2),
        s4 as (select *, case when step = 2 and at_ms - b1 <= {WINDOW_MS} then b1 end as a2 from s3),
        s5 as (select *, max(a2) {over} as b2 from s4),
        s6 as (select *, case when step = 3 and at_ms - b2 <= {WINDOW_MS} then b2 end as a3 from s5),
        people as (select user_id, arg_min(value, (at_ms, seq)) filter (step = 0) as origin, count(a0) as c0, count(a1) as c1,
            count(a2) as c2, count(a3) as c3 from s6 group by user_id)
        select origin, count(*), count(*) filter (c1 > 0), count(*) filter (c2 > 0), count(*) filter (c3 > 0)
        from people where c0 > 0 group by origin"""
    rows = duckdb.execute(query).fetchall()
    return {f"{value}/{step}": count for value, *counts in rows for step, count in zip(STEPS, counts, strict=True)}


def by_conversions(folder: Path) -> Checks:
    """DuckDB's quickest form: as-of joins, so that only conversions are looked up among the sorted touches."""
    import duckdb

    session = duckdb.connect()
    touches = f"read_parquet('{folder}/touches.parquet')"
    session.execute(f"create temp view conversions as select * from read_parquet('{folder}/conversions.parquet')")
    steps = f"""with origins as (select user_id, arg_min({DIMENSION}, (at_ms, seq)) as origin from {touches} group by user_id),
        c1 as (select c.user_id, c.at_ms, t.at_ms as start from (select * from conversions where kind = 'signup') c
            asof join (select user_id, at_ms from {touches}) t on t.user_id = c.user_id and t.at_ms <= c.at_ms),
        r1 as (select * from c1 where at_ms - start <= {WINDOW_MS}),
        r2 as (select c.user_id, c.at_ms, r.start from (select * from conversions where kind = 'trial') c
            asof join r1 r on r.user_id = c.user_id and r.at_ms <= c.at_ms where c.at_ms - r.start <= {WINDOW_MS}),
        r3 as (select c.user_id, c.at_ms, r.start from (select * from conversions where kind = 'purchase') c
            asof join r2 r on r.user_id = c.user_id and r.at_ms <= c.at_ms where c.at_ms - r.start <= {WINDOW_MS})
        select origin, count(*), count(*) filter (user_id in (select user_id from r1)),
            count(*) filter (user_id in (select user_id from r2)), count(*) filter (user_id in (select user_id from r3))
        from origins group by origin"""
    rows = session.execute(steps).fetchall()
    return {f"{value}/{step}": count for value, *counts in rows for step, count in zip(STEPS, counts, strict=True)}


def columns(folder: Path) -> Checks:
    """Plain numpy over the product's columns."""
    from revenue_machine.domains.analytics.bulk_funnel import funnel_over_keys
    from revenue_machine.domains.attribution.bulk_store import TouchLog, facets_of
    from revenue_machine.engine.columns import TIME_BITS

    held = TouchLog(folder / "columns").read()
    touches, ends, kinds = held.base["touches"], held.base["conversions"], held.words["kind"].texts()
    names, code = facets_of(held.words["facet"]).codes[DIMENSION]
    keys = [touches.keys, *(ends.keys[ends.columns["kind"] == kinds.index(step)] for step in STEPS[1:])]
    counts = funnel_over_keys(keys, TIME_BITS, WINDOW_MS, lambda first: code[touches.columns["facet"][first]], len(names))
    return {
        f"{name}/{step}": int(counts[place, number])
        for number, name in enumerate(names)
        for place, step in enumerate(STEPS)
        if name != "unknown"
    }


CONTENDERS: dict[str, Callable[[Path], Checks]] = {
    "plain scan": scan, "DuckDB, window functions": by_windows, "DuckDB, as-of joins": by_conversions, "columns, numpy": columns,
}  # fmt: skip


def main() -> None:
    """Run the contest and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "revenue-attribution")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--contender", help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.contender:
        run_one(CONTENDERS[args.contender], lambda: _loaded(args.data))
        return
    data = prepared(args.folder, is_quick=args.quick)
    own = [Contender(name, Path(sys.executable), Path(__file__).resolve()) for name in CONTENDERS]
    found: dict[str, list[dict[str, Any]]] = contest(own, ["--data", str(data)], args.rounds)
    ratios = table(found, "plain scan")
    print(f"\ncounts that disagree: {len(disagreements(found, 0))}", *disagreements(found, 0)[:5], sep="\n  ")
    for rival in ("DuckDB, window functions", "DuckDB, as-of joins"):
        print(f"{rival} / columns: {ratios[rival] / ratios['columns, numpy']:.1f} (goal >= 8 against the window functions)")
    print(f"load average {os.getloadavg()}")


def _loaded(folder: Path) -> Path:
    from revenue_machine.domains.analytics import bulk_funnel

    _ = bulk_funnel
    return load_product(folder)


if __name__ == "__main__":
    main()
