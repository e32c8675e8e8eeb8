"""The same work by published packages, each in an environment of its own; imports nothing of the product."""

# ruff: noqa: S608  the queries are put together of this file's own words and a folder
from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from contest import Checks, run_one

LOOKBACK_MS, HALF_LIFE_MS = 2_592_000_000, 604_800_000
DIMENSIONS = ("platform", "content_type", "hook_category", "niche", "framework", "offer", "paywall_variant", "utm_source")
DIMENSION, GOAL = "platform", "signup"
_ENDS = f"""select t.seq from (select user_id, at_ms from read_parquet('{{0}}/conversions.parquet') where kind = '{GOAL}') c
    asof join (select user_id, at_ms, seq from read_parquet('{{0}}/touches.parquet')) t
    on c.user_id = t.user_id and c.at_ms >= t.at_ms"""


def _flagged(folder: Path) -> str:
    """Every touch with one dimension, and whether its journey converted with it."""
    return f"""select user_id, seq, at_ms, {DIMENSION} as channel, seq in ({_ENDS.format(folder)}) as converted
        from read_parquet('{folder}/touches.parquet')"""


def _sessions(folder: Path) -> Any:
    import duckdb

    asked = "cast(user_id as varchar) as user_id, channel, converted, epoch_ms(at_ms) as at"
    query = f"select {asked} from ({_flagged(folder)}) order by seq"
    return duckdb.sql(query).pl()


def _mam(frame: Any) -> Any:
    import mam

    maker = getattr(mam, "MAM", None) or __import__("mam.core", fromlist=["MAM"]).MAM
    return maker(
        frame, "session", "channel", "converted", datetime_colname="at", user_id_colname="user_id",
        create_journey_id_based_on_conversion=True,
    )  # fmt: skip


def mam_markov(frame: Any) -> Checks:
    """Markov of one dimension; its removal effects, for what it calls attribution is shared once more within each journey."""
    effects = _mam(frame).run_markov().metadata["removal_effect"]["removal_effect"]
    return {f"markov/{name}": float(effect / effects.sum()) for name, effect in effects.items()}


def mam_rules(frame: Any) -> Checks:
    """Its five heuristics of one dimension."""
    model = _mam(frame)
    for name in ("last_click", "first_click", "linear", "position_based", "time_decay"):
        getattr(model, f"run_{name}")()
    return {}


def _paths(folder: Path) -> Any:
    """Path strings with how often they converted and did not, as the package wants them."""
    import duckdb

    return duckdb.sql(
        f"""with rows as (select *, coalesce(sum(converted::int) over (partition by user_id order by at_ms, seq
                rows between unbounded preceding and 1 preceding), 0) as journey from ({_flagged(folder)})),
            journeys as (select string_agg(channel, ' > ' order by at_ms, seq) as path, max(converted::int) as converted
                from rows group by user_id, journey)
            select path, sum(converted)::double as conversions, sum(1 - converted)::double as nulls from journeys group by path"""
    ).df()


def channel_attribution_rules(folder: Path) -> Checks:
    """First, last and linear of one dimension, with the path strings it needs."""
    from ChannelAttribution import heuristic_models

    heuristic_models(_paths(folder), "path", "conversions", flg_pro=False)
    return {}


def channel_attribution_markov(folder: Path) -> Checks:
    """Markov of one dimension by simulation, with the path strings it needs; its answer differs by the seed."""
    from ChannelAttribution import markov_model

    markov_model(_paths(folder), "path", "conversions", var_null="nulls", order=1, ncore=2, flg_pro=False)
    return {}


def pandas_rules(folder: Path) -> Checks:
    """The five rule models over eight dimensions by merge and transform."""
    import numpy as np
    import pandas as pd

    touches = pd.read_parquet(folder / "touches.parquet", columns=["seq", "user_id", "at_ms", *DIMENSIONS])
    conversions = pd.read_parquet(folder / "conversions.parquet")
    touches = touches[touches.user_id.isin(conversions.user_id)]
    pairs = conversions.merge(touches, on="user_id", suffixes=("", "_touch"))
    pairs = pairs[(pairs.at_ms_touch <= pairs.at_ms) & (pairs.at_ms_touch >= pairs.at_ms - LOOKBACK_MS)].sort_values(
        ["id", "at_ms_touch", "seq"]
    )
    own = pairs.groupby("id").seq
    place, count = own.cumcount() + 1, own.transform("size")
    decay = np.exp2((pairs.at_ms_touch - pairs.at_ms) / HALF_LIFE_MS)
    ends = (place == 1) | (place == count)
    weights = {
        "first": (place == 1) * 1.0, "last": (place == count) * 1.0, "linear": 1 / count,
        "position": np.where(count <= 2, 1 / count, np.where(ends, 0.4, 0.2 / np.maximum(count - 2, 1))),
        "time_decay": decay / decay.groupby(pairs.id).transform("sum"),
    }  # fmt: skip
    for name, share in weights.items():
        pairs[f"{name}_conversions"], pairs[f"{name}_amount"] = share, share * pairs.amount_micro_usd
    measures = [f"{name}_{what}" for name in weights for what in ("conversions", "amount")]
    checks = {}
    for dimension in DIMENSIONS:
        for (value, kind), row in pairs.groupby([dimension, "kind"])[measures].sum().iterrows():
            checks |= {f"{dimension}/{value}/{kind}/{name}": float(row[name]) for name in measures}
    return checks


CONTENDERS: dict[str, tuple[str, Callable[[Any], Checks], Callable[[Path], Any]]] = {
    "mam, 5 rules, 1 dimension": ("mam", mam_rules, _sessions),
    "mam, Markov, 1 dimension": ("mam", mam_markov, _sessions),
    "ChannelAttribution, 3 rules, 1 dim": ("channelattribution", channel_attribution_rules, lambda folder: folder),
    "ChannelAttribution, Markov, 1 dim": ("channelattribution", channel_attribution_markov, lambda folder: folder),
    "pandas, 5 rules, 8 dimensions": ("pandas", pandas_rules, lambda folder: folder),
}


def main() -> None:
    """Run one contender."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contender", required=True)
    parser.add_argument("--data", type=Path, required=True)
    args = parser.parse_args()
    _, work, prepare = CONTENDERS[args.contender]
    run_one(work, lambda: prepare(args.data))


if __name__ == "__main__":
    main()
