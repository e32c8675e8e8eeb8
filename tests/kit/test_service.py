"""Every way a vendor can answer or not answer means exactly one failure, and no message holds a secret."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from revenue_machine.kit.clock import PushedClock
from revenue_machine.kit.errors import (
    ContractBroken,
    Failure,
    NotConfigured,
    OutsideAuthFailed,
    OutsideRateLimited,
    OutsideRejected,
    OutsideUnanswered,
    OutsideUnavailable,
    OutsideUnreached,
)
from revenue_machine.kit.service import Exchange, Manifest, ServiceClient, ServiceLink, Wire
from revenue_machine.kit.settings import ServiceSettings
from tests.app_fixture import START

KEY, HOOK = "sk_live_hunter2", "whsec_swordfish"
MANIFEST = Manifest(
    service="toy", name="Toy", docs_url="https://example.com", base_url="https://api.example.com/", hosts=("api.example.com",),
    needs=("api_key", "shop"), reaches_people_or_money=True, unlocks="toys", get_key="Toy > Keys", limits="none",
)  # fmt: skip


class Thing(Wire):
    id: str
    size: int = 0


class ToyClient(ServiceClient):
    service = "toy"


Answer = Callable[[httpx2.Request], httpx2.Response]


def client(answer: Answer, kept: list[Exchange] | None = None, **settings: Any) -> ToyClient:
    kept = [] if kept is None else kept
    own = ServiceSettings.model_validate({"api_key": SecretStr(KEY), "webhook_secret": SecretStr(HOOK), "shop": "s1", **settings})
    http = httpx2.Client(transport=httpx2.MockTransport(answer), follow_redirects=False)
    return ToyClient(ServiceLink(MANIFEST, own, http, PushedClock(START), kept.append))


def answering(status: int, body: bytes = b"{}", **headers: str) -> Answer:
    return lambda _request: httpx2.Response(
        status, content=body, headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


def failing(error: Exception) -> Answer:
    def answer(_request: httpx2.Request) -> httpx2.Response:
        raise error

    return answer


def failure_of(answer: Answer, **settings: Any) -> Failure:
    with pytest.raises(Failure) as caught:
        client(answer, **settings).post("/v1/things", Thing, {"a": 1})
    return caught.value


SILENCE = {
    httpx2.ConnectError: OutsideUnreached, httpx2.ConnectTimeout: OutsideUnreached, httpx2.PoolTimeout: OutsideUnreached,
    httpx2.UnsupportedProtocol: OutsideUnreached, httpx2.ReadTimeout: OutsideUnanswered, httpx2.WriteTimeout: OutsideUnanswered,
    httpx2.ReadError: OutsideUnanswered, httpx2.WriteError: OutsideUnanswered, httpx2.CloseError: OutsideUnanswered,
    httpx2.RemoteProtocolError: OutsideUnanswered, httpx2.LocalProtocolError: OutsideUnanswered, httpx2.ProxyError: OutsideUnanswered,
    httpx2.DecodingError: OutsideUnanswered, httpx2.TooManyRedirects: OutsideUnanswered,
}  # fmt: skip


@pytest.mark.parametrize("kind", SILENCE, ids=lambda kind: kind.__name__)
def test_each_kind_of_silence_has_its_failure(kind: type[httpx2.RequestError]) -> None:
    failure = failure_of(failing(kind(f"GET https://x/{KEY}")))
    assert type(failure) is SILENCE[kind]
    assert failure.nothing_happened is (SILENCE[kind] is OutsideUnreached)
    assert failure.message.endswith(f"({kind.__name__})")


def leaves(kind: type[Exception]) -> set[type[Exception]]:
    below = [leaf for child in kind.__subclasses__() for leaf in leaves(child)]
    return set(below) or {kind}


def test_the_table_of_silences_is_complete() -> None:
    """A new version of the library may bring a new way to fail."""
    known = leaves(httpx2.RequestError)
    assert {one for one in known if one.__name__ != "SSEError"} == set(SILENCE)


STATUS = {
    400: OutsideRejected, 401: OutsideAuthFailed, 402: OutsideRejected, 403: OutsideAuthFailed, 404: OutsideRejected, 409: OutsideRejected,
    410: OutsideRejected, 422: OutsideRejected, 429: OutsideRateLimited, 500: OutsideUnavailable, 502: OutsideUnavailable,
    503: OutsideUnavailable, 504: OutsideUnavailable, 529: OutsideUnavailable, 302: ContractBroken, 204: ContractBroken,
}  # fmt: skip


@pytest.mark.parametrize("status", STATUS)
def test_each_status_has_its_failure(status: int) -> None:
    failure = failure_of(answering(status, b"" if status == 204 else b"<html>"))
    assert type(failure) is STATUS[status]
    assert failure.nothing_happened is (400 <= status < 500)


@pytest.mark.parametrize(
    "body", [b"", b'{"id": "x"', b"<html>", b"null", b"[]", b"{}", b'{"id": 5}', b'{"id": "x", "size": "many"}', b"\xff"]
)
def test_a_torn_or_strange_body_breaks_the_contract(body: bytes) -> None:
    failure = failure_of(answering(200, body))
    assert type(failure) is ContractBroken
    assert "Toy answered in an unknown shape" in failure.message


def test_a_torn_stream_is_no_answer() -> None:
    packed = gzip.compress(b'{"id": "x"}')
    failure = failure_of(answering(200, packed[:3] + b"\x00" * 9 + packed[5:], content_encoding="gzip"))
    assert (type(failure), failure.nothing_happened) == (OutsideUnanswered, False)


def test_a_good_answer_is_typed_and_unknown_fields_ignored() -> None:
    thing = client(answering(200, b'{"id": "x", "size": 3, "new": true}')).get("/v1/things", Thing)
    assert thing == Thing(id="x", size=3)


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [("30", 30.0), ("1.5", 1.5), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-3", None), ("", None), (".", None), ("1.2.3", None), ("\u00b2", None)],
)  # fmt: skip
def test_a_wait_is_read_where_it_is_a_number(header: str, wait_s: float | None) -> None:
    def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(429, headers=[(b"retry-after", header.encode())])

    failure = failure_of(answer)
    assert (type(failure), failure.retry_after_s) == (OutsideRateLimited, wait_s)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500])
def test_a_vendor_that_repeats_our_secrets_tells_nobody(status: int) -> None:
    kept: list[Exchange] = []
    own = client(answering(status, f'{{"error": "bad key {KEY} and {HOOK}"}}'.encode()), kept)
    with pytest.raises(Failure) as caught:
        own.post(f"/bot{KEY}/send", Thing, {"secret": HOOK})
    told = f"{caught.value.message} {caught.value!r} {caught.value.as_dict()} {kept}"
    assert "hunter2" not in told
    assert "swordfish" not in told


def test_a_vendors_own_reading_comes_first_and_keeps_its_details() -> None:
    class Reading(ToyClient):
        def rejection(self, status: int, payload: Any) -> Failure | None:
            return OutsideRejected(f"no: {payload['why']}", field="size", vendor_code="c1", retry_after_s=2.0)

    own = Reading(client(answering(500, f'{{"why": "{KEY}"}}'.encode())).link)
    with pytest.raises(OutsideRejected) as caught:
        own.get("/x", Thing)
    told = (caught.value.message, caught.value.field, caught.value.retry_after_s, caught.value.details)
    assert told == ("no: <secret>", "size", 2.0, {"vendor_code": "c1"})


def test_each_answer_is_kept_also_a_refusal() -> None:
    kept: list[Exchange] = []
    own = client(answering(200, b'{"id": "x"}'), kept)
    own.get("/v1/things", Thing, {"a": 1, "b": None})
    own.post("/v1/things", Thing, {"n": "ü"})
    with pytest.raises(OutsideRejected):
        client(answering(404, b"gone"), kept).get("/y", Thing)
    assert [(one.method, one.path, one.request_text, one.status, one.answer_text) for one in kept] == [
        ("GET", "/v1/things", "a=1", 200, '{"id": "x"}'), ("POST", "/v1/things", '{"n":"ü"}', 200, '{"id": "x"}'),
        ("GET", "/y", "", 404, "gone"),
    ]  # fmt: skip


def test_a_request_carries_key_address_and_headers() -> None:
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, json={"id": "x"})

    client(answer, base_url="http://127.0.0.1:9/toy/").post("/v1", Thing, {}, {"idempotency-key": "k1"})
    assert str(seen[0].url) == "http://127.0.0.1:9/toy/v1"
    assert (seen[0].headers["authorization"], seen[0].headers["idempotency-key"]) == (f"Bearer {KEY}", "k1")


@pytest.mark.parametrize(("option", "variable"), [("api_key", "REVENUE_TOY__API_KEY"), ("shop", "REVENUE_TOY__SHOP")])
def test_a_missing_setting_is_named(option: str, variable: str) -> None:
    with pytest.raises(NotConfigured) as caught:
        client(answering(200), **{option: None})
    assert caught.value.field == variable
    assert f"set {variable} (Toy > Keys)" in caught.value.message


@pytest.mark.parametrize("url", ["http://127.0.0.1:port", "http://127.0.0.1:8080x"])
def test_an_address_that_is_none_is_named(url: str) -> None:
    failure = failure_of(answering(200), base_url=url)
    assert (type(failure), failure.field) == (NotConfigured, "REVENUE_TOY__BASE_URL")
