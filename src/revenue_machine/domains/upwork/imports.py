"""The kinds of file upwork takes in."""

from __future__ import annotations

from revenue_machine.domains.upwork.importer import FIELDS, begin
from revenue_machine.engine.importing import ImportKind

IMPORTS = {
    "upwork_jobs": ImportKind(
        name="upwork_jobs",
        summary="job listings from any feed or export; scored for you, each once",
        fields=FIELDS,
        begin=begin,
    ),
}
