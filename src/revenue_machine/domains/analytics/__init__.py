"""Decides what the owner's visitors did and who they are: funnels, trends, retention and events, at PostHog or kept here."""

from __future__ import annotations

NEEDS: tuple[str, ...] = ("attribution", "crm")
