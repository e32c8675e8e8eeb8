"""How the world reaches the product: by HTTP requests and by nothing else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeVar
from urllib.parse import unquote, urlsplit

import httpx2

T = TypeVar("T")
ASGIApp = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[Any]], Callable[[MutableMapping[str, Any]], Awaitable[None]]], Awaitable[None]
]
AT_ONCE = 64
TIMEOUT_S = 30.0
NOBODY = 0


@dataclass(frozen=True)
class Knock:
    """One request at the product's door; `path` with its query."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Reply(NamedTuple):
    """What came back; header names in lower case; status 0 when nobody answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class FrontDoor(Protocol):
    """The product as its public sees it."""

    def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """One request and its reply."""
        ...

    def batch(self, knocks: Sequence[Knock]) -> list[Reply]:
        """Many requests at once; replies in the same order."""
        ...


class ClosedDoor:
    """No product is there: every request finds nobody."""

    def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        return Reply(NOBODY, {}, b"")

    def batch(self, knocks: Sequence[Knock]) -> list[Reply]:
        return [Reply(NOBODY, {}, b"") for _ in knocks]


class AsgiDoor:
    """An ASGI app in this process, on an event loop of its own thread; runs the app's lifespan."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="front-door", daemon=True)
        self._thread.start()
        self._lifespan = _Lifespan(app)
        self._wait(self._lifespan.start())

    def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        return self._wait(self._one(Knock(method, path, headers, body)))

    def batch(self, knocks: Sequence[Knock]) -> list[Reply]:
        return self._wait(self._many(knocks))

    def close(self) -> None:
        """End the app's lifespan and the thread."""
        self._wait(self._lifespan.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result()

    async def _many(self, knocks: Sequence[Knock]) -> list[Reply]:
        places = asyncio.Semaphore(AT_ONCE)

        async def one(knock: Knock) -> Reply:
            async with places:
                return await self._one(knock)

        return list(await asyncio.gather(*(one(knock) for knock in knocks)))

    async def _one(self, knock: Knock) -> Reply:
        exchange = _Exchange(knock.body)
        await self._app(_scope(knock), exchange.receive, exchange.send)
        return exchange.reply()


class _Exchange:
    """The two ends an ASGI app speaks through for one request."""

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body
        self._status = NOBODY
        self._headers: dict[str, str] = {}
        self._parts: list[bytes] = []
        self._over = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        if self._body is None:
            await self._over.wait()
            return {"type": "http.disconnect"}
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._status = int(message["status"])
            self._headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message.get("headers", ())}
        elif message["type"] == "http.response.body":
            self._parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                self._over.set()

    def reply(self) -> Reply:
        return Reply(self._status, self._headers, b"".join(self._parts))


class _Lifespan:
    """Startup and shutdown of an ASGI app; an app without a lifespan is fine, a failing one is not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._asked: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._told: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.ensure_future(self._run())
        await self._say("lifespan.startup")

    async def stop(self) -> None:
        if self._task is not None and not self._task.done():
            await self._say("lifespan.shutdown")
            await self._task

    async def _run(self) -> None:
        await self._app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, self._asked.get, self._told.put)

    async def _say(self, word: str) -> None:
        """Ask and wait for the answer, or for the app to leave (then it has no lifespan)."""
        await self._asked.put({"type": word})
        answer = asyncio.ensure_future(self._told.get())
        task = self._task
        waiting: set[asyncio.Future[Any]] = {answer} if task is None else {answer, task}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()
            return
        message = answer.result()
        if message["type"].endswith("failed"):
            raise RuntimeError(f"the product did not come up: {message.get('message', '')}")


def _scope(knock: Knock) -> dict[str, Any]:
    parts = urlsplit(knock.path)
    headers = {"host": "127.0.0.1", **{name.lower(): value for name, value in knock.headers.items()}}
    if knock.body:
        headers.setdefault("content-length", str(len(knock.body)))
    return {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": knock.method,
        "scheme": "http", "path": unquote(parts.path), "raw_path": parts.path.encode(), "query_string": parts.query.encode(),
        "root_path": "", "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
        "client": ("127.0.0.1", 40_000), "server": ("127.0.0.1", 8080), "state": {},
    }  # fmt: skip


class HttpDoor:
    """A product on loopback, spoken to over HTTP; redirects are seen, not followed."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._limits = httpx2.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)

    def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        return self.batch([Knock(method, path, headers, body)])[0]

    def batch(self, knocks: Sequence[Knock]) -> list[Reply]:
        return asyncio.run(self._many(knocks))

    async def _many(self, knocks: Sequence[Knock]) -> list[Reply]:
        places = asyncio.Semaphore(AT_ONCE)
        async with httpx2.AsyncClient(limits=self._limits, timeout=TIMEOUT_S, trust_env=False) as client:

            async def one(knock: Knock) -> Reply:
                async with places:
                    return await self._one(client, knock)

            return list(await asyncio.gather(*(one(knock) for knock in knocks)))

    async def _one(self, client: httpx2.AsyncClient, knock: Knock) -> Reply:
        try:
            answer = await client.request(
                knock.method, self._base_url + knock.path, headers=dict(knock.headers), content=knock.body, follow_redirects=False
            )
        except httpx2.TransportError:
            return Reply(NOBODY, {}, b"")
        return Reply(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, answer.content)
