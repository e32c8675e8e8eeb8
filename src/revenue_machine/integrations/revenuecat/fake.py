"""A pretend RevenueCat: the API v2 over the lives of pretend subscriptions, in world time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from revenue_machine.integrations.revenuecat.fake_subscriptions import (
    COMMISSION,
    DAY_MS,
    Document,
    public_advance,
    public_billing_issue,
    public_cancel,
    public_convert,
    public_decide,
    public_purchase,
    public_refund,
    public_renew,
    public_start_trial,
    public_uncancel,
)
from revenue_machine.kit.fakeschedule import epoch_ms
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, FakeState, Routes, answer_json
from revenue_machine.kit.money import json_dollars
from revenue_machine.kit.signing import sign_revenuecat

__all__ = [
    "hook_headers",
    "public_advance",
    "public_billing_issue",
    "public_cancel",
    "public_convert",
    "public_decide",
    "public_purchase",
    "public_refund",
    "public_renew",
    "public_sign_webhooks",
    "public_start_trial",
    "public_uncancel",
    "respond",
]

routes = Routes()
_PER_MINUTE = {"charts_metrics": 5, "customer_information": 480, "project_configuration": 60}
_STORE_WORD = {"APP_STORE": "app_store", "PLAY_STORE": "play_store", "STRIPE": "stripe", "RC_BILLING": "rc_billing"}
_MONTHS = {"P1W": (52, 12), "P1M": (1, 1), "P3M": (1, 3), "P6M": (1, 6), "P1Y": (1, 12)}


def respond(state: FakeState, request: FakeRequest) -> FakeResponse:
    """One request to API v2."""
    if request.bearer() != state.api_key:
        return _error(401, "authentication_error", "The API key is invalid.")
    found = routes.find(request.method, request.path)
    if found is None:
        return _error(404, "resource_missing", f"There is nothing at {request.path}.")
    route, names = found
    if not names.get("project", "proj").startswith("proj"):
        return _error(404, "resource_missing", "This project does not exist.", param="project_id")
    names.pop("project", None)
    domain = _domain(request.path)
    used = _count_call(state, domain)
    headers = {
        "revenuecat-rate-limit-current-usage": str(min(used, _PER_MINUTE[domain])),
        "revenuecat-rate-limit-current-limit": str(_PER_MINUTE[domain]),
    }
    if used > _PER_MINUTE[domain]:
        wait_s = 60 - epoch_ms(state.now()) // 1000 % 60
        return _error(429, "rate_limit_error", "Too many requests.", backoff_ms=wait_s * 1000, headers=headers)
    answer = route(state, request, **names)
    return FakeResponse(answer.status, answer.body, {**answer.headers, **headers}, answer.acted)


def hook_headers(state: FakeState, hook_key: str, body: bytes) -> dict[str, str]:
    """The owner's Authorization value goes with every event; a signature only once signing was switched on."""
    signing = state.get("webhook", "signing")
    signed = {} if signing is None else sign_revenuecat(body, signing["secret"], state.now())
    return {"authorization": state.webhook_secret, "content-type": "application/json", **signed}


def public_sign_webhooks(state: FakeState, secret: str) -> None:
    """The owner switches signing on for the webhook."""
    state.put("webhook", "signing", {"secret": secret})


@routes("GET", "/projects")
def _projects(state: FakeState, request: FakeRequest) -> FakeResponse:
    project = {"object": "project", "id": "proj_sandbox", "name": "Sandbox", "created_at": 0}
    return answer_json(200, _page(request, [project], lambda one: str(one["id"])))


@routes("GET", "/projects/{project}/metrics/overview")
def _overview(state: FakeState, request: FakeRequest) -> FakeResponse:
    now_ms = epoch_ms(state.now())
    real = [held for held in state.list("subscription") if held["environment"] == "PRODUCTION"]
    paying = [held for held in real if held["status"] in ("active", "in_grace_period")]
    since = now_ms - 28 * DAY_MS
    numbers = (
        ("active_trials", "Active Trials", "#", "P0D", sum(held["status"] == "trialing" for held in real)),
        ("active_subscriptions", "Active Subscriptions", "#", "P0D", len(paying)),
        ("mrr", "MRR", "$", "P0D", json_dollars(sum(_monthly_micro_usd(held) for held in paying))),
        ("revenue", "Revenue", "$", "P28D", json_dollars(sum(_earned_micro_usd(held, since) for held in real))),
        ("new_customers", "New Customers", "#", "P28D", sum(one["first_ms"] > since for one in state.list("customer"))),
        ("active_users", "Active Users", "#", "P28D", sum(one["last_ms"] > since for one in state.list("customer"))),
    )
    metrics = [_metric(now_ms, number) for number in numbers]
    return answer_json(200, {"object": "overview_metrics", "metrics": metrics})


