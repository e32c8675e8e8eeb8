"""Makes content's working parts for whoever asks for them by type."""

from __future__ import annotations

from revenue_machine.domains.content.content_pipeline import ContentPipeline
from revenue_machine.domains.content.lessons import LessonBook
from revenue_machine.domains.content.models import RunDate
from revenue_machine.domains.content.review_gate import ReviewGate
from revenue_machine.domains.content.strategist import Strategist
from revenue_machine.domains.credit.models import ModelDesk
from revenue_machine.domains.owner.models import Business
from revenue_machine.engine.approvals import Approvals
from revenue_machine.engine.call import Call
from revenue_machine.engine.container import recipe
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.kit.clock import Clock, local_date
from revenue_machine.kit.settings import Settings


@recipe
def make_run_date(call: Call, clock: Clock, settings: Settings) -> RunDate:
    """The local date the call belongs to: its run's, else today's."""
    return RunDate(call.run_date or local_date(clock.now(), settings.zone))


@recipe
def make_strategist(database: Database, clock: Clock, business: Business, desk: ModelDesk) -> Strategist:
    """Writes strategies."""
    return Strategist(database, clock, business, desk)


@recipe
def make_pipeline(
    *, database: Database, clock: Clock, settings: Settings, business: Business, desk: ModelDesk, events: Events
) -> ContentPipeline:
    """Writes drafts."""
    return ContentPipeline(database, clock, settings, business, desk, events)


@recipe
def make_gate(database: Database, clock: Clock, business: Business, desk: ModelDesk, approvals: Approvals) -> ReviewGate:
    """Judges drafts."""
    return ReviewGate(database, clock, business, desk, approvals)


@recipe
def make_lessons(database: Database, clock: Clock, business: Business, desk: ModelDesk) -> LessonBook:
    """Learns from winners."""
    return LessonBook(database, clock, business, desk)
