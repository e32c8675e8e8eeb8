"""Makes outreach's working parts for whoever asks for them by type."""

from __future__ import annotations

from revenue_machine.domains.credit.models import ModelDesk
from revenue_machine.domains.crm.models import ContactBook
from revenue_machine.domains.links.models import Links
from revenue_machine.domains.outreach.answering import Answering
from revenue_machine.domains.outreach.campaigns import Campaigns
from revenue_machine.domains.outreach.hearing import Hearing
from revenue_machine.domains.outreach.listening import Listening
from revenue_machine.domains.outreach.nurturing import Nurturing
from revenue_machine.domains.outreach.outreach_engine import OutreachEngine
from revenue_machine.domains.outreach.platforms import Platforms
from revenue_machine.domains.outreach.prospecting import Prospecting
from revenue_machine.domains.outreach.queueing import Filer
from revenue_machine.domains.outreach.sender import Sender
from revenue_machine.domains.outreach.writing import Writer
from revenue_machine.domains.owner.models import Business
from revenue_machine.engine.approvals import Approvals
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.container import recipe
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.engine.handwork import Handwork
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.settings import Settings


@recipe
def platforms(database: Database, clock: Clock, settings: Settings, clients: Clients) -> Platforms:
    """Speaks to the platforms."""
    return Platforms(database, clock, settings, clients)


@recipe
def sender(
    *, database: Database, clock: Clock, book: ContactBook, events: Events, handwork: Handwork, platforms: Platforms
) -> Sender:
    """Sends what was approved."""
    return Sender(database, clock, book, events, handwork, platforms)


@recipe
def writer(database: Database, business: Business, desk: ModelDesk, links: Links) -> Writer:
    """Has messages written."""
    return Writer(database, business, desk, links)


@recipe
def filer(database: Database, clock: Clock, approvals: Approvals) -> Filer:
    """Files questions."""
    return Filer(database, clock, approvals)


@recipe
def prospecting(
    *, database: Database, clock: Clock, settings: Settings, business: Business, book: ContactBook, platforms: Platforms,
    writer: Writer, filer: Filer,
) -> Prospecting:  # fmt: skip
    """Finds people."""
    return Prospecting(database, clock, settings, business, book, platforms, writer, filer)


@recipe
def nurturing(
    *, database: Database, clock: Clock, settings: Settings, business: Business, book: ContactBook, writer: Writer, filer: Filer
) -> Nurturing:
    """Keeps in touch."""
    return Nurturing(database, clock, settings, business, book, writer, filer)


@recipe
def answering(database: Database, clock: Clock, book: ContactBook) -> Answering:
    """Says what a reply leads to."""
    return Answering(database, clock, book)


@recipe
def hearing(database: Database, clock: Clock, book: ContactBook, answering: Answering) -> Hearing:
    """Takes in what is said."""
    return Hearing(database, clock, book, answering)


@recipe
def listening(
    *, database: Database, clock: Clock, settings: Settings, business: Business, book: ContactBook, events: Events,
    platforms: Platforms, hearing: Hearing, writer: Writer, filer: Filer,
) -> Listening:  # fmt: skip
    """Hears what comes in."""
    return Listening(database, clock, settings, business, book, events, platforms, hearing, writer, filer)


@recipe
def campaigns(
    *, database: Database, clock: Clock, settings: Settings, business: Business, nurturing: Nurturing, writer: Writer, filer: Filer
) -> Campaigns:
    """Runs campaigns."""
    return Campaigns(database, clock, settings, business, nurturing, writer, filer)


@recipe
def outreach_engine(
    *, database: Database, clock: Clock, settings: Settings, book: ContactBook, platforms: Platforms, nurturing: Nurturing,
    writer: Writer,
) -> OutreachEngine:  # fmt: skip
    """Answers the topics."""
    return OutreachEngine(database, clock, settings, book, platforms, nurturing, writer)
