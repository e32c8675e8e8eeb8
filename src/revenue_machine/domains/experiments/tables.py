"""The book of experiments: what was registered before the first count, and every look at the counts since."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.kit.db import day, document, instant, money, number, real, table, text, text_key

# `planned_looks` null: looks are free and the anytime-valid rule decides. `judged_count` numbers the changes of verdict, so that
# each is stated once. `next_words` is what a loop says comes next; null: the book's own words.
EXPERIMENTS = table(
    "actp_experiments",
    text_key(),
    text("kind", null=False),
    text("subject", null=False),
    text("opened_for", null=False),
    text("title", null=False),
    text("hypothesis", null=False),
    text("metric", null=False),
    text("control", null=False),
    document("arms", null=False),
    document("planned_split", null=False),
    number("planned_days", null=False),
    number("minimum_days", null=False),
    number("planned_looks"),
    *money("value_per_conversion", null=False),
    real("alpha", null=False),
    text("status", null=False),
    text("verdict"),
    text("winner"),
    text("measure_verdict"),
    number("judged_count", null=False, default=0),
    text("outcome"),
    text("outcome_words"),
    real("effect_absolute"),
    real("effect_relative"),
    real("interval_low"),
    real("interval_high"),
    text("delegation_id"),
    real("holdout_share"),
    text("next_words"),
    instant("started_at", null=False),
    instant("ends_at", null=False),
    instant("decided_at"),
    instant("shipped_at"),
    instant("closed_at"),
    instant("created_at", null=False),
    instant("updated_at", null=False),
    sa.UniqueConstraint("kind", "subject", "opened_for"),
    sa.Index(None, "status", "ends_at"),
)

# `said` is the word of the statistics alone, `verdict` what the book makes of it; `counts` are cumulative since the phase began.
# `arm` is
# the one the effect is of. `look` numbers the planned looks; null: a look between them, which decides nothing.
LOOKS = table(
    "actp_experiment_looks",
    text_key(),
    text("experiment_id", null=False),
    text("phase", null=False),
    day("on_date", null=False),
    number("days", null=False),
    number("look"),
    document("counts", null=False),
    text("verdict", null=False),
    text("said", null=False),
    text("reason", null=False),
    text("winner"),
    text("arm", null=False),
    real("effect_absolute"),
    real("effect_relative"),
    real("interval_low"),
    real("interval_high"),
    real("p_value"),
    real("p_always_valid"),
    real("srm_p"),
    real("power"),
    real("chance_to_win"),
    number("days_left"),
    text("rule"),
    *money("ship_now"),
    *money("ship_risk"),
    *money("waiting"),
    text("next_words", null=False),
    instant("created_at", null=False),
    instant("updated_at", null=False),
    sa.UniqueConstraint("experiment_id", "phase", "on_date"),
)
