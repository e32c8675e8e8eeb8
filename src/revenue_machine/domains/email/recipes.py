"""Makes the parts of the mail domain."""

from __future__ import annotations

from revenue_machine.domains.credit.models import ModelDesk
from revenue_machine.domains.crm.models import ContactBook
from revenue_machine.domains.email.aftermath import Aftermath
from revenue_machine.domains.email.email_engine import EmailEngine, Ground
from revenue_machine.domains.email.enrolling import Enroller
from revenue_machine.domains.email.outgoing import Outgoing
from revenue_machine.domains.email.postman import Postman
from revenue_machine.domains.email.sender_check import SenderDesk
from revenue_machine.domains.email.text_desk import TextDesk
from revenue_machine.domains.email.unsubscribing import Unsubscriber
from revenue_machine.domains.email.view import MailView
from revenue_machine.domains.email.writing import Writer
from revenue_machine.domains.links.models import Links
from revenue_machine.domains.owner.models import Business
from revenue_machine.engine.approvals import Approvals
from revenue_machine.engine.call import Moments
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.container import recipe
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.engine.inbox import Inbox
from revenue_machine.engine.workers import Worker
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.dns import NameServer, TxtLookup
from revenue_machine.kit.settings import Settings


@recipe
def enroller(database: Database, clock: Clock, settings: Settings) -> Enroller:
    """Who comes into a sequence."""
    return Enroller(database, clock, settings)


@recipe
def text_desk(*, database: Database, clock: Clock, business: Business, approvals: Approvals, events: Events) -> TextDesk:
    """Which words may go out."""
    return TextDesk(database=database, clock=clock, business=business, approvals=approvals, events=events)


@recipe
def writer(database: Database, clock: Clock, business: Business, desk: ModelDesk) -> Writer:
    """Writes texts when they are needed."""
    return Writer(database, clock, business, desk)


@recipe
def postman(clients: Clients, settings: Settings, database: Database) -> Postman:
    """Hands mails over."""
    return Postman(clients, settings, database)


@recipe
def txt_lookup() -> TxtLookup:
    """Asks the machine's name server."""
    return NameServer()


@recipe
def sender_desk(
    *, database: Database, settings: Settings, clock: Clock, clients: Clients, postman: Postman, lookup: TxtLookup
) -> SenderDesk:
    """Checks the sender's domain."""
    return SenderDesk(database=database, settings=settings, clock=clock, clients=clients, postman=postman, lookup=lookup)


@recipe
def outgoing(
    *, database: Database, clock: Clock, settings: Settings, business: Business, links: Links, worker: Worker, sender: SenderDesk
) -> Outgoing:
    """Makes mails ready."""
    return Outgoing(database=database, clock=clock, settings=settings, business=business, links=links, worker=worker, sender=sender)


@recipe
def aftermath(*, database: Database, clock: Clock, clients: Clients, book: ContactBook, events: Events) -> Aftermath:
    """What becomes of mails."""
    return Aftermath(database=database, clock=clock, clients=clients, book=book, events=events)


@recipe
def ground(
    *, database: Database, clock: Clock, settings: Settings, business: Business, book: ContactBook, events: Events, inbox: Inbox,
    moments: Moments,
) -> Ground:  # fmt: skip
    """What the engine stands on."""
    return Ground(database, clock, settings, business, book, events, inbox, moments)


@recipe
def email_engine(
    *, ground: Ground, enroller: Enroller, desk: TextDesk, outgoing: Outgoing, postman: Postman, aftermath: Aftermath
) -> EmailEngine:
    """Sends what is due."""
    return EmailEngine(ground=ground, enroller=enroller, desk=desk, outgoing=outgoing, postman=postman, aftermath=aftermath)


@recipe
def unsubscriber(database: Database, aftermath: Aftermath, events: Events) -> Unsubscriber:
    """Takes people off."""
    return Unsubscriber(database, aftermath, events)


@recipe
def mail_view(
    *, ground: Ground, enroller: Enroller, desk: TextDesk, postman: Postman, sender: SenderDesk, engine: EmailEngine
) -> MailView:
    """Shows how mail stands."""
    return MailView(ground=ground, enroller=enroller, desk=desk, postman=postman, sender=sender, engine=engine)
