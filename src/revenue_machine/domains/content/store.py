"""Writes strategies, lessons, drafts and verdicts; each by its natural key, so that a repeated call changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.content.rules import Rubric
from revenue_machine.domains.content.tables import DRAFTS, LESSONS, REVIEWS, RUBRICS, STRATEGIES
from revenue_machine.engine.database import Database
from revenue_machine.kit.db import change
from revenue_machine.kit.ids import content_hash, make_id

Day = tuple[date, str]


def put_strategy(connection: sa.Connection, database: Database, day: Day, values: Mapping[str, Any], now: datetime) -> None:
    """One strategy per local date and niche; a later one of the same day replaces it."""
    database.put(connection, STRATEGIES, _daily("str", day, values, now), ["id"], [*values, "updated_at"])


def put_lessons(connection: sa.Connection, database: Database, day: Day, values: Mapping[str, Any], now: datetime) -> None:
    """One set of guidelines per local date and niche; a later one of the same day replaces it."""
    database.put(connection, LESSONS, _daily("les", day, values, now), ["id"], [*values, "updated_at"])


def _daily(prefix: str, day: Day, values: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    run_date, niche = day
    own = {"id": make_id(prefix, run_date, niche), "run_date": run_date, "niche": niche}
    return {**own, "created_at": now, "updated_at": now, **values}


def insert_drafts(connection: sa.Connection, database: Database, rows: Sequence[Mapping[str, Any]]) -> int:
    """Keep drafts; one per local date, batch and slot."""
    return database.put(connection, DRAFTS, [dict(row) for row in rows], ["id"]) if rows else 0


def settle_draft(connection: sa.Connection, draft_id: str, before: str, now: datetime, **changes: Any) -> bool:
    """Move a draft on; False when it was not where it was thought to be."""
    return change(connection, DRAFTS, {"id": draft_id, "status": before}, {"updated_at": now, **changes}) > 0


def note_measured(connection: sa.Connection, post_id: str, reward: int, score: float, now: datetime) -> None:
    """What the 24 h numbers say of the post a draft became."""
    values = {"measured_reward": reward, "measured_score": score, "measured_at": now}
    change(connection, DRAFTS, {"post_id": post_id}, values)


def put_rubric(connection: sa.Connection, database: Database, rubric: Rubric, now: datetime) -> None:
    """Keep the version of the scale a verdict was given on."""
    decision = {
        "approve_from": rubric.approve_from, "compliance_from": rubric.compliance_from,
        "no_dimension_below": rubric.no_dimension_below, "reject_to": rubric.reject_to,
    }  # fmt: skip
    row = {
        "id": make_id("rub", rubric.slug, rubric.version), "slug": rubric.slug, "version": rubric.version, "name": rubric.name,
        "dimensions": dict(rubric.weights_pct), "decision_rules": decision, "enabled": True, "created_at": now,
    }  # fmt: skip
    database.put(connection, RUBRICS, row, ["id"])


def put_review(
    connection: sa.Connection, database: Database, draft: Mapping[str, Any], rubric: Rubric, values: Mapping[str, Any]
) -> None:
    """Write a verdict down; one per draft, revision and decider."""
    row = {
        "draft_id": draft["id"], "rubric_slug": rubric.slug, "rubric_version": rubric.version, "revision_number": draft["revision"],
        "dimension_scores": None, "weighted_score": None, "overall_assessment": None, "override_by": None, "override_reason": None,
        "ai_model": None, **values,
    }  # fmt: skip
    row["id"] = make_id("rev", draft["id"], draft["revision"], row["override_by"] or "machine")
    database.put(connection, REVIEWS, row, ["id"])


def draft_row(key: tuple[date, int, str], text: str, values: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """A draft's row; its post's id is known from the first moment."""
    run_date, batch, slot_key = key
    draft_id = make_id("dft", run_date, batch, slot_key)
    return {
        "id": draft_id, "run_date": run_date, "batch": batch, "slot_key": slot_key, "text": text, "text_hash": content_hash(text),
        "post_id": make_id("post", draft_id), "is_ai_made": True, "review_score": None, "review_scores": None, "review_notes": None,
        "revision": 0, "measured_reward": None, "measured_score": None, "measured_at": None, "created_at": now, "updated_at": now,
        **values,
    }  # fmt: skip
