"""Decides which post, and which of its eight traits, a click, signup, trial and sale are credited to."""

from __future__ import annotations

NEEDS: tuple[str, ...] = ("links", "publishing", "credit")
