"""What taking a webhook in costs: the proof beside the bare HMAC, and shared commits beside a commit for each, in one run."""

from __future__ import annotations

import argparse
import asyncio
import hmac
import json
import multiprocessing
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from revenue_machine.app import App, build
from revenue_machine.kit import signing
from revenue_machine.kit.clock import PushedClock
from revenue_machine.kit.settings import load, sandbox_webhook_secret
from revenue_machine.surfaces.web.hooks import HookDoor

NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)
SECRET = sandbox_webhook_secret("stripe")
BODY_BYTES = 2_048
# Short turns: what disturbs the machine then meets the proof and its floor alike.
AT_ONCE = 200
Knock = Callable[[bytes, dict[str, str]], Coroutine[Any, Any, int]]


def event(number: int) -> bytes:
    """A bill as large as Stripe's usual ones."""
    thing = {"id": f"in_{number}", "object": "invoice", "lines": "x" * (BODY_BYTES - 200)}
    held = {
        "id": f"evt_{number}",
        "type": "invoice.created",
        "created": int(NOW.timestamp()),
        "livemode": True,
        "data": {"object": thing},
    }
    return json.dumps(held).encode()


def open_app(home: Path, url: str | None, most: int) -> App:
    """A house whose inbox puts at most so many webhooks into a commit."""
    env = {"REVENUE_HOME": str(home)} | ({} if url is None else {"REVENUE_DATABASE_URL": url})
    app = build(load(env), PushedClock(NOW))
    app.inbox._door._most = most  # noqa: SLF001 - the one thing the two houses differ in
    return app


def proofs(rounds: int) -> list[tuple[str, float, float]]:
    """(scheme, microseconds, times the bare HMAC of the same bytes), interleaved, medians."""
    body, key = event(1), signing.standard_key(SECRET)
    stripe, standard = signing.sign_stripe(body, SECRET, NOW), signing.sign_standard("m", body, SECRET, NOW)
    hub, revenuecat = signing.sign_hub(body, SECRET), signing.sign_revenuecat(body, SECRET, NOW)
    works: dict[str, Callable[[], Any]] = {
        "bare HMAC": lambda: hmac.digest(key, body, "sha256"),
        "stripe": lambda: signing.verify_stripe(stripe, body, [SECRET], NOW),
        "standard, svix": lambda: signing.verify_standard(standard, body, [SECRET], NOW),
        "meta": lambda: signing.verify_hub(hub, body, [SECRET]),
        "revenuecat": lambda: signing.verify_revenuecat(revenuecat, body, [SECRET], NOW),
        "stripe, 2 secrets": lambda: signing.verify_stripe(stripe, body, ["whsec_new", SECRET], NOW),
    }
    spent: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            start_s = time.perf_counter()
            for _ in range(AT_ONCE):
                work()
            spent[name].append((time.perf_counter() - start_s) / AT_ONCE * 1e6)
    bare = spent["bare HMAC"]
    ratios = {name: statistics.median(one / base for one, base in zip(took, bare, strict=True)) for name, took in spent.items()}
    return [(name, statistics.median(took), ratios[name]) for name, took in spent.items()]


async def _knock_all(knock: Knock, first: int, count: int, connections: int) -> float:
    """So many webhooks over so many connections, each sending its next when it was answered; seconds."""
    bodies = [event(first + number) for number in range(count)]
    signed = [signing.sign_stripe(body, SECRET, NOW) for body in bodies]
    turn = iter(range(count))

    async def one_line() -> None:
        for number in turn:
            status = await knock(bodies[number], signed[number])
            if status != 200:
                raise RuntimeError(f"a webhook was answered {status}")

    start_s = time.perf_counter()
    await asyncio.gather(*(one_line() for _ in range(connections)))
    return time.perf_counter() - start_s


def at_the_door(app: App) -> Knock:
    """Straight into the ASGI app: everything but sockets and HTTP."""
    door = HookDoor(app)

    async def knock(body: bytes, signed: dict[str, str]) -> int:
        headers = [(b"content-type", b"application/json"), *((name.encode(), value.encode()) for name, value in signed.items())]
        scope = {"type": "http", "method": "POST", "path": "/hooks/stripe", "headers": headers, "query_string": b""}
        statuses: list[int] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        await door(scope, receive, send)
        return statuses[0]

    return knock


