"""Ids: a prefix and a hash of the natural key, so the same fact always has the same id."""

from __future__ import annotations

import hashlib
import itertools
import json
import secrets
from typing import Any

# Made once: `json.dumps` makes an encoder for every call that is not by its own taste.
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
# Every two signs of base 32 at once: the library's own encoder is written in Python and costs most of an id.
_SIGNS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = tuple(first + second for first, second in itertools.product(_SIGNS, _SIGNS))
_LETTERS = (_SIGNS * 8).encode()
_HIGH_TO_LOW = tuple(range(70, -1, -10))


def make_id(prefix: str, *natural_key: object) -> str:
    """`con_9f2k…`: stable over runs, machines and databases for the same natural key."""
    if not natural_key:
        raise ValueError("an id needs a natural key")
    digest = hashlib.sha256("\x1f".join(map(str, natural_key)).encode()).digest()
    bits = int.from_bytes(digest[:10], "big")
    return f"{prefix}_{''.join([_PAIRS[bits >> low & 1023] for low in _HIGH_TO_LOW])}"


def two_ids(first: str, second: str, natural_key: str) -> tuple[str, str]:
    """Two ids of one key for one hash, in the shape of `make_id`: for what happens ten thousand times a second."""
    digest = hashlib.sha256(natural_key.encode()).digest().translate(_LETTERS)
    return f"{first}_{digest[:16].decode()}", f"{second}_{digest[16:].decode()}"


def canonical_json(value: Any) -> str:
    """One spelling per value: sorted keys, no spaces, text as it is."""
    return _CANONICAL.encode(value)


def content_hash(value: Any) -> str:
    """SHA-256 (hex) of the canonical JSON of a value, or of text and bytes as they are."""
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    text = value if isinstance(value, str) else canonical_json(value)
    return hashlib.sha256(text.encode()).hexdigest()


def random_token(prefix: str) -> str:
    """A secret of 256 random bits; the only id that is not derived from a natural key."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def random_key() -> str:
    """A one-off business key for a call nobody named."""
    return secrets.token_hex(8)
