"""What a pretend App Store Connect demands of a token: its key, its times, its audience and a signature that holds."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING, Any

from revenue_machine.kit.fakeserver import FakeState

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

SANDBOX_KEY_ID = "SANDBOX1KEY"
SANDBOX_ISSUER = "57246542-0000-4000-8000-0000000sandbox"
OLDEST_S = 20 * 60
# A clock that is a little ahead of ours is forgiven.
SLACK_S = 60


def public_key(state: FakeState, key_id: str, issuer_id: str, pem: str) -> None:
    """The owner makes a key in the web page; Apple keeps its public half (PEM)."""
    state.put("key", key_id, {"issuer": issuer_id, "pem": pem})


def public_revoke(state: FakeState, key_id: str) -> None:
    """The owner takes a key back."""
    state.put("key", key_id, {"issuer": "", "pem": ""})


def complaint(state: FakeState, token: str | None) -> str | None:
    """Why a token opens nothing; None when it does."""
    parts = (token or "").split(".")
    if len(parts) != 3:
        return "Provide a properly configured and signed bearer token"
    head, claims, seal = _json(parts[0]), _json(parts[1]), _bytes(parts[2])
    if head is None or claims is None or seal is None or len(seal) != 64:
        return "The token is malformed"
    if head.get("alg") != "ES256":
        return "The token is not signed by ES256"
    key = _key(state, str(head.get("kid")), str(claims.get("iss")))
    if key is None or not _holds(key, f"{parts[0]}.{parts[1]}", seal):
        return "The token's signature, key or issuer is not known"
    return _about_times(state, claims)


def _about_times(state: FakeState, claims: dict[str, Any]) -> str | None:
    now_s, issued_s, ends_s = state.now().timestamp(), claims.get("iat"), claims.get("exp")
    if claims.get("aud") != "appstoreconnect-v1":
        return "The token is for another audience"
    if not isinstance(issued_s, int) or not isinstance(ends_s, int) or issued_s > now_s + SLACK_S or ends_s <= now_s:
        return "The token is expired or not valid yet"
    if ends_s - issued_s > OLDEST_S or ends_s > now_s + OLDEST_S:
        return "The token lives longer than 20 minutes"
    return None


def _key(state: FakeState, key_id: str, issuer: str) -> EllipticCurvePublicKey | None:
    """The public half that belongs to a key id and issuer; the sandbox's own key follows from the sandbox credential."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    held = state.get("key", key_id)
    if held is not None:
        found = load_pem_public_key(held["pem"].encode()) if held["pem"] and held["issuer"] == issuer else None
        return found if isinstance(found, ec.EllipticCurvePublicKey) else None
    if (key_id, issuer) != (SANDBOX_KEY_ID, SANDBOX_ISSUER):
        return None
    secret = int(hashlib.sha256(state.api_key.encode()).hexdigest(), 16)
    return ec.derive_private_key(secret, ec.SECP256R1()).public_key()


def _holds(key: EllipticCurvePublicKey, content: str, seal: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    numbers = int.from_bytes(seal[:32], "big"), int.from_bytes(seal[32:], "big")
    try:
        key.verify(encode_dss_signature(*numbers), content.encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _bytes(part: str) -> bytes | None:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None


def _json(part: str) -> dict[str, Any] | None:
    data = _bytes(part)
    if data is None:
        return None
    try:
        value = json.loads(data)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
