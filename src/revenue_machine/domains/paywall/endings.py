"""How a paywall test ends: the book is closed, the result remembered, and what made things worse is taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from revenue_machine.domains.paywall import wording
from revenue_machine.engine.dispatch import Topics
from revenue_machine.kit.errors import BadInput, Conflict, ContractBroken, NotFound

Row = Mapping[str, Any]


def call(topics: Topics, name: str, key: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Another domain's topic; its failure is raised here."""
    envelope = topics.call(name, payload, key=key)
    if envelope.error is not None:
        raise envelope.error
    found: dict[str, Any] = envelope.result
    return found


def close_book(row: Row, topics: Topics) -> None:
    """Close the experiment; one that ended in the book already stays as it ended there."""
    low, high = row["interval_low"], row["interval_high"]
    try:
        call(topics, "experiments.close", f"{row['id']}/close", {
            "experiment_id": row["id"], "outcome": row["outcome"], "words": row["outcome_words"],
            "effect": {"absolute": row["effect_absolute"], "relative": row["effect_relative"]},
            "interval": None if low is None or high is None else [low, high],
        })  # fmt: skip
    except (Conflict, NotFound):
        return


def remember(row: Row, topics: Topics) -> str | None:
    """One statement with effect, interval, people and dates; the experiment is its evidence. Returns the memory's id.

    Raises: contract_broken when memory does not keep it.
    """
    check = None
    if row["measure_since"] is not None:
        check = call(topics, "experiments.show", f"{row['id']}/show", {"experiment_id": row["id"]})["measure_check"]
    evidence = [row["id"], f"superwall:{row['vendor_experiment_id']}", *([row["delegation_id"]] if row["delegation_id"] else [])]
    kept = call(topics, "memory.write_knowledge", f"{row['id']}/memory", {
        "subject": f"paywall of {row['product']}", "statement": wording.statement(row, check), "evidence": evidence,
        "confidence": wording.CONFIDENCE[row["outcome"]], "tags": ["paywall", "experiment", "conversion", row["outcome"]],
    })  # fmt: skip
    if not kept["is_kept"]:
        raise ContractBroken("memory does not keep what a paywall test showed")
    return None if kept["id"] is None else str(kept["id"])


def variant_words(row: Row) -> dict[str, str]:
    """The word each variant ends with (definitions §2.4)."""
    outcome, winner = row["outcome"], row["winner"]
    if outcome in {"improved", "neutral"}:
        return {winner: "applied", "*": "loser"}
    if outcome in {"regressed", "rolled_back"}:
        return {row["control"]: "winner", "*": "loser"}
    if winner is not None and row["shipped_at"] is None:
        return {winner: "winner", "*": "loser"}
    return {"*": "inconclusive"} if winner is None else {winner: "applied", "*": "loser"}


def undo_key(row: Row) -> str:
    """The one key of the decision to put it right."""
    return f"paywall/{row['id']}/{'revert' if row['outcome'] == 'regressed' else 'keep'}"


def propose_undo(row: Row, topics: Topics) -> dict[str, Any] | None:
    """Ask to take the shipped variant back, or, after a lost test, to show the control to everybody; None: nothing to take back."""
    asked: dict[str, Any] = {
        "project": row["product"], "decision_key": undo_key(row), "task_type": "features", "experiment_id": row["id"],
        "facts": _facts(row),
    }  # fmt: skip
    if row["outcome"] == "regressed":
        asked |= {"kind": "revert", "reverts_id": row["delegation_id"], "why": row["outcome_words"].rstrip(".")[:1000]}
    else:
        nobody = {"variant": row["control"], "holdout_share": 0.0, "holdout_variant": None}
        asked |= {"kind": "apply_paywall", "end_state": {"paywall": nobody}, "why": wording.why_keep(row)[:1000]}
    try:
        return call(topics, "acd.propose", f"{row['id']}/undo", asked)
    except (Conflict, NotFound, BadInput):
        return None


def _facts(row: Row) -> dict[str, Any]:
    low, high = row["interval_low"], row["interval_high"]
    found = {
        "relative_effect_pct": None if row["effect_relative"] is None else round(100 * row["effect_relative"], 2),
        "effect_points": row["effect_absolute"], "effect_points_interval": None if low is None else [low, high],
    }  # fmt: skip
    return {name: value for name, value in found.items() if value is not None}
