"""Decides which winners get money and which ads lose it."""

NEEDS: tuple[str, ...] = ()
