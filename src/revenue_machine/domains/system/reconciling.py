"""Goes through every effect in doubt: settles what its domain can settle, and names what stays parked."""

from __future__ import annotations

from revenue_machine.domains.system.models import Parked, Reconciled
from revenue_machine.engine.call import Call
from revenue_machine.engine.doubts import Doubt, Doubts


def reconcile(doubts: Doubts, call: Call) -> Reconciled:
    """Try each doubt once; a vendor without a look-up leaves it to a person."""
    found = doubts.open()
    settled = [one.intent_id for one in found if doubts.settle(one, call)]
    parked = [_parked(one) for one in found if one.intent_id not in settled]
    return Reconciled(settled=len(settled), parked=len(parked), settled_ids=tuple(settled), parked_intents=tuple(parked))


def _parked(doubt: Doubt) -> Parked:
    return Parked(intent_id=doubt.intent_id, service=doubt.service, operation=doubt.operation, topic=doubt.topic, state=doubt.state)
