"""A pretend Stripe: forms in, objects out, idempotency keys, paging and signed events, in world time."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from revenue_machine.integrations.stripe import fake_objects as shape
from revenue_machine.integrations.stripe.fake_billing import (
    end_subscription,
    public_advance,
    public_cancel,
    public_decide,
    public_pay,
    public_refund,
    public_renew,
    public_subscribe,
    refund_charge,
    start_subscription,
)
from revenue_machine.integrations.stripe.fake_objects import Document, keep, seconds
from revenue_machine.kit.errors import Conflict, Failure
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, FakeState, Routes, answer_json
from revenue_machine.kit.signing import sign_stripe

__all__ = [
    "hook_headers",
    "public_advance",
    "public_cancel",
    "public_decide",
    "public_pay",
    "public_refund",
    "public_renew",
    "public_subscribe",
    "respond",
]

routes = Routes()
_KEY_LIFE_S = 86_400
_LISTED = {
    "customers": "customer",
    "products": "product",
    "prices": "price",
    "subscriptions": "subscription",
    "invoices": "invoice",
    "charges": "charge",
    "refunds": "refund",
    "payment_intents": "payment_intent",
    "balance_transactions": "balance_transaction",
    "events": "event",
    "coupons": "coupon",
    "promotion_codes": "promotion_code",
    "payment_links": "payment_link",
}
_FILTERS = ("customer", "price", "product", "code", "email", "charge", "type", "active", "payment_intent", "source")


class _Refused(Exception):
    """A request Stripe answers with an error object."""

    def __init__(self, status: int, message: str, **fields: str | None) -> None:
        super().__init__(message)
        self.status, self.fields = status, {"type": "invalid_request_error", **fields, "message": message}


def respond(state: FakeState, request: FakeRequest) -> FakeResponse:
    """One request to the API."""
    try:
        _check_key(state, request)
        return _once(state, request) if request.method == "POST" else _route(state, request)
    except _Refused as refusal:
        return answer_json(refusal.status, {"error": refusal.fields}, {"request-id": "req_sandbox"})


def hook_headers(state: FakeState, hook_key: str, body: bytes) -> dict[str, str]:
    """The signature of this delivery."""
    return {**sign_stripe(body, state.webhook_secret, state.now()), "content-type": "application/json; charset=utf-8"}


def _check_key(state: FakeState, request: FakeRequest) -> None:
    given = request.bearer() or _basic_user(request.headers.get("authorization", ""))
    if not given:
        raise _Refused(401, "You did not provide an API key.")
    if given != state.api_key:
        raise _Refused(401, f"Invalid API Key provided: {given[:7]}***", code="api_key_invalid")


def _basic_user(header: str) -> str | None:
    scheme, _, text = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(text, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return None


def _once(state: FakeState, request: FakeRequest) -> FakeResponse:
    """The same key and parameters within a day: the stored answer; other parameters: an error."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return _route(state, request)
    if not 0 < len(key) <= 255:
        raise _Refused(400, "Idempotency keys have 1 to 255 characters.", type="idempotency_error")
    meaning = shape.fingerprint(request.path, sorted(_form(request)))
    held = state.get("idempotency", key)
    if held is not None and seconds(state) - held["at"] < _KEY_LIFE_S:
        if held["meaning"] != meaning:
            text = f"Keys for idempotent requests can only be used with the same parameters they were first used with ({key})."
            raise _Refused(400, text, type="idempotency_error")
        again = {"idempotent-replayed": "true", "content-type": "application/json"}
        return FakeResponse(held["status"], held["body"].encode(), again, acted=False)
    answer = _route(state, request)
    stored = {"meaning": meaning, "at": seconds(state), "status": answer.status, "body": answer.body.decode()}
    state.put("idempotency", key, stored)
    return answer


