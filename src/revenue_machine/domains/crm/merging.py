"""Joins two contacts into one with everything that belongs to them, and takes a join back exactly."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.crm import reads, store
from revenue_machine.domains.crm.crm_engine import FILLED
from revenue_machine.domains.crm.models import Merged
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.engine.gates import person_address
from revenue_machine.engine.switch import suppress
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import BadInput, Conflict, NotFound
from revenue_machine.kit.ids import make_id

# Further along the way wins; whoever is lost or put away counts least.
_RANK = ("archived", "closed_lost", "new", "qualified", "warming", "ready_for_dm", "contacted", "follow_up_1", "follow_up_2",
         "replied", "call_booked", "closed_won")  # fmt: skip


class Merger:
    """Merges and undoes, each in the caller's transaction."""

    def __init__(self, database: Database, clock: Clock, events: Events) -> None:
        self._database, self._clock, self._events = database, clock, events

    def merge(self, connection: sa.Connection, kept_id: str, merged_id: str, reason: str) -> Merged:
        """Move everything of one contact to another; the same merge twice is one.

        Raises: bad_input for one and the same, not_found, conflict when either was joined into a third.
        """
        if kept_id == merged_id:
            raise BadInput("a contact cannot be merged with itself", field="merged_id")
        self._database.lock(connection, "crm/identities")
        kept, merged = self._row(connection, kept_id, "kept_id"), self._row(connection, merged_id, "merged_id")
        standing = store.open_merge(connection, merged_id)
        if standing is not None and standing["kept_id"] == kept_id:
            return Merged(standing["id"], kept_id, merged_id, len(standing["moves"]), ())
        for name, row in (("kept_id", kept), ("merged_id", merged)):
            if row["merged_into_id"] is not None:
                raise Conflict(f"{row['id']} was merged into {row['merged_into_id']} already", field=name)
        return self._join(connection, kept, merged, reason)

    def _row(self, connection: sa.Connection, contact_id: str, field: str) -> dict[str, Any]:
        row = store.contact(connection, contact_id)
        if row is None:
            raise NotFound(f"there is no contact {contact_id}", field=field)
        return row

    def _join(self, connection: sa.Connection, kept: Mapping[str, Any], merged: Mapping[str, Any], reason: str) -> Merged:
        now = self._clock.now()
        merge_id = make_id("mrg", kept["id"], merged["id"], store.merges_between(connection, kept["id"], merged["id"]))
        done, stayed = store.move_everything(connection, merged["id"], kept["id"])
        gone = {"email_key": None, "handle_key": None, "merged_into_id": kept["id"], "updated_at": now}
        done += store.change_noted(connection, merged, gone)
        done += store.change_noted(connection, kept, {**joined(kept, merged), "updated_at": now})
        if kept["opted_out_at"] is not None or merged["opted_out_at"] is not None:
            self._shut(connection, kept["id"], merge_id)
        row = {"id": merge_id, "kept_id": kept["id"], "merged_id": merged["id"], "reason": reason, "moves": done, "merged_at": now}
        store.keep_merge(connection, self._database, row)
        self._events.emit(connection, "contact.merged", merge_id, {"kept_id": kept["id"], "merged_id": merged["id"]})
        return Merged(merge_id, str(kept["id"]), str(merged["id"]), len(done), tuple(stayed))

    def undo(self, connection: sa.Connection, merge_id: str) -> Merged:
        """Put every row and field back that has not changed since; what has is named.

        Raises: not_found, conflict when the kept contact was merged on since.
        """
        self._database.lock(connection, "crm/identities")
        merge = store.merge(connection, merge_id)
        if merge is None:
            raise NotFound(f"there is no merge {merge_id}", field="undo")
        if merge["undone_at"] is not None:
            return Merged(merge_id, merge["kept_id"], merge["merged_id"], 0, ())
        kept = reads.person(connection, merge["kept_id"])
        if kept is not None and kept.merged_into_id is not None:
            raise Conflict(f"{kept.id} was merged into {kept.merged_into_id} since; undo that first", field="undo")
        stayed = store.take_back(connection, merge["moves"])
        store.lift_suppressions(connection, merge_id)
        store.close_merge(connection, merge_id, self._clock.now())
        said = {"kept_id": merge["kept_id"], "merged_id": merge["merged_id"]}
        self._events.emit(connection, "contact.unmerged", merge_id, said)
        return Merged(merge_id, merge["kept_id"], merge["merged_id"], len(merge["moves"]) - len(stayed), tuple(stayed))

    def _shut(self, connection: sa.Connection, contact_id: str, merge_id: str) -> None:
        """One of the two opted out: every address of both is shut, and opened again if the merge was a mistake."""
        for address in (*reads.addresses(connection, contact_id), person_address(contact_id)):
            suppress(connection, self._database, address, reason="opted out", source=merge_id, clock=self._clock)


def joined(kept: Mapping[str, Any], merged: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of the kept contact that change: gaps are filled, the further status and the stricter wish win."""
    fresh: dict[str, Any] = {name: merged[name] for name in FILLED if kept[name] is None and merged[name] is not None}
    for key, shown in (("email_key", ("email",)), ("handle_key", ("platform", "handle"))):
        if kept[key] is None and merged[key] is not None:
            fresh |= {name: merged[name] for name in (key, *shown)}
    for name in ("name", "company"):
        if name in fresh:
            fresh[f"{name}_key"] = merged[f"{name}_key"]
    fresh["tags"] = sorted({*(kept["tags"] or ()), *(merged["tags"] or ())})
    fresh["status"] = max(kept["status"], merged["status"], key=_RANK.index)
    fresh["first_contact_at"] = _pick(min, kept["first_contact_at"], merged["first_contact_at"])
    fresh["last_interaction_at"] = _pick(max, kept["last_interaction_at"], merged["last_interaction_at"])
    fresh["email_opt_out"] = kept["email_opt_out"] or merged["email_opt_out"]
    if kept["opted_out_at"] is None and merged["opted_out_at"] is not None:
        fresh |= {"opted_out_at": merged["opted_out_at"], "opt_out_reason": merged["opt_out_reason"], "status": merged["status"]}
    if kept["email_state"] == "unknown":
        fresh["email_state"] = merged["email_state"]
    return fresh


def _pick(choose: Any, one: datetime | None, other: datetime | None) -> datetime | None:
    known = [moment for moment in (one, other) if moment is not None]
    return choose(known) if known else None
