"""Decides what was sold, who pays, and which reported money is the owner's revenue."""

from __future__ import annotations

NEEDS: tuple[str, ...] = ("analytics", "credit", "crm", "owner")