def _metric(now_ms: int, number: tuple[str, str, str, str, Any]) -> Document:
    name, title, unit, period, value = number
    return {
        "object": "overview_metric",
        "id": name,
        "name": title,
        "description": title,
        "unit": unit,
        "period": period,
        "value": value,
        "last_updated_at": now_ms,
        "last_updated_at_iso8601": None,
    }


def _monthly_micro_usd(held: Document) -> int:
    times, months = _MONTHS[held["period"]]
    return int(held["micro_usd"]) * times // months


def _earned_micro_usd(held: Document, since_ms: int) -> int:
    charged = sum(one["micro_usd"] for one in held["transactions"] if one["ms"] > since_ms)
    refunded = sum(one["refunded_micro_usd"] for one in held["transactions"] if one.get("refunded_ms", 0) > since_ms)
    return int(charged - refunded)


@routes("GET", "/projects/{project}/customers")
def _customers(state: FakeState, request: FakeRequest) -> FakeResponse:
    people = sorted(state.list("customer"), key=lambda one: str(one["id"]))
    shown = [_customer(request, one) for one in people]
    return answer_json(200, _page(request, shown, lambda one: str(one["id"])))


@routes("GET", "/projects/{project}/customers/{customer}")
def _one_customer(state: FakeState, request: FakeRequest, customer: str) -> FakeResponse:
    known = state.get("customer", customer)
    if known is None:
        return _error(404, "resource_missing", "Customer not found.", param="customer_id")
    shown = _customer(request, known)
    shown["active_entitlements"] = _page(request, _active(state, known), lambda one: str(one["entitlement_id"]))
    if request.param("expand") == "attributes":
        shown["attributes"] = _page(request, _attributes(known), lambda one: str(one["name"]))
    return answer_json(200, shown)


@routes("GET", "/projects/{project}/customers/{customer}/{part}")
def _of_customer(state: FakeState, request: FakeRequest, customer: str, part: str) -> FakeResponse:
    known = state.get("customer", customer)
    if known is None or part not in _PARTS:
        return _error(404, "resource_missing", "Customer not found.", param="customer_id")
    items, name = _PARTS[part](state, request, known), _KEY_OF.get(part, "id")
    return answer_json(200, _page(request, items, lambda one: str(one[name])))


def _subscriptions_of(state: FakeState, request: FakeRequest, known: Document) -> list[Document]:
    wanted = request.param("environment")
    return [_subscription(held) for held in _held(state, known) if wanted in (None, held["environment"].lower())]


def _purchases_of(state: FakeState, request: FakeRequest, known: Document) -> list[Document]:
    return [one for one in state.list("purchase") if one["customer_id"] == known["id"]]


def _aliases_of(state: FakeState, request: FakeRequest, known: Document) -> list[Document]:
    return [{"object": "customer.alias", "id": known["id"], "created_at": known["first_ms"]}]


@routes("GET", "/projects/{project}/subscriptions")
def _search(state: FakeState, request: FakeRequest) -> FakeResponse:
    wanted = request.param("store_subscription_identifier")
    if wanted is None:
        return _error(400, "parameter_error", "A store identifier is required.", param="store_subscription_identifier")
    found = [_subscription(held) for held in state.list("subscription") if _has_transaction(held, wanted)]
    return answer_json(200, _page(request, found, lambda one: str(one["id"])))


def _has_transaction(held: Document, identifier: str) -> bool:
    return any(one["id"] == identifier for one in held["transactions"])


@routes("GET", "/projects/{project}/subscriptions/{subscription}")
def _one_subscription(state: FakeState, request: FakeRequest, subscription: str) -> FakeResponse:
    held = state.get("subscription", subscription)
    if held is None:
        return _error(404, "resource_missing", "Subscription not found.", param="subscription_id")
    return answer_json(200, _subscription(held))


@routes("GET", "/projects/{project}/subscriptions/{subscription}/transactions")
def _transactions(state: FakeState, request: FakeRequest, subscription: str) -> FakeResponse:
    held = state.get("subscription", subscription)
    if held is None:
        return _error(404, "resource_missing", "Subscription not found.", param="subscription_id")
    shown = [_transaction(held, one) for one in held["transactions"]]
    return answer_json(200, _page(request, shown, lambda one: str(one["id"])))


def _transaction(held: Document, one: Document) -> Document:
    return {
        "object": "subscription_transaction",
        "id": one["id"],
        "purchased_at": one["ms"],
        "expiration_date": one["ends_ms"],
        "effective_expiration_date": one["ends_ms"],
        "product_store_identifier": held["product"],
    }


def _held(state: FakeState, customer: Document) -> list[Document]:
    return [held for name in customer["held"] if (held := state.get("subscription", name)) is not None]


