"""Asks a model what the winners of each niche have in common; numbers and names go in, no outsider's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from revenue_machine.domains.credit.models import ModelDesk, ModelJob, ModelReply
from revenue_machine.domains.feedback import reads, store
from revenue_machine.domains.feedback.models import FeedbackPost, PromptResult, Winner
from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.publishing.reads import posts_by_id
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import BudgetExhausted, Failure, Stopped
from revenue_machine.kit.ids import content_hash, make_id
from revenue_machine.kit.wording import is_plain

REACH = timedelta(days=14)
MOST_WINNERS = 20
MOST_LINES = 12
MOST_LINE_CHARS = 300
MAX_OUTPUT_TOKENS = 800
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"guidelines": {"type": "array", "items": {"type": "string"}}},
    "required": ["guidelines"],
    "additionalProperties": False,
}
SYSTEM = (Path(__file__).parent / "prompts" / "next_prompt.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Teacher:
    """Turns winners into guidelines, once per set of winners."""

    database: Database
    clock: Clock
    events: Events
    business: Business
    desk: ModelDesk

    def teach(self) -> PromptResult:
        """One question per niche that has new winners; without winners no question at all.

        Raises: budget_exhausted, stopped; the first failure when every question failed.
        """
        with self.database.reading() as connection:
            since = self.clock.now() - REACH
            found = reads.winners_of(connection, since, [niche.key for niche in self.business.niches])
        taught: list[str] = []
        failures: list[Failure] = []
        cost_micro_usd = unchanged = 0
        for niche, posts in found.items():
            winners = self._winners(posts[:MOST_WINNERS])
            guidelines_id = make_id("gui", niche, content_hash([one.model_dump() for one in winners]))
            if self._is_known(guidelines_id):
                unchanged += 1
                continue
            try:
                reply = self._ask(niche, guidelines_id, winners)
            except (BudgetExhausted, Stopped):
                raise
            except Failure as failure:
                failures.append(failure)
                continue
            self._keep(niche, guidelines_id, winners, reply)
            taught.append(guidelines_id)
            cost_micro_usd += reply.cost_micro_usd
        if failures and not taught and not unchanged:
            raise failures[0]
        return PromptResult(
            niches=len(found), asked=len(taught) + len(failures), unchanged=unchanged, failed=len(failures), guideline_ids=taught,
            cost_micro_usd=cost_micro_usd,
        )  # fmt: skip

    def _winners(self, posts: Sequence[FeedbackPost]) -> list[Winner]:
        with self.database.reading() as connection:
            own = posts_by_id(connection, [post.post_id for post in posts])
        return [
            Winner(
                post_id=post.post_id,
                text_hash=content_hash(own[post.post_id].text if post.post_id in own else post.post_id)[:16],
                hook_category=post.hook_category or "",
                framework=post.framework or "",
                score=round(post.engagement_score or 0.0, 2),
            )
            for post in posts
        ]

    def _is_known(self, guidelines_id: str) -> bool:
        with self.database.reading() as connection:
            return reads.has_guidelines(connection, guidelines_id)

    def _ask(self, niche: str, guidelines_id: str, winners: Sequence[Winner]) -> ModelReply:
        brief = {"niche": niche, "winners": [one.model_dump(exclude={"post_id"}) for one in winners]}
        return self.desk.ask(
            ModelJob(
                task_type="next_prompt", key=f"next_prompt/{guidelines_id}", system=SYSTEM, task="next_prompt", brief=brief,
                schema=SCHEMA, max_output_tokens=MAX_OUTPUT_TOKENS, post_ids=tuple(one.post_id for one in winners),
            )
        )  # fmt: skip

    def _keep(self, niche: str, guidelines_id: str, winners: Sequence[Winner], reply: ModelReply) -> None:
        said = [line.strip()[:MOST_LINE_CHARS] for line in reply.data["guidelines"] if line.strip()]
        lines = [line for line in said if is_plain(line)][:MOST_LINES]
        row = {
            "id": guidelines_id, "niche": niche, "guidelines": lines, "winner_ids": [one.post_id for one in winners],
            "model": reply.model, "cost_micro_usd": reply.cost_micro_usd, "created_at": self.clock.now(),
        }  # fmt: skip
        with self.database.writing() as connection:
            if store.write_guidelines(connection, self.database, row):
                payload = {"niche": niche, "guidelines_id": guidelines_id, "guidelines": lines}
                self.events.emit(connection, "lessons.learned", guidelines_id, payload)
