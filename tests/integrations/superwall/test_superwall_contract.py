"""What client and fake of Superwall say fits the published description of the REST API v2, and its webhook fixtures."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_schema_validator import OAS31Validator

from revenue_machine.domains.paywall.rules import METRICS
from revenue_machine.integrations.superwall import fake, hook
from revenue_machine.integrations.superwall.superwall_client import ChartQuestion, SuperwallClient
from revenue_machine.integrations.superwall.wire import Webhook
from revenue_machine.kit.fakeserver import FakeRequest
from revenue_machine.kit.service import Exchange
from revenue_machine.sandbox.store import ServiceState
from revenue_machine.sandbox.vendors import Outside

Own = Callable[[str, str], bytes]
ClientOf = Callable[..., SuperwallClient]
NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def held() -> dict[str, Any]:
    return {}


@pytest.fixture
def contract(shared: Path, held: dict[str, Any]) -> Mapping[str, Any]:
    """The description, every object closed: a field the vendor does not have is a mistake of ours."""
    if not held:
        text = (shared / "contracts/superwall/openapi.v2.derived.yaml").read_text(encoding="utf-8")
        held |= yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        for schema in held["components"]["schemas"].values():
            if "properties" in schema:
                schema.setdefault("additionalProperties", False)
    return held


@pytest.fixture
def state(outside: Outside) -> ServiceState:
    """A world in which every kind of thing has happened at the paywalls of one app."""
    state = outside.state("superwall")
    fake.public_experiment(state, "notes", {"A": 45, "B": 45}, holdout=10)
    for name in ("A", "B"):
        fake.public_open(state, f"user-{name}", "notes", name, NOW)
        fake.public_trial(state, f"user-{name}", "notes", name, at=NOW, price_micro_usd=9_990_000)
        fake.public_convert(state, f"user-{name}", "notes", name, at=NOW, price_micro_usd=9_990_000)
    fake.public_refund(state, "user-A", "notes", "A", at=NOW, price_micro_usd=9_990_000)
    sale = {"subscription": "sub1", "transaction": "tx1", "product": "pro", "user": "user-A", "bought_at": NOW}
    fake.public_event(state, "initial_purchase", sale, price_micro_usd=9_990_000)
    return state


def wrong(contract: Mapping[str, Any], name: str, payload: Any) -> list[str]:
    """What is wrong with a payload by the schema of that name."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": contract["components"]}
    return [f"{'.'.join(map(str, one.path))}: {one.message}" for one in OAS31Validator(schema).iter_errors(payload)]


def call(state: ServiceState, method: str, path: str, body: Any = None, **query: str) -> Any:
    headers = {"authorization": f"Bearer {state.api_key}"}
    answer = fake.respond(state, FakeRequest(method, path, tuple(query.items()), headers, json.dumps(body).encode()))
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


ANSWERS: tuple[tuple[str, dict[str, str], str], ...] = (
    ("/me/organizations", {}, "OrganizationListResponse"),
    ("/projects", {}, "ProjectListResponse"),
    ("/projects/3827", {}, "ProjectRetrieveResponse"),
    ("/paywalls", {"application_id": "1"}, "PaywallListResponse"),
    ("/paywalls/2001", {}, "PaywallRetrieveResponse"),
    ("/campaigns", {"application_id": "1"}, "CampaignListResponse"),
    ("/campaigns/401", {}, "CampaignRetrieveResponse"),
    ("/charts/definitions", {"application_id": "1"}, "ChartGetDefinitionsResponse"),
    ("/users/resolve", {"application_id": "1", "app_user_id": "user-A"}, "UserResolveResponse"),
    ("/users/user-A/subscription-summary", {"application_id": "1"}, "UserRetrieveSubscriptionSummaryResponse"),
    ("/users/user-A/events", {"application_id": "1"}, "EventListResponse"),
    ("/projects/3827/events", {"application_id": "1"}, "EventListResponse"),
)


@pytest.mark.parametrize(("path", "query", "name"), ANSWERS, ids=[path for path, _, _ in ANSWERS])
def test_fake_answers_in_the_published_shape(
    contract: Mapping[str, Any], state: ServiceState, path: str, query: dict[str, str], name: str
) -> None:
    answer = call(state, "GET", path, **query)
    assert wrong(contract, name, answer) == []
    if "data" in answer:
        assert answer["data"], "an empty list proves nothing"