def _active(state: FakeState, customer: Document) -> list[Document]:
    ends = [held["period_ends_ms"] for held in _held(state, customer) if held["status"] != "expired"]
    return [{"object": "customer.active_entitlement", "entitlement_id": "pro", "expires_at": max(ends)}] if ends else []


def _attributes(customer: Document) -> list[Document]:
    return [
        {"object": "customer.attribute", "name": name, "value": held["value"], "updated_at": held["updated_at_ms"]}
        for name, held in sorted(customer["attributes"].items())
    ]


_PARTS: Mapping[str, Callable[[FakeState, FakeRequest, Document], list[Document]]] = {
    "subscriptions": _subscriptions_of,
    "purchases": _purchases_of,
    "aliases": _aliases_of,
    "attributes": lambda _state, _request, known: _attributes(known),
    "active_entitlements": lambda state, _request, known: _active(state, known),
}
_KEY_OF = {"attributes": "name", "active_entitlements": "entitlement_id"}


def _customer(request: FakeRequest, known: Document) -> Document:
    return {
        "object": "customer",
        "id": known["id"],
        "project_id": request.path.strip("/").split("/")[1],
        "first_seen_at": known["first_ms"],
        "last_seen_at": known["last_ms"],
        "last_seen_app_version": None,
        "last_seen_country": "US",
        "last_seen_platform": None,
        "last_seen_platform_version": None,
        "experiment": None,
    }


def _subscription(held: Document) -> Document:
    gross = sum(one["micro_usd"] - one["refunded_micro_usd"] for one in held["transactions"])
    commission = gross * round(COMMISSION.get(held["store"], 0.15) * 100) // 100
    nothing: Document = {"object": "list", "items": [], "next_page": None, "url": f"/v2/subscriptions/{held['id']}/entitlements"}
    return {
        "object": "subscription",
        "id": held["id"],
        "customer_id": held["customer"],
        "original_customer_id": held["customer"],
        "product_id": f"prod_{held['product']}",
        "starts_at": held["starts_ms"],
        "current_period_starts_at": held["period_starts_ms"],
        "current_period_ends_at": held["period_ends_ms"],
        "ends_at": held["period_ends_ms"],
        "gives_access": held["status"] != "expired",
        "pending_payment": False,
        "auto_renewal_status": "will_renew" if held["auto_renew"] else "will_not_renew",
        "status": held["status"],
        "total_revenue_in_usd": {
            "currency": "USD",
            "gross": json_dollars(gross),
            "commission": json_dollars(commission),
            "tax": 0,
            "proceeds": json_dollars(gross - commission),
        },
        "presented_offering_id": None,
        "entitlements": nothing,
        "environment": held["environment"].lower(),
        "store": _STORE_WORD.get(held["store"], "app_store"),
        "store_subscription_identifier": held["transactions"][-1]["id"],
        "ownership": "purchased",
        "pending_changes": None,
        "country": "US",
        "management_url": None,
    }


def _page(request: FakeRequest, items: Sequence[Document], key: Callable[[Document], str]) -> Document:
    """Forward only: 20 a page unless asked, `starting_after` names the last item seen."""
    limit = min(max(int(request.param("limit") or 20), 1), 1000)
    after = request.param("starting_after")
    keys = [key(item) for item in items]
    first = keys.index(after) + 1 if after in keys else 0
    shown = list(items[first : first + limit])
    rest = {name: value for name, value in request.query if name != "starting_after"}
    more = first + limit < len(items)
    following = urlencode({**rest, "starting_after": key(shown[-1])}) if more else None
    url = f"/v2{request.path}"
    return {"object": "list", "items": shown, "next_page": f"{url}?{following}" if following else None, "url": url}


def _domain(path: str) -> str:
    parts = path.strip("/").split("/")
    if "metrics" in parts or "charts" in parts:
        return "charts_metrics"
    return "project_configuration" if len(parts) == 1 or "integrations" in parts else "customer_information"


def _count_call(state: FakeState, domain: str) -> int:
    """Calls in this minute of world time, this one included."""
    minute = epoch_ms(state.now()) // 60_000
    held = state.get("rate", domain)
    used = held["used"] + 1 if held is not None and held["minute"] == minute else 1
    state.put("rate", domain, {"minute": minute, "used": used})
    return used


def _error(
    status: int,
    kind: str,
    message: str,
    *,
    param: str | None = None,
    backoff_ms: int | None = None,
    headers: dict[str, str] | None = None,
) -> FakeResponse:
    body: Document = {
        "object": "error",
        "type": kind,
        "param": param,
        "message": message,
        "retryable": backoff_ms is not None,
        "doc_url": f"https://errors.rev.cat/{kind.replace('_', '-')}",
    }
    extra = dict(headers or {})
    if backoff_ms is not None:
        body["backoff_ms"] = backoff_ms
        extra["retry-after"] = str(backoff_ms // 1000)
    return answer_json(status, body, extra)
