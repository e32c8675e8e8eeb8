"""What is remembered, for recall, pages and reports."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.memory.models import Hit
from revenue_machine.domains.memory.rules import relevance, words
from revenue_machine.domains.memory.tables import DAILY_NOTES, GRAPH_ENTITIES, MEMORY_EVENTS

# The newest memories of each kind that a question is compared with.
CANDIDATES = 5_000
_ENTITY, _EVENT, _NOTE = GRAPH_ENTITIES.c, MEMORY_EVENTS.c, DAILY_NOTES.c


def daily_note(connection: sa.Connection, run_date: date) -> str | None:
    """The note of a local date."""
    found: str | None = connection.execute(sa.select(_NOTE.text).where(_NOTE.run_date == run_date)).scalar()
    return found


def events_of(connection: sa.Connection, run_date: date) -> list[dict[str, Any]]:
    """What was recorded for a local date, most important first."""
    query = sa.select(MEMORY_EVENTS).where(_EVENT.run_date == run_date).order_by(_EVENT.importance_score.desc(), _EVENT.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def entity(connection: sa.Connection, name: str, entity_type: str) -> dict[str, Any] | None:
    """One entity of the graph."""
    query = sa.select(GRAPH_ENTITIES).where(_ENTITY.name == name, _ENTITY.entity_type == entity_type)
    row = connection.execute(query).mappings().first()
    return dict(row) if row else None


def recall(connection: sa.Connection, query: str, limit: int) -> tuple[int, list[Hit]]:
    """(how many answer, the best of them): by words held and importance, then newest, then id.

    Compared in Python over the newest rows, so that both databases give the same answer.
    """
    question = words(query)
    if not question:
        return 0, []
    hits = [hit for hit in _candidates(connection, question) if hit.relevance > 0]
    hits.sort(key=lambda hit: hit.id)
    hits.sort(key=lambda hit: hit.at, reverse=True)
    hits.sort(key=lambda hit: hit.relevance, reverse=True)
    return len(hits), hits[:limit]


def _candidates(connection: sa.Connection, question: frozenset[str]) -> list[Hit]:
    entities = sa.select(GRAPH_ENTITIES).order_by(_ENTITY.updated_at.desc(), _ENTITY.id).limit(CANDIDATES)
    events = sa.select(MEMORY_EVENTS).order_by(_EVENT.created_at.desc(), _EVENT.id).limit(CANDIDATES)
    notes = sa.select(DAILY_NOTES).order_by(_NOTE.run_date.desc()).limit(CANDIDATES)
    return [
        *(_entity_hit(row, question) for row in connection.execute(entities).mappings()),
        *(_event_hit(row, question) for row in connection.execute(events).mappings()),
        *(_note_hit(row, question) for row in connection.execute(notes).mappings()),
    ]


def _entity_hit(row: Any, question: frozenset[str]) -> Hit:
    tags = list(row["tags"] or [])
    text = f"{row['properties'].get('subject', row['entity_type'])}: {row['name']}"
    match = relevance(question, " ".join([text, *tags]), 10 * row["confidence"])
    return Hit(
        id=row["id"], kind="entity", text=text, relevance=match, layer=row["layer"], provenance=row["provenance"], tags=tags,
        at=row["updated_at"],
    )  # fmt: skip


def _event_hit(row: Any, question: frozenset[str]) -> Hit:
    tags = list(row["tags"] or [])
    match = relevance(question, " ".join([row["event_type"], row["content"], *tags]), row["importance_score"])
    return Hit(
        id=row["id"], kind="event", text=row["content"], relevance=match, layer=2, provenance=row["provenance"], tags=tags,
        at=row["created_at"],
    )  # fmt: skip


def _note_hit(row: Any, question: frozenset[str]) -> Hit:
    match = relevance(question, row["text"], 0.0)
    return Hit(
        id=row["run_date"].isoformat(), kind="note", text=row["text"], relevance=match, layer=2, provenance="own", tags=[],
        at=row["updated_at"],
    )  # fmt: skip
