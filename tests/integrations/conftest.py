"""The small cast of every integration's tests: a world at a fixed hour, and clients that live in it or hear canned answers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import httpx2
import pytest

from revenue_machine import integrations
from revenue_machine.kit.clock import PushedClock
from revenue_machine.kit.service import Exchange, ServiceClient, ServiceLink, read_manifest
from revenue_machine.kit.settings import ServiceSettings, sandbox_key, sandbox_webhook_secret
from revenue_machine.sandbox.store import WorldStore
from revenue_machine.sandbox.transport import SandboxTransport
from revenue_machine.sandbox.vendors import Outside

C = TypeVar("C", bound=ServiceClient)
START = datetime(2026, 11, 22, 6, tzinfo=UTC)
MakeClient = Callable[..., C]


def build_client(kind: type[C], transport: httpx2.BaseTransport, record: Callable[[Exchange], None], **options: str) -> C:
    """A client of a service over any transport; `options` are further settings (and may replace the api_key)."""
    folder = Path(integrations.__path__[0]) / kind.service
    settings = {"api_key": sandbox_key(kind.service), "webhook_secret": sandbox_webhook_secret(kind.service), **options}
    link = ServiceLink(
        manifest=read_manifest(folder),
        settings=ServiceSettings.model_validate(settings),
        http=httpx2.Client(transport=transport),
        clock=PushedClock(START),
        record=record,
    )
    return kind(link)


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    """All fakes in a world that stands at START."""
    store = WorldStore(tmp_path / "world.db")
    store.move_to(START)
    yield Outside(store, 7)
    store.close()


@pytest.fixture
def exchanges() -> list[Exchange]:
    """What the clients of this test recorded."""
    return []


@pytest.fixture
def client_of(outside: Outside, exchanges: list[Exchange]) -> MakeClient[ServiceClient]:
    """`client_of(StripeClient)`: a client that speaks to the fake through the sandbox transport."""
    return lambda kind, **options: build_client(kind, SandboxTransport(outside), exchanges.append, **options)


@pytest.fixture
def client_hearing(exchanges: list[Exchange]) -> MakeClient[ServiceClient]:
    """`client_hearing(StripeClient, answer)`: a client whose every request `answer(request)` answers."""
    return lambda kind, answer, **options: build_client(kind, httpx2.MockTransport(answer), exchanges.append, **options)


@pytest.fixture
def shared() -> Path:
    """The shared ground with published contracts; skips where it is absent."""
    place = Path(os.environ.get("REVENUE_SHARED", str(Path(__file__).resolve().parents[3] / "shared")))
    if not place.is_dir():
        pytest.skip("REVENUE_SHARED names no folder with published contracts")
    return place


@pytest.fixture
def own() -> Callable[[str, str], bytes]:
    """`own("stripe", "customer.json")`: a payload of `integrations/stripe/fixtures/`."""
    return lambda service, name: (Path(integrations.__path__[0]) / service / "fixtures" / name).read_bytes()
