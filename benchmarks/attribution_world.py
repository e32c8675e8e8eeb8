"""Draws the touches and conversions of `attribution.py` and `funnel.py` as Parquet: same numbers, same rows."""

# ruff: noqa: S608  the queries are put together of this file's own words and a folder
from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import duckdb

DIMENSIONS = ("platform", "content_type", "hook_category", "niche", "framework", "offer", "paywall_variant", "utm_source")
WIDTHS = (6, 5, 8, 10, 6, 4, 3, 9)
KINDS = ("signup", "trial", "purchase", "refund")
DAY_MS = 86_400_000
START_MS = 1_767_225_600_000  # 2026-01-01
DAYS = 90


@dataclass(frozen=True)
class Size:
    """How much is drawn."""

    touches: int
    users: int
    posts: int


FULL, QUICK = Size(10_000_000, 1_000_000, 10_000), Size(500_000, 50_000, 2_000)


def draw(folder: Path, size: Size, seed: int) -> None:
    """Write `touches.parquet` (12 columns, by time) and `conversions.parquet`, unless they are there."""
    if (folder / "conversions.parquet").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    session = duckdb.connect()
    session.execute(f"create macro chance(i, salt) as (hash(i, salt, {seed}) >> 11) / 9007199254740992.0")
    values = ", ".join(
        f"'{name}_' || (hash(p, '{name}', {seed}) % {width}) as {name}" for name, width in zip(DIMENSIONS, WIDTHS, strict=True)
    )
    session.execute(f"create table posts as select p as post_id, {values} from range({size.posts}) as posts(p)")
    # A tenth of the touches name nobody; few users touch often, most seldom.
    session.execute(
        f"""create table touches as select i as seq,
            cast(floor({size.users} * pow(chance(i, 'user'), 1.8)) as bigint) as user_id,
            {START_MS} + cast(floor((i + chance(i, 'at')) * {DAYS * DAY_MS} / {size.touches}.0) as bigint) as at_ms,
            cast(floor({size.posts} * pow(chance(i, 'post'), 1.5)) as bigint) as post_id from range({size.touches}) as rows(i)"""
    )
    named = ", ".join(DIMENSIONS[:-1])
    session.execute(
        f"""copy (select seq, user_id, at_ms, post_id, {named},
            case when chance(seq, 'direct') < 0.1 then 'direct' else utm_source end as utm_source
            from touches join posts using (post_id) order by seq)
            to '{folder}/touches.parquet' (format parquet, compression zstd)"""
    )
    _draw_conversions(session, folder, size)


def _draw_conversions(session: duckdb.DuckDBPyConnection, folder: Path, size: Size) -> None:
    """A fifth of the users sign up, half of those try, a third of those pay, a twentieth of the money comes back."""
    session.execute(
        f"""create table signups as select user_id,
                min(at_ms) + cast(chance(user_id, 'signup') * (max(at_ms) - min(at_ms)) as bigint) as at_ms
            from touches group by user_id having chance(user_id, 'who') < 0.2
            union all select {size.users} + n, {START_MS} + cast(chance(n, 'stranger') * {DAYS * DAY_MS} as bigint)
            from range({size.users // 500}) as strangers(n)"""
    )
    later = "at_ms + cast(chance(user_id, '{0}') * {1} * {2} as bigint) as at_ms"
    session.execute(
        f"create table trials as select user_id, {later.format('trial', 5, DAY_MS)} from signups "
        "where chance(user_id, 'tries') < 0.5"
    )
    session.execute(
        f"create table sales as select user_id, {later.format('sale', 9, DAY_MS)} from trials where chance(user_id, 'pays') < 0.31"
    )
    # A refund takes its credit from where its sale had it: it stands at the sale's time.
    session.execute(
        f"""copy (select row_number() over (order by at_ms, kind, user_id) as id, * from (
            select user_id, at_ms, 'signup' as kind, 0 as amount_micro_usd from signups
            union all select user_id, at_ms, 'trial', 0 from trials
            union all select user_id, at_ms, 'purchase', cast(9990000 + hash(user_id) % 4 * 10000000 as bigint) from sales
            union all select user_id, at_ms, 'refund', -9990000 from sales where chance(user_id, 'refund') < 0.05
            ) order by at_ms, kind, user_id) to '{folder}/conversions.parquet' (format parquet, compression zstd)"""
    )


def main() -> None:
    """Draw a world into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    draw(args.folder, QUICK if args.quick else FULL, args.seed)


if __name__ == "__main__":
    main()
