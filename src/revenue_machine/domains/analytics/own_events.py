"""Reads what the machine itself saw (clicks on its links, signups, trials, sales) as the seed's four steps."""

from __future__ import annotations

import json
from collections.abc import Iterator

import sqlalchemy as sa

from revenue_machine.domains.analytics.models import STEP_EVENTS
from revenue_machine.domains.analytics.moments import instant_of, micros
from revenue_machine.domains.analytics.reads import EventRow, Span
from revenue_machine.domains.attribution import reads as attribution_reads
from revenue_machine.domains.attribution.models import NONE, UNKNOWN

# The nearest thing to a page view the machine sees is a counted click on one of its own links.
KINDS = {
    "pageview": ("click", "email_click"), "signup": ("signup",), "trial": ("trial",), "purchase": ("purchase", "renewal"),
}  # fmt: skip
_STEP_OF = {kind: step for step, kinds in KINDS.items() for kind in kinds}
_NO_VALUE = (None, "", UNKNOWN, NONE)


def seen_step(names: frozenset[str]) -> str | None:
    """The seed's step that one of these event names stands for."""
    return next((step for step, event in STEP_EVENTS.items() if step in names or event in names), None)


def own_events(connection: sa.Connection, steps: frozenset[str], span: Span, name: str | None) -> Iterator[EventRow]:
    """What was seen of these steps, people under the user they turned out to be; `name` is one of the marks of a touch."""
    kinds = [kind for step in sorted(steps) for kind in KINDS[step]]
    users = attribution_reads.users_of_visitors(connection)
    for row in attribution_reads.steps_between(connection, kinds, instant_of(span.from_us), instant_of(span.to_us)):
        visitor = row["visitor_id"]
        person = row["user_id"] or users.get(visitor, visitor) or row["id"]
        held = row.get(name) if name is not None else None
        value = None if held in _NO_VALUE else json.dumps(str(held))
        yield EventRow(_STEP_OF[row["event_type"]], str(person), micros(row["occurred_at"]), "person", value)
