"""What is known of a person before a message to them is wished for: what was said, what they did, what it may be worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from revenue_machine.domains.crm import reads as crm_reads
from revenue_machine.domains.crm.models import Interaction, Person
from revenue_machine.domains.outreach import reads, rules
from revenue_machine.domains.outreach.models import QueueRow
from revenue_machine.domains.outreach.rules import QUALIFIED_FROM, Standing
from revenue_machine.domains.owner.models import Business, Product

LOOKED_BACK = timedelta(days=90)
MONTHS_KEPT = 5
# What somebody's own doing says of a fit, whatever the channel.
_SIGNS = {
    "link_clicked": "clicked a personal link", "email_clicked": "clicked in a mail", "signed_up": "signed up",
    "trial_started": "started a trial", "connected": "accepted an invitation", "call_booked": "booked a call",
}  # fmt: skip
_TIERS = ((80.0, "strong"), (60.0, "growing"), (40.0, "building"), (20.0, "new"))


@dataclass(frozen=True)
class Known:
    """A person, what happened with them lately (newest first), what went out (oldest first), and what follows."""

    person: Person
    happened: tuple[Interaction, ...]
    sent: tuple[QueueRow, ...]
    standing: Standing

    @property
    def thread(self) -> tuple[str, ...]:
        """What was said to and fro, oldest first."""
        said = [one for one in self.happened if one.direction in ("in", "out") and one.content]
        return tuple(f"{'they' if one.direction == 'in' else 'I'}: {one.content}" for one in reversed(said[:6]))

    @property
    def quotes(self) -> tuple[str, ...]:
        """Their own words as evidence."""
        return tuple(one.content for one in self.happened if one.direction == "in" and one.content)[:3]


def know(connection: sa.Connection, person: Person, now: datetime, fit_score: float | None = None) -> Known:
    """Everything that decides about the next message."""
    happened = crm_reads.interactions(connection, person.id, since=now - LOOKED_BACK, limit=60)
    sent = reads.rows_of(connection, person.id)
    return Known(person, tuple(happened), tuple(sent), standing_of(person, happened, sent, fit_score))


def standing_of(person: Person, happened: Sequence[Interaction], sent: Sequence[QueueRow], fit_score: float | None) -> Standing:
    """How warm, which signals of fit, and how many value touches since the last offer."""
    signals = {_SIGNS[one.type] for one in happened if one.type in _SIGNS}
    if any(one.direction == "in" and one.intent_class == "lead" for one in happened):
        signals.add("asked about it")
    if fit_score is not None and fit_score >= QUALIFIED_FROM:
        signals.add(f"profile fits ({fit_score:.0f})")
    touches = 0
    for one in reversed(sent):
        if one.lane == "offer":
            break
        touches += 1
    has_replied = any(one.direction == "in" for one in happened)
    return Standing(person.score or 0.0, person.status, tuple(sorted(signals)), touches, has_replied)


def product_for(business: Business, niche: str | None) -> Product | None:
    """What could be offered to somebody of a niche: the first product that names it, else the first of all."""
    fitting = [one for one in business.products if niche in one.niches]
    return next(iter([*fitting, *business.products]), None)


def predicted_value(connection: sa.Connection, person: Person, product: Product | None) -> int | None:
    """What a message may bring in micro-dollars: the tier's share of trials and sales times the months a customer stays."""
    if person.predicted_value_micro_usd is not None:
        return person.predicted_value_micro_usd
    if product is None:
        return None
    share = crm_reads.prediction(connection, tier_of(person.score or 0.0))
    return int(share * product.offers[0].price_micro_usd * MONTHS_KEPT)


def tier_of(score: float) -> str:
    """strong, growing, building, new or cold, as the people book calls it."""
    return next((name for least, name in _TIERS if score >= least), "cold")


def lane_words(known: Known) -> tuple[rules.Lane, str]:
    """The lane of the next message and the reason."""
    return rules.lane_of(known.standing)
