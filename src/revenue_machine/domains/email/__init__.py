"""Decides which mail goes to whom and when, and who gets none."""

NEEDS: tuple[str, ...] = ()
