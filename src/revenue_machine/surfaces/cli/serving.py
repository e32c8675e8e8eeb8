"""`revenue up`, `web`, `worker`, `sandbox serve` and `mcp`: the commands that stay."""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
import threading
from pathlib import Path

from revenue_machine.app import App, refuse_unready_live
from revenue_machine.kit.clock import machine_sleep
from revenue_machine.kit.errors import BadInput, Failure
from revenue_machine.kit.log import logger
from revenue_machine.surfaces.cli.opening import opened, settings_from_environment

TICK_EVERY_S = 1.0


def up(args: argparse.Namespace) -> int:
    """Serve everything in one process tree until it is told to stop."""
    with opened(role="up") as home:
        refuse_unready_live(home.app)
        line = listening(args.host, args.port)
        beat = Heart(home.app)
        beat.start()
        try:
            _serve_web(home.app, args.host, args.port, line)
        finally:
            beat.stop()
    return 0


def web(args: argparse.Namespace) -> int:
    """Serve HTTP alone; workers run elsewhere."""
    with opened(role="web") as home:
        _serve_web(home.app, args.host, args.port, listening(args.host, args.port))
    return 0


def worker(args: argparse.Namespace) -> int:
    """Do what is due, take over from dead workers, until told to stop."""
    with opened(role="worker") as home:
        refuse_unready_live(home.app)
        beat = Heart(home.app)
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        beat.start()
        print(f"worker {home.app.slot.name} is at work", flush=True)
        while not stopped.is_set():
            machine_sleep(0.2)
        beat.stop()
    return 0


class Heart:
    """Ticks in a thread of its own; a tick that fails is logged and the next one comes."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heart", daemon=True)

    def start(self) -> None:
        self._app.durable.launch()
        self._thread.start()

    def stop(self) -> None:
        """Let the running tick end."""
        self._stopped.set()
        self._thread.join(timeout=60)

    def _beat(self) -> None:
        while not self._stopped.is_set():
            try:
                self._app.slot.beat()
                self._app.durable.take_over_dead()
                self._app.ticker.tick()
            except Failure as failure:
                logger().error("heart.tick_failed", code=failure.code, message=failure.message)
            self._stopped.wait(TICK_EVERY_S)


def listening(host: str, port: int) -> socket.socket:
    """A line on that address, taken before anything is started. Raises bad_input when somebody else has it."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        raise BadInput(
            f"port {port} on {host} cannot be used: {getattr(error, 'strerror', None) or error}", field="--port"
        ) from None


def _serve_web(app: App, host: str, port: int, line: socket.socket) -> None:
    import uvicorn

    from revenue_machine.surfaces.web.application import make_web

    print(f"revenue_machine on http://{host}:{port} ({app.settings.mode})", flush=True)
    config = uvicorn.Config(make_web(app, dashboard=True), log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[line])


def sandbox_serve(args: argparse.Namespace) -> int:
    """Serve the fake outside world on loopback until interrupted."""
    from revenue_machine.sandbox.serve import ServeOptions, serve

    settings = settings_from_environment()
    serve(
        ServeOptions(
            home=settings.home / "sandbox",
            port=args.port,
            seed=args.seed,
            world_file=Path(args.world) if args.world else None,
            hooks_to=args.hooks_to,
            clock_file=Path(args.clock_file) if args.clock_file else None,
        )
    )
    return 0


def mcp(args: argparse.Namespace) -> int:
    """Serve MCP on standard input and output."""
    from revenue_machine.surfaces.mcp.server import serve_stdio

    with opened(role="mcp") as home:
        asyncio.run(serve_stdio(home.app))
    return 0
