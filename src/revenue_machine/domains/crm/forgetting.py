"""Who a person is in every spelling, and how the people book forgets them: the addresses stay shut for ever."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.crm import reads, rules, store, view
from revenue_machine.engine.database import Database
from revenue_machine.engine.forgetting import Forgotten
from revenue_machine.engine.gates import person_address
from revenue_machine.engine.switch import suppress
from revenue_machine.kit.clock import Clock

SHORTEST_PHONE = 7
SHORTEST_HANDLE = 8
SHORTEST_NAME = 7


def find(connection: sa.Connection, reference: str) -> Forgotten:
    """The person behind an id, an e-mail, `platform:handle` or a profile, with whoever was joined into them."""
    person = view.find(connection, reference)
    ids = (person.id, *reads.merged_into(connection, person.id))
    markers: dict[str, None] = {}
    for one in reads.identities(connection, person.id):
        markers.update(dict.fromkeys(_spelled(one["kind"], one["value"], one["value_key"])))
    for row in store.contacts(connection, set(ids)).values():
        if row["email"]:
            markers.update(dict.fromkeys(_spelled("email", row["email"], rules.value_key("email", row["email"]) or row["email"])))
        if row["handle"] and row["platform"]:
            markers.update(dict.fromkeys(_spelled("handle", row["handle"], f"{row['platform']}:{row['handle']}")))
        if row["profile_url"]:
            markers.update(dict.fromkeys(_spelled("profile_url", row["profile_url"], rules.profile_key(row["profile_url"]) or "")))
        if row["phone"]:
            markers.update(dict.fromkeys(_spelled("phone", row["phone"], rules.value_key("phone", row["phone"]) or "")))
        if row["name"] and _is_unusual(row["name"]) and reads.namesakes(connection, row["name_key"], ids) == 0:
            markers[row["name"]] = None
    return Forgotten(person.id, ids, tuple(sorted(one for one in markers if one)))


def forget(person: Forgotten, connection: sa.Connection, database: Database, clock: Clock) -> int:
    """Shut every address first, then empty the contact, its keys and every word that was exchanged."""
    for contact_id in person.ids:
        for address in (*reads.addresses(connection, contact_id), person_address(contact_id)):
            suppress(connection, database, address, reason="forgotten", source="owner", clock=clock)
    return store.forget(connection, person.ids, clock.now())


def _spelled(kind: str, value: str, key: str) -> tuple[str, ...]:
    """Every way a key is written down."""
    if kind == "handle":
        word = key.partition(":")[2]
        bare = (value, word) if len(word) >= SHORTEST_HANDLE or any(not sign.isalpha() for sign in word) else ()
        return (key, f"@{value}", f"@{word}", *bare)
    if kind == "phone":
        return (value, key) if len(key) >= SHORTEST_PHONE else ()
    return (value, key)


def _is_unusual(name: str) -> bool:
    """Whether a name is long enough to mean one person."""
    return len(name.split()) > 1 and len(name) >= SHORTEST_NAME
