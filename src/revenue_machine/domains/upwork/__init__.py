"""Decides which contracts are worth a proposal."""

from __future__ import annotations

NEEDS: tuple[str, ...] = ("owner", "credit", "phase")
