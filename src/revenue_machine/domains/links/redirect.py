"""`GET /r/{slug}`: a bare ASGI app that answers 302 only after the click is on disk."""

from __future__ import annotations

import asyncio
import re

from starlette.types import Receive, Scope, Send

from revenue_machine.domains.links import filters
from revenue_machine.domains.links.clicklog import packed
from revenue_machine.domains.links.known import Known, KnownLinks
from revenue_machine.domains.links.traffic import Traffic
from revenue_machine.engine.spool import SpoolWriter
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import Failure
from revenue_machine.kit.ids import content_hash, two_ids
from revenue_machine.kit.log import logger

_COOKIE = re.compile(rb"(?:^|;)\s*rv=(vis_[a-z2-7]{16})\s*(?:;|$)")
_COOKIE_DAYS = 90
_COOKIE_REST = f"; Max-Age={_COOKIE_DAYS * 86_400}; Path=/; HttpOnly; SameSite=Lax"
_HOST = re.compile(rb"https?://(?:[^/@?#]*@)?([A-Za-z0-9.-]{1,253})")
_MOST_AGENTS = 4_096
_NOBODY = (None, 0)
_NO_STORE = (b"cache-control", b"private, no-store")
_EMPTY = (b"content-length", b"0")
_BODY = b"not here\n"
_BODY_SIZE = (b"content-length", str(len(_BODY)).encode())
_NOTHING = {"type": "http.response.body", "body": b""}


class Redirector:
    """Looks a slug up, records the click, sends the visitor on; it leads nowhere but to stored destinations."""

    def __init__(self, known: KnownLinks, clock: Clock, spool: SpoolWriter, salt: str) -> None:
        self._known, self._clock, self._spool, self._salt = known, clock, spool, salt
        self._traffic = Traffic()
        self._moment = ""
        self._now = ""
        self._arrivals: dict[str, int] = {}
        self._agents: dict[bytes, tuple[str, str]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._live(scope, receive, send)
            return
        path = scope["path"]
        slug = path[3:] if path.startswith("/r/") else ""
        link = self._known.at_hand(slug)
        if link is None:
            try:
                link = await self._known.find(slug)
            except Failure:
                await _refuse(send, 424, (b"retry-after", b"5"))
                return
        if link is None or link.is_off:
            await _refuse(send, 404 if link is None else 410)
        elif scope["method"] not in ("GET", "HEAD"):
            await _refuse(send, 405, (b"allow", b"GET, HEAD"))
        else:
            await self._redirect(scope, send, link)

    def warm(self) -> None:
        """Know the newest links before the first visitor comes."""
        self._known.warm()

    def close(self) -> None:
        """Write what is still queued."""
        self._spool.close()

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As a process of its own: let go of the spool after the last visitor."""
        while scope["type"] == "lifespan":
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            else:
                self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _redirect(self, scope: Scope, send: Send, link: Known) -> None:
        """Ids, one record, the disk, the answer; whatever cannot be recorded is not answered as if it were."""
        headers = dict(scope["headers"])
        client = scope.get("client") or _NOBODY
        if not self._traffic.is_admitted(client[0]):
            await _refuse(send, 429, (b"retry-after", b"60"))
            return
        known = known_visitor(headers.get(b"cookie"))
        signals = filters.signals_of(scope["method"], headers)
        agent, words = self._agent(headers.get(b"user-agent", b""))
        now = self._now or self._look_at_clock()
        who = f"{client[0]}\x1f{client[1]}" if known is None else known
        fresh, click_id = self._ids(now, f"{self._salt}\x1f{link.slug}\x1f{now}\x1f{agent}\x1f{who}\x1f{scope['method']}")
        if known is None and self._traffic.is_flood(client[0]):
            signals.append("flood")
        visitor = known or fresh
        arrival = (click_id, link.id, link.slug, visitor, now, " ".join(signals), agent, words, _host(headers.get(b"referer")))
        try:
            await self._spool.append(packed(arrival))
        except Failure:
            await _refuse(send, 424, (b"retry-after", b"5"))
            return
        before, behind = link.landing
        answer = [(b"location", before + click_id.encode() + behind), _NO_STORE, _EMPTY]
        if known is None:
            answer.append((b"set-cookie", f"rv={visitor}{_COOKIE_REST}".encode()))
        await send({"type": "http.response.start", "status": 302, "headers": answer})
        await send(_NOTHING)

    def _look_at_clock(self) -> str:
        """Business time, once for everything that came in one round of the loop."""
        asyncio.get_running_loop().call_soon(self._forget_clock)
        self._now = self._clock.now().isoformat()
        return self._now

    def _forget_clock(self) -> None:
        self._now = ""

    def _ids(self, now: str, key: str) -> tuple[str, str]:
        """A newcomer's pseudonym and the click's id: from where, when and what; the second of its kind has others."""
        if self._moment != now:
            self._moment, self._arrivals = now, {}
        count = self._arrivals[key] = self._arrivals.get(key, 0) + 1
        return two_ids("vis", "clk", f"{key}\x1f{self._spool.start}\x1f{count}")

    def _agent(self, said: bytes) -> tuple[str, str]:
        """Hash and words of a browser's name; the name itself is kept nowhere."""
        found = self._agents.get(said)
        if found is None:
            text = said.decode("latin-1")
            if len(self._agents) >= _MOST_AGENTS:
                self._agents.clear()
            found = self._agents[said] = content_hash(text)[:16], filters.words_of(text)
        return found


def known_visitor(cookies: bytes | None) -> str | None:
    """The first-party visitor id a browser brings back, if it is one of ours."""
    found = None if cookies is None else _COOKIE.search(cookies)
    return None if found is None else found.group(1).decode()


def _host(referrer: bytes | None) -> str:
    """The host a visitor came from, without anything that could name him; empty when there is none."""
    found = None if referrer is None else _HOST.match(referrer)
    return "" if found is None else found.group(1).decode().lower()


async def _refuse(send: Send, status: int, *headers: tuple[bytes, bytes]) -> None:
    if status == 424:
        logger().warning("redirect.refused", status=status)
    await send({"type": "http.response.start", "status": status, "headers": [*headers, _BODY_SIZE]})
    await send({"type": "http.response.body", "body": _BODY})
