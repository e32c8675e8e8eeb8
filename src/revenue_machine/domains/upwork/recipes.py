"""Makes upwork's working parts for whoever asks for them by type."""

from __future__ import annotations

from revenue_machine.domains.credit.models import ModelDesk
from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.upwork.proposals import Proposals
from revenue_machine.domains.upwork.upwork_engine import UpworkEngine
from revenue_machine.engine.approvals import Approvals
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.container import recipe
from revenue_machine.engine.database import Database
from revenue_machine.engine.handwork import Handwork
from revenue_machine.engine.ledger import Ledger
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.settings import Settings


@recipe
def make_engine(
    *,
    database: Database,
    clock: Clock,
    settings: Settings,
    business: Business,
    clients: Clients,
    ledger: Ledger,
    handwork: Handwork,
) -> UpworkEngine:  # fmt: skip
    """Finds, scores and follows jobs."""
    return UpworkEngine(database, clock, settings, business, clients, ledger, handwork)


@recipe
def make_proposals(
    *,
    database: Database,
    clock: Clock,
    settings: Settings,
    business: Business,
    desk: ModelDesk,
    approvals: Approvals,
    handwork: Handwork,
) -> Proposals:
    """Writes proposals."""
    return Proposals(database, clock, settings, business, desk, approvals, handwork)
