"""Pure: how monthly money came from one instant to another, person by person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from revenue_machine.domains.owner.models import Business, Period
from revenue_machine.domains.revenue import rules
from revenue_machine.domains.revenue.models import Fact, Move, SubscriptionState

# A month as money counts it: a twelfth of a year.
_PER_MONTH: Mapping[Period, tuple[int, int]] = {
    "day": (365, 12),
    "week": (52, 12),
    "month": (1, 1),
    "year": (1, 12),
    "once": (0, 1),
}


@dataclass(frozen=True)
class Standing:
    """What one subscription brings a month at an instant; `monthly_micro_usd` None while its price is unknown."""

    person: str
    monthly_micro_usd: int | None


@dataclass
class Movement:
    """Micro-dollars a month and people; the parts add up from start to end."""

    start: int = 0
    new: int = 0
    reactivated: int = 0
    expansion: int = 0
    contraction: int = 0
    churned: int = 0
    end: int = 0
    payers_start: int = 0
    payers_new: int = 0
    payers_reactivated: int = 0
    payers_churned: int = 0
    payers_end: int = 0
    unpriced: int = 0


def monthly_micro_usd(business: Business, product_key: str | None, price_micro_usd: int | None) -> int | None:
    """The price of a period as money a month: by the offer of that price, else by what all offers of the product share."""
    if price_micro_usd is None:
        return None
    product = None if product_key is None else business.product(product_key)
    offers = () if product is None else product.offers
    named = {offer.period for offer in offers if offer.price_micro_usd == price_micro_usd} or {offer.period for offer in offers}
    times, over = _PER_MONTH[named.pop() if len(named) == 1 else "month"]
    return price_micro_usd * times // over


def state_at(facts: Sequence[Fact], moves: Sequence[Move], at: datetime) -> SubscriptionState | None:
    """Where a subscription stood at an instant; None before it began."""
    known = [fact for fact in facts if fact.occurred_at <= at]
    return rules.fold(known, [move for move in moves if move.occurred_at <= at]) if known else None


def compare(before: Sequence[Standing], after: Sequence[Standing], had_paid: AbstractSet[str]) -> Movement:
    """Both lists hold whoever pays at their instant; `had_paid` are all who ever paid before the first."""
    found = Movement()
    first, last = _by_person(before), _by_person(after)
    found.unpriced = sum(one.monthly_micro_usd is None for one in after)
    for person in sorted(first.keys() | last.keys()):
        _move(found, first.get(person), last.get(person), had_paid=person in had_paid)
    return found


def _by_person(standings: Sequence[Standing]) -> dict[str, int]:
    held: dict[str, int] = {}
    for one in standings:
        held[one.person] = held.get(one.person, 0) + (one.monthly_micro_usd or 0)
    return held


def _move(found: Movement, old: int | None, new: int | None, *, had_paid: bool) -> None:
    """One person; somebody who paid before and pays again came back."""
    found.start += old or 0
    found.end += new or 0
    found.payers_start += old is not None
    found.payers_end += new is not None
    if old is None and new is not None:
        found.reactivated += new if had_paid else 0
        found.new += 0 if had_paid else new
        found.payers_reactivated += had_paid
        found.payers_new += not had_paid
    elif old is not None and new is None:
        found.churned += old
        found.payers_churned += 1
    else:
        change = (new or 0) - (old or 0)
        found.expansion += max(change, 0)
        found.contraction += max(-change, 0)
