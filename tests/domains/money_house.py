"""An App of three domains (credit, owner, system) with a model whose every answer the test decides."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2

from revenue_machine import domains
from revenue_machine.app import App, build
from revenue_machine.domains.credit.desk import prompt_bytes, request_for
from revenue_machine.domains.credit.models import ModelDesk, ModelJob
from revenue_machine.engine.call import Call
from revenue_machine.engine.ledger import Entry, Ledger
from revenue_machine.kit.clock import PushedClock
from revenue_machine.kit.settings import load

START = datetime(2026, 11, 2, 6, tzinfo=UTC)
SCHEMA = {"type": "object", "properties": {"say": {"type": "string"}}, "required": ["say"], "additionalProperties": False}
Answer = Callable[[httpx2.Request], httpx2.Response]


def house_of(folder: Path, *names: str) -> ModuleType:
    """The domains package as if it held only the named folders."""
    rooms = folder / "rooms"
    rooms.mkdir(exist_ok=True)
    for name in names:
        if not (rooms / name).exists():
            (rooms / name).symlink_to(Path(domains.__path__[0]) / name)
    house = ModuleType(domains.__name__)
    house.__path__ = [str(rooms)]
    return house


def open_house(home: Path, answer: Answer | None = None, **env: str) -> App:
    """The App at START; `answer` plays the model's vendor (without it, it says yes)."""
    settings = load({"REVENUE_HOME": str(home), **env})
    house = house_of(home, "credit", "owner", "system")
    return build(settings, PushedClock(START), httpx2.MockTransport(answer or says('{"say":"yes"}')), house=house)


def says(text: str, status: int = 200, **usage: int) -> Answer:
    """A vendor that always answers this text."""
    body = message(text, **usage) if status == 200 else {"type": "error", "error": {"type": "api_error", "message": text}}
    return lambda _request: httpx2.Response(status, json=body)


def message(text: str, **usage: int) -> dict[str, Any]:
    """The Messages API's answer; 1000 tokens in and 100 out unless told."""
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-5-5", "stop_reason": "end_turn",
        "stop_sequence": None, "content": [{"type": "text", "text": text}],
        "usage": {"input_tokens": 1000, "output_tokens": 100} | usage,
    }  # fmt: skip


def a_job(key: str, **changes: Any) -> ModelJob:
    """A small question that wants `{"say": …}`."""
    fields: dict[str, Any] = {
        "task_type": "draft_generation", "system": "You write.", "task": "say", "brief": {"topic": "letters"}, "schema": SCHEMA,
        "max_output_tokens": 1000,
    }  # fmt: skip
    return ModelJob(key=key, **(fields | changes))


def job_holding(key: str, worst_case_micro_usd: int, **changes: Any) -> ModelJob:
    """A question that holds exactly this much (a multiple of one micro-dollar; haiku: 0.125 per byte, 0.5 per token)."""
    job = a_job(key, **changes)
    spare = -prompt_bytes(request_for(job, "claude-haiku-5-5")) % 8
    job = a_job(key, **(changes | {"system": job.system + " " * spare}))
    rest = worst_case_micro_usd - prompt_bytes(request_for(job, "claude-haiku-5-5")) // 8
    return a_job(key, **(changes | {"system": job.system, "max_output_tokens": rest * 2}))


def desk_of(app: App, key: str, run_id: str = "run/1", *, is_critical: bool = False) -> ModelDesk:
    """The desk as a topic called with that key gets it."""
    call = Call("content.generate", key, run_id, is_critical=is_critical)
    return app.container.child(call).get(ModelDesk)  # type: ignore[type-abstract]


def spend(app: App, key: str, micro_usd: int, run_id: str = "run/0") -> None:
    """Post an AI cost that came without a hold."""
    entry = Entry(
        key=key, kind="ai", service="anthropic", amount_micro_usd=-micro_usd, cause_type="test", cause_id=key,
        occurred_at=app.clock.now(), run_id=run_id,
    )  # fmt: skip
    with app.database.writing() as connection:
        app.container.get(Ledger).book(connection, entry)


def scopes(app: App) -> dict[str, tuple[int, int]]:
    """(spent, held) in micro-dollars by scope."""
    from revenue_machine.domains.credit.reads import budget_states

    with app.database.reading() as connection:
        return {one.scope: (one.spent_micro_usd, one.held_micro_usd) for one in budget_states(connection)}


def facts(app: App, kind: str) -> list[dict[str, Any]]:
    """Payloads of every stated fact of a kind, oldest first."""
    with app.database.reading() as connection:
        rows = connection.exec_driver_sql(f"select payload from actp_events where kind = '{kind}' order by id").all()
    return [json.loads(row[0]) if isinstance(row[0], str) else row[0] for row in rows]
