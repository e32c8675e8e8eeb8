"""`revenue call` and `revenue topics`."""

from __future__ import annotations

import argparse
import json

from revenue_machine.engine.call import Call
from revenue_machine.engine.describe import describe
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.ids import random_key
from revenue_machine.surfaces.cli.opening import opened
from revenue_machine.surfaces.cli.running import complain, say


def call(args: argparse.Namespace) -> int:
    """Call one topic; the envelope goes to stdout whatever it says, a failure also to stderr."""
    payload = _read_input(args.input)
    with opened() as home:
        app = home.app
        name = args.key or random_key()
        asked = Call(args.topic, name, f"call/{args.topic}/{name}", "owner")
        if args.key and not args.dry_run:
            kept = app.dispatcher.call_once(asked, payload)
            body = kept if isinstance(kept, dict) else kept.as_dict()
        else:
            body = app.dispatcher.call(asked, payload, dry_run=args.dry_run).as_dict()
        app.audit.seal()
    print(json.dumps(body, indent=2, ensure_ascii=False))
    if body["ok"]:
        return 0
    from revenue_machine.kit.errors import from_dict

    complain(from_dict(body["error"]))
    return 1


def _read_input(text: str) -> dict[str, object]:
    try:
        payload = json.loads(text)
    except ValueError as error:
        raise BadInput(f"the input is not JSON: {error}", field="JSON") from None
    if not isinstance(payload, dict):
        raise BadInput("the input is not a JSON object", field="JSON")
    return payload


def topics(args: argparse.Namespace) -> int:
    """List every binding topic."""
    from revenue_machine import domains
    from revenue_machine.engine.registry import discover

    rows = [describe(topic) for topic in discover(domains).topics.values()]
    lines = [
        f"{row['name']:32} {row['effect']:7} {'approval ' if row['approval'] == 'always' else '         '}"
        f"{str(row['seed']).partition(':')[0]:16} {row['summary'] if row['built'] else 'planned: issue ' + str(row['issue'])}"
        for row in rows
    ]
    say(args, rows, "\n".join(lines))
    return 0
