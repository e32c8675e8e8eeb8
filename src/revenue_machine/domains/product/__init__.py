"""Decides what to change in the products and hands the change to the coding harness."""

NEEDS: tuple[str, ...] = ("owner", "credit", "routine", "analytics", "experiments", "phase", "revenue")
