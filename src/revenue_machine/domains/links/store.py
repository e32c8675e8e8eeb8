"""Makes links."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.links.models import Link, LinkWanted
from revenue_machine.domains.links.rules import check_destination, tagged_url
from revenue_machine.domains.links.tables import LINKS
from revenue_machine.engine.database import Database
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.ids import make_id
from revenue_machine.kit.settings import Settings


class LinkStore:
    """Makes tracking links under the owner's public address."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database, self._clock, self._settings = database, clock, settings

    def create(self, connection: sa.Connection, wanted: LinkWanted) -> Link:
        """One link per post and destination; a personal link is as young as its last wish, so that haste can be told."""
        link_id = make_id("lnk", wanted.post_id, wanted.destination_url)
        slug = link_id.removeprefix("lnk_")[:10]
        row = {
            "id": link_id, "slug": slug, "destination_url": check_destination(wanted.destination_url), "post_id": wanted.post_id,
            "product": wanted.product, "utm_source": wanted.utm_source, "utm_medium": wanted.utm_medium,
            "utm_campaign": wanted.utm_campaign or wanted.post_id, "utm_content": wanted.utm_content,
            "contact_id": wanted.contact_id, "created_at": self._clock.now(),
        }  # fmt: skip
        self._database.put(connection, LINKS, row, ["id"], None if wanted.contact_id is None else ["created_at"])
        return Link(link_id, slug, self._short_url(slug, wanted))

    def _short_url(self, slug: str, wanted: LinkWanted) -> str:
        """Without a public address nobody could follow `/r/…`: the plain destination with its UTM values is shown."""
        if self._settings.public_url is not None:
            return f"{self._settings.public_url.rstrip('/')}/r/{slug}"
        names = ("utm_source", "utm_medium", "utm_content")
        utm = {name: str(getattr(wanted, name)) for name in names} | {"utm_campaign": wanted.utm_campaign or wanted.post_id}
        return tagged_url(wanted.destination_url, dict(sorted(utm.items())))