def _route(state: FakeState, request: FakeRequest) -> FakeResponse:
    found = routes.find(request.method, request.path)
    if found is None:
        raise _Refused(404, f"Unrecognized request URL ({request.method}: {request.path}).")
    route, names = found
    try:
        return route(state, request, **names)
    except Conflict as conflict:
        raise _Refused(400, conflict.message) from None
    except Failure as failure:
        raise _Refused(404, failure.message, code="resource_missing") from None


@routes("GET", "/v1/balance")
def _balance(state: FakeState, request: FakeRequest) -> FakeResponse:
    now, movements = seconds(state), state.list("balance_transaction")
    ready = sum(one["net"] for one in movements if one["available_on"] <= now)
    coming = sum(one["net"] for one in movements if one["available_on"] > now)
    amounts = [[{"amount": amount, "currency": "usd", "source_types": {"card": amount}}] for amount in (ready, coming)]
    return answer_json(200, {"object": "balance", "available": amounts[0], "pending": amounts[1], "livemode": True})


@routes("GET", "/v1/{plural}")
def _list(state: FakeState, request: FakeRequest, plural: str) -> FakeResponse:
    kind = _LISTED.get(plural)
    if kind is None:
        raise _Refused(404, f"Unrecognized request URL (GET: {request.path}).")
    newest_first = sorted(state.list(kind), key=lambda one: int(one["created"]))[::-1]
    shown = [one for one in newest_first if _fits(one, kind, request)]
    return answer_json(200, _paged(request, shown))


def _fits(one: Document, kind: str, request: FakeRequest) -> bool:
    """Whether an object passes the list's filters."""
    bounds: Mapping[str, Callable[[int, int], bool]] = {
        "created[gte]": lambda at, bound: at >= bound,
        "created[gt]": lambda at, bound: at > bound,
        "created[lte]": lambda at, bound: at <= bound,
        "created[lt]": lambda at, bound: at < bound,
    }
    types = [value for name, value in request.query if name.startswith("types[")]
    if types and one["type"] not in types:
        return False
    for name, value in request.query:
        if name in bounds and not bounds[name](one["created"], _whole(value, name)):
            return False
        if name in _FILTERS and name in one and str(one[name]).lower() != value.lower():
            return False
    return _status_fits(one, kind, request.param("status"))


def _status_fits(one: Document, kind: str, wanted: str | None) -> bool:
    """Subscriptions without a status filter leave out the canceled ones."""
    if wanted is None:
        return kind != "subscription" or one["status"] != "canceled"
    if wanted == "ended":
        return bool(one["status"] in ("canceled", "incomplete_expired"))
    return wanted == "all" or one.get("status") == wanted


def _paged(request: FakeRequest, items: list[Document]) -> Document:
    limit = _whole(request.param("limit") or "10", "limit")
    if not 1 <= limit <= 100:
        raise _Refused(400, "Limit must be between 1 and 100.", param="limit", code="parameter_invalid_integer")
    names = [one["id"] for one in items]
    after, before = request.param("starting_after"), request.param("ending_before")
    for given, param in ((after, "starting_after"), (before, "ending_before")):
        if given is not None and given not in names:
            raise _Refused(400, f"No such object: '{given}'", param=param, code="resource_missing")
    if before is not None:
        stop = names.index(before)
        start = max(stop - limit, 0)
        return shape.listing(request.path, items[start:stop], has_more=start > 0)
    start = 0 if after is None else names.index(after) + 1
    return shape.listing(request.path, items[start : start + limit], has_more=start + limit < len(items))


@routes("GET", "/v1/{plural}/{name}")
def _one(state: FakeState, request: FakeRequest, plural: str, name: str) -> FakeResponse:
    if (plural, name) == ("checkout", "sessions"):
        return answer_json(200, _paged(request, state.list("checkout.session")[::-1]))
    return answer_json(200, _held(state, _LISTED.get(plural, plural), name))


@routes("GET", "/v1/checkout/sessions/{name}")
def _session(state: FakeState, request: FakeRequest, name: str) -> FakeResponse:
    return answer_json(200, _held(state, "checkout.session", name))


