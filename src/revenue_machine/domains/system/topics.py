"""The topics by which the house looks after itself."""

from __future__ import annotations

from revenue_machine.domains.system import heartbeat as pulse
from revenue_machine.domains.system.dead_letters import listed, retried
from revenue_machine.domains.system.models import (
    DeadArgs,
    DeadLetters,
    GateAnswer,
    GateArgs,
    Heartbeat,
    PendingApprovals,
    Reconciled,
    Retried,
    SelfTest,
)
from revenue_machine.domains.system.reconciling import reconcile as go_through
from revenue_machine.domains.system.self_test import House, examine
from revenue_machine.engine.approvals import Approvals, Question
from revenue_machine.engine.audit import Audit
from revenue_machine.engine.call import Call
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.database import Database
from revenue_machine.engine.doubts import Doubts
from revenue_machine.engine.events import Events
from revenue_machine.engine.inbox import Inbox
from revenue_machine.engine.ticker import Ticker
from revenue_machine.engine.topic import Effect, NoArgs, planned, topic
from revenue_machine.engine.workers import Slot
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.ids import content_hash
from revenue_machine.kit.settings import Settings


@topic("system.heartbeat", effect=Effect.READS, section="§4.10")
def heartbeat(slot: Slot, clients: Clients) -> Heartbeat:
    """Say whether the house is alive: database, worker, and each outside service that is set up.

    Returns: the state of each; one vendor that is down degrades the house, it does not stop it.
    Raises: outside_unavailable when the database or the worker is down.
    """
    return pulse.beat(slot, clients)


@topic("system.self_test", effect=Effect.READS, section="§4.10")
def self_test(*, settings: Settings, clock: Clock, database: Database, audit: Audit, doubts: Doubts, ticker: Ticker) -> SelfTest:
    """Ask the house 22 questions about its schema, books, holds, doubts, schedule, secrets and clock.

    Returns: every question by name, whether the answer is good, and what is wrong where it is not.
    """
    return examine(House(settings, clock, database, audit, doubts, ticker))


@topic("system.reconcile", effect=Effect.WRITES, section="definitions §0.3")
def reconcile(doubts: Doubts, call: Call) -> Reconciled:
    """Settle effects nobody can vouch for, where their domain can look them up or price them.

    Returns: how many were settled, and each one that stays parked for a person.
    """
    return go_through(doubts, call)


@topic("system.approval_gate", effect=Effect.WRITES, section="§1")
def approval_gate(args: GateArgs, call: Call, database: Database, approvals: Approvals) -> GateAnswer:
    """Ask a person about something and hear how it stands: the same action and details are the same question.

    Returns: its id and whether it is pending, approved, rejected or expired. Nothing runs by itself when it is approved.
    """
    question = Question(
        "system.approval_gate", content_hash(args.action), {"action": args.action, "details": args.details}, args.action,
        args.why, kind="gate", is_money=args.is_money, requested_by=call.actor,
    )  # fmt: skip
    with database.writing() as connection:
        approval_id = approvals.file(connection, question)
    card = approvals.find(approval_id)
    return GateAnswer(approval_id=approval_id, status=card["status"], reason=card["reason"], expires_at=card["expires_at"])


@topic("system.pending_approvals", effect=Effect.READS, section="§1")
def pending_approvals(args: NoArgs, approvals: Approvals) -> PendingApprovals:
    """List what waits for a person's decision, oldest first; deciding itself is no topic.

    Returns: each question with its exact payload, its hash and when it expires.
    """
    cards = approvals.cards()
    return PendingApprovals(count=len(cards), approvals=cards)


@topic("system.dead_letters", effect=Effect.READS, section="own: what was given up must be seen before it is tried again")
def dead_letters(args: DeadArgs, inbox: Inbox, events: Events) -> DeadLetters:
    """List webhooks and reactions that were given up, each with its reason.

    Returns: how many there are, and the oldest of them.
    """
    return listed(args, inbox, events)


@topic("system.dlq_retry", effect=Effect.WRITES, section="definitions §0.3")
def dlq_retry(args: DeadArgs, inbox: Inbox, events: Events) -> Retried:
    """Try dead letters once more: one by its number, or all of them.

    Returns: how many were tried, and what is dead still with its reason. Raises: not_found.
    """
    return retried(args, inbox, events)


PLANNED = (
    planned("system.full_status", effect=Effect.READS, section="definitions §0.3", issue=7),
    planned("system.list_services", effect=Effect.READS, section="definitions §0.3", issue=7),
    planned("system.crons", effect=Effect.READS, section="definitions §0.3", issue=7),
    planned("system.scheduler_status", effect=Effect.READS, section="definitions §0.3", issue=7),
    planned("system.propose_schedule", effect=Effect.WRITES, section="definitions §0.3", issue=7),
    planned("system.restart_worker", effect=Effect.WRITES, section="definitions §0.3", issue=7),
)
