"""Decides which drafts may go out: by the rules first, by the scores of a review second, by a person where those leave doubt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.content import reads, rules, store
from revenue_machine.domains.content.asking import ask, reviews_shape
from revenue_machine.domains.content.models import ReviewResult
from revenue_machine.domains.content.strategist import niches_of, one_line
from revenue_machine.domains.credit.models import ModelDesk
from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.research.reads import quote_of
from revenue_machine.engine.approvals import Approvals, Question
from revenue_machine.engine.database import Database
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import Failure
from revenue_machine.kit.ids import content_hash
from revenue_machine.kit.wording import is_plain

BATCH = 10
TOKENS_PER_DRAFT = 220
# Nobody is to decide these instead of the reviewer: the drafts wait until there is money again, or the stop ends.
WAITS = frozenset({"budget_exhausted", "stopped"})
RUBRIC = rules.TEXT_RUBRIC
Draft = dict[str, Any]


@dataclass
class _Round:
    """What the reviewer said: scores by draft id, and what went wrong, if anything."""

    scores: dict[str, tuple[dict[str, float], str]] = field(default_factory=dict)
    model: str | None = None
    failure: Failure | None = None
    retried: bool = False


@dataclass(frozen=True)
class ReviewGate:
    """The gate between writing and publishing."""

    database: Database
    clock: Clock
    business: Business
    desk: ModelDesk
    approvals: Approvals

    def review(self, niche: str | None) -> ReviewResult:
        """Judge every draft that waits; what cannot be judged is held for a person, never waved through."""
        niches_of(self.business, niche)
        with self.database.writing() as connection:
            store.put_rubric(connection, self.database, RUBRIC, self.clock.now())
        with self.database.reading() as connection:
            drafts = reads.to_review(connection, niche)
        counts = {"approved": 0, "held": 0, "rejected": 0, "waiting": 0}
        retried, reason = 0, None
        for _, group in groupby(drafts, key=lambda one: str(one["niche"])):
            members = list(group)
            for start in range(0, len(members), BATCH):
                batch = members[start : start + BATCH]
                asked = self._ask_round(batch)
                retried += asked.retried
                reason = asked.failure.message if asked.failure else reason
                for draft in batch:
                    counts[self._settle(draft, asked)] += 1
        reviewed = counts["approved"] + counts["held"] + counts["rejected"]
        return ReviewResult(reviewed=reviewed, retried=retried, reason=reason, **counts)

    def _ask_round(self, drafts: Sequence[Draft]) -> _Round:
        """Ask, and ask once more for what was not answered readably."""
        result = _Round()
        for number in (1, 2):
            open_drafts = [one for one in drafts if one["id"] not in result.scores]
            if not open_drafts:
                break
            result.retried = number == 2
            try:
                self._ask(open_drafts, number, result)
                result.failure = None
            except Failure as failure:
                result.failure = failure
                if failure.code in WAITS or failure.code in {"not_configured", "outside_auth_failed"}:
                    break
        return result

    def _ask(self, drafts: Sequence[Draft], number: int, result: _Round) -> None:
        brief = {"drafts": [self._brief(one) for one in drafts], "dimensions": list(rules.DIMENSIONS)}
        ids = content_hash([one["id"] for one in drafts])[:12]
        reply = ask(
            self.desk, "content_review", "content_review", f"{drafts[0]['niche']}/{ids}/{number}", brief=brief,
            schema=reviews_shape(rules.DIMENSIONS), most_tokens=TOKENS_PER_DRAFT * len(drafts),
        )  # fmt: skip
        known = {one["id"] for one in drafts}
        result.model = reply.model
        for review in reply.data["reviews"]:
            scores = rules.read_scores(review.get("scores"))
            if review["key"] in known and scores is not None:
                result.scores.setdefault(review["key"], (scores, _notes(str(review["notes"]))))

    def _brief(self, draft: Draft) -> dict[str, Any]:
        product = self.business.product(draft["offer"] or "")
        return {
            "key": draft["id"], "platform": draft["platform"], "niche": draft["niche"], "text": draft["text"],
            "facts": [] if product is None else list(product.facts), "no_go": [] if product is None else list(product.no_go),
            "max_chars": self._limit(draft),
        }  # fmt: skip

    def _limit(self, draft: Mapping[str, Any]) -> int:
        room = rules.PLATFORM_RULES[draft["platform"]].text_chars
        return room * 10 if draft["content_type"] == "thread" else room

    def _settle(self, draft: Draft, asked: _Round) -> str:
        """Rules, then scores, then doubt; returns the new status."""
        if asked.failure is not None and asked.failure.code in WAITS and draft["id"] not in asked.scores:
            return "waiting"
        broken = rules.flaw(draft["text"], self._rules(draft))
        if draft["id"] in asked.scores:
            scores, notes = asked.scores[draft["id"]]
            opinion, weighted = RUBRIC.decide(scores), RUBRIC.weighted(scores)
        else:
            why = asked.failure.message if asked.failure else "the review could not be read"
            scores, weighted, opinion, notes = None, None, "held", f"no verdict: {why}"
        final = "rejected" if broken else opinion
        verdict = {
            "dimension_scores": scores, "weighted_score": weighted, "overall_assessment": broken or notes, "ai_decision": opinion,
            "final_decision": final, "ai_model": asked.model if scores is not None else None, "created_at": self.clock.now(),
        }  # fmt: skip
        with self.database.writing() as connection:
            changes = {"status": final, "review_score": weighted, "review_scores": scores, "review_notes": broken or notes}
            if store.settle_draft(connection, draft["id"], "draft", self.clock.now(), **changes):
                store.put_review(connection, self.database, draft, RUBRIC, verdict)
                if final == "held":
                    self.approvals.file(connection, self._question(connection, draft, weighted, notes))
        return final

    def _rules(self, draft: Mapping[str, Any]) -> rules.TextRules:
        product = self.business.product(draft["offer"] or "")
        no_go = tuple(phrase for one in self.business.products for phrase in one.no_go)
        facts = () if product is None else product.facts
        return rules.TextRules(draft["platform"], draft["content_type"], self._limit(draft), facts=facts, no_go=no_go)

    def _question(self, connection: sa.Connection, draft: Draft, weighted: float | None, notes: str) -> Question:
        score = "not scored" if weighted is None else f"scored {weighted:.2f} of 10"
        quote = quote_of(connection, draft["evidence_item_id"]) if draft["evidence_item_id"] else None
        return Question(
            topic="content.review", call_key=draft["id"], kind="draft",
            payload={"draft_id": draft["id"], "platform": draft["platform"], "niche": draft["niche"], "text": draft["text"]},
            title=f"A draft for {draft['platform']} ({draft['niche']}), {score}",
            why=f"{score}; {notes}. Out at 7.0 with compliance 8 and nothing below 4; rejected at 4.0 and less.",
            evidence=None if quote is None else f"made after: “{quote}”",
        )  # fmt: skip


def _notes(said: str) -> str:
    """The reviewer's words as they are shown; a model that was talked over is not passed on."""
    return one_line(said, 300) if is_plain(said) else "the reviewer's words are left out: they are not about the draft"


def take_answer(
    connection: sa.Connection, database: Database, clock: Clock, draft_id: str, answer: tuple[str, str | None, str | None]
) -> None:
    """A person's answer about a held draft: (status, the approved text, a reason); the person's own words count as they are."""
    status, text, reason = answer
    draft = reads.draft(connection, draft_id)
    if draft is None or draft["status"] != "held":
        return
    changes: dict[str, Any] = {"status": "rejected", "review_notes": reason or f"{status} by a person"}
    if status == "approved" and text is not None:
        changes = {"status": "approved", "text": text, "text_hash": content_hash(text)}
        changes["revision"] = draft["revision"] + (1 if text != draft["text"] else 0)
    verdict = {
        "ai_decision": "held", "final_decision": changes["status"], "override_by": "person", "override_reason": reason or status,
        "weighted_score": draft["review_score"], "dimension_scores": draft["review_scores"], "created_at": clock.now(),
    }  # fmt: skip
    store.settle_draft(connection, draft_id, "held", clock.now(), **changes)
    store.put_review(connection, database, draft, RUBRIC, verdict)
