"""Decides whom to reach on LinkedIn and by direct message, with which words, and what an answer changes."""

from __future__ import annotations

NEEDS: tuple[str, ...] = ("owner", "credit", "crm", "links", "phase")
