"""The funnel as the evening report shows it: the phase, the day, the rates against their targets, and what lies ahead."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.funnel.actions import as_document, done_on, volumes
from revenue_machine.domains.funnel.desk import ahead
from revenue_machine.domains.funnel.funnel_tracker import FunnelTracker
from revenue_machine.domains.funnel.reads import snapshot
from revenue_machine.domains.funnel.wording import ahead_lines, rate_line, volume_line
from revenue_machine.domains.phase import reads as phase_reads
from revenue_machine.domains.phase.models import PHASE_WORDS
from revenue_machine.engine.briefing import Day, section


@section("Funnel", 20)
def funnel(day: Day, connection: sa.Connection, tracker: FunnelTracker) -> list[str]:
    """Phase, counts of the day, each rate of 28 days beside its target, what was done of the day's volumes, the next milestone."""
    row = snapshot(connection, day.date)
    if row is None:
        return []
    stale = ", from stale numbers" if row["is_stale"] else ""
    held = row["phase_held"] or row["phase"]
    override = phase_reads.standing(connection).reason
    by_hand = f", held by hand: {override}" if override is not None and held != row["phase"] else ""
    counts = f"{row['impressions']} views, {row['clicks']} clicks, {row['signups']} signups, {row['trials']} trials"
    lines = [f"phase {held} ({PHASE_WORDS[held]}{by_hand}), {row['paying_users']} paying{stale}", counts]
    lines += [line for one in tracker.rates(connection, day.date) if (line := rate_line(one))]
    done = volume_line(as_document(volumes(done_on(connection, day.date, day.start, day.end), held)))
    return [*lines, *([] if done is None else [f"done: {done}"]), *ahead_lines(ahead(row))]
