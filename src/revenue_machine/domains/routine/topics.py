"""Topics that start more than one step at once."""

from __future__ import annotations

from revenue_machine.domains.routine.models import CycleResult
from revenue_machine.engine.dispatch import Topics
from revenue_machine.engine.topic import Effect, NoArgs, planned, topic

# What reaches people, in the order in which one part feeds the next; each passes its own gates.
OUTREACH = ("dm.sync", "linkedin.prospect", "linkedin.follow_up", "upwork.scan", "email.send", "dm.process_outreach")


@topic("orchestrator.outreach_cycle", effect=Effect.WRITES, section="definitions §0.3")
def outreach_cycle(args: NoArgs, topics: Topics) -> CycleResult:
    """Prepare whatever reaches people, part by part; what needs a yes waits in the inbox.

    Returns: how each part ended, `ok` or the code of its failure; one that fails stops no other.
    """
    ended = {name: topics.call(name) for name in OUTREACH}
    parts = {name: "ok" if one.error is None else one.error.code for name, one in ended.items()}
    return CycleResult(parts=parts, went_well=sum(word in ("ok", "approval_required") for word in parts.values()))


PLANNED = (
    planned("orchestrator.morning_routine", effect=Effect.WRITES, section="definitions §0.3", issue=7),
    planned("orchestrator.content_blitz", effect=Effect.SPENDS, section="definitions §0.3", issue=5),
    planned("orchestrator.research_to_publish", effect=Effect.SPENDS, section="definitions §0.3", issue=5),
)
