"""The funnel of the day, as the evening report shows it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.funnel.reads import snapshot
from revenue_machine.engine.briefing import Day, section

PHASES = {1: "organic only, no ads", 2: "micro-budget ads", 3: "automated loops"}
# The seed's target bands (§4.11), in per cent.
BANDS = {
    "impression_to_click": ("clicks of views", 2, 5),
    "click_to_signup": ("signups of clicks", 10, 20),
    "signup_to_trial": ("trials of signups", 30, 50),
    "trial_to_paid": ("paid of trials", 10, 20),
    "month1_retention": ("still paying after a month", 80, 100),
}
FEW = 30


@section("Funnel", 20)
def funnel(day: Day, connection: sa.Connection) -> list[str]:
    """Phase, counts of the day, each rate beside its target."""
    row = snapshot(connection, day.date)
    if row is None:
        return []
    stale = ", from stale numbers" if row["is_stale"] else ""
    counts = f"{row['impressions']} views, {row['clicks']} clicks, {row['signups']} signups, {row['trials']} trials"
    return [f"phase {row['phase']} ({PHASES[row['phase']]}), {row['paying_users']} paying{stale}", counts, *_rates(row)]


def _rates(row: dict[str, Any]) -> list[str]:
    sizes = {"impression_to_click": row["impressions"], "click_to_signup": row["clicks"], "signup_to_trial": row["signups"]}
    lines = []
    for name, (words, low, high) in BANDS.items():
        if row[name] is None:
            continue
        few = f", too early: only {sizes[name]}" if sizes.get(name, FEW) < FEW else ""
        band = f"{low}-{high} %" if high < 100 else f"{low} %"
        lines.append(f"{100 * row[name]:.1f} % {words} (target {band}{few})")
    return lines
