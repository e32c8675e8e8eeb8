"""Decides how a prompt becomes a finished clip."""

NEEDS: tuple[str, ...] = ()