@routes("POST", "/v1/customers")
def _new_customer(state: FakeState, request: FakeRequest) -> FakeResponse:
    made = shape.customer(state, _fields(request))
    shape.emit(state, "customer.created", made, seconds(state))
    return answer_json(200, made)


@routes("POST", "/v1/customers/{name}")
def _change_customer(state: FakeState, request: FakeRequest, name: str) -> FakeResponse:
    held, given = _held(state, "customer", name), _fields(request)
    before = {field: held[field] for field in given if field in held}
    held |= {field: given[field] for field in ("email", "name", "description", "phone") if field in given}
    held["metadata"] |= _metadata(given)
    shape.emit(state, "customer.updated", keep(state, held), seconds(state), before)
    return answer_json(200, held)


@routes("DELETE", "/v1/customers/{name}")
def _drop_customer(state: FakeState, request: FakeRequest, name: str) -> FakeResponse:
    held = _held(state, "customer", name)
    state.drop("customer", name)
    shape.emit(state, "customer.deleted", held, seconds(state))
    return answer_json(200, {"id": name, "object": "customer", "deleted": True})


@routes("POST", "/v1/products")
def _new_product(state: FakeState, request: FakeRequest) -> FakeResponse:
    return answer_json(200, shape.product(state, _needed(_fields(request), "name")))


@routes("POST", "/v1/prices")
def _new_price(state: FakeState, request: FakeRequest) -> FakeResponse:
    given = _needed(_fields(request), "currency", "unit_amount")
    _whole(given["unit_amount"], "unit_amount")
    if isinstance(given.get("product_data"), Mapping):
        given["product"] = shape.product(state, given["product_data"])["id"]
    _held(state, "product", _needed(given, "product")["product"])
    return answer_json(200, shape.price(state, given))


@routes("POST", "/v1/subscriptions")
def _new_subscription(state: FakeState, request: FakeRequest) -> FakeResponse:
    given = _needed(_fields(request), "customer", "items")
    payer = _held(state, "customer", given["customer"])
    items = given["items"].values() if isinstance(given["items"], Mapping) else []
    prices = [
        (_held(state, "price", _needed(one, "price")["price"]), _whole(one.get("quantity", "1"), "quantity")) for one in items
    ]
    if not prices or any(one["recurring"] is None for one, _ in prices):
        raise _Refused(400, "The price specified is not recurring.", param="items[0][price]")
    days = _whole(given.get("trial_period_days", "0"), "trial_period_days")
    made = start_subscription(state, payer, prices, trial_days=days, metadata=_metadata(given), at=seconds(state))
    return answer_json(200, made)


@routes("DELETE", "/v1/subscriptions/{name}")
def _end(state: FakeState, request: FakeRequest, name: str) -> FakeResponse:
    held = _held(state, "subscription", name)
    if held["status"] == "canceled":
        raise _Refused(404, f"No such subscription: {name}", code="resource_missing", param="id")
    end_subscription(state, held, seconds(state))
    return answer_json(200, held)


@routes("POST", "/v1/subscriptions/{name}")
def _change_subscription(state: FakeState, request: FakeRequest, name: str) -> FakeResponse:
    given = _fields(request)
    if given.get("cancel_at_period_end") == "true":
        public_cancel(state, name)
    held = _held(state, "subscription", name)
    held["metadata"] |= _metadata(given)
    return answer_json(200, keep(state, held))


@routes("POST", "/v1/refunds")
def _new_refund(state: FakeState, request: FakeRequest) -> FakeResponse:
    given = _fields(request)
    if "payment_intent" in given:
        given["charge"] = _held(state, "payment_intent", given["payment_intent"])["latest_charge"]
    held = _held(state, "charge", _needed(given, "charge")["charge"])
    left = held["amount"] - held["amount_refunded"]
    cents = _whole(given.get("amount", str(left)), "amount")
    if left == 0:
        raise _Refused(400, f"Charge {held['id']} has already been refunded.", code="charge_already_refunded")
    return answer_json(200, refund_charge(state, held, cents, seconds(state)))


