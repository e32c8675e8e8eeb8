"""Webhook signatures, one verifier per scheme, over the raw bytes; whatever is malformed is a 4xx."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

from revenue_machine.kit.errors import Failure

TOLERANCE_S = 300


class BadSignature(Failure):
    """The webhook does not prove where it comes from."""

    code = "bad_input"
    http_status = 400


class HookTooOld(BadSignature):
    """The webhook's time is outside the replay window."""


def verify_stripe(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """Stripe: hex HMAC-SHA256 of `t.body`, the secret used verbatim; any `v1` may match; `v0` is ignored."""
    _verify_timed(_header(headers, "stripe-signature"), "v1", body, secrets, now)


def sign_stripe(body: bytes, secret: str, now: datetime) -> dict[str, str]:
    """The header Stripe would send."""
    return {"stripe-signature": _sign_timed("v1", body, secret, now)}


def verify_unipile(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """Unipile: the same content as Stripe's in its own header, and the signature goes by `v0`."""
    _verify_timed(_header(headers, "unipile-signature"), "v0", body, secrets, now)


def sign_unipile(body: bytes, secret: str, now: datetime) -> dict[str, str]:
    """The header Unipile would send."""
    return {"unipile-signature": _sign_timed("v0", body, secret, now)}


def _verify_timed(header: str, scheme: str, body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """`t=…,<scheme>=…` over `t.body`; several signatures of the scheme may stand in one header."""
    pairs = [part.split("=", 1) for part in header.split(",")]
    if any(len(pair) != 2 for pair in pairs):
        raise BadSignature("the signature header is malformed")
    stamps = [value for name, value in pairs if name.strip() == "t"]
    if len(stamps) != 1:
        raise BadSignature("the signature header needs exactly one time")
    _check_age(stamps[0], now)
    wanted = [_hex_hmac(secret.encode(), stamps[0].encode() + b"." + body) for secret in _some(secrets)]
    _any_match([value for name, value in pairs if name.strip() == scheme], wanted)


def _sign_timed(scheme: str, body: bytes, secret: str, now: datetime) -> str:
    stamp = str(int(now.timestamp()))
    return f"t={stamp},{scheme}={_hex_hmac(secret.encode(), stamp.encode() + b'.' + body)}"


def verify_standard(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime, prefix: str = "webhook") -> str:
    """Standard Webhooks and Svix: base64 HMAC-SHA256 of `id.timestamp.body`; returns the message id."""
    message_id = _header(headers, f"{prefix}-id")
    stamp = _header(headers, f"{prefix}-timestamp")
    _check_age(stamp, now)
    given = [part.split(",", 1) for part in _header(headers, f"{prefix}-signature").split(" ") if part]
    signatures = [pair[1] for pair in given if len(pair) == 2 and pair[0] == "v1"]
    content = _bytes(f"{message_id}.{stamp}.") + body
    _any_match(signatures, [_base64_hmac(standard_key(secret), content) for secret in _some(secrets)])
    return message_id


def sign_standard(message_id: str, body: bytes, secret: str, now: datetime, prefix: str = "webhook") -> dict[str, str]:
    """The three headers a Standard Webhooks sender would send."""
    stamp = str(int(now.timestamp()))
    signature = _base64_hmac(standard_key(secret), f"{message_id}.{stamp}.".encode() + body)
    return {f"{prefix}-id": message_id, f"{prefix}-timestamp": stamp, f"{prefix}-signature": f"v1,{signature}"}


def standard_key(secret: str) -> bytes:
    """The key bytes behind `whsec_…`; padding may be missing."""
    text = secret.removeprefix("whsec_").rstrip("=")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise BadSignature("the webhook secret is not base64") from None
    if not key:
        raise BadSignature("the webhook secret is empty")
    return key


def verify_static(headers: Mapping[str, str], name: str, secrets: Sequence[str]) -> None:
    """A shared value in a header (RevenueCat's Authorization, Telegram's secret token)."""
    _any_match([_header(headers, name)], list(_some(secrets)))


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "")
    if not value:
        raise BadSignature(f"the header {name} is missing")
    return value


def _some(secrets: Sequence[str]) -> Sequence[str]:
    """Without a secret nothing verifies: an empty one must never match an empty header."""
    present = [secret for secret in secrets if secret]
    if not present:
        raise BadSignature("no webhook secret is set")
    return present


def _check_age(stamp: str, now: datetime) -> None:
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise BadSignature("the webhook's time is not a number of seconds")
    if abs(now.timestamp() - int(stamp)) > TOLERANCE_S:
        raise HookTooOld


def _hex_hmac(key: bytes, content: bytes) -> str:
    return hmac.new(key, content, hashlib.sha256).hexdigest()


def _base64_hmac(key: bytes, content: bytes) -> str:
    return base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def _bytes(text: str) -> bytes:
    """A header as bytes, whatever a server made of stray ones."""
    return text.encode("utf-8", "surrogatepass")


def _any_match(given: Sequence[str], wanted: Sequence[str]) -> None:
    """Constant-time over every pair; bytes, because compare_digest refuses non-ASCII text."""
    matches = [hmac.compare_digest(_bytes(one), _bytes(other)) for one in given for other in wanted]
    if not any(matches):
        raise BadSignature("no signature matches")
