"""Decides what an experiment proves."""

NEEDS: tuple[str, ...] = ()
