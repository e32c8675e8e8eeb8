"""What pretend Stripe objects look like in API version 2026-06-24, and the events that tell of their changes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from revenue_machine.kit.fakeserver import FakeState, HookOut
from revenue_machine.kit.ids import canonical_json, content_hash
from revenue_machine.kit.rng import rng

Document = dict[str, Any]
API_VERSION = "2026-06-24.dahlia"
MICRO_PER_CENT = 10_000


def seconds(state: FakeState) -> int:
    """The world's clock in whole seconds."""
    return int(state.now().timestamp())


def new_id(state: FakeState, prefix: str) -> str:
    """`cus_9f2k…`: unlike any other of this world, the same in every run."""
    return f"{prefix}_{content_hash(f'{state.seed}-{prefix}-{state.next_number(prefix)}')[:16]}"


def listing(url: str, items: list[Document], *, has_more: bool = False) -> Document:
    """A list object."""
    return {"object": "list", "data": items, "has_more": has_more, "url": url}


def keep(state: FakeState, document: Document) -> Document:
    """Store an object under its own kind and id."""
    state.put(document["object"], document["id"], document)
    return document


def base(state: FakeState, kind: str, prefix: str, at: int | None = None) -> Document:
    """What every object has."""
    made = {"id": new_id(state, prefix), "object": kind, "created": seconds(state) if at is None else at}
    return {**made, "livemode": True, "metadata": {}}


def customer(state: FakeState, given: Mapping[str, Any], at: int | None = None) -> Document:
    """A customer from the fields a caller gave."""
    plain = ("email", "name", "description", "phone")
    made = base(state, "customer", "cus", at) | {name: given.get(name) for name in plain}
    return keep(state, made | {"balance": 0, "currency": "usd", "delinquent": False, "metadata": given.get("metadata") or {}})


def product(state: FakeState, given: Mapping[str, Any], at: int | None = None) -> Document:
    """A product."""
    made = base(state, "product", "prod", at) | {"active": True, "type": "service", "default_price": None}
    made |= {"name": given["name"], "description": given.get("description"), "metadata": given.get("metadata") or {}}
    return keep(state, made)


def price(state: FakeState, given: Mapping[str, Any], at: int | None = None) -> Document:
    """A price; recurring where the caller said so."""
    recurring = given.get("recurring")
    if isinstance(recurring, Mapping):
        count = int(recurring.get("interval_count", 1))
        recurring = {"interval": recurring["interval"], "interval_count": count, "usage_type": "licensed", "meter": None}
    made = base(state, "price", "price", at) | {
        "active": True,
        "billing_scheme": "per_unit",
        "currency": given["currency"],
        "unit_amount": int(given["unit_amount"]),
        "unit_amount_decimal": str(int(given["unit_amount"])),
        "product": given["product"],
        "recurring": recurring,
        "type": "recurring" if recurring else "one_time",
        "nickname": given.get("nickname"),
        "metadata": given.get("metadata") or {},
    }
    return keep(state, made)


def subscription(state: FakeState, customer_id: str, prices: list[tuple[Document, int]], at: int) -> Document:
    """A subscription without period yet; `prices` with quantities."""
    made = base(state, "subscription", "sub", at)
    items = [_item(state, made["id"], one, quantity, at) for one, quantity in prices]
    return made | {
        "customer": customer_id,
        "currency": prices[0][0]["currency"],
        "status": "incomplete",
        "items": listing(f"/v1/subscription_items?subscription={made['id']}", items),
        "start_date": at,
        "billing_cycle_anchor": at,
        "trial_start": None,
        "trial_end": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "ended_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "latest_invoice": None,
        "default_payment_method": None,
    }


def _item(state: FakeState, subscription_id: str, price_: Document, quantity: int, at: int) -> Document:
    made = base(state, "subscription_item", "si", at) | {"subscription": subscription_id, "price": price_, "quantity": quantity}
    return made | {"current_period_start": at, "current_period_end": at}


def invoice(state: FakeState, sub: Document, reason: str, amount: int, at: int) -> Document:
    """A paid bill for the current period of a subscription."""
    made = base(state, "invoice", "in", at)
    start, end = period(sub)
    details = {"metadata": sub["metadata"], "subscription": sub["id"]}
    payer = state.get("customer", sub["customer"]) or {}
    return keep(state, made | {
        "customer": sub["customer"],
        "customer_email": payer.get("email"),
        "customer_name": payer.get("name"),
        "currency": sub["currency"],
        "billing_reason": reason,
        "status": "paid",
        "amount_due": amount,
        "amount_paid": amount,
        "amount_remaining": 0,
        "subtotal": amount,
        "total": amount,
        "period_start": start,
        "period_end": end,
        "number": f"SANDBOX-{state.next_number('invoice_number'):06d}",
        "attempt_count": 1,
        "parent": {"type": "subscription_details", "quote_details": None, "subscription_details": details},
        "lines": listing(f"/v1/invoices/{made['id']}/lines", [_line(made["id"], sub, one) for one in sub["items"]["data"]]),
        "status_transitions": {"finalized_at": at, "paid_at": at, "marked_uncollectible_at": None, "voided_at": None},
    })  # fmt: skip


