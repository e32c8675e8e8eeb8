"""Opens the product for a command: in the sandbox with its world behind it, live with the real one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from revenue_machine.app import App, build, clock_for
from revenue_machine.engine.call import Moments
from revenue_machine.kit import log
from revenue_machine.kit.clock import Clock, SystemClock
from revenue_machine.kit.settings import Settings, load
from revenue_machine.sandbox.rates import WorldRates
from revenue_machine.sandbox.transport import SandboxTransport
from revenue_machine.sandbox.world import StoreClock, World


@dataclass(frozen=True)
class Opened:
    """The product and, in the sandbox, the world it lives in."""

    app: App
    world: World | None


def settings_from_environment() -> Settings:
    """Settings, with logs set up as they say."""
    settings = load()
    log.configure("pretty" if sys.stderr.isatty() and settings.log == "pretty" else "json")
    return settings


@contextmanager
def opened(settings: Settings | None = None, *, role: str = "cli", moments: Moments | None = None) -> Iterator[Opened]:
    """The App for one command; closed cleanly at its end."""
    settings = settings or settings_from_environment()
    if settings.mode == "live":
        with closing_app(build(settings, clock_for(settings), role=role, moments=moments)) as app:
            yield Opened(app, None)
        return
    with opened_world(settings, WorldRates(), midnight_today()) as world:
        clock = sandbox_clock(settings, world)
        app = build(settings, clock, SandboxTransport(world.outside), role=role, moments=moments)
        with closing_app(app):
            yield Opened(app, world)


@contextmanager
def closing_app(app: App) -> Iterator[App]:
    """Close the App whatever happens."""
    try:
        yield app
    finally:
        app.close()


@contextmanager
def opened_world(settings: Settings, rates: WorldRates, start: datetime) -> Iterator[World]:
    """The world of a home, begun or continued; when the fakes stand elsewhere nobody lives in it."""
    world = World(settings.home, settings.seed, rates, is_inhabited=settings.clock is None)
    try:
        world.begin(start)
        yield world
    finally:
        world.store.close()


def midnight_today() -> datetime:
    """Where a new world begins."""
    return SystemClock().now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def sandbox_clock(settings: Settings, world: World) -> Clock:
    """`REVENUE_CLOCK` when set, else the world's own time."""
    return clock_for(settings) if settings.clock else StoreClock(world.store)
