"""The tables of product: what was handed to the coding harness, and what was tried in the products."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.kit.db import day, document, instant, money, number, real, table, text, text_key

# --- delegations -------------------------------------------------------------------------------------------------------
# One row per decision, ever. `task` is what was asked and, once approved, exactly what is sent; `end_state` is what the
# product has to say of itself afterwards, `previous_state` what it said before. `log_tail` is outside text.
_AT_WORK = sa.text("status in ('starting', 'running')")
DELEGATIONS = table(
    "actp_acd_delegations",
    text_key(),
    text("decision_key", null=False, unique=True),
    text("kind", null=False),
    text("project", null=False),
    text("task_type", null=False),
    text("model", null=False),
    text("title", null=False),
    text("task", null=False),
    document("end_state"),
    document("previous_state"),
    text("experiment_id"),
    text("reverts_id"),
    text("status", null=False),
    text("approval_id"),
    text("harness_project_id"),
    text("run_id"),
    document("stats"),
    text("log_tail"),
    text("log_tail_hash"),
    *money("price"),
    *money("cost"),
    number("polls", null=False, default=0),
    text("check_after"),
    text("reason"),
    instant("created_at", null=False),
    instant("started_at"),
    instant("poll_at"),
    instant("ended_at"),
    instant("updated_at", null=False),
    sa.Index(None, "poll_at"),
    sa.Index(None, "project", "ended_at"),
    # Two runs in one project folder would tread on each other: the database itself refuses the second.
    sa.Index("uq_actp_acd_delegations_at_work", "project", unique=True, sqlite_where=_AT_WORK, postgresql_where=_AT_WORK),
)

# --- the product loop --------------------------------------------------------------------------------------------------
# One row per change on one step, under the id it has in the book. Conversions are shares of people 0..1; `control_conversion`
# is measured beside `post_conversion`, `baseline_conversion` before anything changed. `due_at` is when the loop looks at the row
# again, `finished_at` when nothing of it is left to do; `brief` holds what was found and quoted when it was proposed.
PRODUCT_EXPERIMENTS = table(
    "actp_product_experiments",
    text_key(),
    text("project", null=False),
    text("hypothesis", null=False),
    text("acd_task"),
    real("baseline_conversion"),
    real("post_conversion"),
    text("status", null=False),
    text("result"),
    text("from_step", null=False),
    text("to_step", null=False),
    text("from_event", null=False),
    text("to_event", null=False),
    text("flag", null=False),
    text("opened_for", null=False),
    text("delegation_id"),
    number("lag_days", null=False),
    number("planned_days", null=False),
    *money("value_per_conversion"),
    *money("expected_per_week"),
    document("brief", null=False),
    text("flag_words"),
    instant("measuring_at"),
    number("looks", null=False, default=0),
    document("counts"),
    real("control_conversion"),
    number("in_both_arms", null=False, default=0),
    real("effect_points"),
    real("points_low"),
    real("points_high"),
    real("effect_relative"),
    real("relative_low"),
    real("relative_high"),
    text("verdict"),
    text("memory_id"),
    instant("remembered_at"),
    instant("closed_at"),
    text("follow_up_kind"),
    text("follow_up_id"),
    text("follow_up_outcome"),
    instant("due_at"),
    instant("ended_at"),
    instant("finished_at"),
    instant("created_at", null=False),
    instant("updated_at", null=False),
    sa.Index(None, "project", "from_step", "to_step"),
    sa.Index(None, "due_at"),
)

# What each search for leaks found, so that a quiet loop can be told from a broken one, and the next search waits its time.
PRODUCT_LEAKS = table(
    "actp_product_leaks",
    text_key(),
    instant("looked_at", null=False),
    text("outcome", null=False),
    text("words", null=False),
    document("leaks", null=False),
    instant("look_again_at", null=False),
    sa.Index(None, "looked_at"),
)

# --- App Store experiments ---------------------------------------------------------------------------------------------
# One row per change tried on a page in the store. `baseline_metric` and `post_metric` are means a day over the 14 days before and
# after, or the shares of the original and the best arm of a product-page test. `live_on` is the day the public had the change,
# `live_words` how that is known; `control` holds the weights of the other apps. `waits_for` is for the reader only.
_IN_PLACE = sa.text("status in ('awaiting_approval', 'approved', 'releasing', 'running', 'measuring')")
ASO_EXPERIMENTS = table(
    "actp_aso_experiments",
    text_key(),
    text("app", null=False),
    text("experiment_type", null=False),
    text("hypothesis", null=False),
    text("acd_task"),
    real("baseline_metric"),
    real("post_metric"),
    text("metric_name", null=False),
    text("status", null=False),
    text("road", null=False),
    text("decision_key", null=False, unique=True),
    text("experiment_id", null=False),
    text("bundle_id"),
    text("locale"),
    document("change", null=False),
    number("traffic_percent"),
    number("planned_days", null=False),
    *money("value_per_conversion", null=False),
    text("delegation_id"),
    text("approval_id"),
    text("external_id"),
    text("follow_up_id"),
    instant("started_at"),
    day("live_on"),
    text("live_words"),
    real("effect"),
    real("effect_low"),
    real("effect_high"),
    real("p_value"),
    document("control"),
    text("winner"),
    text("result"),
    text("waits_for"),
    instant("remembered_at"),
    instant("ended_at"),
    instant("created_at", null=False),
    instant("updated_at", null=False),
    sa.Index(None, "status"),
    sa.Index(None, "app", "created_at"),
    # Two changes of one page at once could not be told apart: the database itself refuses the second.
    sa.Index("uq_actp_aso_experiments_in_place", "app", unique=True, sqlite_where=_IN_PLACE, postgresql_where=_IN_PLACE),
)

# What the store counted per app and day; `app` is a product's key, or `store:<Apple's id>` for apps that only serve as controls.
ASO_DAYS = table(
    "actp_aso_days",
    text_key(),
    text("app", null=False),
    day("on_date", null=False),
    number("impressions"),
    number("page_views"),
    number("downloads"),
    number("trial_starts"),
    text("source", null=False),
    instant("updated_at", null=False),
    sa.UniqueConstraint("app", "on_date"),
)

# Report files of Apple that were read, so that none is fetched twice.
ASO_REPORTS = table(
    "actp_aso_reports",
    text_key(),
    text("app", null=False),
    text("report", null=False),
    day("processed_on"),
    number("days", null=False),
    instant("read_at", null=False),
)
