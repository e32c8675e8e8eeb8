"""Decides which model does a task, what it may cost, and when the money is used up."""

from __future__ import annotations

NEEDS: tuple[str, ...] = ()
