"""Writes loops, variants and counts; each by its natural key, and a loop moves only from the state it was read in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.paywall.models import Arm, Found, Shown
from revenue_machine.domains.paywall.rules import Ranked
from revenue_machine.domains.paywall.tables import COUNTS, LOOPS, TOLD, VARIANTS
from revenue_machine.engine.database import Database
from revenue_machine.kit.db import change
from revenue_machine.kit.ids import make_id

KIND = "paywall"
_BLANK: dict[str, Any] = dict.fromkeys(
    (
        "winner", "since", "measure_since", "decision", "delegation_id", "undo_delegation_id", "outcome", "outcome_words",
        "effect_absolute", "effect_relative", "interval_low", "interval_high", "trouble", "bad_on", "memory_id", "decided_at",
        "shipped_at", "ended_at",
    )
)  # fmt: skip


def loop_id(product: str, vendor_experiment_id: str) -> str:
    """The one id of an experiment, in the book, the delegation and the memory."""
    return make_id("exp", KIND, product, vendor_experiment_id)


def insert_loop(
    connection: sa.Connection, database: Database, found: Found, *, product: str, metric: str, control: str, now: datetime
) -> str:
    """A test that charts show for the first time; known ones stay as they are."""
    made = loop_id(product, found.vendor_experiment_id)
    row = _BLANK | {
        "id": made, "product": product, "application_id": found.application_id, "campaign_id": found.campaign_id,
        "vendor_experiment_id": found.vendor_experiment_id, "placement": found.placement, "state": "found", "metric": metric,
        "arms": [one.name for one in found.variants], "split": found.split, "control": control, "bad_days": 0, "attempts": 0,
        "words": "found in charts; not opened yet", "next_due_at": now, "created_at": now, "updated_at": now,
    }  # fmt: skip
    database.put(connection, LOOPS, row, ["vendor_experiment_id"])
    facts = {"product": product, "experiment_id": made, "created_at": now, "updated_at": now}
    for one in found.variants:
        shown = _variant_row(found, one) | facts | {"is_control": one.name == control}
        database.put(connection, VARIANTS, shown, ["vendor_experiment_id", "variant_id"])
    return made


def _variant_row(found: Found, one: Shown) -> dict[str, Any]:
    return {
        "id": make_id("pwv", found.vendor_experiment_id, one.variant_id), "variant_id": one.variant_id, "impressions": 0,
        "conversions": 0, "revenue_micro_usd": 0, "conversion_rate": None, "significance": None, "status": "running",
        "vendor_experiment_id": found.vendor_experiment_id, "application_id": found.application_id, "paywall_id": one.paywall_id,
        "name": one.name, "planned_share": one.share, "users": 0, "trials": 0, "subscriptions": 0, "rank": None, "as_of": None,
    }  # fmt: skip


def move(connection: sa.Connection, row: Mapping[str, Any], state: str, now: datetime, **changes: Any) -> bool:
    """Move a loop on from the state it was read in; False when it is elsewhere by now."""
    here = {"id": row["id"], "state": row["state"]}
    fresh = {"state": state, "updated_at": now, "attempts": 0, "next_due_at": now, **changes}
    return change(connection, LOOPS, here, fresh) > 0


def note(connection: sa.Connection, row: Mapping[str, Any], now: datetime, **changes: Any) -> bool:
    """Write something down about a loop without moving it; False when it moved meanwhile."""
    return change(connection, LOOPS, {"id": row["id"], "state": row["state"]}, {"updated_at": now, **changes}) > 0


def keep_counts(
    connection: sa.Connection, database: Database, key: tuple[str, str, date], arms: Sequence[Arm], **facts: Any
) -> None:
    """The counts of (experiment, phase, date); the same date again takes the later answer."""
    experiment_id, phase, on_date = key
    row = {
        "id": make_id("pwc", experiment_id, phase, on_date.isoformat()), "experiment_id": experiment_id, "phase": phase,
        "on_date": on_date, "arms": [asdict(one) for one in arms], **facts,
    }  # fmt: skip
    database.put(connection, COUNTS, row, ["experiment_id", "phase", "on_date"], ["days", "arms", "trouble", "asked_at"])


def show_ranking(
    connection: sa.Connection, row: Mapping[str, Any], ranked: Sequence[Ranked], metric: str, at: tuple[date, datetime]
) -> None:
    """Bring the variants of a running test to what charts say; the test's own numbers, not those of the measure."""
    for one in ranked:
        fresh = {
            "impressions": one.arm.opens, "conversions": one.arm.hits(metric), "revenue_micro_usd": one.arm.proceeds_micro_usd,
            "conversion_rate": one.rate, "significance": one.p_value, "users": one.arm.users, "trials": one.arm.trials,
            "subscriptions": one.arm.subscriptions, "rank": one.place, "as_of": at[0], "updated_at": at[1],
        }  # fmt: skip
        change(connection, VARIANTS, {"experiment_id": row["id"], "name": one.arm.name}, fresh)


def judge_variants(connection: sa.Connection, row: Mapping[str, Any], statuses: Mapping[str, str], now: datetime) -> None:
    """The word for each variant by name; `*` is everybody else's."""
    for name in row["arms"]:
        word = statuses.get(name, statuses.get("*"))
        if word is not None:
            change(connection, VARIANTS, {"experiment_id": row["id"], "name": name}, {"status": word, "updated_at": now})


def keep_told(connection: sa.Connection, database: Database, told: Mapping[str, Any]) -> bool:
    """One webhook's money, once; False when it is known."""
    row = {"id": make_id("pwm", told["event_id"]), **told}
    return database.put(connection, TOLD, row, ["event_id"]) > 0


def name_control(connection: sa.Connection, row: Mapping[str, Any], control: str) -> None:
    """Which variant the product had before, in the owner's word."""
    for name in row["arms"]:
        change(connection, VARIANTS, {"experiment_id": row["id"], "name": name}, {"is_control": name == control})
