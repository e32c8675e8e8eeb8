"""What client and fake of Resend say fits the published OpenAPI description."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_schema_validator import OAS31Validator

from revenue_machine.integrations.resend import fake
from revenue_machine.kit.fakeserver import FakeRequest
from revenue_machine.sandbox.store import ServiceState
from revenue_machine.sandbox.vendors import Outside

Own = Callable[[str, str], bytes]
BODY = {
    "from": "Maker <hello@mail.maker.example>", "to": ["ann@people.example"], "subject": "Day 1", "html": '<a href="https://m.example">m</a>',
    "text": "Hi", "tags": [{"name": "person_id", "value": "con_1"}], "headers": {"X-One": "1"}, "reply_to": ["r@mail.maker.example"],
}  # fmt: skip


@pytest.fixture
def contract(shared: Path) -> Mapping[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    held: Mapping[str, Any] = yaml.load(next((shared / "contracts/resend").glob("openapi*.yaml")).read_text(), loader)
    return held


@pytest.fixture
def state(outside: Outside) -> ServiceState:
    return outside.state("resend")


def fits(contract: Mapping[str, Any], name: str, payload: Any) -> list[str]:
    """What is wrong with a payload by the schema of that name."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": contract["components"]}
    return [f"{'.'.join(map(str, one.path))}: {one.message}" for one in OAS31Validator(schema).iter_errors(payload)]


def call(state: ServiceState, method: str, path: str, body: Any = None) -> Any:
    headers = {"authorization": f"Bearer {state.api_key}"}
    return json.loads(fake.respond(state, FakeRequest(method, path, (), headers, json.dumps(body).encode())).body)


def test_sent_body_fits_the_contract(contract: Mapping[str, Any], own: Own) -> None:
    assert fits(contract, "SendEmailRequest", json.loads(own("resend", "send_body.json"))) == []
    assert fits(contract, "SendEmailRequest", {"from": "a@b.example", "to": [], "subject": 7}) != []


def test_answers_fit_the_contract(contract: Mapping[str, Any], state: ServiceState) -> None:
    sent = call(state, "POST", "/emails", BODY)
    assert fits(contract, "SendEmailResponse", sent) == []
    assert fits(contract, "CreateBatchEmailsResponse", call(state, "POST", "/emails/batch", [BODY])) == []
    held = call(state, "GET", f"/emails/{sent['id']}")
    assert fits(contract, "Email", held) == []
    assert set(contract["components"]["schemas"]["Email"]["properties"]) <= set(held)
    assert fits(contract, "ListEmailsResponse", call(state, "GET", "/emails")) == []
    assert fits(contract, "CreateSuppressionResponseSuccess", call(state, "POST", "/suppressions", {"email": "b@c.example"})) == []
    assert fits(contract, "RemoveSuppressionResponseSuccess", call(state, "DELETE", "/suppressions/b@c.example")) == []
    call(state, "POST", "/emails", {**BODY, "to": "bounced@resend.dev"})
    assert fits(contract, "ListSuppressionsResponseSuccess", call(state, "GET", "/suppressions")) == []


def test_every_webhook_fits_the_contract(contract: Mapping[str, Any], state: ServiceState) -> None:
    sent = call(state, "POST", "/emails", BODY)["id"]
    fake.public_open(state, sent)
    fake.public_click(state, sent, "https://m.example")
    fake.public_reply(state, sent, "Yes")
    fake.public_fail(state, sent)
    fake.public_complain(state, sent)
    for rule in ("soft_bounce", "hard_bounce"):
        fake.public_mailbox(state, "bob@people.example", rule)
        call(state, "POST", "/emails", {**BODY, "to": "bob@people.example"})
    call(state, "POST", "/emails", {**BODY, "to": "suppressed@resend.dev"})
    call(state, "POST", "/emails", {**BODY, "scheduled_at": "2027-01-01T00:00:00Z"})
    bodies = [json.loads(body) for (body,) in state.store.run("select body from hooks where service = 'resend' order by place")]
    wrong = {}
    for body in bodies:
        schema = contract["webhooks"][body["type"]]["post"]["requestBody"]["content"]["application/json"]["schema"]
        wrong[body["type"]] = fits(contract, schema["$ref"].rpartition("/")[2], body)
    assert {kind: found for kind, found in wrong.items() if found} == {}
    assert sorted(wrong) == sorted(kind for kind in contract["webhooks"] if kind.startswith("email."))


def test_event_fixtures_fit_the_contract(contract: Mapping[str, Any], own: Own) -> None:
    names = {
        "delivered": "Delivered",
        "clicked": "Clicked",
        "bounced": "Bounced",
        "suppressed": "Suppressed",
        "received": "Received",
    }
    for name, schema in names.items():
        assert fits(contract, f"Email{schema}Event", json.loads(own("resend", f"event_{name}.json"))) == []
