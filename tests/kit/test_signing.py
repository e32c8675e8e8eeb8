"""Webhook signatures: the published vectors, the vendors' own libraries as oracles, and hostile input."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks
import stripe

from revenue_machine.kit import signing
from revenue_machine.kit.signing import BadSignature, HookTooOld

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
SECRET = "whsec_c2FuZGJveC1zdHJpcGUtLS0tLS0tLS0t"
BODY = b'{"id": "evt_1", "object": "event"}\n'
HOSTILE_TEXTS = (
    "", " ", ",", "=", "t=", "t=,v1=", "v1", "v1,", "v1,=", "t=1,v1=zz", "t=١٢٣,v1=a", "t=-5,v1=a", "t=1e9,v1=a", "\x00", "\ud800",
    "v1,\ud800", "é" * 50, "t=99999999999999999999,v1=a", "=,=,=", "v1, v1, v1,", "NaN", "1764000000", "t=1764000000" * 40, "🙂",
)  # fmt: skip


def shared() -> Path:
    place = Path(os.environ.get("REVENUE_SHARED", str(Path(__file__).resolve().parents[3] / "shared")))
    if not place.is_dir():
        pytest.skip("REVENUE_SHARED names no folder with published vectors")
    return place


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def test_stripe_signature_opens() -> None:
    signing.verify_stripe(signing.sign_stripe(BODY, SECRET, NOW), BODY, [SECRET], NOW)


def test_stripe_header_is_known() -> None:
    assert signing.sign_stripe(b"{}", "whsec_a", at(1)) == {
        "stripe-signature": "t=1,v1=7aaed73a0f45f657eacd5c9b580562745d6023b1e3e6d17dce076b81940aa046"
    }


def test_stripe_accepts_rolled_secrets() -> None:
    headers = signing.sign_stripe(BODY, SECRET, NOW)
    signing.verify_stripe(headers, BODY, ["whsec_new", SECRET], NOW)


@pytest.mark.parametrize("spoil", [lambda b: b + b" ", lambda b: b[:-1], lambda b: b.upper()])
def test_stripe_refuses_altered_bytes(spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(BadSignature):
        signing.verify_stripe(signing.sign_stripe(BODY, SECRET, NOW), spoil(BODY), [SECRET], NOW)


@pytest.mark.parametrize(("seconds", "opens"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_stripe_tolerates_five_minutes(seconds: int, opens: bool) -> None:
    headers = signing.sign_stripe(BODY, SECRET, at(int(NOW.timestamp()) - seconds))
    if opens:
        signing.verify_stripe(headers, BODY, [SECRET], NOW)
    else:
        with pytest.raises(HookTooOld):
            signing.verify_stripe(headers, BODY, [SECRET], NOW)


def test_stripe_ignores_old_scheme() -> None:
    header = signing.sign_stripe(BODY, SECRET, NOW)["stripe-signature"].replace("v1=", "v0=")
    with pytest.raises(BadSignature):
        signing.verify_stripe({"stripe-signature": header}, BODY, [SECRET], NOW)


def test_stripe_library_accepts_ours() -> None:
    now = datetime.now(UTC)
    header = signing.sign_stripe(BODY, SECRET, now)["stripe-signature"]
    assert stripe.WebhookSignature.verify_header(BODY.decode(), header, SECRET, 300)


def test_stripe_library_signs_alike() -> None:
    signature = stripe.WebhookSignature._compute_signature(f"{int(NOW.timestamp())}.{BODY.decode()}", SECRET)
    assert signing.sign_stripe(BODY, SECRET, NOW)["stripe-signature"].endswith(f",v1={signature}")


def test_standard_library_accepts_ours() -> None:
    now = datetime.now(UTC)
    headers = signing.sign_standard("msg_1", BODY, SECRET, now)
    assert standardwebhooks.Webhook(SECRET).verify(BODY, headers) == {"id": "evt_1", "object": "event"}


def test_standard_library_signs_alike() -> None:
    theirs = standardwebhooks.Webhook(SECRET).sign("msg_1", NOW, BODY.decode())
    assert signing.sign_standard("msg_1", BODY, SECRET, NOW)["webhook-signature"] == theirs


@pytest.mark.parametrize("secret", ["whsec_", "", "whsec_====", "whsec_not base64!"])
def test_standard_needs_real_secret(secret: str) -> None:
    headers = {"webhook-id": "m", "webhook-timestamp": str(int(NOW.timestamp())), "webhook-signature": "v1,AAAA"}
    with pytest.raises(BadSignature):
        signing.verify_standard(headers, BODY, [secret], NOW)


@pytest.mark.parametrize("secrets", [[], [""], ["", ""]])
def test_no_secret_opens_nothing(secrets: list[str]) -> None:
    for verify in (signing.verify_stripe, signing.verify_standard):
        with pytest.raises(BadSignature):
            verify(signing.sign_stripe(BODY, "", NOW) | _standard(b""), BODY, secrets, NOW)
    with pytest.raises(BadSignature):
        signing.verify_static({"authorization": ""}, "authorization", secrets)


def test_static_compares_whole_value() -> None:
    signing.verify_static({"authorization": "Bearer a"}, "authorization", ["Bearer b", "Bearer a"])
    for wrong in ("Bearer", "Bearer a ", "bearer a", ""):
        with pytest.raises(BadSignature):
            signing.verify_static({"authorization": wrong}, "authorization", ["Bearer a"])


def _standard(key: bytes) -> dict[str, str]:
    import base64
    import hashlib
    import hmac

    stamp = str(int(NOW.timestamp()))
    mac = hmac.new(key, f"m.{stamp}.".encode() + BODY, hashlib.sha256).digest()
    return {"webhook-id": "m", "webhook-timestamp": stamp, "webhook-signature": "v1," + base64.b64encode(mac).decode()}


def _vectors() -> list[dict[str, Any]]:
    place = Path(os.environ.get("REVENUE_SHARED", str(Path(__file__).resolve().parents[3] / "shared")))
    file = place / "fixtures/standard_webhooks/vectors.json"
    return json.loads(file.read_text()) if file.is_file() else []


def test_every_published_vector_holds() -> None:
    shared()
    checked = 0
    for vector in _vectors():
        if "secret" not in vector:
            continue  # the asymmetric scheme, which none of our vendors uses
        checked += 1
        prefix = "svix" if "svix-id" in vector["headers"] else "webhook"
        call = (vector["headers"], vector["body"].encode(), [vector["secret"]], at(vector["now"]), prefix)
        if vector["valid"]:
            assert signing.verify_standard(*call) == vector["headers"][f"{prefix}-id"], vector["name"]
        else:
            with pytest.raises(BadSignature):
                signing.verify_standard(*call)
    assert checked == 16


def test_thousand_hostile_inputs_are_refused() -> None:
    draw = random.Random(7)
    names = ("stripe-signature", "webhook-id", "webhook-timestamp", "webhook-signature", "authorization", "x-other")
    good = signing.sign_stripe(BODY, SECRET, NOW) | signing.sign_standard("m", BODY, SECRET, NOW) | {"authorization": "right"}
    statuses = []
    for _ in range(1000):
        headers = dict(good)
        for name in names:
            headers[name] = draw.choice(HOSTILE_TEXTS) + draw.choice(HOSTILE_TEXTS)
        headers.pop(draw.choice(names), None)
        if draw.random() < 0.5:
            headers["webhook-timestamp"] = str(int(NOW.timestamp()))
            headers["stripe-signature"] = f"t={int(NOW.timestamp())},v1={draw.choice(HOSTILE_TEXTS)}"
        body = draw.randbytes(draw.randint(0, 40))
        statuses += [
            status_of(signing.verify_stripe, headers, body, [SECRET], NOW),
            status_of(signing.verify_standard, headers, body, [SECRET], NOW),
            status_of(signing.verify_static, headers, "authorization", ["right"]),
        ]
    assert statuses == [400] * 3000


def status_of(verify: Callable[..., object], *arguments: object) -> int:
    try:
        verify(*arguments)
    except BadSignature as failure:
        return failure.http_status
    return 200
