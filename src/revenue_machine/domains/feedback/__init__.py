"""Decides how well a post did against its own platform, and what the next batch learns from it."""

from __future__ import annotations

NEEDS: tuple[str, ...] = ("owner", "publishing", "credit", "attribution")
