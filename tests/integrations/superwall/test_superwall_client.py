"""The Superwall client against its own payloads: what it asks, cursor paging, numbers, errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest

from revenue_machine import integrations
from revenue_machine.integrations.superwall.superwall_client import ChartQuestion, SuperwallClient
from revenue_machine.kit.errors import ContractBroken, Failure, NotConfigured

Own = Callable[[str, str], bytes]
Hearing = Callable[..., SuperwallClient]
ERRORS = json.loads((Path(integrations.__path__[0]) / "superwall/fixtures/errors.json").read_text(encoding="utf-8"))
QUESTION = ChartQuestion(
    "11", ("paywallUsers", "conversions"), date(2026, 3, 1), date(2026, 3, 7), breakdown="variantId", experiment_ids=("9",)
)  # fmt: skip


def hearing(make: Hearing, *bodies: bytes) -> tuple[SuperwallClient, list[httpx2.Request]]:
    """A client that hears these bodies one after the other, the last for ever, and what it asked."""
    asked: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(200, content=bodies[min(len(asked), len(bodies)) - 1])

    return make(SuperwallClient, answer), asked


def test_cursor_is_followed_to_the_end(client_hearing: Hearing, own: Own) -> None:
    pages = [own("superwall", f"projects_page_{number}.json") for number in (1, 2)]
    client, asked = hearing(client_hearing, *pages)
    assert [(one.id, one.slug) for one in client.applications()] == [("11", "notes"), ("13", "letters")]
    assert [str(one.url) for one in asked] == [
        "https://api.superwall.com/v2/projects?limit=100",
        "https://api.superwall.com/v2/projects?limit=100&starting_after=7",
    ]
    assert asked[0].headers["authorization"] == "Bearer sk_sandbox_superwall"


def test_list_that_never_ends_is_noticed(client_hearing: Hearing, own: Own) -> None:
    client, asked = hearing(client_hearing, own("superwall", "projects_page_1.json"))
    with pytest.raises(ContractBroken, match="but not from where"):
        client.projects()
    assert len(asked) == 2
    client, _ = hearing(client_hearing, b'{"data": [], "has_more": true}')
    with pytest.raises(ContractBroken):
        client.projects()


def test_chart_is_asked_in_the_contracts_words(client_hearing: Hearing, own: Own) -> None:
    client, asked = hearing(client_hearing, own("superwall", "chart_by_variant.json"))
    chart = client.chart(QUESTION)
    assert (asked[0].method, asked[0].url.path) == ("POST", "/v2/charts/data")
    assert json.loads(asked[0].read()) == {
        "application_id": "11", "x_axis": "tsDate", "y_axis": "paywallUsers", "include": ["conversions"],
        "breakdown": "variantId", "date_interval": "totals", "environment": ["PRODUCTION"], "experiment_id": ["9"],
        "date_filter": {
            "dimension": "tsDate", "preset": "custom", "range": {"from": "2026-03-01T00:00:00.000Z", "to": "2026-03-07T23:59:59.999Z"},
        },
    }  # fmt: skip
    first = chart.data[0].values["702"]
    assert [first.y, *sorted(first.extra.items())] == [402, ("conversions", 44), ("netProceeds", Decimal("-6.99"))]


def test_campaign_names_split_and_holdout(client_hearing: Hearing, own: Own) -> None:
    client, _ = hearing(client_hearing, own("superwall", "campaigns.json"))
    (campaign,) = client.campaigns("11")
    (audience,) = campaign.audiences
    assert [(one.id, one.paywall, one.percentage, one.is_holdout) for one in audience.variants] == [
        ("701", "21", 45, False), ("702", "22", 45, False), ("703", None, 10, True),
    ]  # fmt: skip
    assert audience.is_bandit is False


@pytest.mark.parametrize("said", ERRORS, ids=lambda said: str(said["status"]))
def test_refusal_is_read_once(client_hearing: Hearing, said: dict[str, Any]) -> None:
    body = b"gateway" if said["body"] is None else json.dumps(said["body"]).encode()
    client = client_hearing(SuperwallClient, lambda _: httpx2.Response(said["status"], headers=said["headers"], content=body))
    with pytest.raises(Failure) as caught:
        client.projects()
    assert caught.value.code == said["code"]
    assert caught.value.retry_after_s == (12 if said["status"] == 429 else None)
    assert "sk_sandbox" not in caught.value.message


def test_unknown_person_is_none_and_a_known_one_is_read(client_hearing: Hearing) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if "ghost" in request.url.path:
            return httpx2.Response(404, json={"error": {"type": "not_found", "message": "User not found"}})
        return httpx2.Response(
            200,
            json={
                "subscription_status": "active", "has_active_subscription": True, "net_revenue": 19.99, "total_refunds": 0,
                "last_paywall_conversion": {"experiment_id": "9", "variant_id": "702"},
            },
        )  # fmt: skip

    client = client_hearing(SuperwallClient, answer)
    assert client.subscription_summary("11", "ghost") is None
    known = client.subscription_summary("11", "ann/1")
    assert known is not None
    assert known.last_paywall_conversion is not None
    assert (known.net_revenue, known.last_paywall_conversion.variant_id) == (Decimal("19.99"), "702")


@pytest.mark.parametrize("figure", [1e40, "Infinity", None, "many"])
def test_impossible_figure_breaks_the_contract(client_hearing: Hearing, own: Own, figure: Any) -> None:
    body = json.loads(own("superwall", "chart_by_variant.json"))
    body["data"][0]["values"]["701"]["y"] = figure
    client, _ = hearing(client_hearing, json.dumps(body).encode())
    with pytest.raises(ContractBroken):
        client.chart(QUESTION)


def test_no_key_means_not_configured(client_hearing: Hearing) -> None:
    from revenue_machine.kit.service import ServiceLink
    from revenue_machine.kit.settings import ServiceSettings

    link = client_hearing(SuperwallClient, lambda _: httpx2.Response(200)).link
    with pytest.raises(NotConfigured, match="REVENUE_SUPERWALL__API_KEY"):
        SuperwallClient(ServiceLink(link.manifest, ServiceSettings(), link.http, link.clock, link.record))
