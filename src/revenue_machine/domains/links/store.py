"""Makes links, switches them off, and writes clicks."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from revenue_machine.domains.links import reads
from revenue_machine.domains.links.asked import CreateArgs, CreateResult
from revenue_machine.domains.links.models import Link, LinkWanted
from revenue_machine.domains.links.rules import check_destination, check_slug, tagged_url
from revenue_machine.domains.links.tables import CLICKS, LINKS
from revenue_machine.engine.audit import Audit
from revenue_machine.engine.database import Database
from revenue_machine.engine.tables import META
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import Conflict, NotFound
from revenue_machine.kit.ids import make_id
from revenue_machine.kit.settings import Settings

_UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
_HIGHEST = sa.select(sa.func.max(CLICKS.c.arrival))
_UNNUMBERED = sa.select(CLICKS.c.id).where(CLICKS.c.arrival.is_(None)).order_by(CLICKS.c.clicked_at, CLICKS.c.id)
_NUMBERED = CLICKS.update().where(CLICKS.c.id == sa.bindparam("click_id")).values(arrival=sa.bindparam("number"))


class LinkStore:
    """Makes tracking links under the owner's public address."""

    def __init__(self, database: Database, clock: Clock, settings: Settings, audit: Audit) -> None:
        self._database, self._clock, self._settings, self._audit = database, clock, settings, audit

    def create(self, connection: sa.Connection, wanted: LinkWanted) -> Link:
        """One link per post and destination; a personal link is as young as its last wish, so that haste can be told.

        Raises: bad_input for a destination or slug that cannot be, conflict when another link has the slug.
        """
        link_id = _id_of(wanted)
        slug = self._slug(connection, link_id, wanted.slug)
        row = {
            "id": link_id, "slug": slug,
            "destination_url": check_destination(wanted.destination_url, self._settings.public_url), "post_id": wanted.post_id,
            "product": wanted.product, "utm_source": wanted.utm_source, "utm_medium": wanted.utm_medium,
            "utm_campaign": wanted.utm_campaign or wanted.post_id or slug, "utm_content": wanted.utm_content,
            "utm_term": wanted.utm_term, "contact_id": wanted.contact_id, "created_at": self._clock.now(),
        }  # fmt: skip
        self._database.put(connection, LINKS, row, ["id"], None if wanted.contact_id is None else ["created_at"])
        return Link(link_id, slug, self.short_url(slug, row))

    def short_url(self, slug: str, row: Mapping[str, Any]) -> str:
        """Without a public address nobody could follow `/r/…`: the plain destination with its UTM values is shown."""
        if self._settings.public_url is not None:
            return f"{self._settings.public_url.rstrip('/')}/r/{slug}"
        return tagged_url(row["destination_url"], {name: str(row[name]) for name in sorted(_UTM) if row[name]})

    def made(self, connection: sa.Connection, wanted: CreateArgs) -> CreateResult:
        """A link the owner asked for. Raises: as `create`."""
        wish = LinkWanted(**wanted.model_dump())
        is_new = not reads.links_by_id(connection, [_id_of(wish)])
        link = self.create(connection, wish)
        return CreateResult(link_id=link.id, slug=link.slug, short_url=link.short_url, is_new=is_new)

    def switch(self, slug: str, actor: str, *, is_off: bool) -> bool:
        """Switch a link off or on; False when it was so already. Redirectors hear of it within two seconds. Raises: not_found."""
        with self._database.writing() as connection:
            self._database.lock(connection, reads.REVISION)
            known = reads.link_by_slug(connection, slug)
            if known is None:
                raise NotFound(f"there is no link {slug}", field="slug")
            if (known["disabled_at"] is not None) == is_off:
                return False
            disabled_at = self._clock.now() if is_off else None
            connection.execute(LINKS.update().where(LINKS.c.id == known["id"]).values(disabled_at=disabled_at))
            number = int(reads.revision(connection) or "0") + 1
            self._database.put(connection, META, {"name": reads.REVISION, "value": str(number)}, ["name"], ["value"])
            self._audit.note(connection, actor, "link.disabled" if is_off else "link.enabled", slug, known["destination_url"])
        return True

    def _slug(self, connection: sa.Connection, link_id: str, wanted: str | None) -> str:
        """The owner's own word, or ten signs of the id; more of them where somebody took those as his own word."""
        name = link_id.removeprefix("lnk_")
        for slug in [name[:10], name] if wanted is None else [check_slug(wanted)]:
            known = reads.link_by_slug(connection, slug)
            if known is None or known["id"] == link_id:
                return slug
        raise Conflict(f"another link is called {wanted or name}", field="slug")


def _id_of(wanted: LinkWanted) -> str:
    """A post has one link per destination; without a post the UTM values tell links apart, and a slug of its own always does."""
    key: list[object] = [wanted.post_id, wanted.destination_url]
    if wanted.post_id is None:
        key = ["own", wanted.destination_url, *(getattr(wanted, name) for name in _UTM)]
    return make_id("lnk", *key, *([] if wanted.slug is None else [wanted.slug]))


def next_arrival(database: Database, connection: sa.Connection) -> int:
    """The number of the next click to come in; held until the transaction ends, so that numbers appear in order."""
    database.lock(connection, "clicks/arrival")
    number = int(connection.execute(_HIGHEST).scalar() or 0) + 1
    # Clicks from before there were numbers are numbered by their time; whoever has read them knows them by their ids.
    old = [{"click_id": row.id, "number": number + place} for place, row in enumerate(connection.execute(_UNNUMBERED))]
    if old:
        connection.execute(_NUMBERED, old)
    return number + len(old)


def keep_clicks(database: Database, connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Write clicks; those whose id belongs to another click are handed back. What was written before is left as it is."""
    if not rows:
        return []
    written = int(connection.execute(_insert(database.dialect), rows).rowcount)
    if written == len(rows):
        return []
    places = {(row["spool"], row["spool_offset"]) for row in rows}
    query = sa.select(CLICKS.c.spool, CLICKS.c.spool_offset).where(
        CLICKS.c.spool.in_({spool for spool, _ in places}), CLICKS.c.spool_offset.in_({offset for _, offset in places})
    )
    stands = {(row.spool, row.spool_offset) for row in connection.execute(query)}
    return [row for row in rows if (row["spool"], row["spool_offset"]) not in stands]


@functools.cache
def _insert(dialect: str) -> Any:
    """Neither an id nor a place in a spool is written twice."""
    insert: Any = postgresql.insert(CLICKS) if dialect == "postgresql" else sqlite.insert(CLICKS)
    return insert.on_conflict_do_nothing().execution_options(preserve_rowcount=True)


def rejudge(connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write what another version of the filter says: rows of `click_id`, `counts`, `reason`, `version`, `number`, `at`."""
    statement = (
        CLICKS.update()
        .where(CLICKS.c.id == sa.bindparam("click_id"))
        .values(
            is_counted=sa.bindparam("counts"),
            filter_reason=sa.bindparam("reason"),
            filter_version=sa.bindparam("version"),
            arrival=sa.bindparam("number"),
            refiltered_at=sa.bindparam("at"),
        )
    )
    if rows:
        connection.execute(statement, list(rows))


def mark_judged(connection: sa.Connection, ids: Sequence[str], version: int) -> None:
    """Note that another version of the filter says the same."""
    if ids:
        connection.execute(CLICKS.update().where(CLICKS.c.id.in_(ids)).values(filter_version=version))
