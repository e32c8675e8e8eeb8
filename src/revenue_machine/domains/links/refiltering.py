"""Judges clicks of the past by another version of the filter, and hands what changed to whoever counts clicks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from revenue_machine.domains.links import reads, store
from revenue_machine.domains.links.asked import RefilterArgs, RefilterResult
from revenue_machine.domains.links.filters import FILTER_VERSION, FILTERS, Facts, judge
from revenue_machine.engine.audit import Audit
from revenue_machine.engine.database import Database
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import BadInput

AT_ONCE = 2_000


@dataclass(frozen=True)
class Refilter:
    """Goes through the clicks in their order, a batch and a transaction at a time; what is judged stays judged."""

    database: Database
    clock: Clock
    audit: Audit

    def run(self, args: RefilterArgs) -> RefilterResult:
        """Judge and report. Raises: bad_input for a version there never was."""
        version = FILTER_VERSION if args.version is None else args.version
        if version not in FILTERS:
            raise BadInput(f"there is no filter {version}; there are {', '.join(map(str, sorted(FILTERS)))}", field="version")
        counts, reasons, after = Counter[str](), Counter[str](), ""
        while rows := self._rows(args, after):
            after = rows[-1]["id"]
            self._batch(rows, version, counts, reasons, is_preview=args.preview)
        names = ("judged", "changed", "to_counted", "to_filtered", "without_facts", "counted_before", "counted_after")
        return RefilterResult(version=version, reasons=dict(sorted(reasons.items())), **{name: counts[name] for name in names})

    def _rows(self, args: RefilterArgs, after: str) -> list[dict[str, Any]]:
        with self.database.reading() as connection:
            return reads.clicks_to_judge(connection, (args.since, args.until), after, AT_ONCE)

    def _batch(
        self, rows: Sequence[dict[str, Any]], version: int, counts: Counter[str], reasons: Counter[str], *, is_preview: bool
    ) -> None:
        changed, same = list[dict[str, Any]](), list[str]()
        for row in rows:
            counts["counted_before"] += row["is_counted"]
            if row["signals"] is None:
                counts.update(without_facts=1, counted_after=int(row["is_counted"]))
                continue
            reason = judge(_facts(row), version)
            counts.update(judged=1, counted_after=int(reason is None))
            if reason is not None:
                reasons[reason] += 1
            if reason != row["filter_reason"]:
                counts.update(changed=1, to_counted=int(reason is None), to_filtered=int(row["is_counted"] and reason is not None))
                changed.append({"click_id": row["id"], "counts": reason is None, "reason": reason, "version": version})
            elif row["filter_version"] != version:
                same.append(row["id"])
        if not is_preview and (changed or same):
            self._write(changed, same, version)

    def _write(self, changed: Sequence[dict[str, Any]], same: Sequence[str], version: int) -> None:
        """A changed click gets the next arrival number: readers see it as they see a new one."""
        with self.database.writing() as connection:
            number, now = store.next_arrival(self.database, connection), self.clock.now()
            store.rejudge(connection, [row | {"number": number + place, "at": now} for place, row in enumerate(changed)])
            store.mark_judged(connection, same, version)
            if changed:
                self.audit.note(connection, "machine", "clicks.refiltered", f"filter {version}", f"{len(changed)} clicks")


def _facts(row: Mapping[str, Any]) -> Facts:
    return Facts(row["agent_words"] or "", frozenset(row["signals"].split()), row["utm_medium"] or "", row["link_age_s"])
