"""Decides whom to reach on LinkedIn and by direct message, and with which words."""

NEEDS: tuple[str, ...] = ()
