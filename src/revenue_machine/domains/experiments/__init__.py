"""Decides what an experiment proves, and keeps the book of what is tried, how it went and what waiting costs."""

from __future__ import annotations

NEEDS: tuple[str, ...] = ("credit", "phase")
