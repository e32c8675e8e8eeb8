"""The official `resend` SDK finds its way around the pretend Resend over loopback."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import resend
from resend.exceptions import ResendError
from standardwebhooks import Webhook

from revenue_machine.integrations.resend import fake
from revenue_machine.sandbox.vendors import Outside
from tests.integrations.loopback import served

BODY: resend.Emails.SendParams = {
    "from": "Maker <hello@mail.maker.example>", "to": ["ann@people.example"], "subject": "Day 1", "html": "<p>Hi</p>", "text": "Hi",
    "tags": [{"name": "person_id", "value": "con_1"}], "headers": {"X-One": "1"}, "reply_to": "replies@mail.maker.example",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _sdk(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with served(outside) as base:
        monkeypatch.setattr(resend, "api_url", f"{base}/resend")
        monkeypatch.setattr(resend, "api_key", "sk_sandbox_resend")
        yield


def test_sdk_sends_and_looks(outside: Outside) -> None:
    sent = resend.Emails.send(BODY)
    held = resend.Emails.get(sent["id"])
    assert (held["last_event"], held["subject"], held["to"]) == ("delivered", "Day 1", ["ann@people.example"])
    [mail] = fake.public_inbox(outside.state("resend"), "ann@people.example")
    assert (mail["email_id"], mail["headers"], mail["tags"]) == (sent["id"], {"X-One": "1"}, {"person_id": "con_1"})


def test_sdk_key_acts_once(outside: Outside) -> None:
    first = resend.Emails.send(BODY, {"idempotency_key": "k"})
    assert resend.Emails.send(BODY, {"idempotency_key": "k"})["id"] == first["id"]
    with pytest.raises(ResendError) as caught:
        resend.Emails.send({**BODY, "subject": "Day 3"}, {"idempotency_key": "k"})
    assert (caught.value.code, caught.value.error_type) == (409, "invalid_idempotent_request")
    assert len(fake.public_inbox(outside.state("resend"), "ann@people.example")) == 1


def test_sdk_sends_batches_and_pages() -> None:
    sent = resend.Batch.send([BODY, BODY, BODY])
    names = [one["id"] for one in sent["data"]]
    page = resend.Emails.list({"limit": 2})
    assert ([one["id"] for one in page["data"]], page["has_more"]) == (names[:0:-1], True)
    rest = resend.Emails.list({"limit": 2, "after": names[1]})
    assert ([one["id"] for one in rest["data"]], rest["has_more"]) == (names[:1], False)


def test_sdk_reads_domains() -> None:
    [domain] = resend.Domains.list()["data"]
    held = resend.Domains.get(domain["id"])
    assert held["records"] is not None
    assert [(record["record"], record["status"]) for record in held["records"]] == [
        ("SPF", "verified"), ("SPF", "verified"), ("DKIM", "verified"),
    ]  # fmt: skip


def test_sdk_reads_replies(outside: Outside) -> None:
    reply_id = fake.public_reply(outside.state("resend"), resend.Emails.send(BODY)["id"], "Yes, please")
    assert resend.Emails.Receiving.get(reply_id)["text"] == "Yes, please"
    assert [one["id"] for one in resend.Emails.Receiving.list()["data"]] == [reply_id]


def test_sdk_reschedules_and_cancels() -> None:
    sent = resend.Emails.send({**BODY, "scheduled_at": "2026-11-23T06:00:00Z"})
    resend.Emails.update({"id": sent["id"], "scheduled_at": "2026-11-24T06:00:00Z"})
    resend.Emails.cancel(sent["id"])
    assert resend.Emails.get(sent["id"])["last_event"] == "canceled"


def test_sdk_keeps_suppressions() -> None:
    made = resend.Suppressions.add({"email": "bob@people.example"})
    assert resend.Suppressions.get("bob@people.example")["id"] == made["id"]
    assert resend.Suppressions.list()["data"][0]["origin"] == "manual"
    resend.Suppressions.remove(made["id"])
    assert resend.Suppressions.list()["data"] == []


def test_sdk_raises_its_own_errors() -> None:
    with pytest.raises(ResendError) as caught:
        resend.Emails.get("none")
    assert (caught.value.code, caught.value.error_type) == (404, "not_found")


def test_svix_secret_is_understood_elsewhere(outside: Outside) -> None:
    resend.Emails.send(BODY)
    state = outside.state("resend")
    for key, body in outside.store.run("select key, body from hooks where service = 'resend' order by place"):
        headers = {name.replace("svix-", "webhook-"): value for name, value in fake.hook_headers(state, key, body).items()}
        stamp = int(headers["webhook-timestamp"])
        wanted = Webhook(state.webhook_secret).sign(key, datetime.fromtimestamp(stamp, UTC), body.decode())
        assert headers["webhook-signature"] == wanted
