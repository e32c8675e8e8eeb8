"""Asks a model for a domain: routed, priced before and after, held to its schema, and never twice for one key."""

from __future__ import annotations

import json
from typing import Any

from revenue_machine.domains.credit import prices, rules
from revenue_machine.domains.credit.credit_governor import CreditGovernor
from revenue_machine.domains.credit.models import ModelJob, ModelReply
from revenue_machine.engine.call import Call
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.database import Database
from revenue_machine.engine.effects import Outside, Plan
from revenue_machine.engine.gates import Spend
from revenue_machine.engine.ledger import Entry
from revenue_machine.integrations.anthropic.anthropic_client import AnthropicClient
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import BudgetExhausted, ContractBroken
from revenue_machine.kit.ids import canonical_json, make_id
from revenue_machine.kit.model import ModelAnswer, ModelRequest

# The vendor frames messages and tells the model of the schema in words of its own; generous on purpose.
FRAME_BYTES = 2048


class VendorDesk:
    """`ModelDesk` for one call, with Anthropic as the model."""

    def __init__(
        self, call: Call, outside: Outside, clients: Clients, governor: CreditGovernor, *, database: Database, clock: Clock
    ) -> None:
        self._call, self._outside, self._clients, self._governor = call, outside, clients, governor
        self._database, self._clock = database, clock

    def ask(self, job: ModelJob) -> ModelReply:
        """Ask once per business key (`domains.credit.models.ModelDesk`)."""
        plan = self._plan(job)
        try:
            answer = self._outside.perform(plan)
        except BudgetExhausted as refusal:
            self._governor.note_refusal(refusal)
            raise
        return ModelReply(parsed(answer, job), answer.text, sum(-one.amount_micro_usd for one in plan.prices(answer)), answer.model)

    def batch_size(self, wanted: int) -> int:
        """How many items one job should hold now: all below the alert mark, fewer above it, 0 when the money is gone."""
        with self._database.reading() as connection:
            used_pct = self._governor.used_pct(connection)
        return rules.batch_size(wanted, used_pct, self._governor.threshold_pct)

    def _plan(self, job: ModelJob) -> Plan[ModelAnswer]:
        day = self._governor.today()
        request = request_for(job, prices.model_for(rules.alias_for(job.task_type), day))
        worst_case = prices.worst_case_micro_usd(request.model, prompt_bytes(request), request.max_output_tokens, day)
        client = self._clients.get(AnthropicClient)
        plan: Plan[ModelAnswer] = Plan(
            service="anthropic",
            operation="complete",
            key=f"{self._call.topic}/{self._call.key}/{job.key}",
            payload={"system": request.system, "prompt": request.prompt, "schema": dict(job.schema), "most": job.max_output_tokens},
            answer=ModelAnswer,
            send=lambda _key: client.complete(request),
            may_repeat_once=True,
            spend=Spend(worst_case, "ai", job.task_type, is_critical=job.is_critical or self._call.is_critical),
            prices=lambda answer: [self._entry(job, answer, request.model)],
        )
        return plan

    def _entry(self, job: ModelJob, answer: ModelAnswer, asked_model: str) -> Entry:
        """The price of an answer; a model that answers under a name without a price costs what was asked for."""
        day, usage = self._governor.today(), answer.usage
        model = answer.model if prices.canonical(answer.model) in prices.PRICES else asked_model
        key = f"anthropic.complete/{self._call.topic}/{self._call.key}/{job.key}"
        return Entry(
            key=key, kind="ai", service="anthropic", amount_micro_usd=-prices.cost_micro_usd(model, usage, day),
            cause_type="intent", cause_id=key, occurred_at=self._clock.now(), intent_id=make_id("int", key),
            run_id=self._call.run_id, item_id=job.post_ids[0] if len(job.post_ids) == 1 else None, task_type=job.task_type,
            model=model,
            units={
                "input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens,
                "cache_read_tokens": usage.cache_read_tokens, "cache_write_tokens": usage.cache_write_tokens,
            },
            price_version=prices.price_version(model, day),
        )  # fmt: skip


def request_for(job: ModelJob, model: str) -> ModelRequest:
    """The question as it is sent: plain words, then the task's name and its brief as data."""
    said = f"{job.instruction.strip()}\n\n" if job.instruction.strip() else ""
    brief = canonical_json(job.brief).replace("<", "\\u003c")
    prompt = f"{said}<task>{job.task}</task>\n<brief>{brief}</brief>"
    return ModelRequest(model, job.system, prompt, job.max_output_tokens, dict(job.schema))


def prompt_bytes(request: ModelRequest) -> int:
    """An upper bound of the input tokens: no token is shorter than a byte."""
    texts = (request.system, request.prompt, canonical_json(request.schema or {}))
    return sum(len(text.encode()) for text in texts) + FRAME_BYTES


def parsed(answer: ModelAnswer, job: ModelJob) -> dict[str, Any]:
    """The answer as the JSON object that was asked for, or contract_broken."""
    where = f"the model's answer to {job.task} ({answer.stop_reason})"
    try:
        data = json.loads(answer.text)
    except ValueError:
        raise ContractBroken(f"{where} is not JSON") from None
    if not isinstance(data, dict):
        raise ContractBroken(f"{where} is not a JSON object")
    wrong = rules.misfit(data, job.schema)
    if wrong is not None:
        raise ContractBroken(f"{where} does not fit: {wrong}")
    return data
