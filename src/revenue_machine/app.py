"""Composition root: the only place that knows every part, and the only one that chooses the outside world."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, date
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2
from pydantic import SecretStr

from revenue_machine import domains, integrations
from revenue_machine.engine.approvals import Approvals
from revenue_machine.engine.audit import Audit
from revenue_machine.engine.briefing import Briefing, Section
from revenue_machine.engine.call import Call, Moments, NoMoments
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.container import Container
from revenue_machine.engine.database import Database
from revenue_machine.engine.dispatch import Dispatcher, Envelope
from revenue_machine.engine.doubts import Doubts, Settler
from revenue_machine.engine.durable import Durable, Steps
from revenue_machine.engine.effects import Outside
from revenue_machine.engine.events import Events, Reaction
from revenue_machine.engine.gates import Chokepoint
from revenue_machine.engine.handwork import Handwork
from revenue_machine.engine.inbox import HookReader, Inbox
from revenue_machine.engine.ledger import Ledger
from revenue_machine.engine.migrate import migrate
from revenue_machine.engine.page import discover_pages
from revenue_machine.engine.recorder import Recorder
from revenue_machine.engine.registry import Registry, discover, marked, modules
from revenue_machine.engine.schedule import ScheduleBook
from revenue_machine.engine.sessions import Sessions
from revenue_machine.engine.spool_drain import Spools
from revenue_machine.engine.switch import Switch, lay_sandbox_key
from revenue_machine.engine.ticker import Scheduled, Ticker
from revenue_machine.engine.tokens import Tokens
from revenue_machine.engine.workers import Slot, Worker
from revenue_machine.integrations.telegram.telegram_client import approver_ids
from revenue_machine.kit.clock import Clock, FileClock, PushedClock, SystemClock, parse_instant
from revenue_machine.kit.errors import BadInput, Conflict
from revenue_machine.kit.ids import random_key
from revenue_machine.kit.service import Manifest, ServiceClient, ServiceLink, read_manifest
from revenue_machine.kit.settings import ServiceSettings, Settings, sandbox_key, sandbox_webhook_secret

SANDBOX_PUBLIC_URL = "https://go.sandbox.invalid"


@dataclass(frozen=True)
class App:
    """The running product: what every surface needs, and nothing about how it is shown."""

    settings: Settings
    clock: Clock
    database: Database
    registry: Registry
    container: Container
    dispatcher: Dispatcher
    durable: Durable
    ticker: Ticker
    approvals: Approvals
    handwork: Handwork
    audit: Audit
    inbox: Inbox
    spools: Spools
    events: Events
    switch: Switch
    tokens: Tokens
    clients: Clients
    slot: Slot

    def call(self, topic: str, payload: dict[str, Any] | None = None, *, key: str | None = None, actor: str = "owner") -> Envelope:
        """One topic call outside any run."""
        name = key or random_key()
        return self.dispatcher.call(Call(topic, name, f"call/{topic}/{name}", actor), payload or {})

    def close(self) -> None:
        """Stop cleanly; what is durable goes on at the next start."""
        self.durable.close()
        self.slot.free()
        self.database.close()


def build(
    settings: Settings,
    clock: Clock,
    transport: httpx2.BaseTransport | None = None,
    *,
    moments: Moments | None = None,
    role: str = "cli",
    house: ModuleType = domains,
) -> App:
    """Put the product together.

    `transport` answers for the outside world (the sandbox hands one in); without it requests leave the house.
    `house` is the package whose folders are the domains.
    """
    settings = in_sandbox(settings) if settings.mode == "sandbox" else settings
    check_clock(settings)
    database = Database(settings.database_url)
    _load_tables(house)
    migrate(database)
    database.claim_mode(settings.mode)
    if settings.mode == "sandbox":  # where everything follows from the seed, so does this key; live it is drawn at the first need
        lay_sandbox_key(database, settings.seed)
    box = Container()
    box.put_all(settings, database, settings.zone)
    box.put(clock, Clock, type(clock))
    box.put(moments or NoMoments(), Moments)
    box.put(Slot(database, clock, settings.home, role), Slot, Worker)
    _make_ground(box, transport)
    for _, module in modules(house, "recipes"):
        for make in marked(module, "__recipe__"):
            box.learn(make)
    _make_engine(box, house)
    parts: dict[str, Any] = {part.name: box.get(kind) for part in fields(App) if (kind := _APP_PARTS.get(part.name)) is not None}
    return App(settings=settings, clock=clock, database=database, container=box, **parts)


def _make_ground(box: Container, transport: httpx2.BaseTransport | None) -> None:
    """What the domains' recipes stand on: the outside, the record, the switch."""
    recorder = box.make(Recorder)
    box.put(_clients(box.get(Settings), box.get(Clock), transport, recorder))  # type: ignore[type-abstract]
    _teach_clients(box, box.get(Clients))
    for kind in (Audit, Switch, Tokens, Sessions):
        box.make(kind)


