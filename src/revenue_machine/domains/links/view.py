"""Clicks counted three ways: those of people, people once per window, and what the filter took out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.links import reads
from revenue_machine.domains.links.asked import ClickRow, ClicksArgs, ClicksResult, LinkRow, ListArgs, ListResult
from revenue_machine.domains.links.store import LinkStore
from revenue_machine.engine.spool_drain import SpoolStanding


def listed(connection: sa.Connection, args: ListArgs, store: LinkStore) -> ListResult:
    """Links, newest first, with their counts."""
    total, rows = reads.find_links(connection, args)
    counts = reads.counts_of_links(connection, [row["id"] for row in rows])
    found = []
    for row in rows:
        counted, filtered = counts.get(row["id"], (0, 0))
        found.append(LinkRow(
            link_id=row["id"], slug=row["slug"], short_url=store.short_url(row["slug"], row),
            destination_url=row["destination_url"], post_id=row["post_id"],
            product=row["product"], utm_source=row["utm_source"], utm_medium=row["utm_medium"],
            utm_campaign=row["utm_campaign"], is_disabled=row["disabled_at"] is not None, created_at=row["created_at"],
            counted=counted, filtered=filtered,
        ))  # fmt: skip
    return ListResult(total=total, links=found)


def clicks(connection: sa.Connection, args: ClicksArgs, standing: SpoolStanding) -> ClicksResult:
    """Sums and groups."""
    window = timedelta(minutes=args.window_minutes)
    whole = reads.click_groups(connection, args, window, by=None)
    groups = reads.click_groups(connection, args, window, by=args.by)
    rows = [_row(str(one[0] or "none"), one[1:]) for one in groups]
    rows.sort(key=lambda row: (-row.counted, -row.filtered, row.name))
    sums = _row("all", whole[0][1:] if whole else (0, 0, 0, 0))
    return ClicksResult(
        counted=sums.counted, unique=sums.unique, visitors=sums.visitors, filtered=sums.filtered,
        reasons=reads.filter_reasons(connection, args), window_minutes=args.window_minutes, rows=rows[: args.limit],
        waiting_bytes=standing.waiting_bytes, torn_bytes=standing.torn_bytes,
    )  # fmt: skip


def _row(name: str, sums: Sequence[Any]) -> ClickRow:
    counted, unique, visitors, filtered = (int(one or 0) for one in sums)
    return ClickRow(name=name, counted=counted, unique=unique, visitors=visitors, filtered=filtered)
