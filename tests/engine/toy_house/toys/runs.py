"""A run of three steps, one of them an outside effect."""

from __future__ import annotations

from datetime import time
from typing import Any

from revenue_machine.engine.call import Call
from revenue_machine.engine.dispatch import Dispatcher
from revenue_machine.engine.durable import Steps
from revenue_machine.engine.schedule import Entry, Missed
from revenue_machine.engine.ticker import Scheduled


def three_steps(payload: dict[str, Any], steps: Steps, dispatcher: Dispatcher) -> dict[str, Any]:
    """Note, shout, note again."""
    for number, topic in enumerate(("toys.note", "toys.shout", "toys.note"), start=1):
        call = Call(topic, f"{payload['run_date']}/{number}", f"toys.day/{payload['run_date']}")
        words = {"words": f"{payload['run_date']}-{number}"}
        steps.run(f"{number}.{topic}", lambda call=call, words=words: dispatcher.call(call, words).outcome())  # type: ignore[misc]
    return {"ok": True}


BODIES = {"toys.day": three_steps}
SCHEDULE = (Scheduled("toys.day", Entry("toys.day", time(7), Missed.CATCH_UP)),)
