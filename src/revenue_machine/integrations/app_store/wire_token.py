"""The credential of App Store Connect: a JWT signed ES256 with the team's key, at most twenty minutes old."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from revenue_machine.kit.settings import SANDBOX_KEY

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

AUDIENCE = "appstoreconnect-v1"
# Apple refuses a token that may live longer than 20 minutes; a minute is left for a clock that runs ahead of Apple's.
LIFE = timedelta(minutes=19)
RENEWED_BEFORE = timedelta(minutes=1)
_HALF = 32


class UnusableKey(ValueError):
    """The text is no private key Apple could have given."""


def signing_key(text: str) -> EllipticCurvePrivateKey:
    """The private key of a .p8 file, whole, with its line ends written out, or only its base64.

    A sandbox key stands for the P-256 key whose number is the SHA-256 of its text. Raises: UnusableKey.
    """
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if text.startswith(SANDBOX_KEY):
        return ec.derive_private_key(int.from_bytes(hashlib.sha256(text.encode()).digest(), "big"), ec.SECP256R1())
    try:
        key = load_pem_private_key(_pem(text).encode("ascii"), password=None)
    except (ValueError, TypeError, UnicodeEncodeError) as error:
        raise UnusableKey("it is no unencrypted private key in PEM form") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise UnusableKey("it is no key of the curve P-256")
    return key


def _pem(text: str) -> str:
    plain = text.strip().replace("\\n", "\n")
    if plain.startswith("-----BEGIN"):
        return plain
    return f"-----BEGIN PRIVATE KEY-----\n{plain}\n-----END PRIVATE KEY-----\n"


def make_token(key: EllipticCurvePrivateKey, key_id: str, issuer_id: str, now: datetime) -> str:
    """A token that holds from now on for 19 minutes."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    issued_s = int(now.timestamp())
    claims = {"iss": issuer_id, "iat": issued_s, "exp": issued_s + int(LIFE.total_seconds()), "aud": AUDIENCE}
    content = f"{_part({'alg': 'ES256', 'kid': key_id, 'typ': 'JWT'})}.{_part(claims)}"
    # JWS wants the two numbers side by side, not the DER that libraries make.
    first, second = decode_dss_signature(key.sign(content.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{content}.{_base64(first.to_bytes(_HALF, 'big') + second.to_bytes(_HALF, 'big'))}"


def _part(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
