"""Says whether the house is alive: its database, this worker, and every outside service that is set up."""

from __future__ import annotations

from collections.abc import Callable

from revenue_machine.domains.system.models import Check, Heartbeat
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.workers import Slot
from revenue_machine.kit.errors import Failure, NotConfigured, OutsideUnavailable


class HouseDown(OutsideUnavailable):
    """Something the house cannot work without is down."""

    retryable = False


def beat(slot: Slot, clients: Clients) -> Heartbeat:
    """Check everything once.

    Raises: outside_unavailable with every check in it when a critical one is down.
    """
    checks = (_database(slot), _worker(slot), *(_service(name, clients) for name in clients.services()))
    down = [one for one in checks if one.status == "down"]
    critical = [f"{one.name}: {one.detail}" for one in down if one.is_critical]
    if critical:
        raise HouseDown("; ".join(critical), checks=[one.model_dump() for one in checks])
    return Heartbeat(ok=True, is_degraded=bool(down), checks=checks)


def _database(slot: Slot) -> Check:
    """The worker's own beat is the write that proves the database takes writes."""
    try:
        slot.beat()
    except Failure as failure:
        return Check(name="database", status="down", is_critical=True, detail=failure.message)
    return Check(name="database", status="ok", is_critical=True, detail="a write was kept")


def _worker(slot: Slot) -> Check:
    if slot.is_held():
        return Check(name="worker", status="ok", is_critical=True, detail="this process holds its slot")
    return Check(name="worker", status="down", is_critical=True, detail=f"{slot.name} is no longer held by this process")


def _service(name: str, clients: Clients) -> Check:
    """A service with a `ping` is asked; of the others it is only known that they are set up."""
    try:
        ping: Callable[[], object] | None = getattr(clients.of(name), "ping", None)
        if ping is None:
            return Check(name=name, status="ok", detail="configured")
        ping()
    except NotConfigured as failure:
        return Check(name=name, status="not_configured", detail=failure.message)
    except Failure as failure:
        return Check(name=name, status="down", detail=f"{failure.code}: {failure.message}")
    return Check(name=name, status="ok", detail="answered")
