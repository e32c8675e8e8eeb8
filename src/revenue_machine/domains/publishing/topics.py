"""Publishing as topics (seed §1, §4.10)."""

from __future__ import annotations

from datetime import timedelta

from revenue_machine.domains.publishing.models import AutoResult, ScheduleArgs, ScheduleResult
from revenue_machine.domains.publishing.publisher import Publisher
from revenue_machine.engine.effects import Outside
from revenue_machine.engine.topic import Effect, NoArgs, planned, topic
from revenue_machine.integrations.blotato.blotato_client import BlotatoClient


@topic("publish.schedule", effect=Effect.WRITES, section="§1")
def schedule(args: ScheduleArgs, publisher: Publisher) -> ScheduleResult:
    """Give approved drafts an hour of their platform and a tracking link.

    Returns: how many got a slot within the horizon, and how many wait for a free one.
    Source: definitions §1.9 (Thompson sampling, 168 arms, Beta(1, 1)).
    """
    return publisher.schedule(timedelta(hours=args.horizon_hours))


@topic("publish.auto", effect=Effect.SPEAKS, section="§4.10")
def auto(args: NoArgs, publisher: Publisher, outside: Outside, blotato: BlotatoClient) -> AutoResult:
    """Send the posts that are due and ask after those on their way.

    Returns: counts; `moved` posts are tried again an hour later, `unknown` ones are never sent again.
    Raises: stopped (kill switch); not_configured (no Blotato key).
    Source: definitions §1.8; wire format in integrations/blotato/fixtures.
    """
    return publisher.send_due(outside, blotato)


PLANNED = (
    planned("publish.multi", effect=Effect.SPEAKS, section="definitions §0.3", issue=5),
    planned("publish.lite", effect=Effect.SPEAKS, section="definitions §0.3", issue=5),
    planned("publish.content", effect=Effect.SPEAKS, section="definitions §0.3", issue=5),
    planned("mediaposter.smart_schedule", effect=Effect.WRITES, section="§1", issue=5),
    planned("mediaposter.post_from_actp", effect=Effect.SPEAKS, section="§4.1", issue=5),
    planned("blotato.publish", effect=Effect.SPEAKS, section="§1", issue=5),
    planned("blotato.queue_summary", effect=Effect.READS, section="definitions §0.3", issue=5),
    planned("blotato.queue_audit", effect=Effect.READS, section="definitions §0.3", issue=5),
    planned("bandit.replay", effect=Effect.PURE, section="INTERFACE§7", issue=5),
)
