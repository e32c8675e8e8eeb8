"""Decides what the owner hears: alerts as they happen, one report in the evening."""

NEEDS: tuple[str, ...] = ("routine",)
