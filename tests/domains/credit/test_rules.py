"""Routes, scopes, marks, batch sizes, and whether an answer fits its schema."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from revenue_machine.domains.credit import rules
from revenue_machine.kit.settings import Budget

BERLIN = ZoneInfo("Europe/Berlin")

ROUTES = [
    ("draft_generation", "haiku"), ("content_review", "haiku"), ("research_synthesis", "sonnet"), ("architecture_planning", "opus"),
    ("acd_tests", "haiku"), ("acd_features", "sonnet"), ("acd_architecture", "opus"), ("never_heard_of_it", "haiku"),
]  # fmt: skip


@pytest.mark.parametrize(("task_type", "alias"), ROUTES)
def test_tasks_go_where_the_seed_says(task_type: str, alias: str) -> None:
    assert rules.alias_for(task_type) == alias


def test_a_call_passes_day_month_run() -> None:
    found = rules.scopes_for(Budget(), date(2026, 12, 31), "run/7", BERLIN, is_critical=False)
    assert [(one.name, one.limit_micro_usd, one.hard_limit_micro_usd) for one in found] == [
        ("day:2026-12-31", 15_000_000, 15_000_000),
        ("month:2026-12", 400_000_000, 400_000_000),
        ("run:run/7", 2_000_000, 2_000_000),
    ]
    new_year = datetime(2026, 12, 31, 23, tzinfo=UTC)
    assert [one.reset_at for one in found] == [new_year, new_year, None]


def test_critical_calls_get_a_fifth_more_of_the_day() -> None:
    day, month, run = rules.scopes_for(Budget(day_usd=Decimal("0.10")), date(2026, 11, 2), "r", BERLIN, is_critical=True)
    assert (day.limit_micro_usd, day.hard_limit_micro_usd) == (100_000, 120_000)
    assert month.hard_limit_micro_usd == month.limit_micro_usd
    assert run.hard_limit_micro_usd == run.limit_micro_usd


@pytest.mark.parametrize(
    ("spent", "limit", "marks"),
    [
        (799_999, 1_000_000, ()),
        (800_000, 1_000_000, (80,)),
        (999_999, 1_000_000, (80,)),
        (1_000_000, 1_000_000, (80, 100)),
        (5, 0, ()),
    ],
)
def test_marks_are_reached_exactly(spent: int, limit: int, marks: tuple[int, ...]) -> None:
    assert rules.crossed_pcts(spent, limit, 80) == marks


@pytest.mark.parametrize(
    ("wanted", "used_pct", "size"),
    [(10, 0, 10), (10, 79, 10), (10, 80, 5), (10, 89, 5), (10, 90, 2), (10, 99, 2), (1, 99, 1), (10, 100, 0), (0, 0, 0)],
)
def test_batches_shrink_as_money_goes(wanted: int, used_pct: int, size: int) -> None:
    assert rules.batch_size(wanted, used_pct, 80) == size


SCHEMA = {
    "type": "object",
    "properties": {
        "kind": {"type": "string", "enum": ["a", "b"]},
        "drafts": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}},
        "score": {"type": ["number", "null"]},
        "either": {"anyOf": [{"type": "string"}, {"type": "boolean"}]},
    },
    "required": ["kind"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ({"kind": "a", "drafts": [{"n": 1}], "score": None, "either": True}, None),
        ({"kind": "c"}, "$.kind is none of ['a', 'b']"),
        ({}, "$.kind is missing"),
        ({"kind": "a", "more": 1}, "$.more was not asked for"),
        ({"kind": "a", "drafts": [{"n": 1}, {}]}, "$.drafts[1].n is missing"),
        ({"kind": "a", "drafts": [{"n": True}]}, "$.drafts[0].n is not of type integer"),
        ({"kind": "a", "score": "9"}, "$.score is not of type ['number', 'null']"),
        ({"kind": "a", "either": 3}, "$.either is not of type boolean"),
        ([], "$ is not of type object"),
    ],
)
def test_answers_fit_or_say_where(value: Any, wrong: str | None) -> None:
    assert rules.misfit(value, SCHEMA) == wrong
