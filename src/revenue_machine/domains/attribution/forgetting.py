"""What attribution keeps of a person who is forgotten: the money and what brought it, under a number that leads to nobody."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.attribution import store
from revenue_machine.domains.attribution.models import Step
from revenue_machine.engine.database import Database
from revenue_machine.engine.forgetting import Forgotten


def forget(person: Forgotten, connection: sa.Connection, database: Database) -> int:
    """Give every id of theirs (user, device, contact) a number of its own; clicks and sales stay joined, credit stays where it is.

    A device somebody else signed up on keeps its name: it is theirs too.
    """
    database.lock(connection, "attribution/forgotten")
    steps = store.whole_people(connection, [f"contact/{one}" for one in person.ids])
    own = [one for one in steps if one.contact_id in person.ids]
    users = {one.user_id for one in own if one.user_id is not None}
    mine = [one for one in steps if one in own or one.user_id in users]
    if not mine:
        return 0
    others = {one.visitor_id for one in steps if one.event_type == "signup" and one not in mine}
    devices = {one.visitor_id for one in mine if _is_seen_on(one)} - others
    number = store.next_forgotten(connection)
    names = {
        "user_id": {user: f"forgotten-{number}-{place}" for place, user in enumerate(sorted(users))},
        "visitor_id": {device: f"forgotten-{number}-v{place}" for place, device in enumerate(sorted(filter(None, devices)))},
        "crm_contact_id": dict.fromkeys(sorted(person.ids), f"forgotten-{number}"),
    }
    store.mark_stale(database, connection, [f"user/{user}" for user in names["user_id"].values()])
    return store.forget(connection, names)


def _is_seen_on(step: Step) -> bool:
    return step.visitor_id is not None and (step.is_click or step.event_type == "signup")
