"""Decides what the machine does on a day, in which order, and what a failure stops."""

NEEDS: tuple[str, ...] = ("credit", "revenue")
