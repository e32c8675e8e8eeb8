"""Writes events, facts and notes; each by its natural key, so that a repetition changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.memory import rules
from revenue_machine.domains.memory.models import KnowledgeArgs, Memory
from revenue_machine.domains.memory.reads import entity
from revenue_machine.domains.memory.tables import DAILY_NOTES, GRAPH_ENTITIES, GRAPH_RELATIONS, MEMORY_EVENTS
from revenue_machine.engine.database import Database
from revenue_machine.kit.ids import make_id


@dataclass(frozen=True)
class Fact:
    """One entity of the graph as it is to be written."""

    name: str
    entity_type: str
    properties: Mapping[str, Any]
    tags: Sequence[str]
    confidence: float
    provenance: str


def record(connection: sa.Connection, database: Database, memory: Memory, run_date: date, now: datetime) -> bool:
    """Keep an event of a date; False when it is known."""
    row = {
        "id": event_id(run_date, memory.key), "event_type": memory.event_type, "content": rules.clean(memory.content),
        "importance_score": memory.importance, "source": memory.source, "provenance": memory.provenance,
        "tags": sorted(set(memory.tags)), "metadata": memory.metadata, "run_date": run_date, "created_at": now, "promoted_at": None,
    }  # fmt: skip
    return database.put(connection, MEMORY_EVENTS, row, ["id"]) > 0


def event_id(run_date: date, key: str) -> str:
    """The id of an event: its date and its name within the date."""
    return make_id("mem", run_date.isoformat(), key)


def write_fact(connection: sa.Connection, database: Database, args: KnowledgeArgs, now: datetime) -> str:
    """A subject, a statement and the relation between them; known ones gain evidence, never lose any."""
    subject, statement = rules.clean(args.subject), rules.clean(args.statement)
    about = Fact(subject, "subject", {}, args.tags, args.confidence, args.provenance)
    said = Fact(
        statement, "fact", {"subject": subject, "evidence": sorted(set(args.evidence))}, args.tags, args.confidence, args.provenance
    )
    from_id, to_id = _merge(connection, database, about, now), _merge(connection, database, said, now)
    row = {"id": make_id("rel", from_id, "holds", to_id), "from_id": from_id, "kind": "holds", "to_id": to_id, "created_at": now}
    database.put(connection, GRAPH_RELATIONS, row, ["id"])
    return to_id


def _merge(connection: sa.Connection, database: Database, fact: Fact, now: datetime) -> str:
    database.lock(connection, "memory/graph")
    known = entity(connection, fact.name, fact.entity_type)
    values: dict[str, Any] = {
        "properties": dict(fact.properties), "tags": rules.merged([], fact.tags), "confidence": fact.confidence, "layer": 1,
        "provenance": fact.provenance,
    }  # fmt: skip
    if known is not None:
        properties = {**known["properties"], **fact.properties}
        if "evidence" in properties:
            properties["evidence"] = rules.merged(known["properties"].get("evidence", []), properties["evidence"])
        values |= {
            "properties": properties, "tags": rules.merged(known["tags"] or [], fact.tags), "layer": known["layer"],
            "confidence": max(known["confidence"], fact.confidence),
            "provenance": rules.stricter(known["provenance"], fact.provenance),
        }  # fmt: skip
        if all(known[name] == value for name, value in values.items()):
            return str(known["id"])
    entity_id = make_id("ent", fact.entity_type, fact.name)
    row = {"id": entity_id, "name": fact.name, "entity_type": fact.entity_type, **values, "created_at": now, "updated_at": now}
    database.put(connection, GRAPH_ENTITIES, row, ["name", "entity_type"], [*values, "updated_at"])
    return entity_id


def write_note(connection: sa.Connection, database: Database, run_date: date, text: str, now: datetime) -> None:
    """The note of a date; a later one takes its place."""
    row = {"run_date": run_date, "text": text, "created_at": now, "updated_at": now}
    database.put(connection, DAILY_NOTES, row, ["run_date"], ["text", "updated_at"])
