"""Decides who a person is, how warm, and what was said when."""

from __future__ import annotations

NEEDS: tuple[str, ...] = ("attribution",)
