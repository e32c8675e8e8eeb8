"""Decides what is worth remembering, for how long, and what a question brings back."""

from __future__ import annotations

NEEDS: tuple[str, ...] = ("routine", "publishing", "feedback", "revenue", "credit", "funnel")
