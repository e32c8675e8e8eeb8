"""Decides what is said: a strategy per niche, drafts by a balanced design, and which of them may go out."""

from __future__ import annotations

NEEDS: tuple[str, ...] = ("owner", "credit", "research")