def _serve(home: str, url: str | None, most: int, port: int, plain: bool) -> None:  # noqa: FBT001 - a process takes its words by place
    import uvicorn

    async def nothing(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            continue
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    door: Any = nothing if plain else HookDoor(open_app(Path(home), url, most))
    config = uvicorn.Config(door, host="127.0.0.1", port=port, log_level="error", access_log=False, lifespan="off")
    uvicorn.Server(config).run()


async def over_http(port: int, count: int, first: int, connections: int) -> float:
    """The same over loopback sockets, one request at a time on each; seconds."""
    bodies = [event(first + number) for number in range(count)]
    signed = [signing.sign_stripe(body, SECRET, NOW)["stripe-signature"] for body in bodies]
    turn = iter(range(count))

    async def one_line() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in turn:
            head = "POST /hooks/stripe HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            head += f"stripe-signature: {signed[number]}\r\n"
            writer.write(f"{head}content-length: {len(bodies[number])}\r\n\r\n".encode() + bodies[number])
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            if b" 200 " not in answer[:20]:
                raise RuntimeError(answer[:40])
        writer.close()

    start_s = time.perf_counter()
    await asyncio.gather(*(one_line() for _ in range(connections)))
    return time.perf_counter() - start_s


def _port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ingest(count: int, rounds: int, connections: int, urls: tuple[str | None, str | None]) -> None:
    """Both houses by turns, at the door."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as many:
        apps = {"a commit each": open_app(Path(one), urls[0], 1), "shared commits": open_app(Path(many), urls[1], 500)}
        rates: dict[str, list[float]] = {name: [] for name in apps}
        for turn in range(rounds + 1):
            for name, app in apps.items():
                share = count // 4 if name == "a commit each" else count
                took = asyncio.run(_knock_all(at_the_door(app), turn * count, share, connections))
                if turn:  # the first warms up
                    rates[name].append(share / took)
        _show(f"at the door, {connections} connections", rates)
        for app in apps.values():
            app.close()


def ingest_over_http(count: int, rounds: int, connections: int, urls: tuple[str | None, str | None]) -> None:
    """The same through sockets, beside a server that answers without reading."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as many:
        kinds = {
            "a commit each": (one, urls[0], 1, False),
            "shared commits": (many, urls[1], 500, False),
            "answers only": ("", None, 1, True),
        }
        ports = {name: _port() for name in kinds}
        servers = [
            context.Process(target=_serve, args=(*kinds[name][:3], ports[name], kinds[name][3]), daemon=True) for name in kinds
        ]
        for server in servers:
            server.start()
        for port in ports.values():
            _await(port)
        rates: dict[str, list[float]] = {name: [] for name in kinds}
        for turn in range(rounds + 1):
            for name, port in ports.items():
                share = count // 4 if name == "a commit each" else count
                took = asyncio.run(over_http(port, share, turn * count, connections))
                if turn:
                    rates[name].append(share / took)
        _show(f"over HTTP, {connections} connections", rates)
        for server in servers:
            server.kill()
            server.join()


def _await(port: int) -> None:
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)


def _show(title: str, rates: dict[str, list[float]]) -> None:
    base = rates["a commit each"]
    for name, found in rates.items():
        ratio = statistics.median(one / other for one, other in zip(found, base, strict=True))
        print(f"{title:34} {name:16} {statistics.median(found):9,.0f} /s {ratio:7.2f} x")


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=4_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, nargs="*", default=[8, 64])
    parser.add_argument("--postgresql", nargs=2, metavar="URL", help="two empty databases instead of SQLite files")
    parser.add_argument("--http", action="store_true", help="also through sockets")
    given = parser.parse_args()
    for name, micros, ratio in proofs(given.rounds * 20):
        print(f"{'proof of ' + str(len(event(1))) + ' bytes':34} {name:16} {micros:9.2f} us {ratio:7.2f} x")
    urls: tuple[str | None, str | None] = tuple(given.postgresql) if given.postgresql else (None, None)
    for connections in given.connections:
        ingest(given.events, given.rounds, connections, urls)
        if given.http:
            ingest_over_http(given.events, given.rounds, connections, urls)


if __name__ == "__main__":
    main()
