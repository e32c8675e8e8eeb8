"""What a person decides over HTTP: questions, tasks by hand, the kill switch; every refused attempt is written down."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from revenue_machine.app import App
from revenue_machine.engine.questions import Verdict
from revenue_machine.kit.errors import BadInput, Failure, NotFound
from revenue_machine.surfaces.web.auth import Forbidden, Unauthorised, app_of, identify

MOST_IN_A_BATCH = 500
_MOST_SUBJECT = 80
router = APIRouter()


class GetDecides(BadInput):
    """A decision is a POST; a GET changes nothing."""

    http_status = 405


class Decision(BaseModel):
    """What a person decided about exactly these bytes; `edited` asks a new question instead."""

    model_config = ConfigDict(extra="forbid")

    decision: str
    payload_hash: str
    reason: str | None = None
    confirm: str | None = None
    edited: dict[str, Any] | str | None = None


class BatchItem(BaseModel):
    """One decision of many."""

    model_config = ConfigDict(extra="forbid")

    id: str
    payload_hash: str
    decision: str
    reason: str | None = None


class HandWord(BaseModel):
    """Whether the owner did what a task asks, and which text he did it with."""

    model_config = ConfigDict(extra="forbid")

    done: bool
    text_hash: str


class SwitchWord(BaseModel):
    """Why, and one channel alone where it is not everything."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(default="asked over HTTP", min_length=1, max_length=500)
    channel: str | None = Field(default=None, min_length=1, max_length=80)


@router.get("/api/approvals")
def list_approvals(request: Request, status: str = "pending") -> list[dict[str, Any]]:
    """Cards of the inbox, oldest first; `status=all` shows decided ones too."""
    identify(request, "read")
    return app_of(request).approvals.cards(None if status == "all" else status)


@router.post("/api/approvals")
def decide_many(request: Request, items: list[BatchItem]) -> list[dict[str, Any]]:
    """Take many decisions, each on its own; an item that is refused carries its `error`. Money is approved one by one."""
    actor = decider(request, "many")
    if len(items) > MOST_IN_A_BATCH:
        raise BadInput(f"at most {MOST_IN_A_BATCH} at once")
    app = app_of(request)
    try:
        return app.approvals.decide_all([Verdict(one.id, one.payload_hash, one.decision, one.reason) for one in items], actor=actor)
    finally:
        app.events.drain()


@router.get("/api/approvals/{approval_id}")
def one_approval(request: Request, approval_id: str) -> dict[str, Any]:
    """One card. Reading decides nothing, whatever stands in the address."""
    identify(request, "read")
    if request.query_params:
        refusal = GetDecides()
        app_of(request).approvals.refuse(approval_id[:_MOST_SUBJECT], identify(request, "read").name, refusal)
        raise refusal
    return app_of(request).approvals.find(approval_id)


@router.post("/api/approvals/{approval_id}")
def decide(request: Request, approval_id: str, decision: Decision) -> dict[str, Any]:
    """Take one decision; money answers with a `confirm` code for a second POST at least 5 s later."""
    return take(app_of(request), approval_id, decision, decider(request, approval_id))


def take(app: App, approval_id: str, decision: Decision, actor: str) -> dict[str, Any]:
    """One decision on exactly these bytes; what follows from it happens at once."""
    try:
        return _decide(app, approval_id, decision, actor)
    finally:
        app.events.drain()


def _decide(app: App, approval_id: str, decision: Decision, actor: str) -> dict[str, Any]:
    if decision.edited is not None:
        fresh = app.approvals.edit(approval_id, decision.payload_hash, decision.edited, actor=actor)
        payload_hash = app.approvals.find(fresh)["payload_hash"]
        return {"id": fresh, "status": "pending", "replaces_id": approval_id, "payload_hash": payload_hash}
    return app.approvals.decide(
        approval_id, decision.decision, decision.payload_hash, actor=actor, reason=decision.reason, confirm=decision.confirm
    )


def decider(request: Request, subject: str) -> str:
    """Who decides; an attempt without the right to it is on the record."""
    try:
        return identify(request, "approve").name
    except (Unauthorised, Forbidden) as refusal:
        app_of(request).approvals.refuse(subject[:_MOST_SUBJECT], _name_of(request), refusal)
        raise


def note_malformed(request: Request, message: str | None) -> None:
    """A decision nobody can read is an attempt as well."""
    path = request.url.path
    if request.method == "POST" and path.startswith(("/api/approvals", "/api/hand-tasks")):
        subject = path.rsplit("/", 1)[-1][:_MOST_SUBJECT]
        app_of(request).approvals.refuse(subject, _name_of(request), BadInput(message or ""))


def _name_of(request: Request) -> str:
    try:
        return identify(request, "read").name
    except Failure:
        return "nobody"


@router.get("/api/hand-tasks")
def list_hand_tasks(request: Request, status: str = "open") -> list[dict[str, Any]]:
    """What the owner sends by hand, oldest first; `status=all` shows closed ones too."""
    identify(request, "read")
    return app_of(request).handwork.cards(None if status == "all" else status)


@router.post("/api/hand-tasks/{task_id}")
def close_hand_task(request: Request, task_id: str, word: HandWord) -> dict[str, Any]:
    """The *sent* button, or its opposite."""
    actor = decider(request, task_id)
    app = app_of(request)
    try:
        return app.handwork.close(task_id, is_done=word.done, text_hash=word.text_hash, actor=actor)
    finally:
        app.events.drain()


@router.post("/api/stop")
def stop(request: Request, word: SwitchWord) -> dict[str, Any]:
    """Stop everything that spends or speaks, or one channel; whoever may operate or approve may do that."""
    identity = identify(request, "read")
    actor = identity.name if identity.may("approve") else identify(request, "operate").name
    switch = app_of(request).switch
    if word.channel is None:
        switch.set(stopped=True, actor=actor, reason=word.reason)
    else:
        switch.pause(word.channel, actor=actor, reason=word.reason)
    return {"stopped": True, "channel": word.channel}


@router.post("/api/resume")
def resume(request: Request, word: SwitchWord) -> dict[str, Any]:
    """Lift the stop; only whoever may approve."""
    actor = decider(request, "everything" if word.channel is None else word.channel)
    switch = app_of(request).switch
    if word.channel is None:
        switch.set(stopped=False, actor=actor, reason=word.reason)
    elif not switch.unpause(word.channel, actor=actor, reason=word.reason):
        raise NotFound(f"{word.channel} does not rest", field="channel")
    return {"stopped": False, "channel": word.channel}
