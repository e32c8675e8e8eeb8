"""The RevenueCat client against its own payloads: numbers, paging, errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from revenue_machine.integrations.revenuecat.revenuecat_client import RevenueCatClient
from revenue_machine.integrations.revenuecat.wire import Overview
from revenue_machine.kit.errors import ContractBroken, Failure, NotConfigured

Own = Callable[[str, str], bytes]
Hearing = Callable[..., RevenueCatClient]


def test_overview_is_read(client_hearing: Hearing, own: Own) -> None:
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        assert request.headers["authorization"] == "Bearer sk_sandbox_revenuecat"
        return httpx2.Response(200, content=own("revenuecat", "overview.json"))

    assert client_hearing(RevenueCatClient, answer).overview() == Overview(
        active_subscriptions=57,
        active_trials=12,
        mrr_micro_usd=1_139_430_000,
        revenue_28d_micro_usd=1_401_200_000,
        new_customers_28d=301,
        active_users_28d=None,
    )
    assert asked == ["https://api.revenuecat.com/v2/projects/proj_sandbox/metrics/overview?currency=USD"]


def test_pages_are_followed(client_hearing: Hearing, own: Own) -> None:
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.raw_path.decode())
        page = 2 if "starting_after" in str(request.url) else 1
        return httpx2.Response(200, content=own("revenuecat", f"subscriptions_page_{page}.json"))

    found = client_hearing(RevenueCatClient, answer, project_id="proj1").subscriptions("$RCAnonymousID:1/2")
    assert [one.id for one in found] == ["sub1", "sub2"]
    path = "/v2/projects/proj1/customers/%24RCAnonymousID%3A1%2F2/subscriptions"
    assert asked == [path, f"{path}?starting_after=sub1"]


def test_endless_page_is_noticed(client_hearing: Hearing, own: Own) -> None:
    first = own("revenuecat", "subscriptions_page_1.json")
    client = client_hearing(RevenueCatClient, lambda _: httpx2.Response(200, content=first))
    with pytest.raises(ContractBroken):
        client.subscriptions("person-1")


def _errors() -> list[dict[str, Any]]:
    import revenue_machine.integrations.revenuecat as folder

    found: list[dict[str, Any]] = json.loads((Path(folder.__path__[0]) / "fixtures/errors.json").read_text())
    return found


@pytest.mark.parametrize("case", _errors(), ids=lambda case: str(case["status"]))
def test_errors_are_mapped(case: dict[str, Any], client_hearing: Hearing) -> None:
    body = case["body"] if isinstance(case["body"], str) else json.dumps(case["body"])
    client = client_hearing(RevenueCatClient, lambda _: httpx2.Response(case["status"], text=body))
    with pytest.raises(Failure) as caught:
        client.overview()
    assert caught.value.code == case["code"]
    backoff_ms = case["body"].get("backoff_ms") if isinstance(case["body"], dict) else None
    assert caught.value.retry_after_s == (None if backoff_ms is None else backoff_ms / 1000)


def test_unknown_customer_is_none(client_hearing: Hearing) -> None:
    body = next(case["body"] for case in _errors() if case["status"] == 404)
    assert client_hearing(RevenueCatClient, lambda _: httpx2.Response(404, json=body)).customer("nobody") is None


def test_other_shape_is_broken_contract(client_hearing: Hearing) -> None:
    client = client_hearing(RevenueCatClient, lambda _: httpx2.Response(200, json={"metrics": [{"id": "mrr"}]}))
    with pytest.raises(ContractBroken):
        client.overview()


def test_live_key_needs_project(client_hearing: Hearing) -> None:
    client = client_hearing(RevenueCatClient, lambda _: httpx2.Response(500), api_key="sk_live_x")
    with pytest.raises(NotConfigured) as caught:
        client.overview()
    assert caught.value.field == "REVENUE_REVENUECAT__PROJECT_ID"
