"""The pretend vendor's message batches: taken now, done after some world minutes, returned in another order."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any

from revenue_machine.integrations.anthropic.fake_conversation import answered, checked
from revenue_machine.integrations.anthropic.fake_refusals import Refused, bad, missing
from revenue_machine.kit.clock import iso, parse_instant
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, FakeState, answer_json
from revenue_machine.kit.ids import content_hash

WORK = timedelta(minutes=5)
EXPIRY = timedelta(hours=24)
LARGEST = 100_000


def create(state: FakeState, request: FakeRequest) -> FakeResponse:
    """Take a batch; the answers are fixed now and shown when the work is over."""
    body = request.json()
    rows = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(rows, list) or not 1 <= len(rows) <= LARGEST:
        raise bad("requests: Field required")
    _check_ids(rows)
    number = state.next_number("batch")
    batch_id = "msgbatch_01" + content_hash([state.seed, number, rows])[:22]
    results = [{"custom_id": row["custom_id"], "result": _result(state, row.get("params"))} for row in rows]
    results.sort(key=lambda row: content_hash([state.seed, batch_id, row["custom_id"]]))
    document = {"id": batch_id, "created_at": iso(state.now()), "results": results, "cancelled_at": None}
    state.put("batch", batch_id, document)
    return answer_json(200, _view(document, state.now()))


def _check_ids(rows: list[Any]) -> None:
    seen: set[str] = set()
    for place, row in enumerate(rows):
        custom_id = row.get("custom_id") if isinstance(row, dict) else None
        if not isinstance(custom_id, str) or not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", custom_id):
            raise bad(f"requests.{place}.custom_id: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'")
        if custom_id in seen:
            raise bad(f"requests.{place}.custom_id: '{custom_id}' is used more than once")
        seen.add(custom_id)


def _result(state: FakeState, params: Any) -> dict[str, Any]:
    try:
        card = checked(state, params, need=("max_tokens",))
    except Refused as refusal:
        return {"type": "errored", "error": refusal.body(None)}
    return {"type": "succeeded", "message": answered(state, params, card, tier="batch")}


def _ended_at(document: dict[str, Any], now: datetime) -> datetime | None:
    done = parse_instant(document["cancelled_at"] or iso(parse_instant(document["created_at"]) + WORK))
    return done if now >= done else None


def _view(document: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The batch as the vendor shows it."""
    ended = _ended_at(document, now)
    counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
    for row in document["results"]:
        counts[row["result"]["type"] if ended else "processing"] += 1
    # The vendor sends an absolute address; a relative one also works where the pretend vendor stands on loopback.
    return {
        "id": document["id"],
        "type": "message_batch",
        "processing_status": "ended" if ended else "in_progress",
        "request_counts": counts,
        "created_at": document["created_at"],
        "ended_at": iso(ended) if ended else None,
        "expires_at": iso(parse_instant(document["created_at"]) + EXPIRY),
        "archived_at": None,
        "cancel_initiated_at": document["cancelled_at"],
        "results_url": f"/v1/messages/batches/{document['id']}/results" if ended else None,
    }


def _found(state: FakeState, batch_id: str) -> dict[str, Any]:
    document = state.get("batch", batch_id)
    if document is None:
        raise missing(f"batch: {batch_id}")
    return document


def retrieve(state: FakeState, request: FakeRequest, batch_id: str) -> FakeResponse:
    """One batch."""
    return answer_json(200, _view(_found(state, batch_id), state.now()))


def results(state: FakeState, request: FakeRequest, batch_id: str) -> FakeResponse:
    """One JSON line per request of an ended batch."""
    document = _found(state, batch_id)
    if _ended_at(document, state.now()) is None:
        raise missing(f"batch {batch_id} has no results yet")
    lines = "".join(json.dumps(row, separators=(",", ":"), ensure_ascii=False) + "\n" for row in document["results"])
    return FakeResponse(200, lines.encode(), {"content-type": "application/x-jsonl"})


def cancel(state: FakeState, request: FakeRequest, batch_id: str) -> FakeResponse:
    """Stop a batch that still runs; what was not done by then never is."""
    document = _found(state, batch_id)
    if _ended_at(document, state.now()) is None:
        rows = [{"custom_id": row["custom_id"], "result": {"type": "canceled"}} for row in document["results"]]
        document = {**document, "results": rows, "cancelled_at": iso(state.now())}
        state.put("batch", batch_id, document)
    return answer_json(200, _view(document, state.now()))


def listing(state: FakeState, request: FakeRequest) -> FakeResponse:
    """Newest first, `limit` a page, `after_id` for the next one."""
    asked = request.param("limit", "20") or "20"
    if not asked.isdigit() or not 1 <= int(asked) <= 1000:
        raise bad("limit: Input should be between 1 and 1000")
    batches = list(reversed(state.list("batch")))
    after = request.param("after_id")
    if after is not None:
        places = [place for place, document in enumerate(batches) if document["id"] == after]
        if not places:
            raise missing(f"batch: {after}")
        batches = batches[places[0] + 1 :]
    page = [_view(document, state.now()) for document in batches[: int(asked)]]
    ends = {"first_id": page[0]["id"] if page else None, "last_id": page[-1]["id"] if page else None}
    return answer_json(200, {"data": page, "has_more": len(batches) > len(page), **ends})
