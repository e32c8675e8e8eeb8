"""Webhook signatures, one verifier per scheme, over the raw bytes; whatever is malformed is a 4xx."""

from __future__ import annotations

import base64
import binascii
import functools
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

from revenue_machine.kit.errors import Failure

TOLERANCE_S = 300
REVENUECAT_HEADERS = ("x-revenuecat-webhook-signature", "x-revenuecat-signature")
_PUBLIC_KEY = "whpk_"
_NAMES = {prefix: (f"{prefix}-id", f"{prefix}-timestamp", f"{prefix}-signature") for prefix in ("webhook", "svix")}


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


def verify_revenuecat(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """RevenueCat with signing switched on: Stripe's content and scheme; a guide of theirs shortens the header's name."""
    header = headers.get(REVENUECAT_HEADERS[0]) or _header(headers, REVENUECAT_HEADERS[1])
    _verify_timed(header, "v1", body, secrets, now)


def sign_revenuecat(body: bytes, secret: str, now: datetime) -> dict[str, str]:
    """The signature header RevenueCat would send."""
    return {REVENUECAT_HEADERS[0]: _sign_timed("v1", body, secret, now)}


def _verify_timed(header: str, scheme: str, body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """`t=…,<scheme>=…` over `t.body`; several signatures of the scheme may stand in one header."""
    stamp, given = None, []
    for part in header.split(","):
        name, mark, value = part.partition("=")
        if not mark:
            raise BadSignature("the signature header is malformed")
        if name[:1] == " ":
            name = name.strip()
        if name == scheme:
            given.append(value)
        elif name == "t":
            if stamp is not None:
                raise BadSignature("the signature header needs exactly one time")
            stamp = value
    if stamp is None:
        raise BadSignature("the signature header needs exactly one time")
    _check_age(stamp, now)
    content = b".".join((stamp.encode(), body))
    _sealed(given, [hmac.digest(secret.encode(), content, "sha256").hex() for secret in secrets if secret])


def _sign_timed(scheme: str, body: bytes, secret: str, now: datetime) -> str:
    stamp = str(int(now.timestamp()))
    return f"t={stamp},{scheme}={_hex_hmac(secret.encode(), stamp.encode() + b'.' + body)}"


def verify_standard(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime, prefix: str = "webhook") -> str:
    """Standard Webhooks and Svix: a signature of `id.timestamp.body`; returns the message id.

    A secret `whsec_…` opens what is signed `v1` (base64 HMAC-SHA256), a public key `whpk_…` what is signed `v1a` (Ed25519).
    """
    names = _NAMES.get(prefix) or _names(prefix)
    message_id, stamp, sealed_by = _header(headers, names[0]), _header(headers, names[1]), _header(headers, names[2])
    _check_age(stamp, now)
    content = b".".join((message_id.encode("utf-8", "surrogatepass"), stamp.encode(), body))
    given, given_by_key = [], []
    for part in sealed_by.split(" "):
        version, _, signature = part.partition(",")
        if version == "v1":
            given.append(signature)
        elif version == "v1a":
            given_by_key.append(signature)
    wanted, keys = [], []
    for secret in secrets:
        if secret.startswith(_PUBLIC_KEY):
            keys.append(secret)
        elif secret:
            digest = hmac.digest(standard_key(secret), content, "sha256")
            wanted.append(binascii.b2a_base64(digest, newline=False).decode())
    if keys:
        if any(_opens(key, one, content) for one in given_by_key for key in keys):
            return message_id
        wanted = wanted or [""]
    _sealed([one for one in given if one] if keys else given, wanted)
    return message_id


def _names(prefix: str) -> tuple[str, str, str]:
    return f"{prefix}-id", f"{prefix}-timestamp", f"{prefix}-signature"


def sign_standard(message_id: str, body: bytes, secret: str, now: datetime, prefix: str = "webhook") -> dict[str, str]:
    """The three headers a Standard Webhooks sender would send."""
    stamp = str(int(now.timestamp()))
    signature = _base64_hmac(standard_key(secret), f"{message_id}.{stamp}.".encode() + body)
    return {f"{prefix}-id": message_id, f"{prefix}-timestamp": stamp, f"{prefix}-signature": f"v1,{signature}"}


@functools.lru_cache(maxsize=64)
def standard_key(secret: str) -> bytes:
    """The key bytes behind `whsec_…`; padding may be missing."""
    key = _unpadded(secret.removeprefix("whsec_"))
    if key is None:
        raise BadSignature("the webhook secret is not base64")
    if not key:
        raise BadSignature("the webhook secret is empty")
    return key


def _opens(public_key: str, signature: str, content: bytes) -> bool:
    """Whether an Ed25519 signature is that key's; whatever is malformed is not."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key, sealed = _unpadded(public_key.removeprefix(_PUBLIC_KEY)), _unpadded(signature)
    if key is None or sealed is None:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(sealed, content)
    except (InvalidSignature, ValueError):
        return False
    return True


def _unpadded(text: str) -> bytes | None:
    """Base64 with or without its padding; None for anything else."""
    bare = text.rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def verify_hub(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> None:
    """Meta: `sha256=` and the hex HMAC-SHA256 of the body under the app's secret; it sends no time."""
    name, mark, signature = _header(headers, "x-hub-signature-256").partition("=")
    if name != "sha256" or not mark:
        raise BadSignature("the signature header is malformed")
    _sealed([signature], [_hex_hmac(secret.encode(), body) for secret in secrets if secret])


def sign_hub(body: bytes, secret: str) -> dict[str, str]:
    """The header Meta would send."""
    return {"x-hub-signature-256": f"sha256={_hex_hmac(secret.encode(), body)}"}


def verify_static(headers: Mapping[str, str], name: str, secrets: Sequence[str]) -> None:
    """A shared value in a header (RevenueCat's Authorization, Telegram's secret token)."""
    _any_match([_header(headers, name)], list(_some(secrets)))


def same_text(given: str, secrets: Sequence[str]) -> bool:
    """Whether a text equals one of the secrets, in constant time; without a secret it never does."""
    matches = [hmac.compare_digest(_bytes(given), _bytes(secret)) for secret in secrets if secret]
    return any(matches)


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
    return hmac.digest(key, content, "sha256").hex()


def _base64_hmac(key: bytes, content: bytes) -> str:
    return binascii.b2a_base64(hmac.digest(key, content, "sha256"), newline=False).decode()


def _bytes(text: str) -> bytes:
    """A header as bytes, whatever a server made of stray ones."""
    return text.encode("utf-8", "surrogatepass")


def _sealed(given: Sequence[str], wanted: Sequence[str]) -> None:
    """Some signature given is one of those we worked out; every pair is compared, each in constant time."""
    if not wanted:
        raise BadSignature("no webhook secret is set")
    found = False
    for one in given:
        if one.isascii():  # ours are, and compare_digest takes no other text
            for other in wanted:
                found |= hmac.compare_digest(one, other)
    if not found:
        raise BadSignature("no signature matches")


def _any_match(given: Sequence[str], wanted: Sequence[str]) -> None:
    """Constant-time over every pair; bytes, because compare_digest refuses non-ASCII text."""
    known = [_bytes(one) for one in wanted]
    matches = [hmac.compare_digest(_bytes(one), other) for one in given for other in known]
    if not any(matches):
        raise BadSignature("no signature matches")
