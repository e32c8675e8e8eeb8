"""Dead letters: what was given up and why, and one more try for all of them or a single one."""

from __future__ import annotations

from contextlib import suppress

from revenue_machine.domains.system.models import DeadArgs, DeadLetter, DeadLetters, Retried
from revenue_machine.engine.events import Events
from revenue_machine.engine.inbox import Inbox
from revenue_machine.kit.errors import NotFound
from revenue_machine.kit.log import logger


def listed(args: DeadArgs, inbox: Inbox, events: Events) -> DeadLetters:
    """Webhooks first, then reactions, each oldest first."""
    every = _every(inbox, events)
    wanted = [one for one in every if _is_wanted(one, args)]
    return DeadLetters(count=len(every), letters=wanted[: args.most])


def retried(args: DeadArgs, inbox: Inbox, events: Events) -> Retried:
    """Try them once more, now. Raises: not_found when a number is given that no dead letter has."""
    wanted = [one for one in _every(inbox, events) if _is_wanted(one, args)][: args.most]
    if not wanted and args.id is not None:
        raise NotFound(f"there is no dead letter {args.id}", field="id")
    for one in wanted:
        if one.handler is None:
            with suppress(NotFound):  # somebody else was faster
                inbox.replay(one.id)
    inbox.drain()
    for one in wanted:
        if one.handler is not None:
            _react(events, one.id, one.handler)
    events.drain()
    left = _every(inbox, events)
    return Retried(tried=len(wanted), dead=len(left), letters=left[: args.most])


def _react(events: Events, event_id: int, handler: str) -> None:
    try:
        events.retry(event_id, handler)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a dead letter still and says why
        logger().error("dead_letter.failed_again", handler=handler, error=type(error).__name__)


def _is_wanted(one: DeadLetter, args: DeadArgs) -> bool:
    return (args.id is None or one.id == args.id) and (args.handler is None or one.handler == args.handler)


def _every(inbox: Inbox, events: Events) -> list[DeadLetter]:
    hooks = [
        DeadLetter(id=one.id, handler=None, service=one.service, kind=one.kind, key=one.external_id, since=one.received_at,
                   attempts=one.attempts, error=one.error)
        for one in inbox.dead_hooks()
    ]  # fmt: skip
    facts = [
        DeadLetter(id=row["id"], handler=row["subject"], service=row["service"], kind=row["kind"], key=row["external_id"],
                   since=row["occurred_at"], attempts=row["attempts"], error=row["error"])
        for row in events.dead_rows()
    ]  # fmt: skip
    return [*hooks, *facts]