def _make_engine(box: Container, house: ModuleType) -> None:
    """Everything that runs topics, in the order it leans on one another."""
    settings = box.get(Settings)
    box.put(discover(house))
    box.put(discover_pages(house))
    box.make(Ledger, projections=[one for _, module in modules(house, "projections") for one in module.PROJECTIONS])
    box.make(Events, reactions=_reactions(house), container=box)
    box.make(Approvals, approvers=len(approver_ids(settings.service("telegram"))))
    box.make(Handwork)
    box.make(Inbox, readers=_hook_readers(house), container=box)
    box.make(Spools, readers=_spool_readers(house), container=box)
    box.make(Chokepoint, caps=settings.caps, permits=[one for _, module in modules(house, "permits") for one in module.PERMITS])
    box.learn(_outside)
    box.make(Doubts, settlers=_settlers(house), container=box)
    box.make(Dispatcher, container=box)
    box.make(Durable, database_url=settings.database_url)
    box.make(ScheduleBook)
    box.make(Ticker, schedule=_schedule(house), due=[one for _, module in modules(house, "due") for one in module.DUE])
    _check_named_topics(box.get(Registry), house)
    box.make(Briefing, sections=_sections(house), container=box)
    _register_bodies(box.get(Durable), box, box.get(Dispatcher), house)


_APP_PARTS: dict[str, type] = {
    "registry": Registry, "dispatcher": Dispatcher, "durable": Durable, "ticker": Ticker, "approvals": Approvals,
    "handwork": Handwork, "audit": Audit,
    "inbox": Inbox, "spools": Spools, "events": Events, "switch": Switch, "tokens": Tokens, "clients": Clients, "slot": Slot,
}  # fmt: skip


def clock_for(settings: Settings) -> Clock:
    """The business clock the settings name: pushed, from a file, or the wall."""
    if settings.clock is None:
        return SystemClock()
    if settings.clock.startswith("@"):
        return FileClock(Path(settings.clock[1:]))
    return PushedClock(parse_instant(settings.clock, field="REVENUE_CLOCK").astimezone(UTC))


def check_clock(settings: Settings) -> None:
    """A pushed clock and a live credential of a service that reaches people or money never go together."""
    if settings.clock is None:
        return
    for name, manifest in manifests().items():
        service = settings.service(name)
        if manifest.reaches_people_or_money and service.is_live and not service.is_loopback:
            raise Conflict(f"REVENUE_CLOCK is refused while {manifest.name} has a live credential", field="REVENUE_CLOCK")


def in_sandbox(settings: Settings) -> Settings:
    """Every service is its fake, whatever keys are set; a base URL is obeyed only on loopback."""
    services: dict[str, ServiceSettings] = {}
    for name in manifests():
        own = settings.service(name)
        if name == "anthropic" and own.api_key is not None and own.base_url is not None:
            services[name] = own
            continue
        services[name] = ServiceSettings.model_validate(
            {
                **(own.model_extra or {}),
                **manifests()[name].sandbox_options,
                "api_key": SecretStr(sandbox_key(name)),
                "webhook_secret": SecretStr(sandbox_webhook_secret(name)),
                "base_url": own.base_url if own.is_loopback else None,
            }
        )
    return settings.model_copy(update={"services": services, "public_url": settings.public_url or SANDBOX_PUBLIC_URL})


@functools.cache
def manifests() -> dict[str, Manifest]:
    """Every integration's manifest by service name."""
    root = Path(integrations.__path__[0])
    found = (read_manifest(path.parent) for path in sorted(root.glob("*/manifest.toml")))
    return {manifest.service: manifest for manifest in found}


@functools.cache
def client_kinds() -> dict[str, type[ServiceClient]]:
    """Every integration's client class by service name."""
    kinds: dict[str, type[ServiceClient]] = {}
    for path in sorted(Path(integrations.__path__[0]).glob("*/*_client.py")):
        module = importlib.import_module(f"{integrations.__name__}.{path.parent.name}.{path.stem}")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, ServiceClient) and value.__module__ == module.__name__:
                kinds[value.service] = value
    return kinds


