"""Judges kept events again when the traffic rule or the owner's own names change; events themselves are never touched."""

from __future__ import annotations

from revenue_machine.domains.analytics import reads, store
from revenue_machine.domains.analytics.models import RecutResult
from revenue_machine.domains.analytics.traffic import RULE, traffic_of
from revenue_machine.engine.database import Database
from revenue_machine.kit.settings import Settings

PIECE = 5_000


def own_names(settings: Settings) -> frozenset[str]:
    """The owner's ids, addresses, domains and IP addresses (`REVENUE_POSTHOG__INTERNAL`, parted by commas), lower case."""
    given = settings.service("posthog").option("internal") or ""
    return frozenset(word.strip().lower() for word in given.split(",") if word.strip())


def judge_again(database: Database, own: frozenset[str]) -> RecutResult:
    """All events, a portion a transaction; the same again changes nothing."""
    changed, after = 0, ""
    while True:
        with database.writing() as connection:
            rows = reads.every_event(connection, after, PIECE)
            judged = [(one[0], traffic_of(one[1], one[2], own), one[3]) for one in rows]
            fresh = [(event_id, now) for event_id, now, before in judged if now != before]
            store.judge_traffic(connection, fresh, RULE)
            changed += len(fresh)
        if len(rows) < PIECE:
            break
        after = rows[-1][0]
    with database.reading() as connection:
        return RecutResult(rule=RULE, changed=changed, traffic=reads.traffic_counts(connection))
