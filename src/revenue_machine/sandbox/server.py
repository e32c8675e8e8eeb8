"""The sandbox on loopback: every vendor under its name, and a few control routes that begin with an underscore."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import asdict
from datetime import timedelta
from hmac import compare_digest
from typing import Any
from urllib.parse import parse_qsl

from revenue_machine.kit.clock import iso, machine_sleep, parse_instant
from revenue_machine.kit.errors import BadInput, Failure, NotFound
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, answer_json
from revenue_machine.sandbox import faults
from revenue_machine.sandbox.frontdoor import ClosedDoor
from revenue_machine.sandbox.journal import journal
from revenue_machine.sandbox.truth import every_deed, true_rates
from revenue_machine.sandbox.vendors import DroppedAnswer, Outside, RefusedConnection, SlowAnswer, strip_root
from revenue_machine.sandbox.world import World

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
SLOW_S = 3.0


class SandboxApp:
    """An ASGI app over one outside world.

    `lines` maps a client's address to its connection, so that a fault can cut it; without it a cut request
    ends with no answer at all.
    """

    def __init__(self, outside: Outside, world: World | None = None, truth_key: str | None = None) -> None:
        self.outside = outside
        self.lines: dict[tuple[str, int], asyncio.Transport] = {}
        self.slow_s = SLOW_S
        self._world = world
        self._truth_key = truth_key
        self._turn = threading.Lock()
        self._posting: asyncio.Task[None] | None = None
        self._controls: Mapping[tuple[str, str], Callable[[FakeRequest], Any]] = {
            ("GET", "/_journal"): self._journal, ("POST", "/_faults"): self._stand_fault, ("GET", "/_clock"): self._now,
            ("POST", "/_clock"): self._set_clock, ("POST", "/_advance"): self._advance, ("POST", "/_reset"): self._reset,
            ("GET", "/_truth"): self._truth, ("GET", "/_truth/rates"): self._truth, ("GET", "/"): self._index,
            ("GET", "/_health"): self._index,
        }  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            request = await _read(scope, receive)
            response = await self._answer(scope, request)
            if response is None:
                await self._cut(scope, receive)
            else:
                await _write(send, response, is_head=request.method == "HEAD")

    async def _answer(self, scope: Scope, request: FakeRequest) -> FakeResponse | None:
        """The answer, late if it is a slow one; None when the connection breaks instead."""
        try:
            if request.path == "/" or request.path.startswith("/_"):
                return await asyncio.to_thread(self._control, request)
            return await asyncio.to_thread(self._ask, request)
        except SlowAnswer as late:
            await asyncio.to_thread(machine_sleep, self.slow_s)
            return late.response
        except (RefusedConnection, DroppedAnswer):
            return None
        finally:
            self._post_soon()

    def _ask(self, request: FakeRequest) -> FakeResponse:
        service, _, rest = request.path.lstrip("/").partition("/")
        vendor = self.outside.vendors.get(service)
        if vendor is None:
            return _failed(NotFound(f"the sandbox has no service '{service}'; it has {', '.join(sorted(self.outside.vendors))}"))
        path = strip_root(vendor.manifest, "/" + rest)
        return self.outside.ask(service, FakeRequest(request.method, path, request.query, request.headers, request.body))

    async def _cut(self, scope: Scope, receive: Receive) -> None:
        line = self.lines.get(tuple(scope.get("client") or ("", 0)))
        if line is not None:
            line.abort()
            while (await receive())["type"] != "http.disconnect":
                continue

    def _post_soon(self) -> None:
        """After any request there may be webhooks; one postman is enough."""
        if self._world is None or isinstance(self._world.door, ClosedDoor):
            return
        if self._posting is None or self._posting.done():
            self._posting = asyncio.ensure_future(asyncio.to_thread(self._post))

    def _post(self) -> None:
        if self._world is not None and self._turn.acquire(blocking=False):
            try:
                self._world.deliver()
            finally:
                self._turn.release()

    def _control(self, request: FakeRequest) -> FakeResponse:
        control = self._controls.get((request.method, request.path.rstrip("/") or "/"))
        try:
            if control is None:
                raise NotFound(f"there is no {request.method} {request.path}")
            answer = control(request)
            return answer if isinstance(answer, FakeResponse) else answer_json(200, answer)
        except Failure as failure:
            return _failed(failure)

    def _index(self, request: FakeRequest) -> Any:
        return {"services": sorted(self.outside.vendors), "now": iso(self.outside.store.now())}

    def _journal(self, request: FakeRequest) -> Any:
        return journal(self.outside.store, request.param("service"), request.param("since"))

    def _now(self, request: FakeRequest) -> Any:
        return {"now": iso(self.outside.store.now())}

    def _stand_fault(self, request: FakeRequest) -> Any:
        wanted = _object(request)
        service = str(wanted.get("service", ""))
        if service != "*" and service not in self.outside.vendors:
            raise BadInput(f"the sandbox has no service '{service}'", field="service")
        count = wanted.get("count", 1)
        if not isinstance(count, int) or isinstance(count, bool):
            raise BadInput("the count is a whole number", field="count")
        fault = faults.Fault(service, str(wanted.get("match") or ""), str(wanted.get("kind", "")), count)
        faults.stand(self.outside.store, fault)
        return {"ok": True, "service": fault.service, "match": fault.match, "kind": fault.kind, "count": fault.count}

    def _set_clock(self, request: FakeRequest) -> Any:
        instant = parse_instant(str(_object(request).get("now", "")), field="now")
        with self._turn:
            if instant < self.outside.store.now():
                self._as_world().set_back(instant)
            else:
                self._as_world().turn_to(instant)
        return self._now(request)

    def _advance(self, request: FakeRequest) -> Any:
        wanted = _object(request)
        if ("seconds" in wanted) == ("to" in wanted):
            raise BadInput("say either seconds or to", field="seconds")
        seconds = wanted.get("seconds", 0)
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds <= 10 * 365 * 86_400:
            raise BadInput("seconds is a number from 0 to ten years", field="seconds")
        with self._turn:
            now = self.outside.store.now()
            to = parse_instant(str(wanted["to"]), field="to") if "to" in wanted else now + timedelta(seconds=seconds)
            if to < now:
                raise BadInput("the world does not go backwards; POST /_clock sets its clock", field="to")
            self._as_world().turn_to(to)
        return self._now(request)

    def _as_world(self) -> World:
        """The world that moves; without people, only vendors and webhooks."""
        if self._world is None:
            self._world = World(self.outside.store, self.outside.seed, is_inhabited=False)
        return self._world

    def _reset(self, request: FakeRequest) -> Any:
        with self._turn:
            self._as_world().begin_again()
        return self._now(request)

    def _truth(self, request: FakeRequest) -> Any:
        given = request.param("key") or request.bearer() or ""
        if self._truth_key is None or not compare_digest(given.encode(), self._truth_key.encode()):
            return answer_json(403, {"ok": False, "error": {"message": "the truth is read only with the key printed at start"}})
        if request.path.rstrip("/").endswith("/rates"):
            span = {name: parse_instant(text, field=name) for name in ("since", "until") if (text := request.param(name))}
            return [asdict(one) for one in true_rates(self.outside.store, **span)]
        return [{**asdict(deed), "at": iso(deed.at)} for deed in every_deed(self.outside.store)]


def make_app(outside: Outside, world: World | None = None, truth_key: str | None = None) -> SandboxApp:
    """The sandbox as an ASGI app; without a world only vendors live in it, without a key nobody reads the truth."""
    return SandboxApp(outside, world, truth_key)


def _object(request: FakeRequest) -> dict[str, Any]:
    payload = request.json()
    if not isinstance(payload, dict):
        raise BadInput("the body is a JSON object", field="body")
    return payload


def _failed(failure: Failure) -> FakeResponse:
    return answer_json(failure.http_status, {"ok": False, "error": failure.as_dict()})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        word = (await receive())["type"]
        await send({"type": f"{word}.complete"})
        if word == "lifespan.shutdown":
            return


async def _read(scope: Scope, receive: Receive) -> FakeRequest:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            break
    return FakeRequest(
        method=scope["method"],
        path=scope["path"],
        query=tuple(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        body=b"".join(parts),
    )


async def _write(send: Send, response: FakeResponse, *, is_head: bool) -> None:
    headers = {"content-length": str(len(response.body)), **{name.lower(): value for name, value in response.headers.items()}}
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": raw})
    await send({"type": "http.response.body", "body": b"" if is_head else response.body})
