"""Decides what the owner's visitors did: funnels, trends, retention and single events, as product analytics counts them."""

from __future__ import annotations

NEEDS: tuple[str, ...] = ()
