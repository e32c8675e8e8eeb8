"""One row per local date: who pays, what it brings a month, and how far people came that day."""

from __future__ import annotations

from revenue_machine.kit.db import day, document, flag, instant, money, number, real, table, text_key

FUNNEL_SNAPSHOTS = table(
    "actp_funnel_snapshots",
    text_key(),
    day("snapshot_date", null=False, unique=True),
    number("paying_users"),
    number("stripe_paying_users", null=False),
    flag("is_stale"),
    *money("mrr"),
    number("phase", null=False),
    number("impressions"),
    number("clicks", null=False),
    number("signups", null=False),
    number("trials", null=False),
    number("purchases", null=False),
    real("impression_to_click"),
    real("click_to_signup"),
    real("signup_to_trial"),
    real("trial_to_paid"),
    number("trial_cohort", null=False),
    real("month1_retention"),
    number("month1_cohort", null=False),
    number("phase_held"),
    document("actions"),
    document("forecast"),
    instant("created_at", null=False),
    instant("updated_at", null=False),
)
