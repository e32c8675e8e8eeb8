"""Decides which paywall variant wins, has it shipped after a yes, and measures whether it really was better."""

NEEDS: tuple[str, ...] = ("credit", "owner")
