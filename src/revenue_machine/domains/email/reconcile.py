"""What becomes of a mail whose answer was lost: Resend is asked whether it has it; a relay cannot be."""

from __future__ import annotations

from revenue_machine.domains.email.email_engine import EmailEngine
from revenue_machine.engine.doubts import Doubt, settles
from revenue_machine.engine.effects import Outside


@settles("resend.send")
def look_it_up(doubt: Doubt, engine: EmailEngine, outside: Outside) -> bool:
    """Found: it is recorded. Not found: it goes out if it is still wanted."""
    return engine.settle(doubt.business_key, outside)
