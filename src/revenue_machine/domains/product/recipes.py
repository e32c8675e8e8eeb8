"""Makes product's working parts for whoever asks for them by type."""

from __future__ import annotations

from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.product.acd_delegation_engine import DelegationEngine
from revenue_machine.domains.product.aso import AsoLoop
from revenue_machine.domains.product.aso_at_apple import PageTests
from revenue_machine.domains.product.aso_figures import AsoFigures
from revenue_machine.domains.product.aso_results import AsoResults
from revenue_machine.domains.product.aso_review import AsoReview
from revenue_machine.domains.product.delegations_harness import Harness
from revenue_machine.domains.product.delegations_healing import Healer
from revenue_machine.domains.product.delegations_polling import Poller
from revenue_machine.domains.product.delegations_views import Views
from revenue_machine.domains.product.leaks import LeakFinder
from revenue_machine.domains.product.loop_desk import LoopDesk
from revenue_machine.domains.product.loop_judging import Judging
from revenue_machine.domains.product.loop_proposing import Proposing
from revenue_machine.domains.product.product_loop import ProductLoop
from revenue_machine.engine.approvals import Approvals
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.container import recipe
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.engine.handwork import Handwork
from revenue_machine.engine.switch import Switch
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.settings import Settings


# --- delegations -------------------------------------------------------------------------------------------------------
@recipe
def make_harness(settings: Settings, business: Business, clients: Clients) -> Harness:
    """Knows projects and speaks to the coding harness."""
    return Harness(settings, business, clients)


@recipe
def make_delegation_engine(
    database: Database, clock: Clock, approvals: Approvals, events: Events, harness: Harness
) -> DelegationEngine:  # fmt: skip
    """Asks about delegations and starts them."""
    return DelegationEngine(database, clock, approvals, events, harness)


@recipe
def make_poller(engine: DelegationEngine, switch: Switch) -> Poller:
    """Follows delegations to their end."""
    return Poller(engine, switch)


@recipe
def make_healer(engine: DelegationEngine) -> Healer:
    """Lets the machine ask for its own repair."""
    return Healer(engine)


@recipe
def make_views(database: Database, harness: Harness) -> Views:
    """Answers what stands."""
    return Views(database, harness)


# --- the product loop --------------------------------------------------------------------------------------------------
@recipe
def make_leak_finder(database: Database, clock: Clock, settings: Settings, business: Business) -> LeakFinder:
    """Finds leaks."""
    return LeakFinder(database, clock, settings, business)


@recipe
def make_proposing(
    *, database: Database, clock: Clock, settings: Settings, business: Business, finder: LeakFinder
) -> Proposing:  # fmt: skip
    """Chooses what is tried next."""
    return Proposing(database, clock, settings, business, finder)


@recipe
def make_judging(
    *, database: Database, clock: Clock, settings: Settings, business: Business, finder: LeakFinder
) -> Judging:  # fmt: skip
    """Measures what was changed."""
    return Judging(database, clock, settings, business, finder)


@recipe
def make_product_loop(database: Database, clock: Clock, proposing: Proposing, judging: Judging) -> ProductLoop:
    """Carries experiments on products from proposal to memory."""
    return ProductLoop(database, clock, proposing, judging)


@recipe
def make_loop_desk(database: Database, business: Business, finder: LeakFinder, proposing: Proposing) -> LoopDesk:
    """Answers what leaks and what was tried."""
    return LoopDesk(database, business, finder, proposing)


# --- App Store experiments ---------------------------------------------------------------------------------------------
@recipe
def make_aso_loop(
    *, database: Database, clock: Clock, business: Business, clients: Clients, approvals: Approvals
) -> AsoLoop:  # fmt: skip
    """Proposes changes of store pages and asks about them."""
    return AsoLoop(database, clock, business, clients, approvals)


@recipe
def make_page_tests(database: Database, clock: Clock, clients: Clients, handwork: Handwork) -> PageTests:
    """Speaks to Apple about tests and words."""
    return PageTests(database, clock, clients, handwork)


@recipe
def make_aso_figures(database: Database, clock: Clock, business: Business, clients: Clients) -> AsoFigures:
    """Fetches what Apple counted."""
    return AsoFigures(database, clock, business, clients)


@recipe
def make_aso_review(loop: AsoLoop, tests: PageTests, figures: AsoFigures, settings: Settings) -> AsoReview:
    """Lets every experiment go one step on."""
    return AsoReview(loop, tests, figures, settings)


@recipe
def make_aso_results(review: AsoReview) -> AsoResults:
    """Takes a person's word on an experiment."""
    return AsoResults(review)
