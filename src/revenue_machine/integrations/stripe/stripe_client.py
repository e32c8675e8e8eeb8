"""Questions to Stripe, and the few things the product creates there; every write carries an idempotency key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from revenue_machine.integrations.stripe.wire import (
    Balance,
    BalanceTransaction,
    Charge,
    Coupon,
    Customer,
    Event,
    Invoice,
    Listed,
    Page,
    PaymentLink,
    PromotionCode,
    Refund,
    Subscription,
)
from revenue_machine.kit.errors import (
    ContractBroken,
    Failure,
    OutsideAuthFailed,
    OutsideRateLimited,
    OutsideRejected,
    OutsideUnavailable,
)
from revenue_machine.kit.service import TIMEOUT_S, ServiceClient

API_VERSION = "2026-06-24.dahlia"
PAGE = 100
MAX_PAGES = 10_000
MAX_EVENT_TYPES = 20
T = TypeVar("T")
L = TypeVar("L", bound=Listed)


class StripeClient(ServiceClient):
    """Amounts stay in minor units on the wire models; their `…_micro_usd` properties are for the ledger."""

    service = "stripe"

    def auth_headers(self) -> dict[str, str]:
        return {**super().auth_headers(), "stripe-version": API_VERSION}

    def subscriptions(self, status: str = "all", created_after: datetime | None = None) -> list[Subscription]:
        """Subscriptions of one status (`all` includes the ended ones), oldest first."""
        return self._all("/v1/subscriptions", Page[Subscription], {"status": status, **_since(created_after)})

    def charges(self, created_after: datetime | None = None) -> list[Charge]:
        """Charges, failed ones included, oldest first."""
        return self._all("/v1/charges", Page[Charge], _since(created_after))

    def refunds(self, created_after: datetime | None = None) -> list[Refund]:
        """Refunds, oldest first."""
        return self._all("/v1/refunds", Page[Refund], _since(created_after))

    def invoices(self, created_after: datetime | None = None, status: str | None = None) -> list[Invoice]:
        """Invoices, oldest first; `status` is draft, open, paid, uncollectible or void."""
        return self._all("/v1/invoices", Page[Invoice], {"status": status, **_since(created_after)})

    def balance_transactions(self, created_after: datetime | None = None) -> list[BalanceTransaction]:
        """Movements of the balance with Stripe's fees, oldest first."""
        return self._all("/v1/balance_transactions", Page[BalanceTransaction], _since(created_after))

    def balance(self) -> Balance:
        """What lies at Stripe, available and pending."""
        return self.get("/v1/balance", Balance)

    def events(self, created_after: datetime | None = None, types: Sequence[str] = ()) -> list[Event]:
        """Events of the last 30 days at most, oldest first: how a product without webhooks polls."""
        if len(types) > MAX_EVENT_TYPES:
            raise OutsideRejected(f"Stripe filters by at most {MAX_EVENT_TYPES} event types", field="types")
        return self._all("/v1/events", Page[Event], {"types[]": list(types) or None, **_since(created_after)})

    def customer(self, customer_id: str) -> Customer | None:
        """One customer; None when Stripe has none by that id."""
        return self._find(f"/v1/customers/{quote(customer_id, safe='')}", Customer)

    def coupon(self, coupon_id: str) -> Coupon | None:
        """One coupon by the id we gave it; settles an unknown `create_coupon`."""
        return self._find(f"/v1/coupons/{quote(coupon_id, safe='')}", Coupon)

    def promotion_code(self, code: str) -> PromotionCode | None:
        """A promotion code by what people type; settles an unknown `create_promotion_code`."""
        found = self.get("/v1/promotion_codes", Page[PromotionCode], {"code": code, "limit": 1}).data
        return found[0] if found else None

    def payment_links(self) -> list[PaymentLink]:
        """Every payment link; `metadata` tells whose it is."""
        return self._all("/v1/payment_links", Page[PaymentLink], {})

    def create_coupon(self, coupon_id: str, *, percent_off: int, name: str, duration: str = "once", idempotency_key: str) -> Coupon:
        """A discount of whole percents under an id of our own; `duration` is once or forever."""
        form = {"id": coupon_id, "percent_off": percent_off, "name": name, "duration": duration}
        return self._create("/v1/coupons", Coupon, form, idempotency_key)

    def create_promotion_code(
        self, coupon_id: str, code: str, *, metadata: Mapping[str, str] | None = None, idempotency_key: str
    ) -> PromotionCode:
        """A code people type for a coupon."""
        form = {"promotion": {"type": "coupon", "coupon": coupon_id}, "code": code, "metadata": metadata or {}}
        return self._create("/v1/promotion_codes", PromotionCode, form, idempotency_key)

    def create_payment_link(self, price_id: str, *, metadata: Mapping[str, str] | None = None, idempotency_key: str) -> PaymentLink:
        """A page that sells one unit of a price; its metadata comes back on every checkout."""
        form = {"line_items": [{"price": price_id, "quantity": 1}], "metadata": metadata or {}}
        return self._create("/v1/payment_links", PaymentLink, form, idempotency_key)

    def _create(self, path: str, answer: type[T], form: Mapping[str, Any], idempotency_key: str) -> T:
        """POST as a form, the only body Stripe reads."""
        request = self.link.http.build_request(
            "POST",
            self.link.base_url + path,
            content=urlencode(flat(form)).encode(),
            headers={
                **self.auth_headers(),
                "idempotency-key": idempotency_key,
                "content-type": "application/x-www-form-urlencoded",
            },
            timeout=TIMEOUT_S,
        )
        response = self._send(request)
        self.link.record(self._exchange("POST", path, request, response))
        if response.status_code >= 400:
            raise self._failure(response)
        return self._decode(response, answer)

    def _find(self, path: str, answer: type[T]) -> T | None:
        try:
            return self.get(path, answer)
        except OutsideRejected as refusal:
            if refusal.details.get("vendor_code") == "resource_missing":
                return None
            raise

    def _all(self, path: str, page: type[Page[L]], query: Mapping[str, Any]) -> list[L]:
        """Page to the end (Stripe lists newest first) and turn around."""
        found: list[L] = []
        cursor: dict[str, Any] = {}
        for _ in range(MAX_PAGES):
            answer = self.get(path, page, {**query, "limit": PAGE, **cursor})
            found.extend(answer.data)
            if not answer.has_more:
                return found[::-1]
            if not answer.data or answer.data[-1].id == cursor.get("starting_after"):
                raise ContractBroken(f"Stripe promises more of {path} and sends nothing new")
            cursor = {"starting_after": answer.data[-1].id}
        raise ContractBroken(f"Stripe's list {path} does not end after {MAX_PAGES} pages")

    def rejection(self, status: int, payload: Any) -> Failure | None:
        """Stripe's error object: {error: {type, code, message, param}}."""
        error = payload.get("error") if isinstance(payload, dict) else None
        if not isinstance(error, dict):
            return None
        message, code = f"Stripe: {error.get('message', '')}", error.get("code") or error.get("type")
        if status in (401, 403):
            return OutsideAuthFailed(message)
        if status == 429 and code != "lock_timeout":
            return OutsideRateLimited(message)
        if status == 409 or status >= 500 or code == "lock_timeout":
            return OutsideUnavailable(message, vendor_code=code)
        return OutsideRejected(message, field=error.get("param"), vendor_code=code)


def flat(value: Any, name: str = "") -> list[tuple[str, str]]:
    """Nested values as Stripe's form fields: `a[b]`, `a[0][b]`; booleans in lower case."""
    if isinstance(value, Mapping):
        return [pair for key, inner in value.items() for pair in flat(inner, f"{name}[{key}]" if name else str(key))]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [pair for place, inner in enumerate(value) for pair in flat(inner, f"{name}[{place}]")]
    return [(name, str(value).lower() if isinstance(value, bool) else str(value))]


def _since(instant: datetime | None) -> dict[str, int]:
    return {} if instant is None else {"created[gte]": int(instant.timestamp())}
