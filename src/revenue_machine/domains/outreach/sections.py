"""What was prepared, approved and sent, and who answered, as the evening report shows it."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.outreach import reads, rules
from revenue_machine.domains.phase import reads as phase_reads
from revenue_machine.domains.phase.models import Action
from revenue_machine.engine.briefing import Day, section

_NAMES = {"linkedin": "LinkedIn", "dm": "direct messages"}
_ACTIONS: dict[str, Action] = {"linkedin": "linkedin_drafts", "dm": "dm_drafts"}
_PLATFORMS = {"linkedin": ("linkedin",), "dm": rules.DM_PLATFORMS}


@section("Reached out", 55)
def reached_out(day: Day, connection: sa.Connection) -> list[str]:
    """Per channel: prepared of the target, approved, sent of the ceiling, answers; and why fewer."""
    counts = reads.day_counts(connection, day.start, day.end)
    lines = []
    for channel in ("linkedin", "dm"):
        if channel not in counts:
            continue
        said = {word: counts[channel].get(word, 0) for word in ("prepared", "approved", "sent", "replies")}
        line = (
            f"{_NAMES[channel]}: {said['prepared']} prepared, {said['approved']} approved, "
            f"{said['sent']} sent (at most {rules.CHANNELS[channel].per_day} a day), {said['replies']} answered"
        )
        lines.append(line)
        target = phase_reads.volume(connection, _ACTIONS[channel]).least or 0
        if said["prepared"] < target and day.date.weekday() < 5:
            lines.append(_why(connection, channel, said["prepared"], target))
    accepted, _ = reads.accepted_between(connection, day.start, day.end)
    if accepted:
        lines.append(f"{accepted} invitations accepted")
    return lines


def _why(connection: sa.Connection, channel: str, prepared: int, target: int) -> str:
    """The reason a target was missed, from what stands in the tables."""
    waiting = reads.approved_waiting(connection, _PLATFORMS[channel])
    words = f"{prepared} of {target} {_NAMES[channel]} drafts: "
    if waiting >= rules.MOST_APPROVED_WAITING - (target - prepared):
        return words + f"{waiting} approved ones still wait for the week's ceiling"
    return words + "no more people to write to were known or free"
