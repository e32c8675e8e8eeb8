"""The engine's own tables: intents, ledger, approvals, audit, events, inbox, spools, caps, switches, tokens, sessions, workers."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.kit.db import day, document, flag, instant, money, number, real, table, text, text_key

META = table("actp_meta", text_key("name"), text("value", null=False))

INTENTS = table(
    "actp_intents",
    text_key(),
    text("key", null=False, unique=True),
    text("service", null=False),
    text("operation", null=False),
    text("topic", null=False),
    text("run_id", null=False),
    text("state", null=False),
    number("attempt", null=False),
    text("owner", null=False),
    text("payload_hash", null=False),
    text("channel"),
    text("approval_id"),
    text("answer"),
    text("error"),
    *money("worst_case"),
    instant("created_at", null=False),
    instant("settled_at"),
    sa.Index(None, "state"),
)

RECORDINGS = table(
    "actp_recordings",
    text_key(),
    text("topic", null=False),
    text("call_key", null=False),
    number("place", null=False),
    text("service", null=False),
    text("method", null=False),
    text("path", null=False),
    text("request_hash", null=False),
    number("status", null=False),
    text("answer", null=False),
    text("contact_id"),
    instant("recorded_at", null=False),
    sa.Index(None, "topic", "call_key"),
)

LEDGER = table(
    "actp_ledger_entries",
    text_key(),
    text("kind", null=False),
    text("service", null=False),
    *money("amount", null=False),
    text("currency", null=False),
    text("original_amount"),
    text("state", null=False),
    text("cause_type", null=False),
    text("cause_id", null=False),
    text("product"),
    text("item_id"),
    text("contact_id"),
    text("intent_id"),
    text("run_id"),
    text("task_type"),
    text("model"),
    document("units"),
    text("price_version"),
    day("local_date", null=False),
    instant("occurred_at", null=False),
    instant("created_at", null=False),
    sa.Index(None, "local_date", "kind"),
    sa.Index(None, "intent_id"),
)

APPROVALS = table(
    "actp_approvals",
    text_key(),
    text("topic", null=False),
    text("call_key", null=False),
    text("kind", null=False),
    text("payload", null=False),
    text("payload_hash", null=False),
    text("title", null=False),
    text("why", null=False),
    text("evidence"),
    *money("price"),
    number("predicted_value_micro_usd"),
    flag("is_money"),
    text("status", null=False),
    text("replaces_id"),
    text("channel"),
    text("hours_of"),
    text("requested_by", null=False),
    instant("requested_at", null=False),
    instant("expires_at", null=False),
    text("decided_by"),
    instant("decided_at"),
    text("reason"),
    text("confirm_hash"),
    instant("confirm_from_at"),
    text("confirm_by"),
    instant("used_at"),
    instant("not_before"),
    number("holds", null=False, default=0, server_default="0"),
    sa.Index(None, "status"),
)

HAND_TASKS = table(
    "actp_hand_tasks",
    text_key(),
    text("key", null=False, unique=True),
    text("topic", null=False),
    text("channel", null=False),
    text("contact_id"),
    text("intent_key", null=False),
    text("title", null=False),
    text("text", null=False),
    text("text_hash", null=False),
    text("link", null=False),
    text("status", null=False),
    instant("created_at", null=False),
    instant("expires_at", null=False),
    instant("closed_at"),
    text("closed_by"),
    sa.Index(None, "status"),
)

AUDIT = table(
    "actp_audit_log",
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    number("sequence", unique=True),
    instant("occurred_at", null=False),
    text("actor", null=False),
    text("action", null=False),
    text("subject", null=False),
    text("outcome", null=False),
    text("detail_hash", null=False),
    text("previous_hash"),
    text("hash"),
)

EVENTS = table(
    "actp_events",
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    text("key", null=False, unique=True),
    text("kind", null=False),
    document("payload", null=False),
    instant("occurred_at", null=False),
    instant("created_at", null=False),
)

EVENT_HANDLINGS = table(
    "actp_event_handlings",
    sa.Column("event_id", sa.BigInteger, primary_key=True, autoincrement=False),
    text_key("handler"),
    instant("handled_at", null=False),
)

# A reaction that failed on a fact: tried again, then a dead letter until somebody asks for another try.
EVENT_FAILURES = table(
    "actp_event_failures",
    sa.Column("event_id", sa.BigInteger, primary_key=True, autoincrement=False),
    text_key("handler"),
    text("status", null=False),
    number("attempts", null=False),
    text("error", null=False),
    instant("failed_at", null=False),
    sa.Index(None, "status"),
)

HOOK_INBOX = table(
    "actp_hook_inbox",
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    text("service", null=False),
    text("external_id", null=False),
    text("kind", null=False),
    text("subject"),
    text("body", null=False),
    flag("is_sandbox"),
    instant("occurred_at", null=False),
    instant("received_at", null=False),
    text("status", null=False),
    number("attempts", null=False, default=0),
    text("error"),
    instant("handled_at"),
    sa.UniqueConstraint("service", "external_id"),
    sa.Index(None, "status"),
)

SPOOLS = table(
    "actp_spools",
    text_key(),
    text("kind", null=False),
    # Up to here the segment is in the database; written with the rows themselves.
    number("drained_bytes", null=False),
    number("records", null=False),
    number("torn_bytes", null=False, default=0),
    instant("drained_at", null=False),
)

CAP_SLOTS = table(
    "actp_cap_slots",
    text_key(),
    text("channel", null=False),
    text("intent_key", null=False),
    day("local_date", null=False),
    instant("taken_at", null=False),
    sa.UniqueConstraint("intent_key", "channel"),
    sa.Index(None, "channel", "taken_at"),
)

CHANNEL_PAUSES = table(
    "actp_channel_pauses",
    text_key("channel"),
    instant("until"),
    text("reason", null=False),
    text("paused_by", null=False),
    instant("created_at", null=False),
)

SUPPRESSIONS = table(
    "actp_suppressions",
    text_key("address_hash"),
    text("reason", null=False),
    text("source", null=False),
    instant("created_at", null=False),
)

SWITCHES = table(
    "actp_switches",
    text_key("name"),
    flag("is_on"),
    text("changed_by", null=False),
    text("reason"),
    instant("changed_at", null=False),
)

CHOICES = table(
    "actp_choices",
    text_key(),
    text("purpose", null=False),
    text("subject", null=False),
    text("chosen", null=False),
    real("propensity", null=False),
    document("options"),
    instant("created_at", null=False),
    sa.Index(None, "purpose", "subject"),
)

TOKENS = table(
    "actp_tokens",
    text_key(),
    text("name", null=False, unique=True),
    text("token_hash", null=False, unique=True),
    text("scopes", null=False),
    instant("created_at", null=False),
    instant("expires_at"),
    instant("revoked_at"),
)

SESSIONS = table(
    "actp_sessions",
    text_key(),
    text("secret_hash", null=False, unique=True),
    text("token_hash", null=False),
    instant("created_at", null=False),
    instant("expires_at", null=False),
    instant("ended_at"),
)

WORKERS = table(
    "actp_workers",
    text_key("slot"),
    text("process", null=False),
    text("role", null=False),
    instant("started_at", null=False),
    real("beat_machine_s", null=False),
)

SCHEDULE_RUNS = table(
    "actp_schedule_runs",
    text_key("name"),
    sa.Column("local_date", sa.Date, primary_key=True),
    instant("due_at", null=False),
    instant("started_at", null=False),
    text("outcome", null=False),
)

ANSWERS = table(
    "actp_answers",
    text_key(),
    text("topic", null=False),
    text("call_key", null=False),
    text("args_hash", null=False),
    text("envelope", null=False),
    instant("created_at", null=False),
    sa.UniqueConstraint("topic", "call_key"),
)
