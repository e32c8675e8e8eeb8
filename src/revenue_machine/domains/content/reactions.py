"""How content answers to what happens elsewhere: a person's decision about a draft, and a post's measured success."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.content.review_gate import take_answer
from revenue_machine.domains.content.rules import PLATFORM_RULES
from revenue_machine.domains.content.store import note_measured
from revenue_machine.engine.approvals import Approvals, load_payload
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Event, on
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import ApprovalRequired


@on("approval.decided")
def draft_decided(event: Event, connection: sa.Connection, database: Database, clock: Clock, approvals: Approvals) -> None:
    """Approved: exactly the approved bytes may go out. Rejected or expired: no. Replaced: the new question decides."""
    if event.payload["kind"] != "draft" or event.payload["status"] not in {"approved", "rejected", "expired"}:
        return
    status, draft_id, text, reason = str(event.payload["status"]), str(event.payload["call_key"]), None, None
    if status == "approved":
        payload = load_payload(connection, event.payload["approval_id"])
        text, reason = _usable(str(payload.get("text", "")), str(payload.get("platform", "")))
        try:
            approvals.claim(connection, event.payload["approval_id"], payload, topic=str(event.payload["topic"]), call_key=draft_id)
        except ApprovalRequired as failure:
            text, reason = None, failure.message
    if status == "expired":
        reason = "nobody answered in time"
    if status == "approved" and text is None:
        status = "rejected"
    take_answer(connection, database, clock, draft_id, (status, text, reason))


@on("post.measured")
def draft_measured(event: Event, connection: sa.Connection, clock: Clock) -> None:
    """The 24 h numbers of the post a draft became; the score is 0..10 where feedback knows it, else all or nothing."""
    reward = int(event.payload["reward"])
    score = event.payload.get("engagement_score")
    note_measured(connection, str(event.payload["post_id"]), reward, 10.0 * reward if score is None else float(score), clock.now())


def _usable(text: str, platform: str) -> tuple[str | None, str | None]:
    """A person's own words go out as they are, unless the platform cannot take them."""
    rule = PLATFORM_RULES.get(platform)
    if not text.strip():
        return None, "approved without any text"
    if rule is not None and len(text) > rule.max_chars * 10:
        return None, f"longer than {platform} takes"
    return text, None
