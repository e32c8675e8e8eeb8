"""Topics, runs and approvals over HTTP (INTERFACE §5)."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool

from revenue_machine.app import App
from revenue_machine.engine.approvals import load_payload
from revenue_machine.engine.call import Call
from revenue_machine.engine.describe import describe
from revenue_machine.engine.dispatch import Envelope
from revenue_machine.engine.topic import Effect
from revenue_machine.kit.errors import BadInput, Failure, NotFound, every_code
from revenue_machine.kit.ids import random_key
from revenue_machine.surfaces.web.auth import app_of, identify

MOST_BODY_BYTES = 1_000_000
router = APIRouter()


class Decision(BaseModel):
    """What a person decided about exactly these bytes; `edited` asks a new question instead."""

    model_config = ConfigDict(extra="forbid")

    decision: str
    payload_hash: str
    reason: str | None = None
    confirm: str | None = None
    edited: dict[str, Any] | str | None = None


@router.post("/api/services/{service}/{action}", include_in_schema=False)
async def call_topic(service: str, action: str, request: Request) -> JSONResponse:
    """Call a topic; the body is its input."""
    payload = await read_object(request)
    return await run_in_threadpool(_call, request, f"{service}.{action}", payload)


def _call(request: Request, name: str, payload: dict[str, Any]) -> JSONResponse:
    app = app_of(request)
    identify(request, "read")
    name, needed = _named(app, name)
    identity = identify(request, needed)
    key = request.headers.get("idempotency-key")
    run_id = f"call/{name}/{key or random_key()}"
    call = Call(name, key or run_id, run_id, identity.name)
    envelope = app.dispatcher.call_once(call, payload) if key else app.dispatcher.call(call, payload)
    return answer(envelope)


def _named(app: App, name: str) -> tuple[str, str]:
    """(topic, scope it needs); an unknown topic needs no more than reading, and its refusal is an envelope like any other."""
    try:
        topic = app.registry.find(name)
    except NotFound:
        return name, "read"
    return topic.name, "read" if topic.effect <= Effect.READS else "operate"


def answer(envelope: Envelope | dict[str, Any]) -> JSONResponse:
    """An envelope with the status its code stands for."""
    body = envelope if isinstance(envelope, dict) else envelope.as_dict()
    if body["ok"]:
        return JSONResponse(body)
    error = body["error"]
    status = (
        envelope.error.http_status if isinstance(envelope, Envelope) and envelope.error else every_code()[error["code"]].http_status
    )
    headers = {"retry-after": str(int(error["retry_after_s"]))} if error.get("retry_after_s") is not None else None
    if "approval_id" in error:
        body = {**body, "approval_id": error["approval_id"]}
    return JSONResponse(body, status, headers)


async def read_object(request: Request) -> dict[str, Any]:
    """The body as one JSON object; empty means `{}`; reading stops where it gets too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BODY_BYTES:
            raise BadInput(f"the body is larger than {MOST_BODY_BYTES} bytes")
    if not body:
        return {}
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise BadInput("the body is not JSON") from None
    if not isinstance(payload, dict):
        raise BadInput("the body is not a JSON object")
    return payload


@router.get("/api/topics")
def list_topics(request: Request) -> list[dict[str, Any]]:
    """Every binding topic."""
    identify(request, "read")
    return [describe(topic) for topic in app_of(request).registry.topics.values()]


@router.get("/api/runs")
def list_runs(request: Request, limit: int = 50) -> list[dict[str, Any]]:
    """Blocks of the routine that ran, newest first."""
    from revenue_machine.domains.routine.reads import recent_runs

    identify(request, "read")
    with app_of(request).database.reading() as connection:
        return recent_runs(connection, max(1, min(limit, 500)))


@router.get("/api/runs/{run_id:path}")
def one_run(request: Request, run_id: str) -> dict[str, Any]:
    """One block with its steps."""
    from revenue_machine.domains.routine.reads import run_with_steps

    identify(request, "read")
    with app_of(request).database.reading() as connection:
        return run_with_steps(connection, run_id)


@router.get("/api/approvals")
def list_approvals(request: Request, status: str = "pending") -> list[dict[str, Any]]:
    """Cards of the inbox, oldest first; `status=all` shows decided ones too."""
    identify(request, "read")
    return app_of(request).approvals.cards(None if status == "all" else status)


class HandWord(BaseModel):
    """Whether the owner did what a task asks, and which text he did it with."""

    model_config = ConfigDict(extra="forbid")

    done: bool
    text_hash: str


@router.get("/api/hand-tasks")
def list_hand_tasks(request: Request, status: str = "open") -> list[dict[str, Any]]:
    """What the owner sends by hand, oldest first; `status=all` shows closed ones too."""
    identify(request, "read")
    return app_of(request).handwork.cards(None if status == "all" else status)


@router.post("/api/hand-tasks/{task_id}")
def close_hand_task(request: Request, task_id: str, word: HandWord) -> dict[str, Any]:
    """The *sent* button, or its opposite."""
    actor = identify(request, "approve").name
    app = app_of(request)
    try:
        return app.handwork.close(task_id, is_done=word.done, text_hash=word.text_hash, actor=actor)
    finally:
        app.events.drain()


@router.post("/api/approvals/{approval_id}")
def decide(request: Request, approval_id: str, decision: Decision) -> dict[str, Any]:
    """Take one decision; money answers with a `confirm` code for a second POST at least 5 s later."""
    return take(app_of(request), approval_id, decision, identify(request, "approve").name)


def take(app: App, approval_id: str, decision: Decision, actor: str) -> dict[str, Any]:
    """One decision on exactly these bytes, a refusal of it noted; what follows from it happens at once."""
    try:
        return _decide(app, approval_id, decision, actor)
    except Failure as failure:
        with app.database.writing() as connection:
            app.audit.note(connection, actor, "approval.refused", approval_id, failure.code)
        raise
    finally:
        app.events.drain()


def _edited_payload(app: App, approval_id: str, edited: dict[str, Any] | str) -> dict[str, Any]:
    """A person edits the words; a program may send the whole payload."""
    if isinstance(edited, dict):
        return edited
    with app.database.reading() as connection:
        return {**load_payload(connection, approval_id), "text": edited}


def _decide(app: App, approval_id: str, decision: Decision, actor: str) -> dict[str, Any]:
    if decision.edited is not None:
        payload = _edited_payload(app, approval_id, decision.edited)
        fresh = app.approvals.edit(approval_id, decision.payload_hash, payload, actor=actor)
        (card,) = [one for one in app.approvals.cards() if one["id"] == fresh]
        return {"id": fresh, "status": "pending", "replaces_id": approval_id, "payload_hash": card["payload_hash"]}
    return app.approvals.decide(
        approval_id, decision.decision, decision.payload_hash, actor=actor, reason=decision.reason, confirm=decision.confirm
    )
