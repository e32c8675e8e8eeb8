from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn

from revenue_machine.sandbox.frontdoor import AT_ONCE, AsgiDoor, ClosedDoor, HttpDoor
from tests.sandbox.stage import Shop, knocks, open_shop


@contextmanager
def on_loopback(app: Any) -> Iterator[str]:
    """The app behind a real port."""
    line = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [line]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{line.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        line.close()


def test_asgi_door_runs_the_lifespan() -> None:
    shop, door = open_shop()
    assert shop.lifespan == ["startup"]
    door.close()
    assert shop.lifespan == ["startup", "shutdown"]


def test_asgi_door_answers_in_order() -> None:
    shop, door = open_shop()
    replies = door.batch(knocks([f"/r/{number}" for number in range(200)]))
    door.close()
    assert [reply.headers["location"].split("&")[1] for reply in replies] == [f"utm_campaign=post_{n}" for n in range(200)]
    assert len(shop.clicks) == 200


def test_asgi_door_hands_bodies_and_headers_in() -> None:
    shop, door = open_shop(hook_status=503)
    reply = door.request("POST", "/hooks/stripe?x=1", {"Stripe-Signature": "t=1"}, b"{}")
    door.close()
    assert (reply.status, reply.body) == (503, b"")
    assert shop.hooks[0][0] == "stripe"
    assert shop.hooks[0][1]["stripe-signature"] == "t=1"
    assert shop.hooks[0][2] == b"{}"


def test_asgi_door_bounds_what_runs_at_once() -> None:
    running, most = 0, 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal running, most
        if scope["type"] == "lifespan":
            return
        running += 1
        most = max(most, running)
        for _ in range(5):
            await asyncio.sleep(0)
        running -= 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    door = AsgiDoor(app)
    door.batch(knocks(["/"] * 300))
    door.close()
    assert most == AT_ONCE == 64


def test_asgi_door_says_when_the_product_fails_to_start() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    with pytest.raises(RuntimeError, match="no database"):
        AsgiDoor(app)


def test_http_door_sees_the_redirect_itself() -> None:
    shop = Shop()
    with on_loopback(shop) as url:
        door = HttpDoor(url)
        replies = door.batch(knocks(["/r/a", "/nowhere", "/r/b"]))
        hook = door.request("POST", "/hooks/stripe", {"x": "y"}, b"{}")
    assert [reply.status for reply in replies] == [302, 404, 302]
    assert replies[0].headers["location"].startswith("https://everreach.app/?utm_source=x&utm_campaign=post_a")
    assert (hook.status, shop.hooks[0][2]) == (200, b"{}")


def test_nobody_answers_at_a_closed_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as line:
        port = line.getsockname()[1]
    assert HttpDoor(f"http://127.0.0.1:{port}").request("GET", "/", {}, b"").status == 0
    assert [reply.status for reply in ClosedDoor().batch(knocks(["/", "/"]))] == [0, 0]
