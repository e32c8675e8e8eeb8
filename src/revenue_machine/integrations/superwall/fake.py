"""A pretend Superwall: signed webhooks of what was sold on paywalls, in world time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from revenue_machine.kit.fakeschedule import epoch_ms
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, FakeState, HookOut, answer_json
from revenue_machine.kit.ids import content_hash
from revenue_machine.kit.money import json_dollars
from revenue_machine.kit.rng import rng
from revenue_machine.kit.signing import sign_standard

PROJECT, APPLICATION = 3827, 1
COMMISSION = {"APP_STORE": 0.3, "PLAY_STORE": 0.15, "STRIPE": 0.0}
_FREE = ("billing_issue", "cancellation", "expiration", "uncancellation", "product_change", "subscription_paused")


def respond(state: FakeState, request: FakeRequest) -> FakeResponse:
    """One request to the REST API; nothing of it is pretended yet."""
    if request.bearer() != state.api_key:
        return answer_json(401, {"error": {"type": "authentication_error", "message": "Invalid API key"}})
    return answer_json(404, {"error": {"type": "not_found", "message": f"There is nothing at {request.path}."}})


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
