"""Decides what the machine may say and sell: the owner's business as written in `revenue.toml`."""

from __future__ import annotations

NEEDS: tuple[str, ...] = ()
