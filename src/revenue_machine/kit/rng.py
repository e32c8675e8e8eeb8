"""Seeded draws: every draw names its purpose and business key, so adding one changes no other."""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def seed_of(seed: int, purpose: str, *key: object) -> int:
    """A 64-bit seed for one purpose and business key."""
    text = "\x1f".join([str(seed), purpose, *(str(part) for part in key)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def rng(seed: int, purpose: str, *key: object) -> random.Random:
    """A generator of its own for one purpose and business key."""
    return random.Random(seed_of(seed, purpose, *key))


def array_rng(seed: int, purpose: str, *key: object) -> np.random.Generator:
    """The same for arrays."""
    import numpy as np

    return np.random.Generator(np.random.PCG64(seed_of(seed, purpose, *key)))
