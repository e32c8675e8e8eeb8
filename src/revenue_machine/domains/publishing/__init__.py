"""Decides when and where an approved draft goes out, and that it goes out once."""

NEEDS: tuple[str, ...] = ("owner", "content", "links")
