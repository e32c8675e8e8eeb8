"""Texts that are written when they are needed: a letter to one person who left, the week's mail to those who are warm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from revenue_machine.domains.credit.models import ModelDesk, ModelJob
from revenue_machine.domains.email.models import Enrolment
from revenue_machine.domains.feedback import reads as feedback_reads
from revenue_machine.domains.owner.models import Business, Product
from revenue_machine.domains.publishing import reads as post_reads
from revenue_machine.engine.database import Database
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.ids import content_hash
from revenue_machine.kit.money import show

TASKS: Mapping[str, str] = {"win_back": "win_back_mail", "weekly_digest": "weekly_digest"}
MOST_TOKENS = 800
POSTS = 5
_SHAPE = {
    "type": "object",
    "properties": {"subject": {"type": "string"}, "paragraphs": {"type": "array", "items": {"type": "string"}}},
    "required": ["subject", "paragraphs"],
    "additionalProperties": False,
}


@cache
def _prompt(task: str) -> str:
    return (Path(__file__).parent / "prompts" / f"{task}.md").read_text(encoding="utf-8")


class Writer:
    """Asks a model for a text; greeting, link and signature are not its business."""

    def __init__(self, database: Database, clock: Clock, business: Business, desk: ModelDesk) -> None:
        self._database, self._clock, self._business, self._desk = database, clock, business, desk

    def write(self, name: str, product: Product | None, enrolment: Enrolment, lessons: Sequence[str]) -> tuple[str, str]:
        """(subject, body) of a text. Raises: budget_exhausted; the outside_* family; contract_broken."""
        brief = self._win_back(product or self._business.products[0]) if name == "win_back" else self._digest()
        brief |= {"voice": self._business.voice, "lessons": list(lessons)}
        task = TASKS[name]
        issue = enrolment.id if name == "win_back" else f"week-{enrolment.step}"
        job = ModelJob(
            task_type="draft_generation", key=f"email/{name}/{issue}/{content_hash(brief)[:12]}", system=_prompt(task), task=task,
            brief=brief, schema=_SHAPE, max_output_tokens=MOST_TOKENS,
        )  # fmt: skip
        data = self._desk.ask(job).data
        paragraphs = [str(one).strip() for one in data["paragraphs"] if str(one).strip()]
        linked = product or self._business.products[0]
        body = "\n\n".join(["{{ greeting }}", *paragraphs, f"[See {linked.name}](product)", self._business.name])
        return str(data["subject"]).strip(), body

    def _win_back(self, product: Product) -> dict[str, Any]:
        offer = product.offers[0]
        deal = None if offer.discount_code is None else {"code": offer.discount_code, "gives": offer.discount}
        price = f"{show(offer.price_micro_usd)} a {offer.period}"
        return {
            "product": {"name": product.name, "facts": list(product.facts), "price": price},
            "no_go": list(product.no_go), "offer": deal,
        }  # fmt: skip

    def _digest(self) -> dict[str, Any]:
        with self._database.reading() as connection:
            best = feedback_reads.top_posts(connection, self._clock.now() - timedelta(days=7), POSTS)
            texts = post_reads.posts_by_id(connection, [one.post_id for one in best])
        return {
            "business": self._business.name,
            "products": [{"name": one.name, "facts": list(one.facts), "no_go": list(one.no_go)} for one in self._business.products],
            "posts": [{"niche": one.niche, "text": texts[one.post_id].text} for one in best if one.post_id in texts],
        }  # fmt: skip
