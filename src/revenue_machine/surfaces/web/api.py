"""Topics and runs over HTTP (INTERFACE §5)."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from revenue_machine.app import App
from revenue_machine.engine.call import Call
from revenue_machine.engine.describe import describe
from revenue_machine.engine.dispatch import Envelope
from revenue_machine.engine.topic import Effect
from revenue_machine.kit.errors import BadInput, NotFound, every_code
from revenue_machine.kit.ids import random_key
from revenue_machine.surfaces.web.auth import app_of, identify

MOST_BODY_BYTES = 1_000_000
router = APIRouter()


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
