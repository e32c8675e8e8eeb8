"""The page Coding harness: what waits for a yes, what is at work, and how earlier work ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from revenue_machine.domains.product import delegations_rules as rules
from revenue_machine.domains.product import reads
from revenue_machine.engine.database import Database
from revenue_machine.engine.page import Figure, Figures, Notice, Notices, Table, Text, Tone, View, page
from revenue_machine.kit.settings import Settings

SHOWN = 20
_COLUMNS = ("Asked", "What", "State", "Model", "Files", "How it went")


# --- delegations -------------------------------------------------------------------------------------------------------
@page("/harness", title="Coding", order=72)
def coding_harness(database: Database, settings: Settings) -> View:
    """Delegations as they stand, newest first, and the log's end of the last failure."""
    with database.reading() as connection:
        rows = reads.delegations(connection, limit=SHOWN)
        counts = reads.delegation_counts(connection)
    waiting, at_work = counts.get("awaiting_approval", 0), sum(counts.get(name, 0) for name in rules.AT_WORK)
    lost = sum(counts.get(name, 0) for name in ("failed", "timed_out", "stopped"))
    failed = next((row for row in rows if row["log_tail"]), None)
    parts = (
        Notices("For you", _notices(waiting), "Nothing waits for your yes."),
        Figures((
            Figure("Waits for you", str(waiting), tone=Tone.WAITING if waiting else Tone.QUIET),
            Figure("At work", str(at_work), "at most one per project"),
            Figure("Done", str(counts.get("done", 0)), tone=Tone.GOOD),
            Figure("Failed or stopped", str(lost), tone=Tone.BAD if lost else Tone.QUIET),
            Figure("No or silence", str(counts.get("rejected", 0) + counts.get("expired", 0))),
        )),
        Table("Delegations", _COLUMNS, tuple(_line(row, settings) for row in rows), "Nothing was handed over yet.",
              numeric=("Files",)),
    )  # fmt: skip
    log = () if failed is None else (Text(f"End of the log: {failed['title']}", tuple(str(failed["log_tail"]).splitlines())),)
    lead = "Each change to your products is asked about first, done by a coding agent, and followed to its end."
    return View("Coding harness", lead, (*parts, *log))


def _notices(waiting: int) -> tuple[Notice, ...]:
    if not waiting:
        return ()
    return (Notice(f"{waiting} wait for your yes; silence is a no after four hours", link="/inbox", action="Look"),)


def _line(row: Mapping[str, Any], settings: Settings) -> tuple[str, ...]:
    asked = row["created_at"].astimezone(settings.zone)
    files = (row["stats"] or {}).get("files_changed")
    words = rules.ended_words(row["status"], row, row["ended_at"]) if row["status"] in rules.ENDED else row["reason"] or ""
    shown = "–" if files is None else str(files)
    return f"{asked:%d %b %H:%M}", row["title"], row["status"].replace("_", " "), row["model"], shown, words
