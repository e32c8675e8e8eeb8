"""`revenue forget`: a person asked to be forgotten."""

from __future__ import annotations

import argparse

from revenue_machine import domains
from revenue_machine.engine.forgetting import Forgetting
from revenue_machine.kit.errors import Conflict
from revenue_machine.surfaces.cli.opening import opened
from revenue_machine.surfaces.cli.running import say


def forget(args: argparse.Namespace) -> int:
    """Forget a person everywhere and print the proof; conflict when something still names them."""
    with opened() as home:
        app = home.app
        forgetting = Forgetting(app.database, app.settings, app.audit, app.container, domains)
        if args.dry_run:
            person, found = forgetting.look(args.contact)
            places = [f"  {place:52} {count:6}" for place, count in found.items()]
            words = [f"{person.contact_id}: {len(person.markers)} markers, found in {sum(found.values())} cells and files", *places]
            say(args, {"contact_id": person.contact_id, "markers": len(person.markers), "found": found}, "\n".join(words))
            return 0
        proof = forgetting.forget(args.contact, actor="owner")
        app.events.drain()
    say(args, proof.as_dict(), "\n".join(proof.lines()))
    if not proof.is_complete:
        raise Conflict(f"{sum(proof.after.values())} places still name the person; see the list", field="CONTACT")
    return 0
