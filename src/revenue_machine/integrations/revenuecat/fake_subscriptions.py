"""The life of a pretend subscription: trial, conversion, renewal, cancellation, expiry, refund, and its webhooks."""

from __future__ import annotations

import calendar
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from revenue_machine.kit.errors import Conflict, NotFound
from revenue_machine.kit.fakeschedule import FakeSchedule, epoch_ms
from revenue_machine.kit.fakeserver import FakeState, HookOut
from revenue_machine.kit.ids import content_hash
from revenue_machine.kit.money import json_dollars
from revenue_machine.kit.rng import rng

Document = dict[str, Any]
DAY_MS = 86_400_000
COMMISSION = {"APP_STORE": 0.15, "PLAY_STORE": 0.15, "STRIPE": 0.03, "RC_BILLING": 0.03}
_MONTHS = {"P1M": 1, "P3M": 3, "P6M": 6, "P1Y": 12}


def public_start_trial(
    state: FakeState,
    app_user_id: str,
    product_id: str,
    price_micro_usd: int,
    trial_days: int,
    *,
    attributes: Mapping[str, str] | None = None,
    will_convert: bool = True,
    renews: bool = True,
    environment: str = "PRODUCTION",
    store: str = "APP_STORE",
    period: str = "P1M",
    at: datetime | None = None,
) -> str:
    """A person starts a free trial; returns the subscription id.

    At its end the trial converts if `will_convert`, else the person cancels a day before and it expires.
    """
    start_ms = epoch_ms(at or state.now())
    customer = _meet(state, app_user_id, attributes or {}, start_ms)
    held = _new(state, customer, product_id, price_micro_usd, (environment, store, period))
    held |= {"status": "trialing", "will_convert": will_convert, "renews": renews}
    _open_period(state, held, start_ms, start_ms + trial_days * DAY_MS, 0)
    _emit(state, held, "INITIAL_PURCHASE", start_ms, {"period_type": "TRIAL"})
    return _keep(state, held)


def public_purchase(
    state: FakeState,
    app_user_id: str,
    product_id: str,
    price_micro_usd: int,
    *,
    attributes: Mapping[str, str] | None = None,
    renews: bool = True,
    environment: str = "PRODUCTION",
    store: str = "APP_STORE",
    period: str = "P1M",
    at: datetime | None = None,
) -> str:
    """A person subscribes and pays at once; returns the subscription id."""
    start_ms = epoch_ms(at or state.now())
    customer = _meet(state, app_user_id, attributes or {}, start_ms)
    held = _new(state, customer, product_id, price_micro_usd, (environment, store, period))
    held |= {"status": "active", "renews": renews, "anchor_day": _utc(start_ms).day}
    _open_period(state, held, start_ms, _period_end(held, start_ms), price_micro_usd)
    _emit(state, held, "INITIAL_PURCHASE", start_ms, {"price": price_micro_usd})
    return _keep(state, held)


def public_decide(state: FakeState, subscription_id: str, *, will_convert: bool | None = None, renews: bool | None = None) -> None:
    """The person changes their mind about what happens at the end of the trial or period."""
    held = _find(state, subscription_id)
    if will_convert is not None:
        held["will_convert"] = will_convert
    if renews is not None:
        held["renews"] = renews
    _keep(state, held)


def public_convert(state: FakeState, subscription_id: str, at: datetime | None = None) -> None:
    """The trial becomes a paid subscription: RENEWAL with `is_trial_conversion`."""
    held = _find(state, subscription_id)
    if held["status"] != "trialing":
        raise Conflict(f"{subscription_id} is {held['status']}, not trialing")
    _renew(state, held, epoch_ms(at or state.now()))
    _keep(state, held)


def public_renew(state: FakeState, subscription_id: str, at: datetime | None = None) -> None:
    """The next period is charged: RENEWAL."""
    held = _find(state, subscription_id)
    if held["status"] == "expired":
        raise Conflict(f"{subscription_id} is expired")
    _renew(state, held, epoch_ms(at or state.now()))
    _keep(state, held)


def public_cancel(state: FakeState, subscription_id: str, at: datetime | None = None, reason: str = "UNSUBSCRIBE") -> None:
    """Auto-renew off: CANCELLATION now, access until the period ends, then EXPIRATION."""
    held = _find(state, subscription_id)
    _cancel(state, held, epoch_ms(at or state.now()), reason)
    _keep(state, held)


def public_uncancel(state: FakeState, subscription_id: str, at: datetime | None = None) -> None:
    """Auto-renew on again before the end: UNCANCELLATION."""
    held = _find(state, subscription_id)
    if held["status"] == "expired" or held["auto_renew"]:
        raise Conflict(f"{subscription_id} has nothing to take back")
    held |= {"auto_renew": True, "cancel_reason": None, "renews": True, "will_convert": True}
    _emit(state, held, "UNCANCELLATION", epoch_ms(at or state.now()), {})
    _keep(state, held)


