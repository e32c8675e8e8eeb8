"""A question that is asked wants to be shown; one that is decided wants its message to say so."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.inbox import store
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Event, on
from revenue_machine.integrations.telegram.telegram_client import TelegramClient
from revenue_machine.kit.clock import Clock


@on("approval.requested")
def show_question(event: Event, connection: sa.Connection, database: Database, clock: Clock, clients: Clients) -> None:
    """Put it in line for the owner's chat, where there is one."""
    if clients.maybe(TelegramClient) is None:
        return
    approval_id = str(event.payload["approval_id"])
    is_money = bool(event.payload.get("is_money"))
    store.lay(connection, database, kind="card", subject_id=approval_id, now=clock.now(), is_money=is_money)


@on("hand_task.opened")
def show_task(event: Event, connection: sa.Connection, database: Database, clock: Clock, clients: Clients) -> None:
    """Put it in line for the owner's chat, where there is one."""
    if clients.maybe(TelegramClient) is not None:
        store.lay(connection, database, kind="task", subject_id=str(event.payload["task_id"]), now=clock.now())


@on("approval.decided")
def question_decided(event: Event, connection: sa.Connection, clock: Clock) -> None:
    """Whoever decided it and wherever: its message is out of date."""
    store.settled(connection, str(event.payload["approval_id"]), clock.now())


@on("hand_task.closed")
def task_closed(event: Event, connection: sa.Connection, clock: Clock) -> None:
    """Whoever closed it and wherever: its message is out of date."""
    store.settled(connection, str(event.payload["task_id"]), clock.now())
