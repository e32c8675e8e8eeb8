"""Decides what is known about other people's posts: what was seen, how well it did, and how it was built."""

from __future__ import annotations

NEEDS: tuple[str, ...] = ("owner",)
