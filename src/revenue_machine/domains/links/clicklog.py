"""How a click lies in the spool, and what becomes of it in the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from revenue_machine.domains.links import reads, store
from revenue_machine.domains.links.filters import FILTER_VERSION, Facts, judge
from revenue_machine.engine.database import Database
from revenue_machine.engine.spool import SpoolRecord
from revenue_machine.kit.ids import make_id
from revenue_machine.kit.log import logger

FORMAT = "1"
_BETWEEN = "\x1f"


class Arrival(NamedTuple):
    """A click as the redirector saw it; the time as ISO text, no address and no browser's full name."""

    id: str
    link_id: str
    slug: str
    visitor_id: str
    clicked_at: str
    signals: str
    agent_hash: str
    words: str
    referrer_host: str


def packed(fields: tuple[str, ...]) -> bytes:
    """A record of an `Arrival`'s fields; none of them can hold the sign between fields."""
    return f"{FORMAT}{_BETWEEN}{_BETWEEN.join(fields)}".encode()


def unpacked(payload: bytes) -> Arrival:
    """The same again. Raises: ValueError for a record of another format."""
    version, *fields = payload.decode().split(_BETWEEN)
    if version != FORMAT or len(fields) != len(Arrival._fields):
        raise ValueError(f"a click of format {version} with {len(fields)} fields")
    return Arrival(*fields)


def keep_clicks(database: Database, connection: sa.Connection, records: Sequence[SpoolRecord]) -> None:
    """Judge clicks and write them, oldest first; an id that another click has already is replaced, for every click counts once."""
    arrived = []
    for record in records:
        try:
            arrived.append((record, unpacked(record.payload)))
        except ValueError as error:
            logger().error("click.unreadable", spool=record.spool, offset=record.offset, reason=str(error))
    links = reads.links_by_id(connection, {one.link_id for _, one in arrived})
    arrived.sort(key=lambda pair: (pair[1].clicked_at, pair[1].id))
    number = store.next_arrival(database, connection)
    rows = [_row(record, one, links.get(one.link_id), number + place) for place, (record, one) in enumerate(arrived)]
    missing = store.keep_clicks(database, connection, rows)
    store.keep_clicks(database, connection, [row | {"id": make_id("clk", row["spool"], row["spool_offset"])} for row in missing])


def _row(record: SpoolRecord, one: Arrival, link: Mapping[str, Any] | None, arrival: int) -> dict[str, Any]:
    clicked_at = datetime.fromisoformat(one.clicked_at)
    age_s = None if link is None else (clicked_at - link["created_at"]) // timedelta(seconds=1)
    facts = Facts(one.words, frozenset(one.signals.split()), "" if link is None else link["utm_medium"], age_s)
    reason = judge(facts)
    return {
        "id": one.id, "link_id": one.link_id, "slug": one.slug, "post_id": link and link["post_id"],
        "product": link and link["product"], "visitor_id": one.visitor_id, "clicked_at": clicked_at, "is_counted": reason is None,
        "filter_reason": reason, "filter_version": FILTER_VERSION, "referrer_host": one.referrer_host or None,
        "user_agent_hash": one.agent_hash, "spool": record.spool, "spool_offset": record.offset, "arrival": arrival,
        "agent_words": one.words, "signals": one.signals, "link_age_s": age_s,
    }  # fmt: skip
