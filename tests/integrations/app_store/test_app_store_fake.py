"""The pretend App Store keeps Apple's rules: tokens, states of a test, limits, late reports, and never a result."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from openapi_schema_validator import OAS30Validator

from revenue_machine.integrations.app_store import fake
from revenue_machine.integrations.app_store.app_store_client import AppStoreClient
from revenue_machine.integrations.app_store.wire_token import make_token, signing_key
from revenue_machine.kit.errors import Failure, OutsideAuthFailed, OutsideRateLimited, OutsideRejected
from revenue_machine.kit.fakeserver import FakeRequest
from revenue_machine.sandbox.store import ServiceState
from revenue_machine.sandbox.vendors import Outside

Made = Callable[..., AppStoreClient]
IDS = {"key_id": "SANDBOX1KEY", "issuer_id": "57246542-0000-4000-8000-0000000sandbox", "vendor_number": "80000001"}
KIND = "app.kindletters"
NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)


@pytest.fixture
def state(outside: Outside) -> ServiceState:
    return outside.state("app_store")


@pytest.fixture
def client(client_of: Made) -> AppStoreClient:
    return client_of(AppStoreClient, **IDS)


def pass_time(outside: Outside, client: AppStoreClient, **span: float) -> None:
    later = outside.store.now() + timedelta(**span)
    outside.store.move_to(later)
    client.link.clock.move_to(later)  # type: ignore[attr-defined]


def refusal(act: Callable[[], object]) -> str:
    """Apple's code for what is refused."""
    with pytest.raises(OutsideRejected) as found:
        act()
    return str(found.value.details["vendor_code"])


def test_token_has_to_hold(state: ServiceState) -> None:
    fake.public_app(state, KIND, "KindLetters")
    key = signing_key(state.api_key)
    other = ec.derive_private_key(99, ec.SECP256R1())
    good = make_token(key, IDS["key_id"], IDS["issuer_id"], NOW)
    tokens = {
        good: 200,
        "": 401,
        "a.b.c": 401,
        make_token(other, IDS["key_id"], IDS["issuer_id"], NOW): 401,
        make_token(key, "OTHERKEY", IDS["issuer_id"], NOW): 401,
        make_token(key, IDS["key_id"], "somebody", NOW): 401,
        make_token(key, IDS["key_id"], IDS["issuer_id"], NOW - timedelta(minutes=20)): 401,
        make_token(key, IDS["key_id"], IDS["issuer_id"], NOW + timedelta(minutes=5)): 401,
        good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB"): 401,
    }
    for token, status in tokens.items():
        request = FakeRequest("GET", "/v1/apps", (), {"authorization": f"Bearer {token}"})
        assert fake.respond(state, request).status == status, token[:40]


def signed(key: ec.EllipticCurvePrivateKey, **claims: Any) -> str:
    """A token of one's own making."""
    head = {"alg": "ES256", "kid": IDS["key_id"], "typ": "JWT"}
    whole = {"iss": IDS["issuer_id"], "iat": int(NOW.timestamp()), "exp": int(NOW.timestamp()) + 60, "aud": "appstoreconnect-v1"}
    parts = [base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in (head, whole | claims)]
    first, second = decode_dss_signature(key.sign(".".join(parts).encode(), ec.ECDSA(hashes.SHA256())))
    seal = first.to_bytes(32, "big") + second.to_bytes(32, "big")
    return ".".join([*parts, base64.urlsafe_b64encode(seal).rstrip(b"=").decode()])


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({}, 200),
        ({"exp": int(NOW.timestamp()) + 1200}, 200),
        ({"exp": int(NOW.timestamp()) + 1201}, 401),
        ({"iat": int(NOW.timestamp()) - 1200}, 401),
        ({"aud": "somebody"}, 401),
        ({"exp": "soon"}, 401),
    ],
)
def test_token_lives_twenty_minutes_at_most(claims: dict[str, Any], status: int, state: ServiceState) -> None:
    token = signed(signing_key(state.api_key), **claims)
    assert fake.respond(state, FakeRequest("GET", "/v1/apps", (), {"authorization": f"Bearer {token}"})).status == status


