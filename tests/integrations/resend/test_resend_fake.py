"""The pretend Resend behaves as the contract says: a key acts once, mailboxes answer, every event is told once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from revenue_machine.integrations.resend import fake, hook
from revenue_machine.integrations.resend.resend_client import ResendClient
from revenue_machine.integrations.resend.wire import Mail
from revenue_machine.kit.errors import (
    BadInput,
    NotFound,
    OutcomeUnknown,
    OutsideAuthFailed,
    OutsideRateLimited,
    OutsideRejected,
    OutsideUnavailable,
)
from revenue_machine.kit.fakeserver import FakeRequest
from revenue_machine.kit.hooks import HookRequest
from revenue_machine.kit.settings import sandbox_webhook_secret
from revenue_machine.sandbox.store import ServiceState, WorldStore
from revenue_machine.sandbox.vendors import Outside
from tests.integrations.conftest import START

Make = Callable[..., ResendClient]
ANN = "ann@people.example"
LINK = "https://maker.example/go/abc?a=1&b=2"
MAIL = Mail(
    "Maker <hello@mail.maker.example>", f"Ann <{ANN}>", "Day 1", f'<p>Hello <a href="{LINK.replace("&", "&amp;")}">open</a></p>',
    f"Hello: {LINK}", "replies@mail.maker.example", {"List-Unsubscribe": "<https://maker.example/u/t>"}, {"person_id": "con_1"},
)  # fmt: skip


@pytest.fixture
def client(client_of: Make) -> ResendClient:
    return client_of(ResendClient)


@pytest.fixture
def state(outside: Outside) -> ServiceState:
    return outside.state("resend")


def told(state: ServiceState) -> list[tuple[str, Any]]:
    """(kind, data) of every queued webhook, read as the product reads it."""
    found = []
    for key, body in state.store.run("select key, body from hooks where service = 'resend' order by place"):
        request = HookRequest(fake.hook_headers(state, key, body), body)
        hook.verify(request, [sandbox_webhook_secret("resend")], state.now())
        assert hook.read(request).external_id == key
        found.append((hook.read(request).kind, json.loads(body)["data"]))
    return found


def kinds(state: ServiceState) -> list[str]:
    return [kind.removeprefix("email.") for kind, _ in told(state)]


def call(state: ServiceState, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    own = {"authorization": f"Bearer {state.api_key}", **{name.replace("_", "-"): value for name, value in headers.items()}}
    answer = fake.respond(state, FakeRequest(method, path, (), own, json.dumps(body).encode()))
    return answer.status, json.loads(answer.body)


def test_mail_reaches_its_inbox(client: ResendClient, state: ServiceState) -> None:
    email_id = client.send(MAIL, idempotency_key="k").id
    assert fake.public_inbox(state, ANN) == [
        {
            "email_id": email_id, "message_id": f"<{email_id}@mail.maker.example>", "delivered_at": "2026-11-22T06:00:00+00:00",
            "from": "Maker <hello@mail.maker.example>", "to": [f"Ann <{ANN}>"], "reply_to": ["replies@mail.maker.example"],
            "subject": "Day 1", "text": MAIL.text, "html": MAIL.html, "headers": {"List-Unsubscribe": "<https://maker.example/u/t>"},
            "tags": {"person_id": "con_1"}, "links": [LINK],
        }
    ]  # fmt: skip
    found = client.find(email_id)
    assert found is not None
    assert (found.last_event, found.subject, found.text, found.created_at) == ("delivered", "Day 1", MAIL.text, START)
    [(_, sent), (_, delivered)] = told(state)
    assert kinds(state) == ["sent", "delivered"]
    assert (sent["tags"], sent["headers"]) == (
        {"person_id": "con_1"}, [{"name": "List-Unsubscribe", "value": "<https://maker.example/u/t>"}],
    )  # fmt: skip
    assert delivered["email_id"] == email_id


def test_inbox_since_leaves_older_out(client: ResendClient, state: ServiceState) -> None:
    client.send(MAIL, idempotency_key="k1")
    state.store.move_to(START + timedelta(hours=1))
    client.send(replace(MAIL, subject="Day 3"), idempotency_key="k2")
    assert [mail["subject"] for mail in fake.public_inbox(state, f"<{ANN.upper()}>")] == ["Day 1", "Day 3"]
    assert [mail["subject"] for mail in fake.public_inbox(state, ANN, START + timedelta(hours=1))] == ["Day 3"]
    assert fake.public_inbox(state, "bob@people.example") == []


def test_same_key_acts_once(client: ResendClient, state: ServiceState) -> None:
    first = client.send(MAIL, idempotency_key="k")
    state.store.move_to(START + timedelta(hours=23, minutes=59))
    assert client.send(MAIL, idempotency_key="k") == first
    assert (len(fake.public_inbox(state, ANN)), kinds(state)) == (1, ["sent", "delivered"])


def test_same_key_other_mail_conflicts(client: ResendClient, state: ServiceState) -> None:
    client.send(MAIL, idempotency_key="k")
    with pytest.raises(OutcomeUnknown) as failure:
        client.send(replace(MAIL, subject="Day 3"), idempotency_key="k")
    assert failure.value.details == {"vendor_code": "invalid_idempotent_request"}
    assert len(fake.public_inbox(state, ANN)) == 1


def test_key_is_forgotten_after_a_day(client: ResendClient, state: ServiceState) -> None:
    first = client.send(MAIL, idempotency_key="k")
    state.store.move_to(START + timedelta(hours=24))
    assert client.find_sent(MAIL, START) == client.emails()[0]
    assert client.send(MAIL, idempotency_key="k") != first


def test_dropped_answer_is_settled_by_key(client: ResendClient, outside: Outside, state: ServiceState) -> None:
    outside.add_fault("resend", "/emails", "act_then_drop", 1)
    with pytest.raises(OutsideUnavailable):
        client.send(MAIL, idempotency_key="k")
    [mail] = fake.public_inbox(state, ANN)
    assert client.send(MAIL, idempotency_key="k").id == mail["email_id"]
    assert len(fake.public_inbox(state, ANN)) == 1


@pytest.mark.parametrize("length", [0, 257])
def test_bad_key_is_refused(length: int, state: ServiceState) -> None:
    status, answer = call(state, "POST", "/emails", {}, idempotency_key="x" * length)
    assert (status, answer["name"]) == (400, "invalid_idempotency_key")


def test_hard_bounce_suppresses_the_address(client: ResendClient, state: ServiceState) -> None:
    fake.public_mailbox(state, ANN, "hard_bounce")
    email_id = client.send(MAIL, idempotency_key="k1").id
    assert [(one.email, one.origin, one.source_id) for one in client.suppressions()] == [(ANN, "bounce", email_id)]
    fake.public_mailbox(state, ANN)
    second = client.find(client.send(MAIL, idempotency_key="k2").id)
    assert second is not None
    assert second.last_event == "suppressed"
    assert kinds(state) == ["sent", "bounced", "suppressed"]
    assert [told(state)[1][1]["bounce"]["type"], told(state)[2][1]["suppressed"]["reason"]] == ["Permanent", "previous_bounce"]
    assert fake.public_inbox(state, ANN) == []


def test_full_mailbox_delays_then_bounces(client: ResendClient, state: ServiceState) -> None:
    fake.public_mailbox(state, ANN, "soft_bounce")
    client.send(MAIL, idempotency_key="k")
    assert kinds(state) == ["sent", "delivery_delayed"]
    state.store.move_to(START + timedelta(hours=12))
    fake.public_advance(state)
    fake.public_advance(state)
    assert kinds(state) == ["sent", "delivery_delayed", "bounced"]
    assert told(state)[2][1]["bounce"]["type"] == "Transient"
    assert client.suppressions() == []


def test_complaint_suppresses_the_address(client: ResendClient, state: ServiceState) -> None:
    fake.public_mailbox(state, ANN, "complain")
    client.send(MAIL, idempotency_key="k1")
    assert kinds(state) == ["sent", "delivered", "complained"]
    client.send(MAIL, idempotency_key="k2")
    assert told(state)[3][1]["suppressed"]["reason"] == "previous_complaint"


def test_people_open_click_and_complain(client: ResendClient, state: ServiceState) -> None:
    email_id = client.send(MAIL, idempotency_key="k").id
    assert fake.public_click(state, email_id, LINK) == LINK
    fake.public_open(state, email_id)
    found = client.find(email_id)
    assert found is not None
    assert found.last_event == "clicked"
    fake.public_complain(state, email_id)
    assert kinds(state) == ["sent", "delivered", "clicked", "opened", "complained"]
    assert told(state)[2][1]["click"]["link"] == LINK
    with pytest.raises(NotFound):
        fake.public_click(state, email_id, "https://elsewhere.example")


def test_late_bounce_and_failure_are_told(client: ResendClient, state: ServiceState) -> None:
    email_id = client.send(MAIL, idempotency_key="k").id
    fake.public_bounce(state, email_id, permanently=False)
    assert client.suppressions() == []
    fake.public_fail(state, email_id)
    assert kinds(state) == ["sent", "delivered", "bounced", "failed"]
    assert told(state)[3][1]["failed"] == {"reason": "reached_daily_quota"}


def test_nobody_opens_what_never_came(client: ResendClient, state: ServiceState) -> None:
    fake.public_mailbox(state, ANN, "hard_bounce")
    email_id = client.send(MAIL, idempotency_key="k").id
    with pytest.raises(NotFound):
        fake.public_open(state, email_id)
    with pytest.raises(BadInput):
        fake.public_mailbox(state, ANN, "eats_it")


def test_reply_comes_back(client: ResendClient, state: ServiceState) -> None:
    email_id = client.send(MAIL, idempotency_key="k").id
    reply_id = fake.public_reply(state, email_id, "Stop writing, please.")
    kind, data = told(state)[-1]
    assert (kind, data["email_id"], data["to"]) == ("email.received", reply_id, ["replies@mail.maker.example"])
    reply = client.received(reply_id)
    assert reply is not None
    assert (reply.subject, reply.text, reply.in_reply_to) == (
        "Re: Day 1",
        "Stop writing, please.",
        f"<{email_id}@mail.maker.example>",
    )
    assert client.received(email_id) is None


def test_unverified_domain_does_not_send(client: ResendClient, state: ServiceState) -> None:
    fake.public_domain(state, "new.example", dkim="pending")
    with pytest.raises(OutsideRejected, match=r"new\.example domain is not verified"):
        client.send(replace(MAIL, from_address="a@new.example"), idempotency_key="k")
    assert [(one.name, one.is_verified, one.spf_ok, one.dkim_ok) for one in client.domains()] == [
        ("new.example", False, True, False), ("mail.maker.example", True, True, True),
    ]  # fmt: skip
    fake.public_domain(state, "new.example")
    client.send(replace(MAIL, from_address="a@new.example"), idempotency_key="k")


def test_wrong_key_is_refused(client_of: Make, state: ServiceState) -> None:
    with pytest.raises(OutsideAuthFailed):
        client_of(ResendClient, api_key="re_other").send(MAIL, idempotency_key="k")
    assert fake.respond(state, FakeRequest("GET", "/emails")).status == 401
    assert fake.public_inbox(state, ANN) == []


def test_second_has_its_allowance(client: ResendClient, state: ServiceState) -> None:
    for _ in range(fake.PER_SECOND):
        client.emails()
    with pytest.raises(OutsideRateLimited) as failure:
        client.send(MAIL, idempotency_key="k")
    assert failure.value.retry_after_s == 1.0
    state.store.move_to(START + timedelta(seconds=1))
    client.send(MAIL, idempotency_key="k")
    assert len(fake.public_inbox(state, ANN)) == 1


def test_list_pages_to_the_end(client: ResendClient, state: ServiceState) -> None:
    for number in range(50):
        client.send(replace(MAIL, subject=f"Mail {number}"), idempotency_key=f"k{number}")
    state.store.move_to(START + timedelta(minutes=1))
    for number in range(50, 120):
        client.send(replace(MAIL, subject=f"Mail {number}"), idempotency_key=f"k{number}")
    assert [one.subject for one in client.emails()] == [f"Mail {number}" for number in range(120)]
    assert [one.subject for one in client.emails(START + timedelta(minutes=1))] == [f"Mail {number}" for number in range(50, 120)]


GOOD = {"from": "a@mail.maker.example", "to": "b@people.example", "subject": "Hi", "text": "Hi"}
BAD: list[tuple[dict[str, Any], str]] = [
    ({"from": None}, "missing_required_field"), ({"to": []}, "missing_required_field"), ({"subject": ""}, "missing_required_field"),
    ({"text": None}, "validation_error"), ({"to": "ann"}, "validation_error"), ({"to": ["a@b.example"] * 51}, "validation_error"),
    ({"to": 7}, "validation_error"), ({"tags": [{"name": "a b", "value": "c"}]}, "validation_error"), ({"tags": "x"}, "validation_error"),
    ({"headers": {"X": "a\nb"}}, "validation_error"), ({"headers": "x"}, "validation_error"),
    ({"scheduled_at": "soon"}, "validation_error"),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "name"), BAD)
def test_bad_mail_is_refused(changed: dict[str, Any], name: str, state: ServiceState) -> None:
    status, answer = call(state, "POST", "/emails", {**GOOD, **changed})
    assert (status, answer["statusCode"], answer["name"]) == (422, 422, name)
    assert state.count("email") == 0


def test_batch_goes_whole_or_not(state: ServiceState) -> None:
    assert call(state, "POST", "/emails/batch", [GOOD, {**GOOD, "to": "x"}])[0] == 422
    assert state.count("email") == 0
    status, answer = call(state, "POST", "/emails/batch", [GOOD, GOOD], idempotency_key="k")
    assert (status, len(answer["data"])) == (200, 2)
    assert call(state, "POST", "/emails/batch", [GOOD, GOOD], idempotency_key="k") == (200, answer)
    assert state.count("email") == 2


def test_scheduled_mail_waits_for_its_hour(state: ServiceState) -> None:
    first = call(state, "POST", "/emails", {**GOOD, "scheduled_at": "2026-11-22T08:00:00Z"})[1]["id"]
    second = call(state, "POST", "/emails", {**GOOD, "scheduled_at": "2026-11-22T08:00:00Z"})[1]["id"]
    assert call(state, "PATCH", f"/emails/{first}", {"scheduled_at": "2026-11-22T09:00:00Z"})[0] == 200
    assert call(state, "POST", f"/emails/{second}/cancel")[0] == 200
    state.store.move_to(START + timedelta(hours=2))
    fake.public_advance(state)
    assert fake.public_inbox(state, "b@people.example") == []
    state.store.move_to(START + timedelta(hours=3))
    fake.public_advance(state)
    assert [mail["email_id"] for mail in fake.public_inbox(state, "b@people.example")] == [first]
    assert kinds(state) == ["scheduled", "scheduled", "sent", "delivered"]


def test_record_looks_like_the_fixture(client: ResendClient, state: ServiceState, own: Callable[[str, str], bytes]) -> None:
    _, sent = call(state, "POST", "/emails", json.loads(own("resend", "send_body.json")))
    held, wanted = call(state, "GET", f"/emails/{sent['id']}")[1], json.loads(own("resend", "email.json"))
    assert sorted(held) == sorted(wanted)
    same = ("object", "to", "from", "subject", "cc", "reply_to", "last_event", "scheduled_at")
    assert {name: held[name] for name in same} == {name: wanted[name] for name in same}


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    def lived(name: str) -> list[Any]:
        store = WorldStore(tmp_path / name)
        store.move_to(START)
        state = Outside(store, 7).state("resend")
        email_id = call(state, "POST", "/emails", GOOD)[1]["id"]
        fake.public_reply(state, email_id, "Yes")
        found: list[Any] = store.run("select key, body from hooks order by place")
        store.close()
        return found

    first = lived("one.db")
    assert len(first) == 3
    assert lived("two.db") == first
