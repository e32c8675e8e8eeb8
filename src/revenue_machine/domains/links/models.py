"""Tracking links and clicks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import sqlalchemy as sa


@dataclass(frozen=True)
class LinkWanted:
    """A link to make: where to, for which post, and the UTM values it carries."""

    destination_url: str
    post_id: str
    product: str
    utm_source: str
    utm_content: str
    utm_medium: str = "social"


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
    """One counted click: who (first-party visitor), on what, when."""

    id: str
    slug: str
    post_id: str | None
    product: str | None
    visitor_id: str
    clicked_at: datetime
    utm_source: str
    utm_medium: str
    utm_content: str
