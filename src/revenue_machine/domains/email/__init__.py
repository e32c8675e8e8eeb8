"""Decides which mail goes to whom and when, and who gets none."""

from __future__ import annotations

NEEDS: tuple[str, ...] = ("owner", "credit", "crm", "links", "revenue", "publishing", "feedback", "phase")
