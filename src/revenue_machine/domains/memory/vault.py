"""The notes as files a person can read: one Markdown file a day, written whole or not at all."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from revenue_machine.domains.memory.rules import note_name, with_machine_part
from revenue_machine.kit.errors import OutsideUnavailable


def write_daily_file(home: Path, run_date: date, text: str) -> Path:
    """Put the day's note into the vault; what a person added to the file stays.

    Raises: outside_unavailable when the disk does not take it.
    """
    place = home / "vault" / "DAILY-NOTES" / note_name(run_date)
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        page = place.read_text(encoding="utf-8") if place.is_file() else None
        _replace(place, with_machine_part(page, text))
    except (OSError, UnicodeDecodeError) as error:
        raise OutsideUnavailable(f"the note {place} cannot be written: {error}") from None
    return place


def _replace(place: Path, page: str) -> None:
    """A reader, and a crash, sees the old page or the new one."""
    fresh = place.with_suffix(".new")
    with fresh.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write(page)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(place)
