"""Keeps the book of people: who is who, what was said, where they stand, and who must never be written to again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.attribution import reads as attribution_reads
from revenue_machine.domains.crm import reads, rules, scoring, store
from revenue_machine.domains.crm.models import (
    ContactDraft,
    EmailState,
    IdentityDraft,
    IdentityKind,
    IntentClass,
    InteractionDraft,
    Person,
    Score,
    Status,
)
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.engine.gates import person_address
from revenue_machine.engine.switch import check_suppressed, suppress
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import BadInput, Conflict, NotFound
from revenue_machine.kit.ids import make_id

# Filled in where they are empty, never overwritten by what somebody else says.
FILLED = (
    "name", "niche", "headline", "company", "title", "location", "timezone", "profile_url", "phone", "lawful_basis",
    "predicted_value_micro_usd",
)  # fmt: skip

# What attribution calls a step, and what the timeline does.
STEPS = {
    "signup": "signed_up", "trial": "trial_started", "purchase": "purchased", "renewal": "renewed", "refund": "refunded",
    "churn": "churned",
}  # fmt: skip


class CrmEngine:
    """The ContactBook."""

    def __init__(self, database: Database, clock: Clock, events: Events) -> None:
        self._database, self._clock, self._events = database, clock, events

    def upsert(self, connection: sa.Connection, draft: ContactDraft) -> str:
        """The contact of this person: joined when any key is known, else made; see ContactBook."""
        keys = rules.identities_of(draft)
        if not keys and not draft.name:
            raise BadInput("a contact needs a name or one of e-mail, platform and handle, profile_url, phone", field="email")
        self._database.lock(connection, "crm/identities")
        owners = dict.fromkeys(
            owner for one, key in keys if (owner := reads.owner_of(connection, one.kind, key)) is not None
        )  # fmt: skip
        if owners:
            contact_id = next(iter(owners))
            for other in list(owners)[1:]:
                store.keep_double(connection, self._database, (contact_id, other), f"one card of {draft.source}", self._clock.now())
            mine = [(one, key) for one, key in keys if reads.owner_of(connection, one.kind, key) in (None, contact_id)]
            self._fill_in(connection, contact_id, contact_row(draft, mine, self._clock.now()))
        else:
            for one, key in keys:
                if one.kind in ("email", "handle"):
                    check_suppressed(connection, key)
            contact_id = self._make(connection, draft, keys)
        now = self._clock.now()
        for one, key in keys:
            if store.keep_identity(connection, self._database, store.identity_row(contact_id, one, key, now)):
                self._on_new_key(connection, contact_id, one.kind, key)
        return contact_id

    def known(self, connection: sa.Connection, draft: ContactDraft) -> bool:
        """Whether one of the draft's keys is somebody's."""
        return any(reads.owner_of(connection, one.kind, key) is not None for one, key in rules.identities_of(draft))

    def log(self, connection: sa.Connection, draft: InteractionDraft) -> str:
        """Write down what happened, once; see ContactBook."""
        contact_id = self._live(connection, draft.contact_id).id
        now = self._clock.now()
        occurred_at = draft.occurred_at or now
        if draft.external_id is not None:
            natural = [draft.type, draft.channel or "", draft.external_id]
        else:
            natural = [contact_id, draft.type, draft.channel or "", occurred_at.isoformat(), draft.content or ""]
        row = {
            **vars(draft),
            "id": make_id("int", *natural),
            "contact_id": contact_id,
            "occurred_at": occurred_at,
            "created_at": now,
        }
        interaction_id = str(row["id"])
        if not store.keep_interaction(connection, self._database, row):
            return interaction_id
        store.touch(connection, contact_id, occurred_at, now)
        self.rescore(connection, contact_id)
        said = {"contact_id": contact_id, "interaction_id": interaction_id, "channel": draft.channel}
        if draft.direction == "out":
            self._events.emit(connection, "person.touched", interaction_id, {**said, "kind": draft.type}, occurred_at)
            self.advance(connection, contact_id, "contacted", f"{draft.type} on {draft.channel or draft.platform or 'a channel'}")
        elif draft.direction == "in":
            self._events.emit(connection, "person.replied", interaction_id, said, occurred_at)
            self.advance(connection, contact_id, "replied", f"{draft.type} on {draft.channel or draft.platform or 'a channel'}")
        return interaction_id

    def class_reply(self, connection: sa.Connection, interaction_id: str, intent: IntentClass) -> bool:
        """Say once what class a reply is; see ContactBook."""
        said = reads.interaction(connection, interaction_id)
        if said is None or not store.class_interaction(connection, interaction_id, intent):
            return False
        self.rescore(connection, reads.current_id(connection, said.contact_id))
        return True

    def advance(self, connection: sa.Connection, contact_id: str, status: Status, why: str) -> bool:
        return self.refusal(connection, contact_id, status) is None and self._move(connection, contact_id, status, why)

    def refusal(self, connection: sa.Connection, contact_id: str, status: Status) -> str | None:
        """Why a person may not move there; None when they may."""
        person = self._live(connection, contact_id)
        if person.status == status:
            return f"already {status}"
        since = reads.stage_since(connection, person.id) or person.created_at
        stood_for = rules.age(since, self._clock.now())
        if rules.may_follow(person.status, status, stood_for=stood_for, is_opted_out=person.opted_out_at is not None):
            return None
        allowed = sorted(rules.TRANSITIONS[person.status], key=rules.STATUSES.index)
        if status in allowed and person.opted_out_at is not None:
            return "opted out"
        if status in allowed:
            return f"{person.status} for {stood_for.days} days; taken up again after {rules.REENTRY[person.status].days}"
        return f"after {person.status} comes one of {', '.join(allowed)}"

    def opt_out(self, connection: sa.Connection, contact_id: str, reason: str, channel: str | None) -> bool:
        """Shut every address of the person at once; False when they had opted out before."""
        person = self._live(connection, contact_id)
        now = self._clock.now()
        for address in (*reads.addresses(connection, person.id), person_address(person.id), person_address(contact_id)):
            suppress(connection, self._database, address, reason=reason, source=channel or "owner", clock=self._clock)
        if person.opted_out_at is not None:
            return False
        values = {"opted_out_at": now, "opt_out_reason": reason, "email_opt_out": True, "updated_at": now}
        store.change_contact(connection, person.id, values)
        self.log(connection, InteractionDraft(person.id, "opted_out", content=reason, channel=channel, external_id=person.id))
        self._move(connection, person.id, "archived", f"opted out: {reason}")
        said = {"contact_id": person.id, "reason": reason, "channel": channel}
        self._events.emit(connection, "person.opted_out", f"{person.id}/{now.isoformat()}", said)
        return True

    def link(self, connection: sa.Connection, contact_id: str, identity: IdentityDraft) -> bool:
        """Add a key to a person; False when it is known already, be it somebody else's."""
        key = rules.value_key(identity.kind, identity.value, identity.platform)
        if key is None:
            raise BadInput(f"'{identity.value}' is no {identity.kind}", field="value")
        contact_id = self._live(connection, contact_id).id
        row = store.identity_row(contact_id, identity, key, self._clock.now())
        if not store.keep_identity(connection, self._database, row):
            return False
        self._on_new_key(connection, contact_id, identity.kind, key)
        return True

    def contact_of(self, connection: sa.Connection, kind: IdentityKind, value: str, platform: str | None = None) -> str | None:
        key = rules.value_key(kind, value, platform)
        return None if key is None else reads.owner_of(connection, kind, key)

    def mark_email(self, connection: sa.Connection, contact_id: str, state: EmailState) -> None:
        person = self._live(connection, contact_id)
        store.change_contact(connection, person.id, {"email_state": state, "updated_at": self._clock.now()})

    def set_fields(self, connection: sa.Connection, contact_id: str, values: Mapping[str, Any]) -> None:
        """Set columns of a person as they are."""
        store.change_contact(connection, contact_id, {**values, "updated_at": self._clock.now()})

    def update(self, connection: sa.Connection, contact_id: str, values: Mapping[str, Any]) -> list[str]:
        """Overwrite what is known of a person with what the owner says; the names of what changed."""
        person = self._live(connection, contact_id)
        fresh = dict(values)
        for key in ("name", "company"):
            if key in fresh:
                fresh[f"{key}_key"] = (rules.name_key if key == "name" else rules.company_key)(fresh[key])
        fresh |= self._update_keys(connection, person, fresh)
        stands = store.contact(connection, person.id) or {}
        changed = {name: value for name, value in fresh.items() if stands.get(name) != value}
        if changed:
            self.set_fields(connection, person.id, changed)
        return sorted(name for name in changed if not name.endswith("_key"))

    def _update_keys(self, connection: sa.Connection, person: Person, values: Mapping[str, Any]) -> dict[str, Any]:
        """A fresh address becomes a further key of the person and the one that is shown."""
        drafts: list[tuple[IdentityKind, str | None]] = [
            ("email", values.get("email")), ("handle", values.get("handle")), ("profile_url", values.get("profile_url")),
            ("phone", values.get("phone")),
        ]  # fmt: skip
        shown: dict[str, Any] = {}
        for kind, value in drafts:
            if value is None:
                continue
            platform = rules.platform_key(values.get("platform")) if kind == "handle" else None
            self.link(connection, person.id, IdentityDraft(kind, value, platform))
            owner = self.contact_of(connection, kind, value, platform)
            if owner != person.id:
                raise Conflict(f"this {kind} belongs to {owner}; merge the two with crm.merge_contacts", field=kind)
            if kind == "email":
                shown["email_key"] = rules.value_key(kind, value)
            if kind == "handle":
                shown |= {
                    "handle": rules.handle_text(value),
                    "platform": platform,
                    "handle_key": rules.value_key(kind, value, platform),
                }
        return shown

    def rescore(self, connection: sa.Connection, contact_id: str) -> Score:
        """The score as it stands now, kept with its reasons when it changed."""
        person, now = self._live(connection, contact_id), self._clock.now()
        score = scoring.score_of(reads.interactions(connection, person.id, since=now - scoring.LOOKED_BACK), now)
        why = "; ".join(score.reasons)
        if person.score == score.score and reads.has_score(connection, person.id):
            return score
        store.change_contact(connection, person.id, {"score": score.score, "lead_score_reason": why, "updated_at": now})
        row = {**vars(score), "reasons": list(score.reasons), "id": make_id("csc", person.id, now.isoformat(), score.score)}
        row |= {"contact_id": person.id, "predicted": reads.prediction(connection, score.tier), "created_at": now}
        store.keep_score(connection, self._database, row)
        return score

    def rescore_all(self, connection: sa.Connection) -> int:
        """Score everybody anew whose score still moves with the days, after learning what scores have been worth."""
        now = self._clock.now()
        learned = scoring.learned(scoring.reliability(reads.predictions(connection), now))
        store.keep_learned(connection, self._database, learned, now)
        ids = reads.lately_active(connection, now - scoring.LOOKED_BACK)
        for contact_id in ids:
            self.rescore(connection, contact_id)
        return len(ids)

    def take_in_steps(self, connection: sa.Connection, contact_id: str, user_id: str) -> int:
        """Write what a product's user did (signup, trial, money) on the timeline of the person they are; how many are new."""
        fresh = 0
        for step in attribution_reads.steps_of_user(connection, user_id):
            kind = STEPS.get(step["event_type"])
            key = str(step["external_event_id"])
            if kind is None or reads.is_logged(connection, kind, "product", key):
                continue
            value = int(step["revenue_micro_usd"])
            draft = InteractionDraft(
                contact_id, kind, channel="product", external_id=key, product=step["product"], campaign=step["utm_campaign"],
                occurred_at=step["occurred_at"], value_micro_usd=value or None,
            )  # fmt: skip
            interaction_id = self.log(connection, draft)
            fresh += 1
            if kind == "purchased":
                self.advance(connection, contact_id, "closed_won", f"bought {step['product'] or 'a product'}")
            said = {"contact_id": contact_id, "user_id": user_id, "type": kind}
            self._events.emit(connection, "contact.converted", interaction_id, said, step["occurred_at"])
        return fresh

    def _live(self, connection: sa.Connection, contact_id: str) -> Person:
        person = reads.current_person(connection, contact_id)
        if person is None:
            raise NotFound(f"there is no contact {contact_id}", field="contact_id")
        return person

    def _move(self, connection: sa.Connection, contact_id: str, status: Status, why: str) -> bool:
        person = self._live(connection, contact_id)
        if person.status == status:
            return False
        now = self._clock.now()
        if not store.move(connection, self._database, person.id, steps=(person.status, status), why=why, now=now):
            return False
        said = {"contact_id": person.id, "from": person.status, "to": status}
        self._events.emit(connection, "contact.moved", f"{person.id}/{person.status}/{status}/{now.isoformat()}", said)
        return True

    def _make(self, connection: sa.Connection, draft: ContactDraft, keys: list[tuple[IdentityDraft, str]]) -> str:
        now = self._clock.now()
        natural = keys[0][1] if keys else f"name/{rules.name_key(draft.name)}/{rules.company_key(draft.company)}/{draft.source}"
        contact_id = make_id("con", keys[0][0].kind if keys else "name", natural)
        while store.is_taken(connection, contact_id):  # whoever had this id lost the key since (merged, forgotten)
            if not keys:
                return contact_id
            contact_id = make_id("con", contact_id)
        store.keep_contact(connection, self._database, {**contact_row(draft, keys, now), "id": contact_id})
        return contact_id

    def _fill_in(self, connection: sa.Connection, contact_id: str, fresh: Mapping[str, Any]) -> None:
        """Empty fields take what a fresh row says; tags are added; whoever opted out stays so."""
        values = store.filled(store.contact(connection, contact_id) or {}, fresh, FILLED)
        if values:
            store.change_contact(connection, contact_id, {**values, "updated_at": self._clock.now()})

    def _on_new_key(self, connection: sa.Connection, contact_id: str, kind: str, key: str) -> None:
        """Another address of somebody who opted out is shut at once; others may join what they know of a product's user."""
        person = self._live(connection, contact_id)
        if person.opted_out_at is not None and kind in ("email", "handle"):
            suppress(connection, self._database, key, reason=person.opt_out_reason or "opted out", source="crm", clock=self._clock)
        if kind in ("distinct_id", "subscriber"):
            said = {"contact_id": person.id, "kind": kind, "user_id": key}
            self._events.emit(connection, "contact.linked", f"{kind}/{key}", said)


def contact_row(draft: ContactDraft, keys: list[tuple[IdentityDraft, str]], now: datetime) -> dict[str, Any]:
    """A new person as a row, without the id."""
    email = next(((one.value, key) for one, key in keys if one.kind == "email"), (None, None))
    handle = next(((one.platform, one.value, key) for one, key in keys if one.kind == "handle"), (None, None, None))
    return {
        "name": draft.name, "platform": handle[0] or rules.platform_key(draft.platform), "handle": handle[1],
        "handle_key": handle[2], "email": email[0], "email_key": email[1], "niche": draft.niche, "score": None,
        "status": "new", "source": draft.source, "tags": sorted(set(draft.tags)), "headline": draft.headline,
        "company": draft.company, "title": draft.title, "location": draft.location, "timezone": draft.timezone,
        "profile_url": draft.profile_url, "phone": draft.phone, "name_key": rules.name_key(draft.name),
        "company_key": rules.company_key(draft.company), "email_state": "unknown", "email_opt_out": False,
        "lawful_basis": draft.lawful_basis, "predicted_value_micro_usd": draft.predicted_value_micro_usd, "created_at": now,
        "updated_at": now,
    }  # fmt: skip