@routes("POST", "/v1/coupons")
def _new_coupon(state: FakeState, request: FakeRequest) -> FakeResponse:
    given = _fields(request)
    name = given.get("id") or shape.new_id(state, "coupon")
    if state.get("coupon", name) is not None:
        raise _Refused(400, "Coupon already exists.", code="resource_already_exists")
    made = {"object": "coupon", "id": name, "created": seconds(state), "livemode": True, "valid": True, "times_redeemed": 0}
    made |= {"name": given.get("name"), "duration": given.get("duration", "once"), "metadata": _metadata(given)}
    made |= {"percent_off": float(_needed(given, "percent_off")["percent_off"]), "amount_off": None, "currency": None}
    return answer_json(200, keep(state, made))


@routes("POST", "/v1/promotion_codes")
def _new_promotion_code(state: FakeState, request: FakeRequest) -> FakeResponse:
    given = _needed(_fields(request), "promotion")
    coupon = _held(state, "coupon", _needed(given["promotion"], "coupon")["coupon"])
    code = given.get("code") or shape.fingerprint(coupon["id"])[:8].upper()
    if any(one["code"] == code and one["active"] for one in state.list("promotion_code")):
        raise _Refused(400, f"An active promotion code with `code: {code}` already exists.", param="code")
    made = shape.base(state, "promotion_code", "promo") | {"code": code, "active": True, "times_redeemed": 0}
    made |= {"promotion": {"type": "coupon", "coupon": coupon["id"]}, "metadata": _metadata(given)}
    return answer_json(200, keep(state, made))


@routes("POST", "/v1/payment_links")
def _new_payment_link(state: FakeState, request: FakeRequest) -> FakeResponse:
    given = _needed(_fields(request), "line_items")
    for one in given["line_items"].values():
        _held(state, "price", _needed(one, "price")["price"])
    made = shape.base(state, "payment_link", "plink") | {"active": True, "metadata": _metadata(given)}
    return answer_json(200, keep(state, made | {"url": f"https://buy.stripe.com/{made['id'][-12:]}", "currency": "usd"}))


def _held(state: FakeState, kind: str, name: Any) -> Document:
    held = state.get(kind, str(name))
    if held is None:
        raise _Refused(404, f"No such {kind}: '{name}'", code="resource_missing", param="id")
    return held


def _form(request: FakeRequest) -> list[tuple[str, str]]:
    return parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)


def _fields(request: FakeRequest) -> Document:
    """`a[b][0]=c` as nested documents; list places stay keys."""
    if request.headers.get("content-type", "").startswith("application/json"):
        raise _Refused(400, "Requests must be form-encoded (application/x-www-form-urlencoded).")
    fields: Document = {}
    for name, value in _form(request):
        *path, last = re.findall(r"[^\[\]]+", name) or [name]
        place = fields
        for part in path:
            inner = place.setdefault(part, {})
            if not isinstance(inner, dict):
                raise _Refused(400, f"Invalid object: {name}", param=name)
            place = inner
        place[last] = value
    return fields


def _metadata(given: Document) -> Document:
    """Key-value pairs; an empty text clears them."""
    found = given.get("metadata")
    return found if isinstance(found, dict) else {}


def _needed(given: Any, *names: str) -> Document:
    for name in names:
        if not isinstance(given, dict) or given.get(name) in (None, ""):
            raise _Refused(400, f"Missing required param: {name}.", param=name, code="parameter_missing")
    return dict(given)


def _whole(text: Any, name: str) -> int:
    try:
        return int(str(text))
    except ValueError:
        raise _Refused(400, f"Invalid integer: {json.dumps(text)}", param=name, code="parameter_invalid_integer") from None
