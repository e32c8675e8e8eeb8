"""`revenue report`, `status`, `stop`, `resume`, `token`, `audit verify`."""

from __future__ import annotations

import argparse
from datetime import date
from typing import Any

from revenue_machine.kit.clock import local_date
from revenue_machine.kit.errors import BadInput, NotFound
from revenue_machine.surfaces.cli.opening import opened
from revenue_machine.surfaces.cli.running import say


def read_date(text: str | None) -> date | None:
    """A local date, or `bad_input`."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"'{text}' is not a date; write 2026-11-22", field="--date") from None


def report(args: argparse.Namespace) -> int:
    """Print the report of a date as it was composed that evening, or as it stands now."""
    from revenue_machine.domains.reports.reads import report_text

    wanted = read_date(args.date)
    with opened() as home:
        app = home.app
        day = wanted or local_date(app.clock.now(), app.settings.zone)
        with app.database.reading() as connection:
            text = report_text(connection, day)
    if text is None:
        raise NotFound(f"there is no report for {day}; `revenue run daily` makes one", field="--date")
    say(args, {"date": day.isoformat(), "report": text}, text)
    return 0


def status(args: argparse.Namespace) -> int:
    """Mode, time, kill switch, what waits and what is in doubt."""
    from revenue_machine.engine.overview import overview

    with opened() as home:
        data = overview(home.app.database, home.app.clock, home.app.settings, home.app.slot)
    say(args, data, "\n".join(f"{name.replace('_', ' '):18} {_flat(value)}" for name, value in data.items()))
    return 0


def stop(args: argparse.Namespace) -> int:
    """Stop everything that spends or speaks, everywhere, now."""
    return _switch(args, stopped=True)


def resume(args: argparse.Namespace) -> int:
    """Lift the kill switch."""
    return _switch(args, stopped=False)


def _switch(args: argparse.Namespace, *, stopped: bool) -> int:
    if args.channel is not None:
        return _rest(args, stopped=stopped)
    with opened() as home:
        home.app.switch.set(stopped=stopped, actor="owner", reason=args.reason)
        home.app.audit.seal()
    say(args, {"stopped": stopped}, "Stopped: nothing spends or speaks until `revenue resume`." if stopped else "Running again.")
    return 0


def _rest(args: argparse.Namespace, *, stopped: bool) -> int:
    """The same for one channel alone."""
    with opened() as home:
        if stopped:
            home.app.switch.pause(args.channel, actor="owner", reason=args.reason)
        elif not home.app.switch.unpause(args.channel, actor="owner", reason=args.reason):
            raise NotFound(f"{args.channel} does not rest", field="--channel")
        home.app.audit.seal()
    words = f"{args.channel} rests until `revenue resume --channel {args.channel}`." if stopped else f"{args.channel} sends again."
    say(args, {"stopped": stopped, "channel": args.channel}, words)
    return 0


def retry(args: argparse.Namespace) -> int:
    """Put webhooks that were given up back in line and run failed reactions again; one line per reaction that fails again."""
    failed: list[str] = []
    with opened() as home:
        app = home.app
        hooks, reactions = app.inbox.dead_letters(), app.events.dead_letters()
        for hook_id in hooks:
            app.inbox.replay(hook_id)
        app.inbox.drain()
        for event_id, handler in reactions:
            try:
                app.events.retry(event_id, handler)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is a dead letter still and says why
                failed.append(f"{handler}: {type(error).__name__}: {error}")
        app.events.drain()
        left = len(app.inbox.dead_letters()) + len(app.events.dead_letters())
        app.audit.seal()
    lines = [f"{len(hooks) + len(reactions)} tried again, {left} still dead", *failed]
    say(args, {"tried": len(hooks) + len(reactions), "dead": left, "failed": failed}, "\n".join(lines))
    return 1 if left else 0


def token_create(args: argparse.Namespace) -> int:
    """Make a token and show it this one time."""
    with opened() as home:
        token = home.app.tokens.create(args.name, args.scope, actor="owner")
        home.app.audit.seal()
    say(args, {"name": args.name, "scopes": args.scope, "token": token}, token)
    return 0


def token_revoke(args: argparse.Namespace) -> int:
    """End a token."""
    with opened() as home:
        home.app.tokens.revoke(args.name, actor="owner")
        home.app.audit.seal()
    say(args, {"name": args.name, "revoked": True}, f"{args.name} is revoked.")
    return 0


def audit_verify(args: argparse.Namespace) -> int:
    """Check the hash chain from its first entry to its head."""
    with opened() as home:
        home.app.audit.seal()
        count = home.app.audit.verify()
        sequence, head = home.app.audit.head()
    say(args, {"entries": count, "sequence": sequence, "head": head}, f"{count} entries verify; head {sequence} {head}")
    return 0


def _flat(value: Any) -> str:
    return ", ".join(f"{key} {count}" for key, count in value.items()) if isinstance(value, dict) else str(value)
