"""Makes the book's working parts for whoever asks for them by type."""

from __future__ import annotations

from revenue_machine.domains.experiments.book import ExperimentBook
from revenue_machine.domains.experiments.book_desk import ExperimentDesk
from revenue_machine.domains.experiments.book_ending import ExperimentEnds
from revenue_machine.domains.experiments.book_looks import ExperimentLooks
from revenue_machine.engine.container import recipe
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.settings import Settings


@recipe
def make_book(database: Database, events: Events, settings: Settings, clock: Clock) -> ExperimentBook:
    """Registers experiments."""
    return ExperimentBook(database, events, settings, clock)


@recipe
def make_looks(database: Database, events: Events, settings: Settings, clock: Clock) -> ExperimentLooks:
    """Judges counts."""
    return ExperimentLooks(database, events, settings, clock)


@recipe
def make_ends(database: Database, events: Events, settings: Settings, clock: Clock) -> ExperimentEnds:
    """Notes and closes."""
    return ExperimentEnds(database, events, settings, clock)


@recipe
def make_desk(database: Database, settings: Settings, clock: Clock) -> ExperimentDesk:
    """Shows the book."""
    return ExperimentDesk(database, settings, clock)
