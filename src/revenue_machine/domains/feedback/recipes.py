"""Makes the feedback loop and the teacher."""

from __future__ import annotations

from revenue_machine.domains.attribution.models import Views
from revenue_machine.domains.credit.models import ModelDesk
from revenue_machine.domains.feedback.counting import LookedAt
from revenue_machine.domains.feedback.feedback_loop import FeedbackLoop
from revenue_machine.domains.feedback.lessons import Teacher
from revenue_machine.domains.owner.models import Business
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.container import recipe
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.kit.clock import Clock


@recipe
def feedback_loop(database: Database, clock: Clock, events: Events, clients: Clients) -> FeedbackLoop:
    """From a published post to its verdict."""
    return FeedbackLoop(database, clock, events, clients)


@recipe
def teacher(database: Database, clock: Clock, events: Events, business: Business, desk: ModelDesk) -> Teacher:
    """From winners to guidelines; asks within the call that wants them."""
    return Teacher(database, clock, events, business, desk)


@recipe
def views() -> Views:
    """How often posts were seen."""
    return LookedAt()
