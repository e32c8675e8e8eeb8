"""Decides what the phase of the growth plan allows, and how much of each action a day of it should hold."""

from __future__ import annotations

NEEDS: tuple[str, ...] = ()
