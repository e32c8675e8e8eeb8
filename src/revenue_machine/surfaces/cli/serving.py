"""`revenue up`, `web`, `worker`, `sandbox serve` and `mcp`: the commands that stay."""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
import socket
import threading
from pathlib import Path

from revenue_machine.app import App, refuse_unready_live
from revenue_machine.domains.inbox.listening import Ears
from revenue_machine.engine.recorder import Recorder
from revenue_machine.kit.clock import machine_sleep
from revenue_machine.kit.errors import BadInput, Failure
from revenue_machine.kit.log import logger
from revenue_machine.surfaces.cli.opening import opened, settings_from_environment

TICK_EVERY_S = 1.0
LISTEN_S = 25
LISTEN_AGAIN_S = 60.0
SANDBOX_LISTENS_EVERY_S = 5.0
# A click leaves no circles behind: the usual 700 objects would be looked through several times a millisecond.
REDIRECT_COLLECTS_EVERY = 20_000
BUSY_BYTES, MOST_BUFFERED_BYTES, MOST_BUFFERED_S = 256 * 1024, 64 * 1024 * 1024, 60.0


def up(args: argparse.Namespace) -> int:
    """Serve everything in one process tree until it is told to stop."""
    with opened(role="up") as home:
        refuse_unready_live(home.app)
        line = listening(args.host, args.port)
        beat, ears = Heart(home.app), Listening(home.app)
        beat.start()
        ears.start()
        try:
            _serve_web(home.app, args.host, args.port, line)
        finally:
            ears.stop()
            beat.stop()
    return 0


def web(args: argparse.Namespace) -> int:
    """Serve HTTP alone, or only the redirector; workers run elsewhere."""
    with opened(role=args.only or "web") as home:
        draining = Draining(home.app)
        line = listening(args.host, args.port, is_shared=args.only is not None)
        draining.start()
        try:
            if args.only is None:
                _serve_web(home.app, args.host, args.port, line)
            else:
                _serve_redirect(home.app, args.host, args.port, line)
        finally:
            draining.stop()
    return 0


def worker(args: argparse.Namespace) -> int:
    """Do what is due, take over from dead workers, until told to stop."""
    with opened(role="worker") as home:
        refuse_unready_live(home.app)
        beat, ears = Heart(home.app), Listening(home.app)
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        beat.start()
        ears.start()
        print(f"worker {home.app.slot.name} is at work", flush=True)
        while not stopped.is_set():
            machine_sleep(0.2)
        ears.stop()
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


class Draining:
    """Where no ticker beats, a thread brings what lies in this machine's spools into the database; at once it has time to.

    While much comes in, the disk is the buffer: draining takes from visitors what it does not need yet.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._drain, name="drain", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Let the running batch end."""
        self._stopped.set()
        self._thread.join(timeout=60)

    def _drain(self) -> None:
        before, waited_s = 0, 0.0
        while not self._stopped.wait(TICK_EVERY_S):
            size = self._app.spools.spooled_bytes()
            waited_s += TICK_EVERY_S
            if size - before > BUSY_BYTES and size < MOST_BUFFERED_BYTES and waited_s < MOST_BUFFERED_S:
                before = size
                continue
            try:
                self._app.spools.drain()
            except Failure as failure:
                logger().warning("drain.failed", code=failure.code, message=failure.message)
            before, waited_s = self._app.spools.spooled_bytes(), 0.0


class Listening:
    """Hears taps and texts of Telegram: subscribed where we have a public address, else asking in a thread of its own.

    Two processes that ask at once are told so by Telegram; the one that is refused tries again a minute later.
    """

    def __init__(self, app: App) -> None:
        self._app, self._ears = app, app.container.get(Ears)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="ears", daemon=True)

    def start(self) -> None:
        if self._ears.asks:
            self._thread.start()
            return
        try:
            self._ears.subscribe()
        except Failure as failure:
            logger().error("ears.not_subscribed", code=failure.code, message=failure.message)

    def stop(self) -> None:
        """End with the question that is open; what Telegram still holds comes at the next start."""
        self._stopped.set()

    def _listen(self) -> None:
        # The sandbox answers at once, so there one looks every few seconds instead of holding the line.
        wait_s, pause_s = (LISTEN_S, 0.2) if self._app.settings.mode == "live" else (0, SANDBOX_LISTENS_EVERY_S)
        while not self._stopped.is_set():
            try:
                self._ears.listen(wait_s)
                self._stopped.wait(pause_s)
            except Failure as failure:
                logger().error("ears.failed", code=failure.code, message=failure.message)
                self._stopped.wait(LISTEN_AGAIN_S)
            finally:
                self._app.container.get(Recorder).drop()  # what was new lies in the inbox


def listening(host: str, port: int, *, is_shared: bool = False) -> socket.socket:
    """A line on that address, taken before anything is started; processes that share it are asked in turn.

    Raises bad_input when somebody else has it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, reuse_port=is_shared)
    except (OSError, OverflowError) as error:
        raise BadInput(
            f"port {port} on {host} cannot be used: {getattr(error, 'strerror', None) or error}", field="--port"
        ) from None


def _serve_web(app: App, host: str, port: int, line: socket.socket) -> None:
    import uvicorn

    from revenue_machine.surfaces.web.application import make_web

    print(f"revenue_machine on http://{host}:{port} ({app.settings.mode})", flush=True)
    config = uvicorn.Config(make_web(app, dashboard=True), log_level="warning", access_log=False)
    gc.freeze()  # what stands by now stands to the end: no visitor waits for the collector to walk it
    uvicorn.Server(config).run(sockets=[line])


def _serve_redirect(app: App, host: str, port: int, line: socket.socket) -> None:
    """`/r/…` and nothing else: no API, no dashboard, their libraries not even loaded."""
    import uvicorn

    from revenue_machine.domains.links.redirect import Redirector

    print(f"redirector on http://{host}:{port} ({app.settings.mode})", flush=True)
    redirector = app.container.get(Redirector)
    redirector.warm()
    gc.freeze()
    gc.set_threshold(REDIRECT_COLLECTS_EVERY, 20, 50)
    config = uvicorn.Config(redirector, log_level="warning", access_log=False)
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
