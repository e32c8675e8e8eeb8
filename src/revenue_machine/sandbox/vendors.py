"""The fakes as found on disk, and the one way any request reaches them: fault, act, journal."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from urllib.parse import urlencode, urlsplit

from revenue_machine import integrations
from revenue_machine.kit.clock import iso
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, answer_json
from revenue_machine.kit.service import Manifest, read_manifest
from revenue_machine.sandbox import faults
from revenue_machine.sandbox.store import ServiceState, WorldStore


@dataclass(frozen=True)
class Vendor:
    """One outside service and its pretend twin."""

    manifest: Manifest
    fake: ModuleType


class DroppedAnswer(Exception):
    """The vendor acted (or not) and the connection broke before an answer came."""


class SlowAnswer(DroppedAnswer):
    """The vendor acted, but its answer comes later than anybody without patience waits."""

    def __init__(self, response: FakeResponse) -> None:
        super().__init__("the answer is late")
        self.response = response


class RefusedConnection(Exception):
    """Nobody listens there: the request never arrived."""


def discover() -> dict[str, Vendor]:
    """Every integration that has a `fake.py`, by service name."""
    found: dict[str, Vendor] = {}
    for module in pkgutil.iter_modules(integrations.__path__):
        folder = Path(integrations.__path__[0]) / module.name
        if (folder / "fake.py").is_file():
            manifest = read_manifest(folder)
            found[manifest.service] = Vendor(manifest, importlib.import_module(f"{integrations.__name__}.{module.name}.fake"))
    return found


class Outside:
    """The whole outside world behind one function."""

    def __init__(self, store: WorldStore, seed: int) -> None:
        self.store = store
        self.seed = seed
        self.vendors = discover()
        self._states = {name: ServiceState(store, name, seed) for name in self.vendors}
        self._by_host = {host: name for name, vendor in self.vendors.items() for host in vendor.manifest.hosts}

    def state(self, service: str) -> ServiceState:
        return self._states[service]

    def service_at(self, host: str) -> str | None:
        """The service that owns a host name, or None for an unknown host."""
        return self._by_host.get(host)

    def ask(self, service: str, request: FakeRequest) -> FakeResponse:
        """Let a fake answer, after whatever fault stands against it; the journal has every request."""
        with self.store.together():
            fault = faults.take(self.store, service, request.path)
            if fault is not None and fault in _REFUSALS:
                response = _REFUSALS[fault]
            elif fault == "down":
                response = FakeResponse(0, acted=False)
            else:
                response = self._act(service, request)
            self._journal(service, request, response)
        if fault == "down":
            raise RefusedConnection
        if fault == "act_then_drop":
            raise DroppedAnswer
        if fault == "slow":
            raise SlowAnswer(response)
        if fault == "torn":
            return FakeResponse(response.status, response.body[: len(response.body) // 2], response.headers, response.acted)
        return response

    def _act(self, service: str, request: FakeRequest) -> FakeResponse:
        response: FakeResponse = self.vendors[service].fake.respond(self._states[service], request)
        return response

    def _journal(self, service: str, request: FakeRequest, response: FakeResponse) -> None:
        self.store.run(
            "insert into journal (at, service, method, path, query, idempotency_key, request, status, answer, acted) "
            "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            iso(self.store.now()), service, request.method, request.path, urlencode(request.query),
            request.headers.get("idempotency-key"),
            request.body.decode("utf-8", "replace"), response.status, response.body.decode("utf-8", "replace"), int(response.acted),
        )  # fmt: skip

    def add_fault(self, service: str, match: str, kind: str, count: int) -> None:
        """Stand a fault against a service: the next `count` requests whose path contains `match` meet it."""
        faults.stand(self.store, faults.Fault(service, match, kind, count))


def strip_root(manifest: Manifest, path: str) -> str:
    """The path below the vendor's base URL (`/v2/posts` at Blotato is `/posts`)."""
    root = urlsplit(manifest.base_url).path.rstrip("/")
    below = path.removeprefix(root) if path == root or path.startswith(root + "/") else path
    return below or "/"


_REFUSALS: Mapping[str, FakeResponse] = {
    "429": answer_json(429, {"error": {"type": "rate_limit_error", "message": "slow down"}}, {"retry-after": "1"}),
    "500": answer_json(500, {"error": {"type": "api_error", "message": "something broke"}}),
}