@functools.cache
def hook_reader(service: str) -> Any:
    """The module that verifies and reads a service's webhooks, or None when it sends none."""
    folder = Path(integrations.__path__[0]) / service
    if not (folder / "hook.py").is_file():
        return None
    return importlib.import_module(f"{integrations.__name__}.{service}.hook")


def _load_tables(house: ModuleType) -> None:
    for _ in modules(house, "tables"):
        continue


def _clients(settings: Settings, clock: Clock, transport: httpx2.BaseTransport | None, recorder: Recorder) -> Clients:
    known = manifests()
    real = httpx2.Client(follow_redirects=False)
    fake = real if transport is None else httpx2.Client(transport=transport, follow_redirects=False)

    def link(service: str) -> ServiceLink:
        own = settings.service(service)
        stays_real = own.base_url is not None
        return ServiceLink(known[service], own, real if stays_real else fake, clock, recorder.keep)

    return Clients(client_kinds(), link)


def _teach_clients(box: Container, clients: Clients) -> None:
    """Each client can be asked for by its own type."""

    def maker(kind: type[ServiceClient]) -> Callable[[], ServiceClient]:
        def make() -> ServiceClient:
            return clients.get(kind)

        make.__annotations__ = {"return": kind}
        return make

    for kind in client_kinds().values():
        box.learn(maker(kind))


def _outside(
    *,
    call: Call,
    database: Database,
    clock: Clock,
    chokepoint: Chokepoint,
    ledger: Ledger,
    audit: Audit,
    worker: Worker,
    moments: Moments,
) -> Outside:
    return Outside(
        call=call, database=database, clock=clock, chokepoint=chokepoint, ledger=ledger, audit=audit, worker=worker, moments=moments
    )


def _reactions(house: ModuleType) -> list[Reaction]:
    return [
        Reaction(f"{folder}.{function.__name__}", function.__reacts_to__, function)
        for folder, module in modules(house, "reactions")
        for function in marked(module, "__reacts_to__")
    ]


def _settlers(house: ModuleType) -> list[Settler]:
    return [
        Settler(f"{folder}.{function.__name__}", function.__settles__, function)
        for folder, module in modules(house, "reconcile")
        for function in marked(module, "__settles__")
    ]


def _sections(house: ModuleType) -> list[Section]:
    return [
        Section(function.__section__[0], function.__section__[1], f"{folder}.{function.__name__}", function)
        for folder, module in modules(house, "sections")
        for function in marked(module, "__section__")
    ]


def _hook_readers(house: ModuleType) -> list[HookReader]:
    return [
        HookReader(f"{folder}.{function.__name__}", function.__hook__[0], function.__hook__[1], function)
        for folder, module in modules(house, "webhooks")
        for function in marked(module, "__hook__")
    ]


def _spool_readers(house: ModuleType) -> dict[str, Callable[..., None]]:
    return {function.__spool__: function for _, module in modules(house, "spools") for function in marked(module, "__spool__")}


def _schedule(house: ModuleType) -> list[Scheduled]:
    return [one for _, module in modules(house, "runs") for one in getattr(module, "SCHEDULE", ())]


def _check_named_topics(registry: Registry, house: ModuleType) -> None:
    """A misspelled topic in `runs.py` or `due.py` fails at the start, not at its hour."""
    for name in [one.topic for one in _schedule(house)] + [one.topic for _, module in modules(house, "due") for one in module.DUE]:
        if name is not None:
            registry.find(name)


def _register_bodies(durable: Durable, box: Container, dispatcher: Dispatcher, house: ModuleType) -> None:
    """Every kind of run: one topic, and whatever a domain's `runs.py` declares in BODIES."""

    def one_topic(steps: Steps, payload: dict[str, Any]) -> dict[str, Any]:
        name, key, day = payload["topic"], payload["key"], payload.get("run_date")
        run_date = None if day is None else date.fromisoformat(day)
        call = Call(name, key, f"{name}/{key}", "machine", run_date, approval_id=payload.get("approval_id"))
        return steps.run(name, lambda: dispatcher.call(call, payload["payload"]).outcome())

    durable.register("topic", one_topic)
    for _, module in modules(house, "runs"):
        for name, body in getattr(module, "BODIES", {}).items():
            durable.register(name, lambda steps, payload, body=body: box.child(steps).fill(body, payload=payload))  # type: ignore[misc]


def refuse_unready_live(app: App) -> None:
    """Live mode starts nothing that spends or speaks before its owner set ceilings."""
    if app.settings.mode == "live" and not app.settings.caps:
        raise BadInput("live mode needs send ceilings: set REVENUE_CAPS__<CHANNEL>__PER_DAY", field="REVENUE_CAPS")