def public_billing_issue(state: FakeState, subscription_id: str, at: datetime | None = None, grace_days: int = 6) -> None:
    """The card fails: BILLING_ISSUE and CANCELLATION (BILLING_ERROR); expiry after the grace period unless renewed."""
    held = _find(state, subscription_id)
    now_ms = epoch_ms(at or state.now())
    grace_ms = now_ms + grace_days * DAY_MS
    held |= {"status": "in_grace_period", "period_ends_ms": max(held["period_ends_ms"], grace_ms)}
    _emit(state, held, "BILLING_ISSUE", now_ms, {"grace_period_expiration_at_ms": grace_ms})
    _cancel(state, held, now_ms, "BILLING_ERROR")
    _keep(state, held)


def public_refund(state: FakeState, subscription_id: str, at: datetime | None = None, *, ends_access: bool = True) -> int:
    """The store gives the last charge back: CANCELLATION, negative price, CUSTOMER_SUPPORT; returns micro-dollars."""
    held = _find(state, subscription_id)
    charge = next((one for one in reversed(held["transactions"]) if one["micro_usd"] > one["refunded_micro_usd"]), None)
    if charge is None:
        raise Conflict(f"{subscription_id} has no charge to refund")
    now_ms, amount = epoch_ms(at or state.now()), int(charge["micro_usd"] - charge["refunded_micro_usd"])
    charge |= {"refunded_micro_usd": charge["micro_usd"], "refunded_ms": now_ms}
    extra = {"cancel_reason": "CUSTOMER_SUPPORT", "price": -amount, "transaction_id": charge["id"]}
    _emit(state, held, "CANCELLATION", now_ms, extra)
    if ends_access and held["status"] != "expired":
        held |= {"auto_renew": False, "cancel_reason": "CUSTOMER_SUPPORT", "period_ends_ms": now_ms}
        _expire(state, held, now_ms)
    _keep(state, held)
    return amount


def public_advance(state: FakeState) -> int:
    """Do everything due by the world's clock, in order of time; returns how many things happened."""
    schedule, now_ms, happened = FakeSchedule(state), epoch_ms(state.now()), 0
    while (due := schedule.take(now_ms)) is not None:
        held = _find(state, due[1])
        if held["due_ms"] == due[0] and _step(state, held, due[0]):
            happened += 1
            held["due_ms"] = None
            _keep(state, held)
    return happened


def _step(state: FakeState, held: Document, now_ms: int) -> bool:
    """What happens to a subscription at its due time."""
    if held["status"] == "expired":
        return False
    if now_ms < held["period_ends_ms"]:
        _cancel(state, held, now_ms, "UNSUBSCRIBE")
    elif held["auto_renew"] and _stays(held):
        _renew(state, held, now_ms)
    else:
        _expire(state, held, now_ms)
    return True


def _stays(held: Document) -> bool:
    return bool(held["will_convert"] if held["status"] == "trialing" else held["renews"])


def _next_due(held: Document) -> int | None:
    """A person who will not stay cancels a day before the end (stores ask for that), at the start of short periods."""
    if held["status"] == "expired":
        return None
    if held["auto_renew"] and not _stays(held):
        return max(int(held["period_ends_ms"]) - DAY_MS, int(held["period_starts_ms"]) + 60_000)
    return int(held["period_ends_ms"])


def _keep(state: FakeState, held: Document) -> str:
    due = _next_due(held)
    if due is not None and due != held.get("due_ms"):
        FakeSchedule(state).add(due, held["id"])
    held["due_ms"] = due
    state.put("subscription", held["id"], held)
    return str(held["id"])


def _find(state: FakeState, subscription_id: str) -> Document:
    held = state.get("subscription", subscription_id)
    if held is None:
        raise NotFound(f"RevenueCat has no subscription {subscription_id}")
    return held


def _meet(state: FakeState, app_user_id: str, attributes: Mapping[str, str], now_ms: int) -> Document:
    """The customer, created on first sight, with attributes merged in."""
    known = state.get("customer", app_user_id) or {"id": app_user_id, "first_ms": now_ms, "attributes": {}, "held": []}
    known["last_ms"] = now_ms
    for name, value in sorted(attributes.items()):
        known["attributes"][name] = {"value": value, "updated_at_ms": now_ms}
    state.put("customer", app_user_id, known)
    return known


def _new(state: FakeState, customer: Document, product_id: str, price_micro_usd: int, terms: tuple[str, str, str]) -> Document:
    number = state.next_number("subscription")
    held: Document = {
        "id": f"sub{content_hash(f'{state.seed}-{number}')[:11]}",
        "customer": customer["id"],
        "product": product_id,
        "micro_usd": price_micro_usd,
        "environment": terms[0],
        "store": terms[1],
        "period": terms[2],
        "auto_renew": True,
        "will_convert": True,
        "renews": True,
        "cancel_reason": None,
        "renewals": 0,
        "anchor_day": None,
        "first_transaction": f"{70_000_000_000_000 + number * 1000}",
        "transactions": [],
    }
    customer["held"].append(held["id"])
    state.put("customer", customer["id"], customer)
    return held


