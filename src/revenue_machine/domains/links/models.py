"""Tracking links and clicks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import sqlalchemy as sa


@dataclass(frozen=True)
class LinkWanted:
    """A link to make: where to, for which post (None: for none), the UTM values it carries, and a slug if a certain one is wanted.

    A personal link has the message it stands in for its `post_id`, the person in `contact_id`, and a `utm_campaign` of its own.
    """

    destination_url: str
    post_id: str | None
    product: str | None
    utm_source: str
    utm_content: str
    utm_medium: str = "social"
    utm_campaign: str | None = None
    contact_id: str | None = None
    utm_term: str | None = None
    slug: str | None = None


@dataclass(frozen=True)
class Link:
    """A link as a post shows it."""

    id: str
    slug: str
    short_url: str


class Links(Protocol):
    """The role of whoever makes tracking links."""

    def create(self, connection: sa.Connection, wanted: LinkWanted) -> Link:
        """Make a link in the caller's transaction; the same wish gives the same link."""
        ...


@dataclass(frozen=True)
class Click:
    """One counted click: who (first-party visitor), on what, when; `contact_id` only on a personal link."""

    id: str
    slug: str
    post_id: str | None
    product: str | None
    visitor_id: str
    clicked_at: datetime
    utm_source: str
    utm_medium: str
    utm_content: str
    utm_campaign: str
    contact_id: str | None
    link_id: str


@dataclass(frozen=True)
class ClickChange:
    """A click that came in or was judged anew, its number in that order, and whether it counts now."""

    click: Click
    arrival: int
    is_counted: bool
