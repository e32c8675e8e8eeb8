"""The links a redirector knows without asking: kept while the database is away, checked every second for links switched off."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from revenue_machine.domains.links import reads, rules
from revenue_machine.engine.database import Database, StoreUnavailable
from revenue_machine.kit.clock import machine_s
from revenue_machine.kit.errors import Failure
from revenue_machine.kit.log import logger

SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
MOST_KNOWN = 10_000
CHECK_EVERY_S = 1.0
# A check that takes longer is not waited for: what was known is still the best answer.
CHECK_PATIENCE_S = 0.25
READ_PATIENCE_S = 5.0
_PLACE = "clk_aaaaaaaaaaaaaaaa"


@dataclass(frozen=True)
class Known:
    """A link as the redirector needs it."""

    id: str
    slug: str
    destination_url: str
    utm: tuple[tuple[str, str], ...]
    is_off: bool

    @cached_property
    def landing(self) -> tuple[bytes, bytes]:
        """What stands before and behind the click's id in the address that is led to."""
        head, sign, tail = rules.landing_url(self.destination_url, dict(self.utm), _PLACE).rpartition(f"rc={_PLACE}")
        return (head + sign.removesuffix(_PLACE)).encode("ascii"), tail.encode("ascii")

    def prepare(self) -> None:
        """Work the landing address out where nobody waits for it."""
        _ = self.landing


def as_known(row: dict[str, Any]) -> Known:
    """A stored link."""
    names = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
    utm = tuple((name, row[name]) for name in names if row[name])
    return Known(row["id"], row["slug"], row["destination_url"], utm, row["disabled_at"] is not None)


class KnownLinks:
    """A cache in front of `actp_links`, for one event loop at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._revision: str | None = None
        self._check_at_s = 0.0
        self._checking: asyncio.Task[None] | None = None

    def at_hand(self, slug: str) -> Known | None:
        """The link, when it is known and was checked a moment ago."""
        return self._known.get(slug) if machine_s() < self._check_at_s else None

    async def find(self, slug: str) -> Known | None:
        """The link; None when there is none. Raises: outside_unavailable when it is not known and the database does not say."""
        if SLUG.fullmatch(slug) is None:
            return None
        await self._check_sometimes()
        found = self._known.get(slug)
        if found is None:
            try:
                row = await asyncio.wait_for(asyncio.to_thread(self._read, slug), READ_PATIENCE_S)
            except TimeoutError:
                raise StoreUnavailable("the database does not answer in time") from None
            found = None if row is None else self._keep(as_known(row))
        return found

    def warm(self) -> None:
        """Read the newest links, so that they are known before the database goes away."""
        with self._database.reading() as connection:
            self._revision = reads.revision(connection)
            found = [as_known(row) for row in reads.newest_links(connection, MOST_KNOWN)]
        for link in reversed(found):
            link.prepare()
            self._keep(link)

    def _keep(self, link: Known) -> Known:
        self._known[link.slug] = link
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        return link

    async def _check_sometimes(self) -> None:
        now_s = machine_s()
        if now_s >= self._check_at_s and self._checking is None:
            self._check_at_s = now_s + CHECK_EVERY_S
            self._checking = asyncio.ensure_future(self._check())
            await asyncio.wait({self._checking}, timeout=CHECK_PATIENCE_S)

    async def _check(self) -> None:
        """Read anew what is known, if somebody switched a link off or on."""
        try:
            self._revision, changed = await asyncio.to_thread(self._changes)
        except Failure as failure:
            logger().warning("links.not_checked", message=failure.message)
        else:
            self._known.update(changed)
        finally:
            self._checking = None

    def _changes(self) -> tuple[str, dict[str, Known]]:
        """The revision that stands, and every known link that is another since the last look."""
        with self._database.reading() as connection:
            revision = reads.revision(connection)
            rows = [] if revision == self._revision else reads.links_by_slug(connection, sorted(self._known))
        changed = {link.slug: link for link in map(as_known, rows) if link != self._known.get(link.slug)}
        for link in changed.values():
            link.prepare()
        return revision, changed

    def _read(self, slug: str) -> dict[str, Any] | None:
        with self._database.reading() as connection:
            return reads.link_by_slug(connection, slug)
