"""What is shown of people: a row in a list, everything of one, and the counts."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.crm import asked, reads, rules, scoring
from revenue_machine.domains.crm.models import Person
from revenue_machine.kit.errors import NotFound

MOST_DOUBLES = 20
_PROFILE = (
    "headline", "title", "location", "timezone", "profile_url", "email_state", "email_opt_out", "opted_out_at", "opt_out_reason",
    "lawful_basis", "predicted_value_micro_usd", "first_contact_at", "created_at",
)  # fmt: skip


def id_of(connection: sa.Connection, reference: str) -> str:
    """The contact's own id behind an id, an e-mail, `platform:handle` or the address of a profile; raises not_found."""
    if reads.person(connection, reference) is not None:
        return reference
    platform, sign, handle = reference.partition(":")
    tries = [("email", rules.value_key("email", reference)), ("profile_url", rules.profile_key(reference))]
    if sign:
        tries.append(("handle", rules.value_key("handle", handle, platform)))
    for kind, key in tries:
        found = None if key is None else reads.owner_of(connection, kind, key)
        if found is not None:
            return found
    raise NotFound("there is no such contact; give an id, an e-mail, platform:handle or a profile's address", field="contact_id")


def find(connection: sa.Connection, reference: str) -> Person:
    """The live person behind a reference; raises not_found."""
    person = reads.current_person(connection, id_of(connection, reference))
    if person is None:
        raise NotFound("there is no such contact", field="contact_id")
    return person


def row(person: Person, reason: str | None = None) -> asked.ContactRow:
    """A person in a list."""
    return asked.ContactRow(
        id=person.id, name=person.name, platform=person.platform, handle=person.handle, email=person.email,
        company=person.company, title=person.title, niche=person.niche, stage=person.status, score=person.score,
        tier=None if person.score is None else scoring.tier_of(person.score), reason=reason, tags=list(person.tags),
        source=person.source, is_opted_out=person.opted_out_at is not None, last_interaction_at=person.last_interaction_at,
    )  # fmt: skip


def listed(connection: sa.Connection, args: asked.ListArgs) -> asked.ListResult:
    """People by filters."""
    total, found = reads.listed(connection, args.model_dump())
    return _rows(connection, total, found)


def searched(connection: sa.Connection, args: asked.SearchArgs) -> asked.ListResult:
    """People by words."""
    total, found = reads.searched(connection, rules.folded(args.query).split(), args.limit)
    return _rows(connection, total, found)


def _rows(connection: sa.Connection, total: int, found: list[Person]) -> asked.ListResult:
    reasons = reads.score_reasons(connection, [one.id for one in found])
    return asked.ListResult(total=total, contacts=[row(one, reasons.get(one.id)) for one in found])


def everything(connection: sa.Connection, args: asked.GetArgs) -> asked.GetResult:
    """All that is known of one person."""
    person = find(connection, args.contact_id)
    timeline = reads.timeline(connection, person.id)
    return asked.GetResult(
        contact=row(person, reads.score_reasons(connection, [person.id]).get(person.id)),
        profile={name: getattr(person, name) for name in _PROFILE},
        identities=[_without(one, "contact_id") for one in reads.identities(connection, person.id)],
        timeline=[asdict(one) for one in timeline[: args.limit]],
        scores=[_without(one, "contact_id") for one in reads.score_history(connection, person.id, 20)],
        transitions=reads.transitions(connection, person.id),
        doubles=[asdict(one) for one in reads.doubles_of(connection, person.id)],
        cost_micro_usd=sum(one.cost_micro_usd for one in timeline),
        value_micro_usd=sum(one.value_micro_usd for one in timeline),
    )


def stats(connection: sa.Connection, now: datetime) -> asked.StatsResult:
    """The counts, who may be double, and what scores have been worth."""
    counts = reads.counts(connection, now - timedelta(days=7), now + timedelta(microseconds=1))
    touched, replied = counts["touched"], counts["replied"]
    bins = scoring.reliability(reads.predictions(connection), now)
    return asked.StatsResult(
        contacts=counts["contacts"], opted_out=counts["opted_out"], new_7d=counts["new"], touched_7d=touched, replied_7d=replied,
        reply_rate_7d=round(replied / touched, 4) if touched else None, interactions=counts["interactions"],
        pipeline=reads.counts_by(connection, "status"), sources=reads.counts_by(connection, "source"),
        tiers=reads.tier_counts(connection), doubles=[asdict(one) for one in reads.doubles(connection, MOST_DOUBLES)],
        reliability=[asked.Reliability(**vars(one)) for one in bins],
    )  # fmt: skip


def _without(found: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key != name}
