"""What becomes of a send whose answer was lost: it is looked up, and goes out only if it surely never did."""

from __future__ import annotations

from revenue_machine.domains.outreach import reads
from revenue_machine.domains.outreach.sender import Sender
from revenue_machine.engine.call import Call
from revenue_machine.engine.database import Database
from revenue_machine.engine.doubts import Doubt, settles
from revenue_machine.engine.effects import Outside

_EFFECTS = tuple(
    f"{service}.{action}"
    for service in ("linkedin", "direct_message", "assisted")
    for action in ("connect", "message", "follow_up", "dm", "reply")
)


@settles(*_EFFECTS)
def settle_send(doubt: Doubt, sender: Sender, outside: Outside, call: Call, database: Database) -> bool:
    """Ask the platform what stands there; the same gates hold for what has to go again."""
    with database.reading() as connection:
        row = reads.row(connection, doubt.business_key.removeprefix("queue/"))
    return row is not None and sender.settle(row, outside, call)
