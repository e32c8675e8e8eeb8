"""Lets a model write messages from facts and quoted data, holds each against the lint, and has it rewritten once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.credit.models import ModelDesk, ModelJob, ModelReply
from revenue_machine.domains.crm.models import Person
from revenue_machine.domains.links.models import Links, LinkWanted
from revenue_machine.domains.outreach import lint, reads, rules, scoring
from revenue_machine.domains.outreach.lint import LINK_MARK, LintRules
from revenue_machine.domains.outreach.replies import INTENTS
from revenue_machine.domains.owner.models import Business, Product
from revenue_machine.engine.database import Database
from revenue_machine.kit.errors import ContractBroken, Failure
from revenue_machine.kit.ids import content_hash
from revenue_machine.kit.money import show
from revenue_machine.kit.wording import masked

PER_QUESTION = 10
TOKENS_PER_MESSAGE = 260
_TEXT = {"type": "string"}
# Asking for the same once more changes nothing about these.
FINAL = frozenset({"budget_exhausted", "stopped", "not_configured", "outcome_unknown", "outside_auth_failed"})


@dataclass(frozen=True)
class Wish:
    """One message wanted; `key` is the queue row it becomes, `quotes` what may count as evidence, `thread` what was said."""

    key: str
    person: Person
    platform: str
    action: str
    lane: str
    reason: str
    step: int = 0
    purpose: str = ""
    headline: str | None = None
    about: str | None = None
    evidence_url: str | None = None
    quotes: tuple[str, ...] = ()
    thread: tuple[str, ...] = ()
    their_text: str | None = None
    niche: str | None = None
    product: Product | None = None
    campaign_id: str | None = None
    answers_id: str | None = None
    needs_opt_out: bool = False
    predicted_value_micro_usd: int | None = None

    @property
    def has_link(self) -> bool:
        """Only an offer carries one."""
        return self.product is not None and self.action != "connect"


@dataclass(frozen=True)
class Written:
    """A text for a wish: what the lint still finds, who wrote it, its price and its link."""

    wish: Wish
    text: str
    flaws: tuple[str, ...]
    model: str
    cost_micro_usd: int
    link_id: str | None = None
    intent_class: str | None = None


@dataclass(frozen=True)
class Batch:
    """What was written, and why not everything."""

    written: tuple[Written, ...] = ()
    why_fewer: str | None = None


@dataclass(frozen=True)
class _Said:
    """One raw answer of the model."""

    text: str
    model: str
    cost_micro_usd: int
    intent_class: str | None = None


@dataclass(frozen=True)
class Writer:
    """Turns wishes into texts; never decides who gets one."""

    database: Database
    business: Business
    desk: ModelDesk
    links: Links
    _others: frozenset[str] = field(default_factory=frozenset)

    def write(self, wishes: Sequence[Wish]) -> Batch:
        """Texts in the order of the wishes; fewer when the money or the model is gone, with the reason."""
        if not wishes:
            return Batch()
        affordable = self.desk.batch_size(len(wishes))
        wanted = list(wishes[:affordable])
        why = None if affordable == len(wishes) else f"the AI budget of today allows {affordable} of {len(wishes)} texts"
        done: list[Written] = []
        for task in ("outreach_messages", "outreach_answers"):
            mine = [one for one in wanted if (one.action == "reply") is (task == "outreach_answers")]
            for start in range(0, len(mine), PER_QUESTION):
                try:
                    done += self._write_some(task, mine[start : start + PER_QUESTION])
                except Failure as failure:
                    return Batch(tuple(done), f"no texts from the model: {failure.message}")
        return Batch(tuple(done), why)

    def _write_some(self, task: str, wishes: Sequence[Wish]) -> list[Written]:
        links = self._make_links(wishes)
        said = self._ask(task, wishes, {}, 1)
        done = {one.key: self._check(one, said.get(one.key), links, wishes) for one in wishes}
        again = [one for one in wishes if done[one.key].flaws]
        if again:
            second = self._ask(task, again, {one.key: done[one.key] for one in again}, 2)
            for one in again:
                retried = self._check(one, second.get(one.key), links, wishes)
                cost = done[one.key].cost_micro_usd + retried.cost_micro_usd
                done[one.key] = replace(retried, cost_micro_usd=cost)
        return [done[one.key] for one in wishes]

    def _make_links(self, wishes: Sequence[Wish]) -> dict[str, tuple[str, str]]:
        """(link id, address) of every wish that carries one; the row's id is its campaign."""
        found: dict[str, tuple[str, str]] = {}
        if not any(one.has_link for one in wishes):
            return found
        with self.database.writing() as connection:
            for one in wishes:
                if one.has_link and one.product is not None:
                    wanted = LinkWanted(
                        one.product.url, f"outreach_{one.key}", one.product.key, utm_source=one.platform, utm_content=one.action,
                        utm_medium="outreach",
                    )  # fmt: skip
                    link = self.links.create(connection, wanted)
                    found[one.key] = (link.id, link.short_url)
        return found

    def _check(self, wish: Wish, said: _Said | None, links: Mapping[str, tuple[str, str]], batch: Sequence[Wish]) -> Written:
        if said is None:
            return Written(wish, "", ("the model wrote nothing for this person",), "", 0)
        link_id, address = links.get(wish.key, (None, None))
        text = placed(said.text, address)
        if wish.needs_opt_out and lint.OPT_OUT_LINE not in text:
            text = f"{text.rstrip()} {lint.OPT_OUT_LINE}"
        others = frozenset(one.person.first_name for one in batch if one.person.first_name and one.key != wish.key)
        flaws = lint.flaws(text, self.lint_rules(wish, address, others))
        return Written(wish, text, flaws, said.model, said.cost_micro_usd, link_id, said.intent_class)

    def lint_rules(self, wish: Wish, address: str | None, others: frozenset[str] = frozenset()) -> LintRules:
        """What this message is held against: the owner's facts, this person's name, what is on file."""
        sells = wish.product is not None
        return LintRules(
            action=wish.action, most_chars=rules.most_chars(wish.action, wish.platform), first_name=wish.person.first_name,
            facts=facts_of(wish.product) if wish.product is not None else (),
            no_go=tuple(dict.fromkeys(phrase for one in self.business.products for phrase in one.no_go)),
            products=tuple(name for one in self.business.products for name in {one.name, one.name.split(" ")[0]}),
            evidence=(*wish.quotes, *wish.thread), theirs=tuple(one for one in (wish.headline, wish.about, wish.their_text) if one),
            others=others, known_words=tuple(one for one in (wish.person.company,) if one), link=address,
            has_talked=bool(wish.thread), may_sell=sells, needs_opt_out=wish.needs_opt_out,
        )  # fmt: skip

    def _ask(self, task: str, wishes: Sequence[Wish], before: Mapping[str, Written], attempt: int) -> dict[str, _Said]:
        brief = self._brief(wishes, before)
        is_answer = task == "outreach_answers"
        item = {"key": _TEXT, "text": _TEXT} | ({"intent_class": {"type": "string", "enum": list(INTENTS)}} if is_answer else {})
        name = "answers" if is_answer else "messages"
        shape = _closed({name: {"type": "array", "items": _closed(item)}})
        job = ModelJob(
            task_type="draft_generation", key=f"{task}/{attempt}/{content_hash(brief)[:16]}", system=prompt(task), task=task,
            brief=brief, schema=shape, max_output_tokens=300 + TOKENS_PER_MESSAGE * len(wishes),
        )  # fmt: skip
        reply = self._once_more(job)
        share = reply.cost_micro_usd // max(1, len(wishes))
        wanted = {one.key for one in wishes}
        return {
            str(one["key"]): _Said(str(one["text"]).strip(), reply.model, share, one.get("intent_class"))
            for one in reply.data[name]
            if one["key"] in wanted
        }

    def _once_more(self, job: ModelJob) -> ModelReply:
        """An answer nobody can read is asked for once more."""
        try:
            return self.desk.ask(job)
        except ContractBroken:
            return self.desk.ask(replace(job, key=f"{job.key}/again"))

    def _brief(self, wishes: Sequence[Wish], before: Mapping[str, Written]) -> dict[str, Any]:
        with self.database.reading() as connection:
            learnt = lessons(connection)
        return {
            "business": self.business.name, "voice": self.business.voice, "lessons": learnt,
            "no_go": sorted({phrase for one in self.business.products for phrase in one.no_go}),
            "messages": [self._item(one, before.get(one.key)) for one in wishes],
        }  # fmt: skip

    def _item(self, wish: Wish, before: Written | None) -> dict[str, Any]:
        """One message in the brief: what strangers wrote stands in it as short quotes, without markup, links or orders."""
        niche = self.business.niche(wish.niche or "")
        item: dict[str, Any] = {
            "key": wish.key, "platform": wish.platform, "action": wish.action, "lane": wish.lane, "step": wish.step,
            "first_name": wish.person.first_name, "company": scoring.quotable(wish.person.company, 60) or None,
            "profile": scoring.quotable(wish.headline), "audience": niche.audience if niche else "",
            "niche": niche.name if niche else "",
            "evidence": [quote for one in wish.quotes if (quote := scoring.quotable(one))],
            "thread": [quote for one in wish.thread[-4:] if (quote := scoring.quotable(one, 240))],
            "purpose": wish.purpose, "max_chars": self._room(wish), "link": wish.has_link, "opt_out": wish.needs_opt_out,
            "offer": None if wish.product is None else _offer(wish.product),
        }  # fmt: skip
        if wish.their_text is not None:
            item["their_text"] = scoring.quotable(wish.their_text, 600)
        if before is not None:
            item |= {"before": masked(before.text), "flaws": list(before.flaws)}
        return item

    def _room(self, wish: Wish) -> int:
        """Characters for the words alone."""
        spent = (len(lint.OPT_OUT_LINE) + 1 if wish.needs_opt_out else 0) + (60 if wish.has_link else 0)
        return rules.most_chars(wish.action, wish.platform) - spent


