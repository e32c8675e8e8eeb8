"""Answers what leaks and what was tried; changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.product import loop_reads, loop_store, reads
from revenue_machine.domains.product import loop_words as words
from revenue_machine.domains.product.leaks import LeakFinder
from revenue_machine.domains.product.loop_models import (
    ExperimentsArgs,
    ExperimentsReport,
    LeaksArgs,
    LeaksReport,
    ProductLeaks,
    Status,
)
from revenue_machine.domains.product.loop_proposing import Proposing
from revenue_machine.engine.database import Database
from revenue_machine.engine.dispatch import Topics
from revenue_machine.kit.errors import Failure, NotFound


@dataclass(frozen=True)
class LoopDesk:
    """Within one call."""

    database: Database
    business: Business
    finder: LeakFinder
    proposing: Proposing

    def leaks(self, args: LeaksArgs, topics: Topics) -> LeaksReport:
        """Every product's steps, its worst one split by where people came from. Raises: bad_input; what analytics raises."""
        report = self.finder.find(args, topics)
        if not args.with_segments:
            return report
        return report.model_copy(update={"products": [self._split(one, args, report, topics) for one in report.products]})

    def experiments(self, args: ExperimentsArgs) -> ExperimentsReport:
        """What was tried, newest first. Raises: not_found."""
        with self.database.reading() as connection:
            if args.experiment_id is not None:
                row = loop_reads.experiment(connection, args.experiment_id)
                if row is None:
                    raise NotFound(f"there is no experiment {args.experiment_id} on a product", field="experiment_id")
                total, rows = 1, [row]
            else:
                total, rows = loop_reads.experiments(connection, args.which, args.project, args.limit)
            return ExperimentsReport(total=total, experiments=[words.shown(row, standing(connection, row)) for row in rows])

    def _split(self, one: ProductLeaks, args: LeaksArgs, report: LeaksReport, topics: Topics) -> ProductLeaks:
        """Whether the worst step leaks everywhere or for one source; without single events it stays unsaid."""
        if one.worst is None:
            return one
        product = None if one.product is None else self.business.product(one.product)
        try:
            found = self.proposing.drill(
                topics, product, one.worst, report.date_to, with_behaviour=False, source=args.source
            )  # fmt: skip
        except Failure as failure:
            return one.model_copy(update={"notes": [*one.notes, f"the step could not be split: {failure.message}"]})
        return one.model_copy(update={"splits": found.splits})


def standing(connection: sa.Connection, row: Mapping[str, Any]) -> Status:
    """How an experiment stands; until the change is there, as its delegation stands this minute."""
    stands: Status = row["status"]
    if stands not in words.WAITING or row["delegation_id"] is None:
        return stands
    delegation = reads.delegation(connection, row["delegation_id"])
    after = stands if delegation is None else loop_store.OF_DELEGATION[delegation["status"]]
    return after if after in words.WAITING else stands
