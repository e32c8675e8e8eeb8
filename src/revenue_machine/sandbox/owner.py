"""A seeded owner who opens the inbox twice a day and approves, edits, rejects or leaves what lies there."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from revenue_machine.kit.clock import iso, local_date, parse_instant, wall_instant
from revenue_machine.kit.rng import rng
from revenue_machine.sandbox.frontdoor import FrontDoor, Reply

LOOKS = (time(8, 30), time(19, 30))
# A question about money or code that comes after the evening's look would lapse by the morning: the phone rings.
CALLS = (time(21, 40),)
# Such a question is asked twice, seconds apart and before it expires: a short glance after each look.
GLANCES = (time(8, 32), time(19, 32), time(21, 42))
FENCE = "```"
_REASONS = ("not my voice", "we said this last week", "the claim is too strong", "wrong audience")


@dataclass(frozen=True)
class Habits:
    """How this owner decides, as shares; what remains is ignored."""

    approves: float = 0.74
    edits: float = 0.10
    rejects: float = 0.08
    does_by_hand: float = 0.88
    drops_by_hand: float = 0.07


@dataclass
class Owner:
    """Speaks to the inbox over HTTP with an `approve` token; every decision is drawn per item and visit."""

    seed: int
    door: FrontDoor
    token: str
    zone: ZoneInfo
    habits: Habits = field(default_factory=Habits)
    on_sent: Callable[[Mapping[str, Any]], None] | None = None
    _confirmations: list[tuple[dict[str, Any], str]] = field(default_factory=list)

    def visits(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """The instants in [start, end) at which the owner looks or glances, in order."""
        day = local_date(start, self.zone) - timedelta(days=1)
        while wall_instant(day, time(0), self.zone) < end:
            for wall in sorted(LOOKS + CALLS + GLANCES):
                at = wall_instant(day, wall, self.zone)
                if start <= at < end:
                    yield at.astimezone(UTC)
            day += timedelta(days=1)

    def look(self, at: datetime) -> Counter[str]:
        """Open the inbox once and decide; counts by outcome (approved, edited, rejected, ignored, to_confirm, conflict, failed).

        At a glance only what waits for its second yes is answered, at a call only what is asked twice and came after the last look.
        """
        outcomes: Counter[str] = Counter()
        self._confirm_old(outcomes)
        wall = at.astimezone(self.zone).time()
        if wall in GLANCES:
            return outcomes
        reply = self._ask("GET", "/api/approvals", None)
        if reply.status != 200:
            outcomes["failed"] += 1
            return outcomes
        for item in items_in(reply.body):
            if wall not in CALLS or self._rings(item, at):
                outcomes[self._decide(item, at)] += 1
        if wall not in CALLS:
            self._do_by_hand(at, outcomes)
        return outcomes

    def _rings(self, item: Mapping[str, Any], at: datetime) -> bool:
        """Whether this came since the evening's look and would be over by the next."""
        looked_at = wall_instant(local_date(at, self.zone), LOOKS[-1], self.zone)
        asked_at = item.get("requested_at")
        return bool(item.get("needs_confirm")) and isinstance(asked_at, str) and parse_instant(asked_at) >= looked_at

    def _do_by_hand(self, at: datetime, outcomes: Counter[str]) -> None:
        """Send what is to be sent by hand, or say that it will not be; what is left lies there until next time."""
        reply = self._ask("GET", "/api/hand-tasks", None)
        for task in items_in(reply.body) if reply.status == 200 else ():
            mood = rng(self.seed, "owner.hand", task["id"], iso(at)).random()
            if mood >= self.habits.does_by_hand + self.habits.drops_by_hand:
                continue
            is_done = mood < self.habits.does_by_hand
            answer = self._ask("POST", f"/api/hand-tasks/{task['id']}", {"done": is_done, "text_hash": task["text_hash"]})
            outcomes[("sent" if is_done else "dropped") if answer.status < 300 else _failure(answer.status)] += 1
            if is_done and answer.status < 300 and self.on_sent is not None:
                self.on_sent(task)

    def _decide(self, item: dict[str, Any], at: datetime) -> str:
        draws = rng(self.seed, "owner", item["id"], item.get("payload_hash"), iso(at))
        mood = draws.random()
        habits = self.habits
        if mood < habits.approves:
            return self._answer(item, {"decision": "approve"}, "approved")
        if mood < habits.approves + habits.edits:
            return self._edit(item)
        if mood < habits.approves + habits.edits + habits.rejects:
            return self._answer(item, {"decision": "reject", "reason": draws.choice(_REASONS)}, "rejected")
        return "ignored"

    def _edit(self, item: dict[str, Any]) -> str:
        """Tidy the words; an item without text is simply approved, and so is a task for a program, whose last block is no prose."""
        text = item.get("text")
        if not isinstance(text, str) or not text.strip() or text.rstrip().endswith(FENCE):
            return self._answer(item, {"decision": "approve"}, "approved")
        edited = re.sub(r" {2,}", " ", text).replace("!!", "!").rstrip(" !") + "."
        return self._answer(item, {"decision": "approve", "edited": edited}, "edited")

    def _answer(self, item: dict[str, Any], decision: Mapping[str, str], outcome: str) -> str:
        body = {**decision, "payload_hash": item.get("payload_hash")}
        reply = self._ask("POST", f"/api/approvals/{item['id']}", body)
        code = _confirm_code(reply)
        if code is not None and decision["decision"] == "approve":
            self._confirmations.append((dict(body, id=item["id"]), code))
            return "to_confirm"
        return outcome if reply.status < 300 else _failure(reply.status)

    def _confirm_old(self, outcomes: Counter[str]) -> None:
        """Confirm what asked for a second yes: the pause between is the point of asking twice."""
        waiting, self._confirmations = self._confirmations, []
        for body, code in waiting:
            name = body.pop("id")
            reply = self._ask("POST", f"/api/approvals/{name}", {**body, "confirm": code})
            outcomes["approved" if reply.status < 300 else _failure(reply.status)] += 1

    def _ask(self, method: str, path: str, body: Any) -> Reply:
        headers = {"authorization": f"Bearer {self.token}", "accept": "application/json"}
        if body is None:
            return self.door.request(method, path, headers, b"")
        raw = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        return self.door.request(method, path, {**headers, "content-type": "application/json"}, raw)


def items_in(body: bytes) -> list[dict[str, Any]]:
    """The open items of an inbox answer: a list, or an object that holds one."""
    payload = _json(body)
    if isinstance(payload, dict):
        payload = next((payload[name] for name in ("approvals", "items", "result") if isinstance(payload.get(name), list)), [])
    found = [item for item in payload if isinstance(item, dict) and "id" in item] if isinstance(payload, list) else []
    return [item for item in found if item.get("status", "pending") in ("pending", "open", "waiting")]


def _confirm_code(reply: Reply) -> str | None:
    payload = _json(reply.body)
    if isinstance(payload, dict) and isinstance(payload.get("result"), dict):
        payload = payload["result"]
    code = payload.get("confirm") if isinstance(payload, dict) else None
    return code if isinstance(code, str) else None


def _failure(status: int) -> str:
    return "conflict" if status == 409 else "failed"


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