@pytest.mark.parametrize("interval", ["totals", "day"])
@pytest.mark.parametrize("breakdown", ["variantId", "experimentId", "paywallId", None])
def test_fake_charts_have_the_published_shape(
    contract: Mapping[str, Any], state: ServiceState, breakdown: str | None, interval: Any
) -> None:
    metrics = tuple(candidates[0] for candidates in METRICS.values())
    asked = ChartQuestion("1", metrics, date(2026, 11, 20), date(2026, 11, 22), breakdown=breakdown, interval=interval)
    answer = call(state, "POST", "/charts/data", asked.body())
    assert wrong(contract, "ChartQueryDataResponse", answer) == []
    assert answer["data"][-1]["values"]
    assert set(metrics) <= {one["key"] for one in fake_definitions(state)["y_axis"]}


def fake_definitions(state: ServiceState) -> Any:
    return call(state, "GET", "/charts/definitions", application_id="1")


def test_client_asks_only_what_is_published(
    contract: Mapping[str, Any], state: ServiceState, client_of: ClientOf, exchanges: list[Exchange]
) -> None:
    client = client_of(SuperwallClient)
    client.organizations()
    client.applications()
    client.paywalls("1")
    client.campaigns("1")
    client.campaign("401")
    client.chart_definitions("1")
    client.resolve_user("1", "user-A")
    client.subscription_summary("1", "user-A")
    client.events("3827", "1")
    for one in exchanges:
        operation = operation_of(contract, one.method, f"/v2{one.path}")
        known = {held["name"] for held in operation.get("parameters", []) if held["in"] == "query"}
        asked = {pair.split("=")[0] for pair in one.request_text.split("&") if pair}
        assert asked <= known, f"{one.path} takes {sorted(known)}"
        needed = {held["name"] for held in operation.get("parameters", []) if held["in"] == "query" and held["required"]}
        assert needed <= asked
    assert len(exchanges) == 9


def operation_of(contract: Mapping[str, Any], method: str, path: str) -> Mapping[str, Any]:
    """The operation behind a path with its names filled in."""
    parts = path.split("/")
    for pattern, methods in contract["paths"].items():
        wanted = pattern.split("/")
        same = len(wanted) == len(parts) and all(
            one == other or one.startswith("{") for one, other in zip(wanted, parts, strict=True)
        )
        if same and method.lower() in methods:
            found: Mapping[str, Any] = methods[method.lower()]
            return found
    raise AssertionError(f"{method} {path} is not published")


def test_chart_question_fits_the_published_body(contract: Mapping[str, Any]) -> None:
    body = operation_of(contract, "POST", "/v2/charts/data")["requestBody"]["content"]["application/json"]["schema"]
    schema = copy.deepcopy(dict(body)) | {"additionalProperties": False, "components": contract["components"]}
    day = date(2026, 11, 22)
    asked = ChartQuestion("1", ("a", "b"), day, day, "installDate", "variantId", "day", ("9",), ("7",), ("2",)).body()
    assert list(OAS31Validator(schema).iter_errors(asked)) == []
    assert list(OAS31Validator(schema).iter_errors({**asked, "experiment": "9"})) != []


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("projects_page_1.json", "ProjectListResponse"), ("projects_page_2.json", "ProjectListResponse"),
        ("campaigns.json", "CampaignListResponse"), ("chart_by_variant.json", "ChartQueryDataResponse"),
        ("chart_definitions.json", "ChartGetDefinitionsResponse"),
    ],
)  # fmt: skip
def test_own_fixtures_fit_the_published_shape(contract: Mapping[str, Any], own: Own, file: str, name: str) -> None:
    assert wrong(contract, name, json.loads(own("superwall", file))) == []


def test_published_webhook_sample_is_read(shared: Path) -> None:
    sample = json.loads((shared / "fixtures/superwall/webhook_renewal_docs_sample.json").read_text(encoding="utf-8"))
    webhook = Webhook.model_validate(sample)
    assert (webhook.data.name, webhook.data.price_micro_usd) == ("renewal", 9_990_000)
    fields = json.loads((shared / "fixtures/superwall/webhook_field_table.json").read_text(encoding="utf-8"))
    assert not {"paywall_id", "experiment_id", "variant_id", "paywallId", "experimentId", "variantId"} & {
        one["field"] for one in fields
    }
    assert callable(hook.read)
