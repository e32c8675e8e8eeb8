"""Decides which phase of the growth plan the business is in, from daily snapshots of the funnel."""

from __future__ import annotations

NEEDS: tuple[str, ...] = (
    "attribution", "content", "email", "feedback", "outreach", "owner", "phase", "publishing", "revenue", "upwork",
)  # fmt: skip
