"""`revenue sandbox serve`: one world on one loopback port until it is stopped."""

from __future__ import annotations

import socket
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from revenue_machine.kit.clock import FileClock
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.ids import random_token
from revenue_machine.kit.settings import is_loopback
from revenue_machine.sandbox.frontdoor import ClosedDoor, FrontDoor, HttpDoor
from revenue_machine.sandbox.rates import WorldRates, from_toml
from revenue_machine.sandbox.server import SandboxApp, make_app
from revenue_machine.sandbox.world import World

HOST = "127.0.0.1"
FIRST_DAY = datetime(2026, 11, 22, tzinfo=UTC)


@dataclass(frozen=True)
class ServeOptions:
    """What the command line says; `port` 0 takes a free one, `home` holds the world's `world.db`."""

    home: Path
    port: int = 8765
    seed: int = 7
    world_file: Path | None = None
    hooks_to: str | None = None
    clock_file: Path | None = None
    start: datetime | None = None


def serve(options: ServeOptions) -> None:
    """Serve until interrupted; prints one line with the address and the key of the truth."""
    line = bind(options.port)
    key = random_token("truth")
    world = open_world(options)
    app = make_app(world.outside, world, key)
    port = line.getsockname()[1]
    sys.stdout.write(f"sandbox on http://{HOST}:{port} (each service under /<service>), truth key {key}\n")
    sys.stdout.flush()
    uvicorn_server(app).run(sockets=[line])


def open_world(options: ServeOptions) -> World:
    """The world the options name, begun or continued; its clock file is written at once."""
    clock = None if options.clock_file is None else FileClock(options.clock_file)
    rates = WorldRates() if options.world_file is None else from_toml(options.world_file)
    world = World(options.home, options.seed, rates, clock, door_for(options.hooks_to))
    start = options.start
    if start is None:
        start = clock.now() if clock is not None and options.clock_file is not None and options.clock_file.is_file() else FIRST_DAY
    world.begin(start)
    return world


def door_for(hooks_to: str | None) -> FrontDoor:
    """The product behind `--hooks-to`: its address, with or without the `/hooks` it listens under. Raises bad_input."""
    if hooks_to is None:
        return ClosedDoor()
    if urlsplit(hooks_to).scheme != "http" or not is_loopback(hooks_to):
        raise BadInput("webhooks of the sandbox go to http on this machine only", field="hooks-to")
    return HttpDoor(hooks_to.rstrip("/").removesuffix("/hooks"))


def bind(port: int) -> socket.socket:
    """A listening address on loopback. Raises bad_input when the port is taken."""
    line = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        line.bind((HOST, port))
    except OSError as error:
        line.close()
        raise BadInput(f"port {port} cannot be used: {error.strerror}", field="port") from None
    return line


def uvicorn_server(app: SandboxApp) -> uvicorn.Server:
    """A server whose connections a fault can cut."""

    class CuttableProtocol(H11Protocol):
        """Tells the app which connection belongs to which client."""

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._peer = transport.get_extra_info("peername")
            if self._peer is not None:
                app.lines[tuple(self._peer)] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            if self._peer is not None:
                app.lines.pop(tuple(self._peer), None)
            super().connection_lost(exc)

    config = uvicorn.Config(app, http=CuttableProtocol, log_level="warning", lifespan="on", access_log=False)
    return uvicorn.Server(config)