def _line(invoice_id: str, sub: Document, item: Document) -> Document:
    details = {"subscription": sub["id"], "subscription_item": item["id"], "proration": False, "invoice_item": None}
    return {
        "id": f"il_{content_hash(invoice_id + item['id'])[:16]}",
        "object": "line_item",
        "amount": 0 if sub["status"] == "trialing" else item["price"]["unit_amount"] * item["quantity"],
        "currency": sub["currency"],
        "description": f"1 × {item['price']['product']}",
        "invoice": invoice_id,
        "livemode": True,
        "metadata": {},
        "period": {"start": item["current_period_start"], "end": item["current_period_end"]},
        "quantity": item["quantity"],
        "parent": {"type": "subscription_item_details", "subscription_item_details": details, "invoice_item_details": None},
    }


def charge(state: FakeState, payer: Document, amount: int, at: int, *, description: str, metadata: Mapping[str, str]) -> Document:
    """A card charge that succeeded, with its payment intent and the fee Stripe kept (2.9 % and 30 cents)."""
    made = base(state, "charge", "ch", at)
    moved = balance_transaction(state, made, amount, at, fee=-(-amount * 29 // 1000) + 30)
    intent = base(state, "payment_intent", "pi", at) | {"amount": amount, "amount_received": amount, "currency": "usd"}
    intent |= {"status": "succeeded", "customer": payer["id"], "latest_charge": made["id"], "metadata": dict(metadata)}
    keep(state, intent)
    return keep(state, made | {
        "amount": amount,
        "amount_captured": amount,
        "amount_refunded": 0,
        "balance_transaction": moved["id"],
        "billing_details": {"email": payer.get("email"), "name": payer.get("name"), "phone": None, "address": None},
        "captured": True,
        "currency": "usd",
        "customer": payer["id"],
        "description": description,
        "disputed": False,
        "failure_code": None,
        "failure_message": None,
        "metadata": dict(metadata),
        "paid": True,
        "payment_intent": intent["id"],
        "receipt_email": payer.get("email"),
        "refunded": False,
        "refunds": listing(f"/v1/charges/{made['id']}/refunds", []),
        "status": "succeeded",
    })  # fmt: skip


def balance_transaction(state: FakeState, source: Document, amount: int, at: int, *, fee: int = 0) -> Document:
    """One movement of the balance."""
    made = {"id": new_id(state, "txn"), "object": "balance_transaction", "created": at, "available_on": at + 2 * 86_400}
    kind = source["object"]
    made |= {"type": kind, "reporting_category": kind, "source": source["id"], "status": "available", "description": None}
    return keep(state, made | {"amount": amount, "fee": fee, "net": amount - fee, "currency": "usd", "fee_details": []})


def period(sub: Document) -> tuple[int, int]:
    """Start and end of the current period, in seconds; since 2025 it stands on the items."""
    first = sub["items"]["data"][0]
    return int(first["current_period_start"]), int(first["current_period_end"])


def set_period(sub: Document, start: int, end: int) -> None:
    """Open a period on every item."""
    for item in sub["items"]["data"]:
        item |= {"current_period_start": start, "current_period_end": end}


def emit(state: FakeState, kind: str, thing: Document, at: int, before: Mapping[str, Any] | None = None) -> None:
    """Record an event and queue its webhook; Stripe is usually a few seconds late."""
    data: Document = {"object": thing} if before is None else {"object": thing, "previous_attributes": dict(before)}
    event: Document = {
        "id": new_id(state, "evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": at,
        "data": data,
        "livemode": True,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }
    keep(state, event)
    delay_s = rng(state.seed, "stripe.delivery", event["id"]).randint(1, 15)
    due_at = state.now() + timedelta(seconds=at - seconds(state) + delay_s)
    state.send_hook(HookOut(event["id"], json.dumps(event, ensure_ascii=False, indent=2).encode(), due_at))


def fingerprint(*parts: object) -> str:
    """One hash for a request's meaning."""
    return content_hash(canonical_json([str(part) for part in parts]))
