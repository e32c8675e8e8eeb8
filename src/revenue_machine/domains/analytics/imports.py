"""The kinds of file analytics takes in."""

from __future__ import annotations

from revenue_machine.domains.analytics.importer import FIELDS, begin, undo
from revenue_machine.engine.importing import ImportKind

IMPORTS = {
    "events": ImportKind(
        name="events",
        summary="what visitors did (distinct_id, event, timestamp, properties) for funnels and retention without PostHog",
        fields=FIELDS,
        begin=begin,
        undo=undo,
    ),
}
