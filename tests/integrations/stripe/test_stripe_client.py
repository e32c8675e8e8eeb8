"""The Stripe client against canned answers: forms, keys, paging, errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from revenue_machine.integrations.stripe.stripe_client import StripeClient, flat
from revenue_machine.kit.errors import ContractBroken, Failure, OutsideRejected, OutsideUnanswered

Hearing = Callable[..., StripeClient]
SINCE = datetime(2026, 11, 22, 6, tzinfo=UTC)


def test_forms_are_nested() -> None:
    assert flat({"a": {"b": [{"c": 1}, {"c": True}]}, "d": "x y"}) == [("a[b][0][c]", "1"), ("a[b][1][c]", "true"), ("d", "x y")]


def test_writes_carry_key_and_form(client_hearing: Hearing) -> None:
    heard: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        heard.append(request)
        return httpx2.Response(200, json={"id": "promo_1", "code": "EARLY", "active": True})

    made = client_hearing(StripeClient, answer).create_promotion_code("early", "EARLY", metadata={"a": "b"}, idempotency_key="k1")
    assert made.code == "EARLY"
    assert heard[0].headers["idempotency-key"] == "k1"
    assert heard[0].headers["authorization"] == "Bearer sk_sandbox_stripe"
    assert heard[0].headers["stripe-version"] == "2026-06-24.dahlia"
    body = b"promotion%5Btype%5D=coupon&promotion%5Bcoupon%5D=early&code=EARLY&metadata%5Ba%5D=b"
    assert (heard[0].headers["content-type"], heard[0].content) == ("application/x-www-form-urlencoded", body)


def test_pages_are_turned_around(client_hearing: Hearing) -> None:
    asked: list[dict[str, str]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(dict(request.url.params))
        first = "starting_after" not in asked[-1]
        charge = {"id": "ch_2" if first else "ch_1", "amount": 1, "currency": "usd", "created": 2 if first else 1}
        return httpx2.Response(200, json={"data": [charge], "has_more": first})

    assert [one.id for one in client_hearing(StripeClient, answer).charges(SINCE)] == ["ch_1", "ch_2"]
    assert asked == [
        {"created[gte]": "1795327200", "limit": "100"},
        {"created[gte]": "1795327200", "limit": "100", "starting_after": "ch_2"},
    ]


def test_events_are_filtered_by_type(client_hearing: Hearing) -> None:
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url.params.get_list("types[]")))
        return httpx2.Response(200, json={"data": [], "has_more": False})

    assert client_hearing(StripeClient, answer).events(types=["invoice.paid", "charge.refunded"]) == []
    assert asked == ["['invoice.paid', 'charge.refunded']"]
    with pytest.raises(OutsideRejected):
        client_hearing(StripeClient, answer).events(types=["x"] * 21)


@pytest.mark.parametrize("data", [[], [{"id": "ch_1", "amount": 1, "currency": "usd", "created": 1}]])
def test_endless_list_is_noticed(data: list[Any], client_hearing: Hearing) -> None:
    client = client_hearing(StripeClient, lambda _: httpx2.Response(200, json={"data": data, "has_more": True}))
    with pytest.raises(ContractBroken):
        client.charges()


def _errors() -> list[dict[str, Any]]:
    import revenue_machine.integrations.stripe as folder

    found: list[dict[str, Any]] = json.loads((Path(folder.__path__[0]) / "fixtures/errors.json").read_text())
    return found


@pytest.mark.parametrize("case", _errors(), ids=lambda case: str(case["status"]))
def test_errors_are_mapped(case: dict[str, Any], client_hearing: Hearing) -> None:
    body = case["body"] if isinstance(case["body"], str) else json.dumps(case["body"])
    client = client_hearing(StripeClient, lambda _: httpx2.Response(case["status"], text=body))
    for ask in (client.balance, lambda: client.create_coupon("c", percent_off=20, name="n", idempotency_key="k")):
        with pytest.raises(Failure) as caught:
            ask()
        assert caught.value.code == case["code"]


def test_unanswered_write_is_told_apart(client_hearing: Hearing) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("silence", request=request)

    with pytest.raises(OutsideUnanswered) as caught:
        client_hearing(StripeClient, answer).create_payment_link("price_1", idempotency_key="k")
    assert not caught.value.nothing_happened
