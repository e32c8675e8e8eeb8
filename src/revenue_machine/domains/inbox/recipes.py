"""Makes what shows questions to the owner and hears the answers."""

from __future__ import annotations

from revenue_machine.domains.inbox.answering import Answers
from revenue_machine.domains.inbox.cards import Cards
from revenue_machine.domains.inbox.commands import Commands
from revenue_machine.domains.inbox.listening import Ears
from revenue_machine.domains.inbox.speaking import Voice
from revenue_machine.domains.inbox.telling import Teller
from revenue_machine.engine.approvals import Approvals
from revenue_machine.engine.briefing import Briefing
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.container import recipe
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.engine.handwork import Handwork
from revenue_machine.engine.inbox import Inbox
from revenue_machine.engine.switch import Switch
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.settings import Settings


@recipe
def cards(approvals: Approvals, handwork: Handwork) -> Cards:
    """Questions and tasks."""
    return Cards(approvals, handwork)


@recipe
def voice(database: Database, clock: Clock, settings: Settings) -> Voice:
    """The bot's mouth."""
    return Voice(database, clock, settings)


@recipe
def teller(cards: Cards, voice: Voice, clients: Clients) -> Teller:
    """Shows what is new."""
    return Teller(cards, voice, clients)


@recipe
def commands(
    approvals: Approvals,
    handwork: Handwork,
    switch: Switch,
    briefing: Briefing,
    database: Database,
    clock: Clock,
    settings: Settings,
) -> Commands:
    """What one can ask."""
    return Commands(approvals, handwork, switch, briefing, database, clock, settings)


@recipe
def answers(teller: Teller, commands: Commands, events: Events) -> Answers:
    """Deals with taps and texts."""
    return Answers(teller, commands, events)


@recipe
def ears(inbox: Inbox, clients: Clients, settings: Settings) -> Ears:
    """Asks Telegram where nobody brings us anything."""
    return Ears(inbox, clients, settings)
