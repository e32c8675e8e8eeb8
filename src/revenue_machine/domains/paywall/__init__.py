"""Decides which paywall variant wins."""

NEEDS: tuple[str, ...] = ()
