"""Decides which contracts are worth a proposal."""

NEEDS: tuple[str, ...] = ()
