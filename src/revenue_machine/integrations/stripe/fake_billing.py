"""The life of pretend Stripe subscriptions and charges in world time, and the people who cause it."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from revenue_machine.integrations.stripe import fake_objects as shape
from revenue_machine.integrations.stripe.fake_objects import Document, emit, keep, period, seconds, set_period
from revenue_machine.kit.errors import Conflict, NotFound
from revenue_machine.kit.fakeschedule import FakeSchedule
from revenue_machine.kit.fakeserver import FakeState

DAY_S = 86_400
_MONTHS = {"month": 1, "year": 12}


def public_subscribe(
    state: FakeState,
    email: str,
    name: str,
    product: str,
    price_micro_usd: int,
    *,
    trial_days: int = 0,
    metadata: Mapping[str, str] | None = None,
    at: datetime | None = None,
    will_convert: bool = True,
    renews: bool = True,
) -> str:
    """A person buys a monthly plan on a checkout page; returns the subscription id.

    A trial converts at its end if `will_convert`; the plan renews while `renews`; else the person cancels a day before.
    """
    now = _at(state, at)
    payer = _payer(state, email, name, now)
    plan = _plan(state, product, price_micro_usd, now)
    made = start_subscription(state, payer, [(plan, 1)], trial_days=trial_days, metadata=metadata or {}, at=now)
    _mind(state, made["id"], will_convert=will_convert, renews=renews)
    _schedule(state, made)
    _checkout(state, payer, made, 0 if trial_days else plan["unit_amount"], now)
    return str(made["id"])


def public_pay(
    state: FakeState,
    email: str,
    name: str,
    description: str,
    amount_micro_usd: int,
    *,
    metadata: Mapping[str, str] | None = None,
    at: datetime | None = None,
) -> str:
    """A person pays once on a checkout page; returns the charge id."""
    now = _at(state, at)
    payer = _payer(state, email, name, now)
    cents = amount_micro_usd // shape.MICRO_PER_CENT
    paid = shape.charge(state, payer, cents, now, description=description, metadata=metadata or {})
    emit(state, "charge.succeeded", paid, now)
    _checkout(state, payer, paid, cents, now)
    return str(paid["id"])


def public_decide(state: FakeState, subscription_id: str, *, will_convert: bool | None = None, renews: bool | None = None) -> None:
    """The person changes their mind about what happens at the end of the trial or period."""
    _mind(state, subscription_id, will_convert=will_convert, renews=renews)
    _schedule(state, find(state, "subscription", subscription_id))


def public_renew(state: FakeState, subscription_id: str, at: datetime | None = None) -> None:
    """The next period is charged: invoice.paid and charge.succeeded; ends a trial."""
    held = find(state, "subscription", subscription_id)
    if held["status"] == "canceled":
        raise Conflict(f"{subscription_id} is canceled")
    _renew(state, held, _at(state, at))
    _schedule(state, held)


def public_cancel(state: FakeState, subscription_id: str, at: datetime | None = None, *, immediately: bool = False) -> None:
    """The person cancels: access to the end of the period, or no longer at all."""
    held = find(state, "subscription", subscription_id)
    if held["status"] == "canceled":
        raise Conflict(f"{subscription_id} is canceled already")
    if immediately:
        end_subscription(state, held, _at(state, at))
    else:
        _cancel_at_end(state, held, _at(state, at))
    _schedule(state, held)


def public_refund(state: FakeState, source_id: str, amount_micro_usd: int | None = None, at: datetime | None = None) -> int:
    """Give money of a charge (or of a subscription's last charge) back; returns micro-dollars."""
    charge_id = source_id if source_id.startswith("ch_") else _last_charge(state, source_id)
    held = find(state, "charge", charge_id)
    left = held["amount"] - held["amount_refunded"]
    cents = left if amount_micro_usd is None else amount_micro_usd // shape.MICRO_PER_CENT
    refund_charge(state, held, cents, _at(state, at))
    return int(cents * shape.MICRO_PER_CENT)


def public_advance(state: FakeState) -> int:
    """Do everything due by the world's clock, in order of time; returns how many things happened."""
    schedule, now_ms, happened = FakeSchedule(state), seconds(state) * 1000, 0
    while (due := schedule.take(now_ms)) is not None:
        held = find(state, "subscription", due[1])
        if _next_due(state, held) == due[0] // 1000:
            _step(state, held, due[0] // 1000)
            _schedule(state, held)
            happened += 1
    return happened


def start_subscription(
    state: FakeState,
    payer: Document,
    prices: list[tuple[Document, int]],
    *,
    trial_days: int,
    metadata: Mapping[str, str],
    at: int,
) -> Document:
    """Create a subscription, bill its first period or trial, and say so."""
    made = shape.subscription(state, payer["id"], prices, at) | {"metadata": dict(metadata), "status": "active"}
    set_period(made, at, _period_end(made, at))
    if trial_days:
        ends = at + trial_days * DAY_S
        made |= {"status": "trialing", "trial_start": at, "trial_end": ends, "billing_cycle_anchor": ends}
        set_period(made, at, ends)
    keep(state, made)
    emit(state, "customer.subscription.created", made, at)
    _bill(state, made, "subscription_create", at)
    _schedule(state, made)
    return made


def end_subscription(state: FakeState, held: Document, at: int) -> None:
    """The subscription is over now: customer.subscription.deleted."""
    held |= {"status": "canceled", "ended_at": at, "canceled_at": held["canceled_at"] or at}
    held["cancellation_details"] |= {"reason": "cancellation_requested"}
    keep(state, held)
    emit(state, "customer.subscription.deleted", held, at)


def refund_charge(state: FakeState, held: Document, cents: int, at: int) -> Document:
    """Move money back: a refund, a negative balance transaction, charge.refunded with the sum before."""
    if not 0 < cents <= held["amount"] - held["amount_refunded"]:
        raise Conflict(f"{held['id']} has no {cents} cents left to refund")
    made = {"id": shape.new_id(state, "re"), "object": "refund", "amount": cents, "charge": held["id"], "created": at}
    made |= {"currency": held["currency"], "status": "succeeded", "reason": "requested_by_customer", "metadata": {}}
    made |= {"payment_intent": held["payment_intent"]}
    made["balance_transaction"] = shape.balance_transaction(state, made, -cents, at)["id"]
    keep(state, made)
    before = {"amount_refunded": held["amount_refunded"], "refunded": held["refunded"]}
    held["amount_refunded"] += cents
    held["refunded"] = held["amount_refunded"] == held["amount"]
    held["refunds"]["data"].insert(0, made)
    keep(state, held)
    emit(state, "charge.refunded", held, at, before)
    return made


def find(state: FakeState, kind: str, name: str) -> Document:
    """An object, or `not_found`."""
    held = state.get(kind, name)
    if held is None:
        raise NotFound(f"Stripe has no {kind} {name}")
    return held


def _step(state: FakeState, held: Document, now: int) -> None:
    if now < period(held)[1]:
        _cancel_at_end(state, held, now)
    elif held["cancel_at_period_end"]:
        end_subscription(state, held, now)
    else:
        _renew(state, held, now)


def _renew(state: FakeState, held: Document, now: int) -> None:
    before = {"status": held["status"], "items": {"data": [dict(held["items"]["data"][0])]}}
    held |= {"status": "active", "cancel_at_period_end": False, "cancel_at": None}
    set_period(held, now, _period_end(held, now))
    keep(state, held)
    emit(state, "customer.subscription.updated", held, now, before)
    _bill(state, held, "subscription_cycle", now)


def _bill(state: FakeState, held: Document, reason: str, at: int) -> None:
    trial = held["status"] == "trialing"
    cents = 0 if trial else sum(item["price"]["unit_amount"] * item["quantity"] for item in held["items"]["data"])
    made = shape.invoice(state, held, reason, cents, at)
    if cents:
        payer = find(state, "customer", held["customer"])
        text = "Subscription creation" if reason == "subscription_create" else "Subscription update"
        paid = shape.charge(state, payer, cents, at, description=text, metadata=held["metadata"])
        state.put("last_charge", held["id"], {"charge": paid["id"]})
        emit(state, "charge.succeeded", paid, at)
    held["latest_invoice"] = made["id"]
    keep(state, held)
    emit(state, "invoice.paid", made, at)


def _cancel_at_end(state: FakeState, held: Document, at: int) -> None:
    before = {"cancel_at_period_end": held["cancel_at_period_end"], "canceled_at": held["canceled_at"], "cancel_at": None}
    held |= {"cancel_at_period_end": True, "canceled_at": at, "cancel_at": period(held)[1]}
    keep(state, held)
    emit(state, "customer.subscription.updated", held, at, before)


def _mind(state: FakeState, subscription_id: str, *, will_convert: bool | None, renews: bool | None) -> None:
    mind = state.get("mind", subscription_id) or {"will_convert": True, "renews": True}
    mind["will_convert"] = mind["will_convert"] if will_convert is None else will_convert
    mind["renews"] = mind["renews"] if renews is None else renews
    state.put("mind", subscription_id, mind)


def _next_due(state: FakeState, held: Document) -> int | None:
    if held["status"] == "canceled":
        return None
    start, end = period(held)
    mind = state.get("mind", held["id"]) or {"will_convert": True, "renews": True}
    stays = mind["will_convert"] if held["status"] == "trialing" else mind["renews"]
    return end if stays or held["cancel_at_period_end"] else max(end - DAY_S, start + 60)


def _schedule(state: FakeState, held: Document) -> None:
    due = _next_due(state, held)
    known = state.get("scheduled", held["id"])
    if due is not None and (known is None or known["due"] != due):
        FakeSchedule(state).add(due * 1000, held["id"])
        state.put("scheduled", held["id"], {"due": due})


def _period_end(held: Document, start: int) -> int:
    """The anchor's day of a later month where it exists, else that month's last day."""
    recurring = held["items"]["data"][0]["price"]["recurring"]
    count = int(recurring["interval_count"])
    if recurring["interval"] in ("day", "week"):
        return start + count * DAY_S * (7 if recurring["interval"] == "week" else 1)
    moment = datetime.fromtimestamp(start, UTC)
    anchor = datetime.fromtimestamp(held["billing_cycle_anchor"], UTC).day
    year, month = divmod(moment.year * 12 + moment.month - 1 + count * _MONTHS[recurring["interval"]], 12)
    day = min(anchor, calendar.monthrange(year, month + 1)[1])
    return int(moment.replace(year=year, month=month + 1, day=day).timestamp())


def _payer(state: FakeState, email: str, name: str, at: int) -> Document:
    """One customer per address."""
    known = state.get("customer_of", email)
    if known is not None:
        return find(state, "customer", known["id"])
    made = shape.customer(state, {"email": email, "name": name}, at)
    state.put("customer_of", email, {"id": made["id"]})
    emit(state, "customer.created", made, at)
    return made


def _plan(state: FakeState, name: str, price_micro_usd: int, at: int) -> Document:
    """One product per name and one monthly price per amount."""
    cents = price_micro_usd // shape.MICRO_PER_CENT
    known = state.get("plan_of", f"{name}/{cents}")
    if known is not None:
        return find(state, "price", known["price"])
    sold = state.get("product_of", name)
    product_id = sold["id"] if sold is not None else shape.product(state, {"name": name}, at)["id"]
    state.put("product_of", name, {"id": product_id})
    terms: dict[str, Any] = {"currency": "usd", "unit_amount": cents, "product": product_id, "recurring": {"interval": "month"}}
    made = shape.price(state, terms, at)
    state.put("plan_of", f"{name}/{cents}", {"price": made["id"]})
    return made


def _checkout(state: FakeState, payer: Document, bought: Document, cents: int, at: int) -> None:
    recurring = bought["object"] == "subscription"
    made = shape.base(state, "checkout.session", "cs_live", at) | {
        "mode": "subscription" if recurring else "payment",
        "status": "complete",
        "payment_status": "paid" if cents else "no_payment_required",
        "amount_subtotal": cents,
        "amount_total": cents,
        "currency": "usd",
        "customer": payer["id"],
        "customer_details": {"email": payer["email"], "name": payer["name"], "phone": None, "tax_exempt": "none"},
        "client_reference_id": bought["metadata"].get("client_reference_id"),
        "payment_intent": None if recurring else bought["payment_intent"],
        "subscription": bought["id"] if recurring else None,
        "metadata": bought["metadata"],
    }
    emit(state, "checkout.session.completed", keep(state, made), at)


def _last_charge(state: FakeState, subscription_id: str) -> str:
    known = state.get("last_charge", subscription_id)
    if known is None:
        raise Conflict(f"{subscription_id} was never charged")
    return str(known["charge"])


def _at(state: FakeState, at: datetime | None) -> int:
    return seconds(state) if at is None else int(at.timestamp())
