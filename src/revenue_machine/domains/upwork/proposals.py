"""Writes a proposal, asks its owner, and lays the approved words ready to be sent by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.credit.models import ModelDesk, ModelJob
from revenue_machine.domains.owner.models import Business, ServiceProfile
from revenue_machine.domains.upwork import reads, rules, store
from revenue_machine.domains.upwork.models import Job, ProposeArgs, ProposeResult
from revenue_machine.domains.upwork.proposal_lint import LintRules, flaws, word_count
from revenue_machine.engine.approvals import Approvals, Question
from revenue_machine.engine.call import Call
from revenue_machine.engine.caps import Ceiling
from revenue_machine.engine.database import Database
from revenue_machine.engine.effects import Outside, Plan
from revenue_machine.engine.gates import Speech
from revenue_machine.engine.handwork import HandTask, Handwork
from revenue_machine.kit.clock import Clock, local_date
from revenue_machine.kit.errors import BadInput, Conflict, ContractBroken, NotConfigured, NotFound
from revenue_machine.kit.ids import content_hash
from revenue_machine.kit.settings import Settings

TOPIC, CHANNEL = "upwork.propose", "upwork"
ATTEMPTS = 2
# Under the limit of the lint, because a model counts badly.
ASKED_WORDS = 250
MOST_TOKENS = 900
MOST_DESCRIPTION = 6000
SHAPE = {
    "type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"], "additionalProperties": False,
}  # fmt: skip
NO_PROFILE = "your revenue.toml has no [upwork] section: say what you sell, your skills and your floor"
Row = dict[str, Any]


@cache
def _prompt() -> str:
    return (Path(__file__).parent / "prompts" / "upwork_proposal.md").read_text(encoding="utf-8")


def call_key(row: Mapping[str, Any]) -> str:
    """The business key under which a proposal is asked about and sent: one per job, ever."""
    return f"proposal/{row['id']}"


@dataclass(frozen=True)
class Proposals:
    """From a scored job to a text in the owner's hand."""

    database: Database
    clock: Clock
    settings: Settings
    business: Business
    desk: ModelDesk
    approvals: Approvals
    handwork: Handwork

    def propose(self, args: ProposeArgs, call: Call, outside: Outside) -> ProposeResult:
        """Draft and ask; with a yes to exactly these bytes, hand them over.

        Raises: not_found; not_configured (no profile); conflict (ruled out, or further on already); contract_broken when the
        model broke the rules twice; what the model's desk or a gate refuses.
        """
        row = self._row(args.job_id)
        if call.approval_id is not None:
            return self._hand_over(row, args, call, outside)
        if row["status"] not in {"found", "scored"}:
            return self._standing(row)
        profile = self.business.services
        if profile is None:
            raise NotConfigured(NO_PROFILE, field="upwork")
        row = self._judged(row, profile)
        job = reads.job_of(row)
        text, attempts, model = (args.text, 0, None) if args.text is not None else self._write(job, profile)
        if not text.strip():
            raise BadInput("an empty proposal helps nobody", field="text")
        with self.database.writing() as connection:
            approval_id = self.approvals.file(connection, self._question(row, job, text, profile))
            changes = {"proposal_text": text, "approval_id": approval_id, "model": model, "drafted_at": self.clock.now()}
            store.move(connection, row, "drafted", self.clock.now(), **changes)
        return ProposeResult(
            job_id=row["job_id"], status="drafted", approval_id=approval_id, text=text, words=word_count(text), attempts=attempts
        )

    def _row(self, job_id: str) -> Row:
        with self.database.reading() as connection:
            row = reads.job(connection, job_id)
        if row is None:
            raise NotFound(f"there is no job {job_id}; upwork.scan or `revenue import upwork_jobs` brings jobs", field="job_id")
        return row

    def _standing(self, row: Row) -> ProposeResult:
        """A proposal that exists stays as it is; a job that is over or ruled out gets none."""
        if row["status"] == "skipped" or row["proposal_text"] is None:
            raise Conflict(f"this job was skipped: {row['lost_reason'] or 'by your word'}", status=row["status"])
        return ProposeResult(
            job_id=row["job_id"], status=row["status"], approval_id=row["approval_id"], hand_task_id=row["hand_task_id"],
            text=row["proposal_text"], words=word_count(row["proposal_text"]),
        )  # fmt: skip

    def _judged(self, row: Row, profile: ServiceProfile) -> Row:
        """The row with a score of now; a job that is ruled out is put aside and refused."""
        now = self.clock.now()
        with self.database.writing() as connection:
            judge = store.Judge(profile, reads.outcomes(connection), now, local_date(now, self.settings.zone))
            columns = judge.columns(reads.job_of(row))
            # A person may want a job nothing is known about: it counts as scored.
            columns["status"] = "skipped" if columns["status"] == "skipped" else "scored"
            store.note(connection, row["id"], now, **columns)
        if columns["status"] == "skipped":
            raise Conflict(f"no proposal for this job: {columns['lost_reason']}", status="skipped")
        if row["url"] is None:
            raise Conflict("this job has no link: nobody could send a proposal for it", status=row["status"])
        return row | columns

    def _write(self, job: Job, profile: ServiceProfile) -> tuple[str, int, str]:
        """(text, attempts, model): asked once more with its mistakes named, then given up."""
        mistakes: tuple[str, ...] = ()
        for attempt in range(1, ATTEMPTS + 1):
            brief = self._brief(job, profile, mistakes)
            reply = self.desk.ask(
                ModelJob(
                    task_type="draft_generation", key=f"{job.job_id}/{attempt}/{content_hash(brief)[:12]}", system=_prompt(),
                    task="upwork_proposal", brief=brief, schema=SHAPE, max_output_tokens=MOST_TOKENS,
                )
            )  # fmt: skip
            text = str(reply.data["text"]).strip()
            mistakes = flaws(text, self._lint(job, profile))
            if not mistakes:
                return text, attempt, reply.model
        raise ContractBroken(f"the draft broke the rules {ATTEMPTS} times: {'; '.join(mistakes[:3])}")

    def _brief(self, job: Job, profile: ServiceProfile, mistakes: tuple[str, ...]) -> dict[str, Any]:
        own = {rules.words_of(one) for one in profile.skills}
        with self.database.reading() as connection:
            lessons = reads.lessons(connection)
        return {
            "job": {
                "title": job.title, "description": (job.description or "")[:MOST_DESCRIPTION], "skills": list(job.skills),
                "type": job.job_type,
            },
            "client_name": job.client.name, "headline": profile.headline,
            "skills": [one for one in job.skills if rules.words_of(one) in own], "facts": list(profile.facts),
            "products": [{"name": one.name, "facts": list(one.facts)} for one in self.business.products],
            "no_go": list(self._no_go(profile)), "lessons": lessons, "mistakes": list(mistakes), "max_words": ASKED_WORDS,
        }  # fmt: skip

    def _no_go(self, profile: ServiceProfile) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*profile.no_go, *(phrase for one in self.business.products for phrase in one.no_go))))

    def _lint(self, job: Job, profile: ServiceProfile) -> LintRules:
        facts = (*profile.facts, *(fact for one in self.business.products for fact in one.facts))
        return LintRules(job.title, job.description or "", facts, self._no_go(profile), job.client.name)

    def _question(self, row: Row, job: Job, text: str, profile: ServiceProfile) -> Question:
        """What the owner sees: the words, the score with its reasons, what it is worth and what it costs."""
        price = rules.connect_price_micro_usd(local_date(self.clock.now(), self.settings.zone))
        found = flaws(text, self._lint(job, profile))
        warning = f" Look again: {'; '.join(found)}." if found else ""
        shown = reads.shown(row)
        return Question(
            topic=TOPIC, call_key=call_key(row), payload=ProposeArgs(job_id=row["job_id"], text=text).model_dump(mode="json"),
            title=f"Proposal: {job.title[:120]}", why=f"{shown.score_line}. Worth {row['score_breakdown']['worth']}.{warning}",
            evidence=job.url, price_micro_usd=int(row["connects_cost"]) * price, channel=CHANNEL,
        )  # fmt: skip

    def _hand_over(self, row: Row, args: ProposeArgs, call: Call, outside: Outside) -> ProposeResult:
        """Use the yes up for these bytes and put them before the owner, through the same gates as any message."""
        if args.text is None:
            raise BadInput("an approved proposal has its text", field="text")
        if row["status"] not in {"drafted", "approved"}:
            raise Conflict(f"this job is {row['status']} already", status=row["status"])
        with self.database.writing() as connection:
            payload = args.model_dump(mode="json")
            self.approvals.claim(connection, str(call.approval_id), payload, topic=TOPIC, call_key=call_key(row))
        task_id = outside.perform(self._plan(row, args.text))
        with self.database.writing() as connection:
            take_yes(connection, row, str(call.approval_id), args.text, self.clock)
            store.note(connection, row["id"], self.clock.now(), hand_task_id=task_id)
        return ProposeResult(
            job_id=row["job_id"], status="approved", approval_id=call.approval_id, hand_task_id=task_id, text=args.text,
            words=word_count(args.text),
        )  # fmt: skip

    def _plan(self, row: Row, text: str) -> Plan[str]:
        task = HandTask(
            key=call_key(row), topic=TOPIC, channel=CHANNEL, intent_key=f"upwork.hand_over/{row['id']}",
            title=f"Send on Upwork: {row['title'][:120]} ({row['connects_cost']} connects)", text=text, link=row["url"],
        )  # fmt: skip
        return Plan(
            service="upwork", operation="hand_over", key=row["id"], payload={"job_id": row["job_id"], "text": content_hash(text)},
            answer=str, send=lambda _key: self.handwork.hand_over(task), repeats_safely=True,
            speech=Speech(CHANNEL, Ceiling(rules.PROPOSALS_PER_DAY)),
        )  # fmt: skip


def take_yes(connection: sa.Connection, row: Mapping[str, Any], approval_id: str, text: str, clock: Clock) -> bool:
    """The owner said yes to these words; they are the proposal now."""
    return store.move(connection, row, "approved", clock.now(), approval_id=approval_id, proposal_text=text)
