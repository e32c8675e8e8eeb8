"""How content asks a model: the prompt on file, one retry where a retry can help, and an honest failure otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from revenue_machine.domains.credit.models import ModelDesk, ModelJob, ModelReply
from revenue_machine.kit.errors import Failure
from revenue_machine.kit.ids import content_hash

T = TypeVar("T")
ATTEMPTS = 2
# Asking again changes nothing about these.
FINAL = frozenset({"budget_exhausted", "stopped", "not_configured", "bad_input", "outcome_unknown", "outside_auth_failed"})
_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": {"type": "string"}}
_MAYBE_TEXT = {"anyOf": [{"type": "string"}, {"type": "null"}]}


def _shape(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _many(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": dict(item)}


DRAFTS_SHAPE = _shape(drafts=_many(_shape(key=_TEXT, text=_TEXT, evidence_id=_MAYBE_TEXT)))
ANGLES_SHAPE = _shape(angles=_many(_shape(angle=_TEXT, hook_category=_TEXT, format=_TEXT, evidence_ids=_TEXTS)), avoid=_TEXTS)
GUIDELINES_SHAPE = _shape(guidelines=_TEXTS)


def reviews_shape(dimensions: tuple[str, ...]) -> dict[str, Any]:
    """Reviews with a number per dimension."""
    scores = _shape(**{name: {"type": "number"} for name in dimensions})
    return _shape(reviews=_many(_shape(key=_TEXT, scores=scores, notes=_TEXT)))


@cache
def prompt(name: str) -> str:
    """The system text of a task."""
    return (Path(__file__).parent / "prompts" / f"{name}.md").read_text(encoding="utf-8")


def ask(
    desk: ModelDesk, task: str, task_type: str, key: str, *,
    brief: Mapping[str, Any], schema: Mapping[str, Any], most_tokens: int,
) -> ModelReply:  # fmt: skip
    """One question under a key that also names its content: another brief is another question, the same one is asked once."""
    job = ModelJob(
        task_type=task_type, key=f"{key}/{content_hash(dict(brief))[:12]}", system=prompt(task), task=task, brief=dict(brief),
        schema=dict(schema), max_output_tokens=most_tokens,
    )  # fmt: skip
    return desk.ask(job)


def twice(attempt: Callable[[int], T]) -> tuple[T, int]:
    """Try, and once more where that can help (seed §4.10); (result, attempts needed). Raises the last failure."""
    for number in range(1, ATTEMPTS + 1):
        try:
            return attempt(number), number
        except Failure as failure:
            if number == ATTEMPTS or failure.code in FINAL:
                raise
    raise AssertionError("a loop that always returns or raises")