def test_key_of_the_owner_opens_too(client_of: Made, state: ServiceState) -> None:
    secret = ec.derive_private_key(4711, ec.SECP256R1())
    pem = secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    client = client_of(AppStoreClient, api_key=pem, key_id="MINE", issuer_id="me")
    with pytest.raises(OutsideAuthFailed):
        client.apps()
    public = secret.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    fake.public_key(state, "MINE", "me", public)
    assert client.apps() == []
    fake.public_revoke(state, "MINE")
    with pytest.raises(OutsideAuthFailed):
        client.apps()


def test_calls_of_an_hour_are_counted(client: AppStoreClient, state: ServiceState) -> None:
    client.apps()
    assert client.rate is not None
    assert (client.rate.most, client.rate.left) == (3600, 3599)
    state.put("rate", "calls", {"hour": int(NOW.timestamp()) // 3600, "used": 3600})
    with pytest.raises(OutsideRateLimited):
        client.apps()


def test_words_of_the_public_are_shown(client: AppStoreClient, state: ServiceState) -> None:
    fake.public_app(state, KIND, "KindLetters", listing={"subtitle": "Letters", "keywords": "letter"})
    app = client.app(KIND)
    assert app is not None
    listing = client.listing(app)
    assert listing is not None
    assert (listing.name, listing.subtitle, listing.keywords, listing.locale) == ("KindLetters", "Letters", "letter", "en-US")
    fake.public_release(state, KIND, {"subtitle": "Warm letters"})
    assert client.listing(app).subtitle == "Warm letters"  # type: ignore[union-attr]
    assert [one.attributes.app_version_state for one in client.versions(app.id)] == [
        "READY_FOR_DISTRIBUTION",
        "REPLACED_WITH_NEW_VERSION",
    ]


def test_only_a_draft_takes_words(client: AppStoreClient, state: ServiceState) -> None:
    app_id = fake.public_app(state, KIND, "KindLetters")
    live = client.version_localizations(client.versions(app_id)[0].id)[0].id
    assert refusal(lambda: client.change_version_localization(live, {"keywords": "a"})) == "STATE_ERROR"
    draft = fake.public_draft(state, KIND, "2.0")
    place = client.version_localizations(draft)[0].id
    assert client.change_version_localization(place, {"keywords": "warm,letter"}).attributes.keywords == "warm,letter"
    assert client.change_version_localization(place, {"keywords": "é" * 100}).attributes.keywords == "é" * 100
    too_long = "ENTITY_ERROR.ATTRIBUTE.INVALID.TOO_LONG"
    assert refusal(lambda: client.change_version_localization(place, {"keywords": "e\u0301" * 51})) == too_long
    assert refusal(lambda: client.change_version_localization(place, {"keywords": "💌" * 51})) == too_long
    assert refusal(lambda: client.change_version_localization(place, {"name": "x"})) == "ENTITY_ERROR.ATTRIBUTE.UNKNOWN"
    assert fake.public_listing(state, KIND)["keywords"] == ""


def test_test_needs_a_version_that_is_out(client: AppStoreClient, state: ServiceState) -> None:
    app_id = fake.public_app(state, KIND, "KindLetters", is_live=False)
    wanted = "STATE_ERROR.PPO_CREATE_ONLY_ALLOWED_WITH_APP_STORE_DISTRIBUTION"
    assert refusal(lambda: client.create_experiment(app_id, "warm", 50)) == wanted
    for traffic in (0, 101):
        assert refusal(lambda traffic=traffic: client.create_experiment(app_id, "warm", traffic)).startswith("ENTITY_ERROR")  # type: ignore[misc]


def test_test_goes_through_its_states(client: AppStoreClient, state: ServiceState, outside: Outside) -> None:
    app_id = fake.public_app(state, KIND, "KindLetters")
    test = client.create_experiment(app_id, "warm", 30)
    assert refusal(lambda: client.set_started(test.id, is_started=True)) == "STATE_ERROR.ENTITY_STATE_INVALID"
    arms = [client.create_treatment(test.id, name) for name in ("a", "b", "c")]
    assert refusal(lambda: client.create_treatment(test.id, "d")) == "STATE_ERROR.TREATMENT_LIMIT_EXCEEDED"
    client.create_treatment_localization(arms[0].id, "en-US")
    assert client.experiment(test.id).attributes.review_required is True
    fake.public_submit(state, test.id)
    seen = []
    for hours in (0, 12, 12):
        pass_time(outside, client, hours=hours)
        seen.append(client.experiment(test.id).attributes.state)
    assert seen == ["WAITING_FOR_REVIEW", "IN_REVIEW", "ACCEPTED"]
    assert client.experiment(test.id).attributes.may_start
    started = client.set_started(test.id, is_started=True).attributes
    assert (started.state, started.is_running, started.start_date) == ("APPROVED", True, NOW + timedelta(hours=24))
    shares = fake.public_tests(state, KIND)[test.id]
    assert {name: round(share, 9) for name, share in shares.items()} == {"original": 0.7, "a": 0.1, "b": 0.1, "c": 0.1}
    assert refusal(lambda: client.set_started(test.id, is_started=True)) == "STATE_ERROR.ENTITY_STATE_INVALID"
    assert client.set_started(test.id, is_started=False).attributes.state == "STOPPED"
    assert fake.public_tests(state, KIND) == {}


def test_refused_test_never_starts(client: AppStoreClient, state: ServiceState, outside: Outside) -> None:
    test = client.create_experiment(fake.public_app(state, KIND, "KindLetters"), "warm", 30)
    client.create_treatment_localization(client.create_treatment(test.id, "a").id, "en-US")
    fake.public_submit(state, test.id)
    fake.public_doom(state, test.id)
    pass_time(outside, client, hours=25)
    assert client.experiment(test.id).attributes.state == "REJECTED"
    assert refusal(lambda: client.set_started(test.id, is_started=True)) == "STATE_ERROR.ENTITY_STATE_INVALID"
    client.drop_experiment(test.id)
    assert client.experiments(client.apps()[0].id) == []


def test_icon_test_runs_ninety_days(client: AppStoreClient, state: ServiceState, outside: Outside) -> None:
    app_id = fake.public_app(state, KIND, "KindLetters")
    first, second = (client.create_experiment(app_id, name, 100) for name in ("one", "two"))
    for test in (first, second):
        client.create_treatment(test.id, "blue", "BlueIcon")
    assert client.experiment(first.id).attributes.may_start
    client.set_started(first.id, is_started=True)
    assert refusal(lambda: client.set_started(second.id, is_started=True)) == "STATE_ERROR"
    pass_time(outside, client, days=89)
    assert client.experiment(first.id).attributes.is_running
    pass_time(outside, client, days=1)
    assert client.experiment(first.id).attributes.state == "COMPLETED"


def test_reports_come_a_day_or_two_late(client: AppStoreClient, state: ServiceState, outside: Outside) -> None:
    app_id = fake.public_app(state, KIND, "KindLetters")
    for back in (3, 2, 1):
        fake.public_day(state, KIND, NOW.date() - timedelta(days=back), impressions=400, page_views=80, downloads=20)
    ongoing, back_look = (client.request_reports(app_id, kind).id for kind in ("ONGOING", "ONE_TIME_SNAPSHOT"))
    assert refusal(lambda: client.request_reports(app_id, "ONGOING")) == "STATE_ERROR"
    fake.public_day(state, KIND, NOW.date(), impressions=40, page_views=8, downloads=4)
    report = client.reports(ongoing, "App Downloads Standard")[0]
    assert client.instances(report.id) == []
    pass_time(outside, client, hours=18 + 24)
    early = len(client.instances(report.id))
    pass_time(outside, client, hours=24)
    instances = client.instances(report.id)
    assert early <= 1 == len(instances)
    text = client.segment_text(client.segments(instances[0].id)[0])
    assert text.split("\n")[0].split("\t")[:5] == ["Date", "App Name", "App Apple Identifier", "Download Type", "Device"]
    rows = [line.split("\t") for line in text.split("\n")[1:] if line]
    assert sum(int(row[-2]) for row in rows if row[3] == "First-time download") == 4
    whole = client.instances(client.reports(back_look, "App Store Discovery and Engagement Standard")[0].id)
    seen = client.segment_text(client.segments(whole[0].id)[0]).split("\n")
    assert len({line.split("\t")[0] for line in seen[1:] if line}) == 3


def test_address_of_a_file_grows_old(client: AppStoreClient, state: ServiceState, outside: Outside) -> None:
    app_id = fake.public_app(state, KIND, "KindLetters")
    fake.public_day(state, KIND, NOW.date() - timedelta(days=1), downloads=20)
    order = client.request_reports(app_id, "ONE_TIME_SNAPSHOT")
    pass_time(outside, client, hours=48)
    segment = client.segments(client.instances(client.reports(order.id)[0].id)[0].id)[0]
    assert client.segment_text(segment)
    pass_time(outside, client, minutes=31)
    with pytest.raises(Failure):
        client.segment_text(segment)


def test_sales_of_a_day(client: AppStoreClient, state: ServiceState, outside: Outside) -> None:
    fake.public_app(state, KIND, "KindLetters")
    fake.public_day(state, KIND, date(2026, 11, 20), downloads=7)
    assert client.sales_report(date(2026, 11, 21)) is None
    text = client.sales_report(date(2026, 11, 20))
    assert text is not None
    assert text.split("\n")[1].split("\t")[2:6] == [KIND, "KindLetters", "1F", "7"]


def test_page_knows_what_the_interface_hides(client: AppStoreClient, state: ServiceState) -> None:
    test = client.create_experiment(fake.public_app(state, KIND, "KindLetters"), "warm", 50)
    client.create_treatment(test.id, "warm")
    fake.public_expose(state, test.id, "warm", impressions=100, conversions=12)
    fake.public_expose(state, test.id, "warm", impressions=50, conversions=3)
    assert fake.public_results(state, test.id) == {"original": (0, 0), "warm": (150, 15)}
    assert "15" not in client.experiment(test.id).model_dump_json().replace(test.id, "")


# --- held against Apple's own description ---

SCHEMAS = {
    "/v1/apps": "AppsResponse",
    "/v1/apps/{app}": "AppResponse",
    "/v1/apps/{app}/appStoreVersions": "AppStoreVersionsResponse",
    "/v1/apps/{app}/appStoreVersionExperimentsV2": "AppStoreVersionExperimentsV2Response",
    "/v1/apps/{app}/customerReviews": "CustomerReviewsResponse",
    "/v1/apps/{app}/analyticsReportRequests": "AnalyticsReportRequestsResponse",
    "/v2/appStoreVersionExperiments/{test}": "AppStoreVersionExperimentV2Response",
    "/v2/appStoreVersionExperiments/{test}/appStoreVersionExperimentTreatments": "AppStoreVersionExperimentTreatmentsResponse",
    "/v1/appStoreVersionExperimentTreatments/{arm}/appStoreVersionExperimentTreatmentLocalizations": (
        "AppStoreVersionExperimentTreatmentLocalizationsResponse"
    ),
    "/v1/analyticsReportRequests/{order}/reports": "AnalyticsReportsResponse",
    "/v1/analyticsReports/{report}/instances": "AnalyticsReportInstancesResponse",
    "/v1/analyticsReportInstances/{edition}/segments": "AnalyticsReportSegmentsResponse",
}
BODIES = {
    "/v2/appStoreVersionExperiments": ("AppStoreVersionExperimentV2CreateRequest", "AppStoreVersionExperimentV2UpdateRequest"),
    "/v1/appStoreVersionExperimentTreatments": ("AppStoreVersionExperimentTreatmentCreateRequest", ""),
    "/v1/appStoreVersionExperimentTreatmentLocalizations": ("AppStoreVersionExperimentTreatmentLocalizationCreateRequest", ""),
    "/v1/analyticsReportRequests": ("AnalyticsReportRequestCreateRequest", ""),
    "/v1/appStoreVersionLocalizations": ("", "AppStoreVersionLocalizationUpdateRequest"),
}


@pytest.fixture
def contract(shared: Path) -> Mapping[str, Any]:
    held: dict[str, Any] = json.loads((shared / "contracts/app_store_connect/openapi.4.4.1.trimmed.json").read_text())
    # The list of territories was cut off there: what is left says nothing of them.
    held["components"]["schemas"]["TerritoryCode"] = {"type": "string"}
    return held


def wrong(contract: Mapping[str, Any], name: str, payload: Any) -> list[str]:
    """What is wrong with a payload by the schema of that name."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": contract["components"]}
    return [f"{'.'.join(map(str, one.path))}: {one.message}" for one in OAS30Validator(schema).iter_errors(payload)]


def live(client: AppStoreClient, state: ServiceState, outside: Outside) -> dict[str, str]:
    """Everything a client can ask for, once; the ids of it."""
    app_id = fake.public_app(state, KIND, "KindLetters")
    fake.public_review(state, KIND, 5, "Warm", "I like it")
    fake.public_day(state, KIND, NOW.date() - timedelta(days=1), impressions=40, page_views=8, downloads=4)
    test = client.create_experiment(app_id, "warm", 50)
    arm = client.create_treatment(test.id, "warm", "WarmIcon")
    client.create_treatment_localization(arm.id, "en-US")
    client.change_version_localization(client.version_localizations(fake.public_draft(state, KIND, "2.0"))[0].id, {"keywords": "a"})
    order = client.request_reports(app_id, "ONE_TIME_SNAPSHOT")
    fake.public_submit(state, test.id)
    pass_time(outside, client, hours=49)
    client.set_started(test.id, is_started=True)
    report = client.reports(order.id)[0]
    edition = client.instances(report.id)[0]
    client.segments(edition.id)
    client.reviews(app_id)
    return {"app": app_id, "test": test.id, "arm": arm.id, "order": order.id, "report": report.id, "edition": edition.id}


def test_answers_fit_the_contract(
    contract: Mapping[str, Any], client: AppStoreClient, state: ServiceState, outside: Outside
) -> None:
    ids = live(client, state, outside)
    for path, name in SCHEMAS.items():
        request = FakeRequest("GET", path.format(**ids), (), {"authorization": client.auth_headers()["authorization"]})
        answer = json.loads(fake.respond(state, request).body)
        assert wrong(contract, name, answer) == [], path
        assert answer["data"], path
    unknown = FakeRequest("GET", "/v1/apps/1", (), {"authorization": client.auth_headers()["authorization"]})
    assert wrong(contract, "ErrorResponse", json.loads(fake.respond(state, unknown).body)) == []


def test_requests_fit_the_contract(
    contract: Mapping[str, Any], client: AppStoreClient, state: ServiceState, outside: Outside
) -> None:
    live(client, state, outside)
    sent = outside.store.run("select method, path, query, request from journal where service = 'app_store' order by place")
    checked = 0
    for method, path, query, body in sent:
        known = [one for one in contract["paths"] if _same(one, path)]
        if not known:
            assert path.endswith("/appStoreVersionLocalizations") or path.startswith("/segments/"), path
            continue
        operation = contract["paths"][known[0]][method.lower()]
        if query:
            allowed = {one["name"] for one in operation.get("parameters", [])}
            assert {name for name, _ in parse_qsl(query)} <= allowed, (path, query)
        if method in ("POST", "PATCH"):
            base = next(one for one in BODIES if path.startswith(one))
            name = BODIES[base][method == "PATCH"]
            assert wrong(contract, name, json.loads(body)) == [], path
            checked += 1
    assert checked == 6


def _same(pattern: str, path: str) -> bool:
    wanted, given = pattern.split("/"), path.split("/")
    return len(wanted) == len(given) and all(one in (other, "{id}") for one, other in zip(wanted, given, strict=True))
