"""Keeps who is who: a product's ids joined into persons, each with the contact and the subscriber it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.analytics import reads, store
from revenue_machine.domains.analytics.merges import Merge, Signal, resolve, signal_of
from revenue_machine.domains.analytics.models import ContactLink, IdentityReport, IdentityUndone, MergeRow
from revenue_machine.domains.crm import reads as crm_reads
from revenue_machine.domains.crm.models import ContactBook, IdentityDraft
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.kit.clock import Clock, iso
from revenue_machine.kit.errors import NotFound

PIECE = 500


class IdentityKeeper:
    """Works out the persons behind ids from the events that are kept, always from the beginning, so that order does not matter."""

    def __init__(self, database: Database, clock: Clock, events: Events, book: ContactBook) -> None:
        self._database, self._clock, self._events, self._book = database, clock, events, book

    def settle(self, connection: sa.Connection) -> int:
        """Read every `$identify` and alias in order of time and log what follows; how many merges stand.

        What a person took back stays taken back. A mail address somebody was identified with links the id to the contact.
        """
        self._database.lock(connection, "analytics/identity")
        signals, identified, addresses = self._said(connection)
        standing = {row["id"]: row for row in reads.merges(connection)}
        undone = frozenset(name for name, row in standing.items() if row["undone_at"] is not None)
        verdicts = resolve(signals, identified, undone)
        known = {one.id for one in verdicts}
        store.drop_merges(connection, sorted(name for name in standing if name not in known and name not in undone))
        for start in range(0, len(verdicts), PIECE):
            store.keep_merges(connection, self._database, [self._row(one) for one in verdicts[start : start + PIECE]])
        for one in verdicts:
            if one.id not in standing:
                self._state(connection, one)
        for event_id, distinct_id, email in addresses:
            self.link_contact(connection, distinct_id, email, event_id)
        return sum(one.outcome == "merged" and one.id not in undone for one in verdicts)

    def link_contact(self, connection: sa.Connection, distinct_id: str, email: str, evidence: str) -> str | None:
        """The contact of a mail address gets the id as a further key; None when nobody is known by it.

        A contact that has another owner of the id is not guessed away: the id stays with its owner.
        """
        contact_id = self._book.contact_of(connection, "email", email)
        if contact_id is not None and self._book.contact_of(connection, "distinct_id", distinct_id) is None:
            draft = IdentityDraft("distinct_id", distinct_id, source="event:$identify", evidence=evidence)
            self._book.link(connection, contact_id, draft)
        return contact_id

    def show(self, connection: sa.Connection, wanted: str) -> IdentityReport:
        """Everything one id stands for: ids, merges, contact, subscribers, and what contradicts.

        Raises: not_found for an id nobody ever used.
        """
        contact_id = self._contact_named(connection, wanted)
        starts = [wanted] if contact_id is None else list(crm_reads.identity_values(connection, contact_id, ("distinct_id",)))
        family = reads.family(connection, starts or [wanted])
        counts = reads.event_counts(connection, family)
        links = self._links(connection, family)
        if contact_id is None and not links and not counts and len(family) == 1:
            raise NotFound(f"nobody is known by {wanted}", field="id")
        merged = [MergeRow(**row) for row in reads.merges_of(connection, family)]
        contacts = sorted({one.contact_id for one in links} | ({contact_id} if contact_id else set()))
        subscribers = sorted(
            {name for one in contacts for name in crm_reads.identity_values(connection, one, ("subscriber",))}
        )  # fmt: skip
        return IdentityReport(
            person_id=reads.person_of(connection).get(wanted, wanted) if contact_id is None else contact_id,
            distinct_ids=sorted(family) if counts or links or len(family) > 1 else [], events=sum(counts.values()),
            contact_id=contacts[0] if len(contacts) == 1 else None, contacts=links, subscribers=subscribers, merges=merged,
            conflicts=_conflicts(merged, contacts),
        )  # fmt: skip

    def undo(self, connection: sa.Connection, merge_id: str, why: str) -> IdentityUndone:
        """Take a merge back; what rested on it is worked out anew. Raises: not_found."""
        row = next((one for one in reads.merges(connection) if one["id"] == merge_id), None)
        if row is None:
            raise NotFound(f"there is no merge {merge_id}", field="merge_id")
        fresh = store.undo_merge(connection, merge_id, self._clock.now(), why)
        if fresh:
            self._events.emit(connection, "identity.unmerged", merge_id, {"from_id": row["from_id"], "into_id": row["into_id"]})
            self.settle(connection)
        return IdentityUndone(merge_id=merge_id, from_id=row["from_id"], into_id=row["into_id"], undone=fresh)

    def _said(self, connection: sa.Connection) -> tuple[list[Signal], dict[str, int], list[tuple[str, str, str]]]:
        """(signals, since when each id is identified, (event, id, address)) in order of time."""
        signals: list[Signal] = []
        identified: dict[str, int] = {}
        addresses: dict[tuple[str, str], str] = {}
        for event_id, event, distinct_id, at_us, properties in reads.identity_events(connection):
            held = properties if isinstance(properties, dict) else {}
            if event == "$identify":
                identified.setdefault(distinct_id, at_us)
                traits = held.get("$set")
                email = (traits.get("email") if isinstance(traits, dict) else None) or held.get("email")
                for text in (email, distinct_id if "@" in distinct_id else None):
                    if isinstance(text, str) and "@" in text:
                        addresses.setdefault((distinct_id, text), event_id)
            signal = signal_of(event_id, event, distinct_id, held, at_us)
            if signal is not None:
                signals.append(signal)
        return signals, identified, [(event_id, *pair) for pair, event_id in addresses.items()]

    def _state(self, connection: sa.Connection, one: Merge) -> None:
        said = {"from_id": one.signal.from_id, "into_id": one.signal.into_id, "outcome": one.outcome, "reason": one.reason}
        self._events.emit(connection, "identity.merged" if one.outcome == "merged" else "identity.conflict", one.id, said)

    def _row(self, one: Merge) -> dict[str, Any]:
        return {
            "id": one.id, "from_id": one.signal.from_id, "into_id": one.signal.into_id, "kind": one.signal.kind,
            "evidence": one.signal.id, "outcome": one.outcome, "reason": one.reason,
            "occurred_at": reads.instant_of(one.signal.at_us), "created_at": self._clock.now(),
        }  # fmt: skip

    def _contact_named(self, connection: sa.Connection, wanted: str) -> str | None:
        """The contact when the text is a contact's id, address or subscriber id."""
        if crm_reads.person(connection, wanted) is not None:
            return crm_reads.current_id(connection, wanted)
        found = self._book.contact_of(connection, "email", wanted) or self._book.contact_of(connection, "subscriber", wanted)
        return found or self._book.contact_of(connection, "distinct_id", wanted)

    def _links(self, connection: sa.Connection, family: Sequence[str]) -> list[ContactLink]:
        """Whose contact each id is, with where that is known from."""
        found = []
        for name in sorted(family):
            for kind in ("distinct_id", "subscriber"):
                owner = crm_reads.owner_of(connection, kind, name)
                if owner is None:
                    continue
                rows = [row for row in crm_reads.identities(connection, owner) if row["value_key"] == name and row["kind"] == kind]
                found += [
                    ContactLink(
                        contact_id=owner, kind=kind, value=name, source=row["source"], evidence=row["evidence"],
                        confidence=row["confidence"], since=iso(row["created_at"]),
                    )
                    for row in rows
                ]  # fmt: skip
        return found


def _conflicts(merged: Sequence[MergeRow], contacts: Sequence[str]) -> list[str]:
    found = [f"{one.from_id} was not joined to {one.into_id}: {one.reason}" for one in merged if one.outcome == "conflict"]
    if len(contacts) > 1:
        found.append(
            f"the ids belong to several contacts: {', '.join(contacts)}; join them with crm.merge_contacts, or undo a merge"
        )
    return found
