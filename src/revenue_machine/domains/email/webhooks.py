"""What Resend's webhooks say of our mails, each once and in whatever order they come."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from email.utils import parseaddr

import sqlalchemy as sa

from revenue_machine.domains.email import reads
from revenue_machine.domains.email.aftermath import Aftermath
from revenue_machine.domains.email.models import Send
from revenue_machine.engine.inbox import StoredHook, on_hook
from revenue_machine.integrations.resend.hook import EMAIL_KINDS
from revenue_machine.integrations.resend.wire import EmailEvent

Said = Callable[[Aftermath, sa.Connection, Send, EmailEvent, datetime], None]


@on_hook("resend", *EMAIL_KINDS)
def resend_event(hook: StoredHook, connection: sa.Connection, aftermath: Aftermath) -> None:
    """Delivered, opened, clicked, bounced, complained, failed; an answer is fetched afterwards."""
    event = EmailEvent.model_validate(hook.payload)
    if event.type == "email.received":
        sender = parseaddr(event.data.sender)[1]
        aftermath.received(connection, event.data.email_id, sender, event.data.subject, event.created_at)
        return
    send = _send_of(connection, event)
    reader = _READERS.get(event.type)
    if send is not None and reader is not None:
        reader(aftermath, connection, send, event, event.created_at)


def _send_of(connection: sa.Connection, event: EmailEvent) -> Send | None:
    """By our own tag, which is there before we know the provider's name for the mail."""
    tagged = reads.send(connection, event.data.tags.get("send_id", ""))
    return tagged or reads.send_by_provider(connection, event.data.email_id)


def _bounced(aftermath: Aftermath, connection: sa.Connection, send: Send, event: EmailEvent, at: datetime) -> None:
    if event.data.bounce is not None and not event.data.bounce.is_permanent:
        aftermath.failed(connection, send, f"came back for now: {event.data.bounce.message}")
        return
    aftermath.bounced(connection, send, at)


def _failed(aftermath: Aftermath, connection: sa.Connection, send: Send, event: EmailEvent, at: datetime) -> None:
    aftermath.failed(connection, send, event.data.failed.reason if event.data.failed else "failed at Resend")


def _suppressed(aftermath: Aftermath, connection: sa.Connection, send: Send, event: EmailEvent, at: datetime) -> None:
    """Resend itself writes no more to this address; then neither do we."""
    aftermath.refused(connection, send, at)


_READERS: dict[str, Said] = {
    "email.delivered": lambda after, connection, send, _event, at: after.delivered(connection, send, at),
    "email.delivery_delayed": lambda after, connection, send, _event, _at: after.delayed(connection, send),
    "email.opened": lambda after, connection, send, _event, at: after.opened(connection, send, at),
    "email.clicked": lambda after, connection, send, _event, at: after.clicked_at_vendor(connection, send, at),
    "email.complained": lambda after, connection, send, _event, at: after.complained(connection, send, at),
    "email.bounced": _bounced,
    "email.failed": _failed,
    "email.suppressed": _suppressed,
}
