"""A pretend Superwall: the REST API v2 over what happens at paywalls, and signed webhooks of what was sold, in world time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from revenue_machine.integrations.superwall.fake_paywalls import (
    PROJECT,
    public_assign,
    public_convert,
    public_end_experiment,
    public_experiment,
    public_open,
    public_percentages,
    public_refund,
    public_renew,
    public_trial,
)
from revenue_machine.integrations.superwall.fake_rest import refusal, routes
from revenue_machine.kit.fakeschedule import epoch_ms
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, FakeState, HookOut
from revenue_machine.kit.ids import content_hash
from revenue_machine.kit.money import json_dollars
from revenue_machine.kit.rng import rng
from revenue_machine.kit.signing import sign_standard

__all__ = [
    "hook_headers",
    "public_assign",
    "public_convert",
    "public_end_experiment",
    "public_event",
    "public_experiment",
    "public_open",
    "public_percentages",
    "public_refund",
    "public_renew",
    "public_trial",
    "respond",
]

APPLICATION = 1
PER_MINUTE = 300
COMMISSION = {"APP_STORE": 0.3, "PLAY_STORE": 0.15, "STRIPE": 0.0}
_FREE = ("billing_issue", "cancellation", "expiration", "uncancellation", "product_change", "subscription_paused")


def respond(state: FakeState, request: FakeRequest) -> FakeResponse:
    """One request to the REST API."""
    if request.bearer() != state.api_key:
        return refusal(401, "authentication_error", "Invalid API key")
    if _is_too_often(state):
        answer = refusal(429, "rate_limit_error", "Too many requests")
        return FakeResponse(answer.status, answer.body, {**answer.headers, "retry-after": "60"}, acted=False)
    found = routes.find(request.method, request.path)
    if found is None:
        return refusal(404, "not_found", f"There is nothing at {request.path}.")
    route, names = found
    return route(state, request, **names)


def _is_too_often(state: FakeState) -> bool:
    """The contract names no limit; this one a loop of a few questions a day never meets."""
    minute, held = epoch_ms(state.now()) // 60_000, state.get("rate", "calls")
    used = held["used"] + 1 if held is not None and held["minute"] == minute else 1
    state.put("rate", "calls", {"minute": minute, "used": used})
    return used > PER_MINUTE


def hook_headers(state: FakeState, hook_key: str, body: bytes) -> dict[str, str]:
    """The three Svix headers of this delivery."""
    return {**sign_standard(hook_key, body, state.webhook_secret, state.now(), prefix="svix"), "content-type": "application/json"}


def public_event(
    state: FakeState, name: str, sale: Mapping[str, Any], at: datetime | None = None, *, price_micro_usd: int = 0
) -> str:
    """Something happens to a sale (`subscription`, `transaction`, `product`, `user`, `store`, `period` …); the event's id.

    `price_micro_usd` is negative for a refund and must be 0 where the vendor documents that no money moves.
    """
    if name in _FREE and price_micro_usd > 0:
        raise ValueError(f"Superwall takes no money with {name}")
    moment = state.now() if at is None else at
    event_id = _uuid_text(f"{state.seed}-{sale['transaction']}-{name}-{epoch_ms(moment)}") + f":{name}"
    data = _data(sale, price_micro_usd) | {"id": event_id, "name": name, "ts": epoch_ms(moment)}
    for given in ("cancelReason", "expirationReason", "newProductId", "isTrialConversion"):
        if given in sale:
            data[given] = sale[given]
    delay_s = rng(state.seed, "superwall.delivery", event_id).randint(1, 20)
    made_at = moment + timedelta(seconds=delay_s)
    envelope = {
        "object": "event", "type": name, "projectId": PROJECT, "applicationId": APPLICATION, "timestamp": epoch_ms(made_at),
        "data": data,
    }  # fmt: skip
    body = json.dumps(envelope, separators=(",", ":"), ensure_ascii=False).encode()
    state.put("told", event_id, {"body": body.decode()})
    state.send_hook(HookOut(event_id, body, made_at))
    return event_id


def _data(sale: Mapping[str, Any], price_micro_usd: int) -> dict[str, Any]:
    store = sale.get("store", "APP_STORE")
    commission = COMMISSION.get(store, 0.3)
    kept = price_micro_usd - price_micro_usd * round(commission * 100) // 100
    return {
        "cancelReason": None, "exchangeRate": 1.0, "isSmallBusiness": False, "periodType": sale.get("period", "NORMAL"),
        "countryCode": "US", "price": json_dollars(price_micro_usd), "proceeds": json_dollars(kept),
        "priceInPurchasedCurrency": json_dollars(price_micro_usd), "taxPercentage": 0, "commissionPercentage": commission,
        "takehomePercentage": round(1 - commission, 4), "offerCode": None, "isFamilyShare": False,
        "expirationAt": None if sale.get("ends_at") is None else epoch_ms(sale["ends_at"]),
        "transactionId": sale["transaction"], "originalTransactionId": sale["subscription"], "originalAppUserId": sale.get("user"),
        "store": store, "purchasedAt": epoch_ms(sale["bought_at"]), "currencyCode": "USD", "productId": sale["product"],
        "environment": sale.get("environment", "PRODUCTION"), "isTrialConversion": False, "newProductId": None,
        "bundleId": "com.example.app",
    }  # fmt: skip


def _uuid_text(natural_key: str) -> str:
    digest = content_hash(natural_key)
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))