def placed(text: str, address: str | None) -> str:
    """The text with its link where the mark stands, or at its end; without a link the mark stays to be found."""
    if address is None:
        return text
    return text.replace(LINK_MARK, address) if LINK_MARK in text else f"{text.rstrip()} {address}"


def facts_of(product: Product) -> tuple[str, ...]:
    """What may be claimed of a product, its prices among it."""
    return (
        *product.facts,
        *(f"{show(one.price_micro_usd)} per {one.period}, {one.trial_days} days trial" for one in product.offers),
    )


def lessons(connection: sa.Connection) -> list[str]:
    """What the owner's decisions teach, a sentence each, newest first."""
    said = []
    for one in reads.lessons(connection):
        if one["kind"] == "rejected" and one["reason"]:
            said.append(f"the owner rejected a {one['action']}: {scoring.quotable(one['reason'], 120)}")
        elif one["kind"] == "edited":
            before, after = scoring.quotable(one["before_text"], 200), scoring.quotable(one["after_text"], 200)
            said.append(f"the owner changed “{before}” to “{after}”")
    return list(dict.fromkeys(said))


@cache
def prompt(name: str) -> str:
    """The system text of a task."""
    return (Path(__file__).parent / "prompts" / f"{name}.md").read_text(encoding="utf-8")


def _offer(product: Product) -> dict[str, Any]:
    offer = product.offers[0]
    price = f"{show(offer.price_micro_usd)} per {offer.period}"
    return {"name": product.name, "facts": list(product.facts), "price": price, "no_go": list(product.no_go)}


def _closed(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": list(properties), "additionalProperties": False}
