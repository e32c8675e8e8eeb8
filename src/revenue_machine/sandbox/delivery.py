"""Webhooks on their way to the product: signed when sent, tried again as their vendors do, disturbed on demand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from revenue_machine.kit.clock import iso
from revenue_machine.kit.rng import rng
from revenue_machine.sandbox import faults
from revenue_machine.sandbox.frontdoor import ClosedDoor, FrontDoor
from revenue_machine.sandbox.vendors import Outside

# Minutes until the next try. RevenueCat documents these five; the others back off over one to three days.
_RETRIES_MINUTES = {"revenuecat": (5, 10, 20, 40, 80), "stripe": (5, 60, 180, 360, 720, 1440, 1440)}
_ONLY_200 = ("revenuecat",)
_USUAL_RETRIES_MINUTES = (1, 5, 30, 120, 300, 600, 840)


@dataclass(frozen=True)
class _Waiting:
    place: int
    service: str
    key: str
    body: bytes
    attempts: int


@dataclass(frozen=True)
class Delivery:
    """One round of the postman."""

    outside: Outside
    door: FrontDoor
    seed: int

    def deliver(self) -> int:
        """Try every due webhook once; how many were accepted. Without a product nobody has subscribed to any."""
        if isinstance(self.door, ClosedDoor):
            return 0
        waiting = self._order(self._waiting())
        return sum(self._bring(hook) for hook in waiting)

    def _waiting(self) -> list[_Waiting]:
        rows = self.outside.store.run(
            "select place, service, key, body, attempts from hooks "
            "where delivered_at is null and given_up_at is null and due_at <= ? order by due_at, place",
            iso(self.outside.store.now()),
        )
        return [_Waiting(place, service, key, bytes(body), attempts) for place, service, key, body, attempts in rows]

    def _order(self, waiting: list[_Waiting]) -> list[_Waiting]:
        """As due; each service that stands under a shuffle fault is dealt anew within its own places."""
        dealt = list(waiting)
        for service in sorted({hook.service for hook in waiting}):
            places = [index for index, hook in enumerate(dealt) if hook.service == service]
            if len(places) < 2 or not self._meets("shuffle", service):
                continue
            mixed = [dealt[index] for index in places]
            rng(self.seed, "hooks.shuffle", service, mixed[0].key).shuffle(mixed)
            for index, hook in zip(places, mixed, strict=True):
                dealt[index] = hook
        return dealt

    def _meets(self, kind: str, service: str) -> bool:
        return faults.take(self.outside.store, service, f"/hooks/{service}", (kind,)) is not None

    def _bring(self, hook: _Waiting) -> bool:
        accepted = self._send(hook)
        if accepted and self._meets("duplicate", hook.service):
            self._send(hook)
        store, now = self.outside.store, self.outside.store.now()
        if accepted:
            store.run("update hooks set delivered_at = ?, attempts = attempts + 1 where place = ?", iso(now), hook.place)
            return True
        again = _next_try(hook, now)
        if again is None:
            store.run("update hooks set given_up_at = ?, attempts = attempts + 1 where place = ?", iso(now), hook.place)
        else:
            store.run("update hooks set due_at = ?, attempts = attempts + 1 where place = ?", iso(again), hook.place)
        return False

    def _send(self, hook: _Waiting) -> bool:
        fake: Any = self.outside.vendors[hook.service].fake
        signed = fake.hook_headers(self.outside.state(hook.service), hook.key, hook.body)
        headers = {"content-type": "application/json", **signed}
        status = self.door.request("POST", f"/hooks/{hook.service}", headers, hook.body).status
        return status == 200 or (hook.service not in _ONLY_200 and 200 < status < 300)


def _next_try(hook: _Waiting, now: datetime) -> datetime | None:
    retries = _RETRIES_MINUTES.get(hook.service, _USUAL_RETRIES_MINUTES)
    return now + timedelta(minutes=retries[hook.attempts]) if hook.attempts < len(retries) else None
