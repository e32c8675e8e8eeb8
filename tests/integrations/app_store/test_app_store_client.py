"""What the App Store client sends, how it signs, follows lists, checks files, and what Apple's refusals mean."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, date, datetime

import httpx2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from revenue_machine.integrations.app_store.app_store_client import AppStoreClient
from revenue_machine.integrations.app_store.wire import Segment
from revenue_machine.kit.errors import (
    ContractBroken,
    Failure,
    NotConfigured,
    OutsideAuthFailed,
    OutsideRateLimited,
    OutsideRejected,
    OutsideUnavailable,
)

Own = Callable[[str, str], bytes]
Hearing = Callable[..., AppStoreClient]
IDS = {"key_id": "KEY123", "issuer_id": "57246542-aaaa-bbbb-cccc-000000000001"}
SECRET = ec.derive_private_key(12345, ec.SECP256R1())
PEM = SECRET.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


class Line:
    """Answers one request after the other and keeps what was asked; the last answer repeats."""

    def __init__(self, *bodies: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.bodies, self.status, self.headers = list(bodies), status, headers or {}
        self.asked: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        body = self.bodies[min(len(self.asked), len(self.bodies)) - 1]
        return httpx2.Response(self.status, content=body, headers=self.headers)


def part(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def segment(url: str, checksum: str | None = None) -> Segment:
    attributes = {"url": url, "checksum": checksum, "sizeInBytes": 3}
    return Segment.model_validate({"type": "analyticsReportSegments", "id": "s1", "attributes": attributes})


def test_token_is_signed_as_apple_wants(client_hearing: Hearing, own: Own) -> None:
    line = Line(own("app_store", "apps.json"))
    client_hearing(AppStoreClient, line, api_key=PEM, **IDS).apps()
    head, claims, seal = line.asked[0].headers["authorization"].removeprefix("Bearer ").split(".")
    assert json.loads(part(head)) == {"alg": "ES256", "kid": "KEY123", "typ": "JWT"}
    now = int(datetime(2026, 11, 22, 6, tzinfo=UTC).timestamp())
    wanted = {"iss": IDS["issuer_id"], "iat": now, "exp": now + 19 * 60, "aud": "appstoreconnect-v1"}
    assert json.loads(part(claims)) == wanted
    raw = part(seal)
    assert len(raw) == 64
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    SECRET.public_key().verify(der, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))


def test_token_is_renewed_before_its_end(client_hearing: Hearing, own: Own) -> None:
    line = Line(own("app_store", "apps.json"))
    client = client_hearing(AppStoreClient, line, api_key=PEM, **IDS)
    for minute in (0, 17, 18):
        client.link.clock.move_to(datetime(2026, 11, 22, 6, minute, tzinfo=UTC))  # type: ignore[attr-defined]
        client.apps()
    first, second, third = (one.headers["authorization"] for one in line.asked)
    assert first == second
    assert third != second


@pytest.mark.parametrize(
    "text", [PEM, PEM.replace("\n", "\\n"), "".join(line for line in PEM.split("\n") if not line.startswith("-----"))]
)
def test_key_is_read_in_every_usual_dress(text: str, client_hearing: Hearing, own: Own) -> None:
    line = Line(own("app_store", "apps.json"))
    assert len(client_hearing(AppStoreClient, line, api_key=text, **IDS).apps()) == 1


def test_unusable_key_names_its_setting(client_hearing: Hearing) -> None:
    other = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for text in ("not a key", "ключ", other):
        with pytest.raises(NotConfigured) as refusal:
            client_hearing(AppStoreClient, Line(b""), api_key=text, **IDS)
        assert refusal.value.field == "REVENUE_APP_STORE__API_KEY"
        assert text not in refusal.value.message


def test_missing_ids_are_named(client_hearing: Hearing) -> None:
    with pytest.raises(NotConfigured) as refusal:
        client_hearing(AppStoreClient, Line(b""), api_key=PEM, key_id="KEY123")
    assert refusal.value.field == "REVENUE_APP_STORE__ISSUER_ID"


def test_experiment_is_sent_as_documented(client_hearing: Hearing, own: Own) -> None:
    line = Line(own("app_store", "experiment.json"))
    found = client_hearing(AppStoreClient, line, **IDS).create_experiment("6400000001", "warm screenshots", 50)
    assert (line.asked[0].method, line.asked[0].url.path) == ("POST", "/v2/appStoreVersionExperiments")
    assert json.loads(line.asked[0].content) == json.loads(own("app_store", "experiment_new.json"))
    assert (found.attributes.is_running, found.attributes.may_start, found.attributes.traffic_proportion) == (True, False, 50)


def test_list_is_followed_to_its_end(client_hearing: Hearing, own: Own) -> None:
    page = json.loads(own("app_store", "apps.json"))
    page["links"]["next"] = "https://elsewhere.example/v1/apps?cursor=AQ.BC&limit=1"
    line = Line(json.dumps(page).encode(), own("app_store", "apps.json"))
    assert len(client_hearing(AppStoreClient, line, **IDS).apps()) == 2
    assert str(line.asked[1].url) == "https://api.appstoreconnect.apple.com/v1/apps?limit=1&cursor=AQ.BC"


def test_list_that_names_itself_is_refused(client_hearing: Hearing, own: Own) -> None:
    page = json.loads(own("app_store", "apps.json"))
    page["links"]["next"] = "https://api.appstoreconnect.apple.com/v1/apps?limit=200"
    with pytest.raises(ContractBroken):
        client_hearing(AppStoreClient, Line(json.dumps(page).encode()), **IDS).apps()


def test_app_is_only_that_of_the_bundle(client_hearing: Hearing, own: Own) -> None:
    client = client_hearing(AppStoreClient, Line(own("app_store", "apps.json")), **IDS)
    assert client.app("app.kindletters") is None
    found = client.app("app.kindletters.ios")
    assert found is not None
    assert found.id == "6400000001"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (409, OutsideRejected),
        (401, OutsideAuthFailed),
        (403, OutsideAuthFailed),
        (429, OutsideRateLimited),
        (500, OutsideUnavailable),
    ],
)
def test_refusals_are_told_apart(status: int, kind: type[Failure], client_hearing: Hearing, own: Own) -> None:
    line = Line(own("app_store", "error_state.json"), status=status)
    with pytest.raises(kind) as refusal:
        client_hearing(AppStoreClient, line, **IDS).create_experiment("6400000001", "x", 50)
    assert type(refusal.value) is kind
    assert len(line.asked) == 1


def test_state_error_is_never_worth_repeating(client_hearing: Hearing, own: Own) -> None:
    with pytest.raises(OutsideRejected) as refusal:
        client_hearing(AppStoreClient, Line(own("app_store", "error_state.json"), status=409), **IDS).apps()
    assert refusal.value.details == {"vendor_code": "STATE_ERROR.PPO_CREATE_ONLY_ALLOWED_WITH_APP_STORE_DISTRIBUTION"}
    assert not refusal.value.retryable
    assert refusal.value.nothing_happened


def test_hours_limit_is_read(client_hearing: Hearing, own: Own) -> None:
    line = Line(own("app_store", "apps.json"), headers={"x-rate-limit": "user-hour-lim:3600;user-hour-rem:3545;"})
    client = client_hearing(AppStoreClient, line, **IDS)
    client.apps()
    assert client.rate is not None
    assert (client.rate.most, client.rate.left) == (3600, 3545)


@pytest.mark.parametrize("method", ["md5", "sha256"])
def test_file_is_fetched_without_the_token(method: str, client_hearing: Hearing) -> None:
    data = gzip.compress(b"Date\tCounts\n")
    line = Line(data)
    client = client_hearing(AppStoreClient, line, **IDS)
    assert client.segment_text(segment("https://files.example/a?seal=1", hashlib.new(method, data).hexdigest())) == "Date\tCounts\n"
    assert str(line.asked[0].url) == "https://files.example/a?seal=1"
    assert "authorization" not in line.asked[0].headers


def test_damaged_file_is_refused(client_hearing: Hearing) -> None:
    whole = gzip.compress(b"Date\tCounts\n" * 50)
    for data, checksum in ((whole, "0" * 32), (whole[:-9], None), (b"\x1f\x8bnot gzip", None)):
        with pytest.raises(OutsideUnavailable):
            client_hearing(AppStoreClient, Line(data), **IDS).segment_text(segment("https://files.example/a", checksum))


@pytest.mark.parametrize("url", ["http://files.example/a", "file:///etc/passwd", "", "https:///nowhere"])
def test_file_comes_only_over_https(url: str, client_hearing: Hearing) -> None:
    with pytest.raises(ContractBroken):
        client_hearing(AppStoreClient, Line(b""), **IDS).segment_text(segment(url))


def test_sales_want_a_vendor_number(client_hearing: Hearing) -> None:
    with pytest.raises(NotConfigured) as refusal:
        client_hearing(AppStoreClient, Line(b""), **IDS).sales_report(date(2026, 11, 1))
    assert refusal.value.field == "REVENUE_APP_STORE__VENDOR_NUMBER"
    line = Line(gzip.compress(b"Provider\n"))
    assert client_hearing(AppStoreClient, line, **IDS, vendor_number="80").sales_report(date(2026, 11, 1)) == "Provider\n"
    assert dict(line.asked[0].url.params)["filter[reportDate]"] == "2026-11-01"
    assert (
        client_hearing(AppStoreClient, Line(b"{}", status=404), **IDS, vendor_number="80").sales_report(date(2026, 11, 1)) is None
    )
