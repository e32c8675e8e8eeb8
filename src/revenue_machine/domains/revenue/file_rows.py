"""What the files of purchases, costs and rates share: which way dates are written, and a key for rows that have none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from revenue_machine.domains.revenue import cells
from revenue_machine.domains.revenue.cells import DateOrder
from revenue_machine.engine.importing import BadRow, ImportSource
from revenue_machine.kit.errors import BadInput

_NOTHING = frozenset({"", "nan", "null", "none", "n/a", "na", "-"})


class FileCells:
    """The cells of a file by field, read again from the file whenever they are wanted: no row stays in memory."""

    def __init__(self, source: ImportSource, zone: ZoneInfo) -> None:
        self._source, self.zone = source, zone
        self.order = self._order()

    def rows(self) -> Iterator[dict[str, str]]:
        """Every sound line of the file as it stands there, by field."""
        for row in self._source.file.rows:
            yield self.of(row.values)

    def of(self, values: object) -> dict[str, str]:
        """One line by field; what says nothing is left out."""
        held = values if isinstance(values, dict) else {}
        found = {name: str(held.get(column, "")).strip() for name, column in self._source.mapping.items()}
        return {name: text for name, text in {**found, **self._source.constants}.items() if text.lower() not in _NOTHING}

    def _order(self) -> DateOrder | None:
        said = self._source.constants.get("date_order")
        if said is not None:
            if said == "dmy":
                return "dmy"
            if said == "mdy":
                return "mdy"
            raise BadInput("date_order is dmy or mdy", field="date_order")
        column = self._source.mapping.get("time")
        if column is None:
            return None
        return cells.date_order(row.values.get(column, "") for row in self._source.file.rows)


class Repeats:
    """Numbers rows that are alike within one file, so that two equal sales are two and the same file twice is one."""

    def __init__(self) -> None:
        self._seen: dict[bytes, int] = {}

    def key(self, *parts: object) -> str:
        """The natural key of a row made of its content: the same row in a longer export has the same key."""
        digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()[:12]
        self._seen[digest] = self._seen.get(digest, 0) + 1
        return f"{digest.hex()}#{self._seen[digest]}"


def wanted(row: dict[str, str], name: str) -> str:
    """A cell that must be there. Raises: BadRow."""
    if name not in row:
        raise BadRow(f"no {name}")
    return row[name]
