"""What RevenueCat's own view of a subscription adds to what its webhooks told: charges nobody heard of, and how it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from revenue_machine.domains.revenue.models import Fact, Payment, Reading
from revenue_machine.domains.revenue.rules import person_id, share_micro_usd
from revenue_machine.integrations.revenuecat.wire import Subscription, SubscriptionTransaction, at_ms
from revenue_machine.kit.ids import make_id
from revenue_machine.kit.money import micro

Held = Subscription
Charge = SubscriptionTransaction


@dataclass(frozen=True)
class Look:
    """What one look-up brought; `is_odd` when charges are missing and their amounts cannot be told for sure."""

    reading: Reading
    found: tuple[str, ...] = ()
    is_odd: bool = False


def compare(held: Held, charges: Sequence[Charge], key: str, paid: Sequence[Mapping[str, Any]], *, had_trial: bool) -> Look:
    """The charges no webhook told of, with amounts that add up to RevenueCat's total, and the state that follows.

    `key` is the subscription's id at its store, `paid` the payments and refunds known of it; a trial's charge is listed too.
    """
    free = charges[0].id if charges and (had_trial or held.status == "trialing") else None
    known = {row["external_id"] for row in paid}
    missing = sorted((one for one in charges if one.id not in known and one.id != free), key=lambda one: (one.purchased_at, one.id))
    told = sum(row["amount_micro_usd"] or 0 for row in paid)
    due = micro(held.total_revenue_in_usd.gross) - told
    amounts = _amounts(due, len(missing), _usual(paid))
    state = _state_facts(held, charges, key)
    if due == 0 or amounts is None:
        return Look(Reading("revenuecat", key, state), is_odd=due != 0)
    charged = list(zip(missing[len(missing) - len(amounts) :], amounts, strict=True))
    payments = tuple(_payment(held, one, amount, is_first=not paid and one is charged[0][0]) for one, amount in charged)
    facts = tuple(_paid_fact(held, one, amount) for one, amount in charged)
    return Look(Reading("revenuecat", key, (*facts, *state), payments), tuple(one.id for one, _ in charged))


def _usual(paid: Sequence[Mapping[str, Any]]) -> int | None:
    """What a period of it cost the last time."""
    costs = [row["amount_micro_usd"] for row in paid if (row["amount_micro_usd"] or 0) > 0]
    return costs[-1] if costs else None


def _amounts(due_micro_usd: int, missing: int, usual_micro_usd: int | None) -> list[int] | None:
    """How a sum spreads over the newest of the missing charges (earlier ones were free); None where that would be a guess."""
    if due_micro_usd <= 0 or missing == 0:
        return None
    if usual_micro_usd is not None and due_micro_usd % usual_micro_usd == 0 and due_micro_usd // usual_micro_usd <= missing:
        return [usual_micro_usd] * (due_micro_usd // usual_micro_usd)
    return [due_micro_usd] if missing == 1 else None


def _payment(held: Held, charge: Charge, amount_micro_usd: int, *, is_first: bool) -> Payment:
    total = held.total_revenue_in_usd
    shares = [part / total.gross if total.gross else Decimal(0) for part in (total.commission, total.tax)]
    commission, tax = (-share_micro_usd(amount_micro_usd, share) for share in shares)
    return Payment(
        key=charge.id, kind="purchase" if is_first else "renewal", occurred_at=at_ms(charge.purchased_at),
        is_production=held.environment != "sandbox", amount_micro_usd=amount_micro_usd, currency="USD",
        commission_micro_usd=commission, tax_micro_usd=tax,
        user_id=person_id(held.customer_id), customer_hash=_customer(held), store_ids=_store_ids(charge), links=(charge.id,),
    )  # fmt: skip


def _paid_fact(held: Held, charge: Charge, amount_micro_usd: int) -> Fact:
    at, ends = at_ms(charge.purchased_at), charge.effective_expiration_date or charge.expiration_date
    return Fact(
        key=f"look/{charge.id}", kind="paid", occurred_at=at, is_production=held.environment != "sandbox",
        user_id=person_id(held.customer_id), customer_hash=_customer(held), store_ids=_store_ids(charge),
        ends_at=None if ends is None else at_ms(ends), paid_since=at, price_micro_usd=amount_micro_usd,
    )  # fmt: skip


def _state_facts(held: Held, charges: Sequence[Charge], key: str) -> tuple[Fact, ...]:
    """Only what ends or begins: a trial nobody heard of, an end nobody heard of."""
    ends = at_ms(held.ends_at or held.current_period_ends_at or held.current_period_starts_at)
    common: dict[str, Any] = {
        "is_production": held.environment != "sandbox", "user_id": person_id(held.customer_id), "customer_hash": _customer(held),
        "store_ids": _store_ids(charges[-1]) if charges else (), "ends_at": ends,
    }  # fmt: skip
    if held.status == "trialing":
        return (Fact(key=f"look/{key}/trial", kind="trial_started", occurred_at=at_ms(held.starts_at), **common),)
    if held.status == "expired":
        return (Fact(key=f"look/{key}/{held.ends_at}", kind="ended", occurred_at=ends, **common),)
    return ()


def _store_ids(charge: Charge) -> tuple[str, ...]:
    return (charge.product_store_identifier,) if charge.product_store_identifier else ()


def _customer(held: Held) -> str:
    return make_id("cus", "revenuecat", held.original_customer_id)
