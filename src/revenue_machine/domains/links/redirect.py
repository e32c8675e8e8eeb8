"""`GET /r/{slug}`: a bare ASGI app that answers 302 only after the click is on disk."""

from __future__ import annotations

import asyncio
import re
from collections import Counter, OrderedDict
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from starlette.types import Receive, Scope, Send

from revenue_machine.domains.links import reads, rules
from revenue_machine.domains.links.tables import CLICKS
from revenue_machine.engine.append import Appender
from revenue_machine.engine.database import Database
from revenue_machine.kit.clock import Clock, iso
from revenue_machine.kit.errors import Failure
from revenue_machine.kit.ids import content_hash, make_id
from revenue_machine.kit.log import logger

_SLUG = re.compile(r"/r/([a-z0-9]{1,64})")
_COOKIE = "rv"
_COOKIE_DAYS = 90
_MOST_CACHED = 10_000
PATIENCE_S = 2.0


class Redirector:
    """Looks a slug up, records the click, sends the visitor on; it leads nowhere but to stored destinations."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._appender = Appender(database, CLICKS, ["id"])
        self._arrivals_at = ""
        self._arrivals: Counter[tuple[object, ...]] = Counter()
        self._cache: OrderedDict[str, dict[str, Any]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        match = _SLUG.fullmatch(scope["path"])
        if match is None or scope["method"] not in ("GET", "HEAD"):
            await _answer(send, 404 if match is None else 405, [])
            return
        try:
            link = await self._link(match.group(1))
        except Failure:
            await _answer(send, 424, [])
            return
        if link is None:
            await _answer(send, 404, [])
            return
        await self._redirect(scope, send, link)

    def close(self) -> None:
        """Write what is still queued."""
        self._appender.close()

    async def _redirect(self, scope: Scope, send: Send, link: dict[str, Any]) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        visitor = known_visitor(headers.get("cookie", ""))
        is_new = visitor is None
        if visitor is None:
            visitor = self._new_visitor(scope, headers, link["slug"])
        row = self._click(scope["method"], headers, link, visitor)
        await self._keep(row)
        utm = {name: link[name] for name in ("utm_source", "utm_medium", "utm_campaign", "utm_content")}
        answer = [("location", rules.landing_url(link["destination_url"], utm, row["id"])), ("cache-control", "private, no-store")]
        if is_new:
            answer.append(("set-cookie", f"{_COOKIE}={visitor}; Max-Age={_COOKIE_DAYS * 86_400}; Path=/; HttpOnly; SameSite=Lax"))
        await _answer(send, 302, answer)

    async def _keep(self, row: dict[str, Any]) -> None:
        """Wait until the click is on disk; the visitor is not to blame for a slow one, so he waits two seconds at most."""
        pending = asyncio.wrap_future(self._appender.append(row))
        pending.add_done_callback(partial(_note_loss, row))
        await asyncio.wait({pending}, timeout=PATIENCE_S)

    def _new_visitor(self, scope: Scope, headers: dict[str, str], slug: str) -> str:
        """A pseudonym from where and when somebody came first; equal arrivals in one instant are counted apart."""
        arrival = (slug, iso(self._clock.now()), headers.get("user-agent", ""), *(scope.get("client") or ()))
        if self._arrivals_at != arrival[1]:
            self._arrivals_at, self._arrivals = arrival[1], Counter()
        self._arrivals[arrival] += 1
        return make_id("vis", *arrival, self._arrivals[arrival])

    def _click(self, method: str, headers: dict[str, str], link: dict[str, Any], visitor: str) -> dict[str, Any]:
        now = self._clock.now()
        reason = rules.filter_reason(method, headers)
        if reason is None and rules.is_hasty(link["utm_medium"], link["created_at"], now):
            reason = "scanner"
        referrer = urlsplit(headers.get("referer", "")).hostname
        seen = (link["slug"], visitor, iso(now), headers.get("user-agent", ""), method)
        return {
            "id": make_id("clk", *seen), "link_id": link["id"], "slug": link["slug"], "post_id": link["post_id"],
            "product": link["product"], "visitor_id": visitor, "clicked_at": now, "is_counted": reason is None,
            "filter_reason": reason, "filter_version": rules.FILTER_VERSION, "referrer_host": referrer,
            "user_agent_hash": content_hash(headers.get("user-agent", ""))[:16],
        }  # fmt: skip

    async def _link(self, slug: str) -> dict[str, Any] | None:
        found = self._cache.get(slug)
        if found is None:
            found = await asyncio.to_thread(self._read, slug)
            if found is not None:
                self._cache[slug] = found
                if len(self._cache) > _MOST_CACHED:
                    self._cache.popitem(last=False)
        return found

    def _read(self, slug: str) -> dict[str, Any] | None:
        with self._database.reading() as connection:
            return reads.link_by_slug(connection, slug)


def _note_loss(row: dict[str, Any], pending: asyncio.Future[None]) -> None:
    if not pending.cancelled() and pending.exception() is not None:
        logger().warning("click.lost", slug=row["slug"], click_id=row["id"])


def known_visitor(cookies: str) -> str | None:
    """The first-party visitor id a browser brings back, if it is one of ours."""
    for part in cookies.split(";"):
        name, _, value = part.strip().partition("=")
        if name == _COOKIE and re.fullmatch(r"vis_[a-z2-7]{16}", value):
            return value
    return None


async def _answer(send: Send, status: int, headers: list[tuple[str, str]]) -> None:
    body = b"" if status == 302 else b"not here\n"
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in [*headers, ("content-length", str(len(body)))]]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