def _open_period(state: FakeState, held: Document, start_ms: int, end_ms: int, charged_micro_usd: int) -> None:
    number = int(held["first_transaction"]) + len(held["transactions"])
    held["starts_ms"] = held.get("starts_ms", start_ms)
    held |= {"period_starts_ms": start_ms, "period_ends_ms": end_ms}
    held["transactions"].append(
        {"id": str(number), "ms": start_ms, "ends_ms": end_ms, "micro_usd": charged_micro_usd, "refunded_micro_usd": 0}
    )


def _renew(state: FakeState, held: Document, now_ms: int) -> None:
    converting = held["status"] == "trialing"
    if converting or held["anchor_day"] is None:
        held["anchor_day"] = _utc(now_ms).day
    held |= {"status": "active", "auto_renew": True, "cancel_reason": None, "renewals": held["renewals"] + 1}
    _open_period(state, held, now_ms, _period_end(held, now_ms), held["micro_usd"])
    extra = {"is_trial_conversion": converting, "renewal_number": held["renewals"], "price": held["micro_usd"]}
    _emit(state, held, "RENEWAL", now_ms, extra)


def _cancel(state: FakeState, held: Document, now_ms: int, reason: str) -> None:
    if held["status"] == "expired" or not held["auto_renew"]:
        raise Conflict(f"{held['id']} is not going to renew anyway")
    held |= {"auto_renew": False, "cancel_reason": reason}
    _emit(state, held, "CANCELLATION", now_ms, {"cancel_reason": reason})


def _expire(state: FakeState, held: Document, now_ms: int) -> None:
    was_trial = held["status"] == "trialing"
    held |= {"status": "expired", "auto_renew": False}
    extra: Document = {"expiration_reason": held["cancel_reason"] or "UNSUBSCRIBE"}
    _emit(state, held, "EXPIRATION", now_ms, {**extra, "period_type": "TRIAL" if was_trial else "NORMAL"})


def _period_end(held: Document, start_ms: int) -> int:
    """The same day of a later month where it exists, else that month's last day."""
    start = _utc(start_ms)
    if held["period"] == "P1W":
        return start_ms + 7 * DAY_MS
    months = start.year * 12 + start.month - 1 + _MONTHS[held["period"]]
    year, month = divmod(months, 12)
    day = min(held["anchor_day"] or start.day, calendar.monthrange(year, month + 1)[1])
    return epoch_ms(start.replace(year=year, month=month + 1, day=day))


def _utc(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds // 1000, UTC) + timedelta(milliseconds=milliseconds % 1000)


def _emit(state: FakeState, held: Document, kind: str, now_ms: int, extra: Document) -> None:
    """Queue one webhook in the documented shape; cancellations may take up to two hours, the rest a minute."""
    customer = state.get("customer", held["customer"]) or {"attributes": {}}
    event_id = _uuid_text(f"{state.seed}-{held['id']}-{kind}-{now_ms}-{state.next_number('event')}")
    event = {**_common(held, customer), **extra, "type": kind, "id": event_id, "event_timestamp_ms": now_ms}
    paid = json_dollars(int(extra.get("price", 0)))
    event |= {"price": paid, "price_in_purchased_currency": paid}
    longest_s = 7200 if kind == "CANCELLATION" and extra.get("cancel_reason") == "UNSUBSCRIBE" else 60
    delay_s = rng(state.seed, "revenuecat.delivery", event_id).randint(5, longest_s)
    body = json.dumps({"event": event, "api_version": "1.0"}, separators=(",", ":"), ensure_ascii=False).encode()
    state.send_hook(HookOut(event_id, body, _utc(now_ms) + timedelta(seconds=delay_s)))


def _common(held: Document, customer: Document) -> Document:
    commission = COMMISSION.get(held["store"], 0.15)
    return {
        "app_id": "app_sandbox",
        "app_user_id": held["customer"],
        "original_app_user_id": held["customer"],
        "aliases": [held["customer"]],
        "product_id": held["product"],
        "entitlement_id": None,
        "entitlement_ids": ["pro"],
        "presented_offering_id": "default",
        "period_type": "TRIAL" if held["status"] == "trialing" else "NORMAL",
        "purchased_at_ms": held["period_starts_ms"],
        "expiration_at_ms": held["period_ends_ms"],
        "environment": held["environment"],
        "store": held["store"],
        "currency": "USD",
        "tax_percentage": 0.0,
        "commission_percentage": commission,
        "takehome_percentage": round(1 - commission, 4),
        "transaction_id": held["transactions"][-1]["id"],
        "original_transaction_id": held["first_transaction"],
        "is_family_share": False,
        "country_code": "US",
        "offer_code": None,
        "subscriber_attributes": customer["attributes"],
    }


def _uuid_text(natural_key: str) -> str:
    digest = content_hash(natural_key).upper()
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))
