"""Decides whether the house is in order: is it alive, do its books and records agree, is anything in doubt."""

from __future__ import annotations

NEEDS = ("owner", "credit")
