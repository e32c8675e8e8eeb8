"""What the Resend client sends, understands and refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from revenue_machine.integrations.resend.resend_client import ResendClient, body_of, is_one_address
from revenue_machine.integrations.resend.wire import Mail
from revenue_machine.kit.errors import (
    BadInput,
    CapReached,
    ContractBroken,
    Failure,
    NotConfigured,
    OutcomeUnknown,
    OutsideAuthFailed,
    OutsideRateLimited,
    OutsideRejected,
    OutsideUnavailable,
)
from revenue_machine.kit.service import Exchange

Own = Callable[[str, str], bytes]
Hearing = Callable[..., ResendClient]
KEY = "re_canary_key"
ID = "3f1c2d4e-0000-4000-8000-000000000001"
MAIL = Mail(
    from_address="Maker <hello@mail.maker.example>", to="Ann <ann@people.example>", subject="Day 1: your first portal – live",
    html='<p>Hello <a href="https://maker.example/go/abc?a=1&amp;b=2">open</a></p>',
    text="Hello: https://maker.example/go/abc?a=1&b=2", reply_to="replies@mail.maker.example",
    headers={"List-Unsubscribe": "<https://maker.example/u/t0k3n>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
    tags={"person_id": "con_1", "campaign_id": "trial"},
)  # fmt: skip


class Line:
    """Answers from a table of paths and keeps what was asked."""

    def __init__(self, answers: dict[str, bytes], status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.answers, self.status, self.headers = answers, status, headers
        self.asked: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        body = self.answers.get(request.url.path, self.answers.get("*", b""))
        return httpx2.Response(self.status, content=body, headers=self.headers)


def test_mail_is_sent_under_its_key(client_hearing: Hearing, own: Own) -> None:
    line = Line({"/emails": own("resend", "sent.json")})
    assert client_hearing(ResendClient, line, api_key=KEY).send(MAIL, idempotency_key="resend.send/s1").id == ID
    asked = line.asked[0]
    assert (asked.method, str(asked.url)) == ("POST", "https://api.resend.com/emails")
    assert (asked.headers["authorization"], asked.headers["idempotency-key"]) == (f"Bearer {KEY}", "resend.send/s1")
    assert json.loads(asked.content) == json.loads(own("resend", "send_body.json"))


@pytest.mark.parametrize("key", ["", "x" * 257, "schlüssel", "a\nb"])
def test_odd_keys_are_hashed(key: str, client_hearing: Hearing, own: Own) -> None:
    line = Line({"/emails": own("resend", "sent.json")})
    client = client_hearing(ResendClient, line)
    for _ in range(2):
        client.send(MAIL, idempotency_key=key)
    sent = {asked.headers["idempotency-key"] for asked in line.asked}
    assert [len(one) for one in sent] == [64]


def test_plain_mail_has_no_empty_fields() -> None:
    body = body_of(Mail("a@b.example", "c@d.example", "Hi", "<p>Hi</p>", "Hi"))
    assert sorted(body) == ["from", "html", "subject", "text", "to"]


@pytest.mark.parametrize(
    "changed",
    [
        {"to": "ann"}, {"to": "a@b.example, c@d.example"}, {"to": "a@b.example\r\nBcc: x@y.example"}, {"from_address": ""},
        {"reply_to": "x"}, {"subject": " "}, {"subject": "Hi\nBcc: x@y.example"}, {"headers": {"X-A": "b\r\nBcc: x@y.example"}},
        {"headers": {"X A": "b"}}, {"headers": {"Bcc: x@y.example\r\nX": "b"}}, {"tags": {"campaign": "ü"}}, {"tags": {"a b": "c"}},
    ],
)  # fmt: skip
def test_smuggled_mail_is_refused(changed: dict[str, Any], client_hearing: Hearing) -> None:
    line = Line({})
    with pytest.raises(BadInput):
        client_hearing(ResendClient, line).send(replace(MAIL, **changed), idempotency_key="k")
    assert line.asked == []


def test_one_address_may_have_a_name() -> None:
    good = ["a@b.example", "Ann <a@b.example>", '"Doe, Ann" <a@b.example>', "a+b@sub.b.example"]
    bad = ["", "a", "a@", "@b", "a@b.example,c@d.example", "a@b.example c", "<a@b.example>, x", "a@b..example"]
    assert [is_one_address(one) for one in good] == [True] * len(good)
    assert [is_one_address(one) for one in bad] == [False] * len(bad)


def test_email_tells_how_far_it_came(client_hearing: Hearing, own: Own) -> None:
    found = client_hearing(ResendClient, Line({f"/emails/{ID}": own("resend", "email.json")})).find(ID)
    assert found is not None
    assert (found.last_event, found.to, found.message_id) == (
        "delivered",
        ["Ann <ann@people.example>"],
        f"<{ID}@mail.maker.example>",
    )
    assert found.created_at == datetime(2026, 11, 22, 6, 0, 0, 500000, tzinfo=UTC)


def test_lost_answer_is_found_by_its_mail(client_hearing: Hearing, own: Own) -> None:
    client = client_hearing(ResendClient, Line({"/emails": own("resend", "emails_page.json")}))
    found = client.find_sent(MAIL, datetime(2026, 11, 22, 6, tzinfo=UTC))
    assert found is not None
    assert found.id == ID
    assert client.find_sent(MAIL, datetime(2026, 11, 22, 6, 30, tzinfo=UTC)) is None
    assert client.find_sent(replace(MAIL, subject="Day 3"), datetime(2026, 11, 22, 6, tzinfo=UTC)) is None


def test_list_without_end_breaks_contract(client_hearing: Hearing, own: Own) -> None:
    page = own("resend", "emails_page.json").replace(b'"has_more": false', b'"has_more": true')
    line = Line({"/emails": page})
    with pytest.raises(ContractBroken):
        client_hearing(ResendClient, line).emails()
    assert [asked.url.params.get("after") for asked in line.asked] == [None, ID]


def test_domain_without_dkim_is_seen(client_hearing: Hearing, own: Own) -> None:
    answers = {"/domains": own("resend", "domains.json")}
    answers["/domains/d0000000-0000-4000-8000-000000000001"] = own("resend", "domain.json")
    [domain] = client_hearing(ResendClient, Line(answers)).domains()
    assert (domain.name, domain.is_verified, domain.spf_ok, domain.dkim_ok) == ("mail.maker.example", False, True, False)


def test_reply_is_read_with_its_text(client_hearing: Hearing, own: Own) -> None:
    line = Line({"*": own("resend", "received.json")})
    reply = client_hearing(ResendClient, line).received("r0000000-0000-4000-8000-000000000001")
    assert reply is not None
    assert (reply.text, reply.in_reply_to) == ("Stop writing, please.", f"<{ID}@mail.maker.example>")
    assert line.asked[0].url.path == "/emails/receiving/r0000000-0000-4000-8000-000000000001"


ERRORS: list[tuple[int, type[Failure], bool]] = [
    (0, OutsideRejected, True), (1, OutsideRejected, True), (2, OutsideAuthFailed, True), (3, OutsideAuthFailed, True),
    (4, OutsideAuthFailed, True), (5, OutsideRejected, True), (6, OutsideRejected, True), (7, OutcomeUnknown, False),
    (8, OutsideUnavailable, False), (9, OutsideRejected, True), (10, OutsideRateLimited, True), (11, CapReached, True),
    (12, CapReached, True), (13, OutsideUnavailable, False),
]  # fmt: skip


@pytest.mark.parametrize(("place", "kind", "nothing_happened"), ERRORS)
def test_errors_mean_failures(place: int, kind: type[Failure], nothing_happened: bool, client_hearing: Hearing, own: Own) -> None:
    error = json.loads(own("resend", "errors.json"))[place]
    line = Line({"*": json.dumps(error).encode()}, error["statusCode"], {"retry-after": "1"})
    with pytest.raises(kind) as failure:
        client_hearing(ResendClient, line).send(MAIL, idempotency_key="k")
    assert type(failure.value) is kind
    assert failure.value.nothing_happened is nothing_happened
    assert failure.value.retry_after_s == (1.0 if place == 10 else None)


def test_missing_things_are_none(client_hearing: Hearing, own: Own) -> None:
    error = json.loads(own("resend", "errors.json"))[6]
    client = client_hearing(ResendClient, Line({"*": json.dumps(error).encode()}, 404))
    assert (client.find("x"), client.received("x")) == (None, None)


def test_missing_sender_names_its_setting(client_hearing: Hearing) -> None:
    with pytest.raises(NotConfigured) as failure:
        _ = client_hearing(ResendClient, Line({})).from_address
    assert failure.value.field == "REVENUE_RESEND__FROM_ADDRESS"


def test_key_is_never_recorded(client_hearing: Hearing, exchanges: list[Exchange]) -> None:
    answer = json.dumps({"name": "invalid_api_key", "message": f"{KEY} is invalid"}).encode()
    with pytest.raises(OutsideAuthFailed) as failure:
        client_hearing(ResendClient, Line({"*": answer}, 403), api_key=KEY).send(MAIL, idempotency_key="k")
    assert KEY not in repr(exchanges) + repr(failure.value.as_dict())
