"""How much one place on the net may ask of the redirector in a minute, and when its new faces are no people; nothing is stored."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from revenue_machine.kit.clock import machine_s

MOST_REQUESTS = 3_000
MOST_NEW_VISITORS = 120
MOST_PLACES = 50_000
MINUTE_S = 60.0


class Traffic:
    """Counts by place, a minute at a time; whoever stands behind a proxy of ours or on this machine is not counted."""

    def __init__(self) -> None:
        self._until_s = 0.0
        self._requests: dict[str, int] = {}
        self._newcomers: dict[str, int] = {}

    def is_admitted(self, host: str | None) -> bool:
        """Whether this place may ask once more."""
        place = None if host is None else place_of(host)
        if place is None:
            return True
        now_s = machine_s()
        if now_s >= self._until_s or len(self._requests) >= MOST_PLACES:
            self._until_s, self._requests, self._newcomers = now_s + MINUTE_S, {}, {}
        count = self._requests[place] = self._requests.get(place, 0) + 1
        return count <= MOST_REQUESTS

    def is_flood(self, host: str | None) -> bool:
        """Note a new face from a place; whether there were too many of them this minute."""
        place = None if host is None else place_of(host)
        if place is None:
            return False
        count = self._newcomers[place] = self._newcomers.get(place, 0) + 1
        return count > MOST_NEW_VISITORS


@lru_cache(maxsize=4096)
def place_of(host: str) -> str | None:
    """An IPv4 address, or the /64 an IPv6 one belongs to; None for an address that is not on the public net."""
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if address.is_private or address.is_loopback:
        return None
    return address.packed[:8].hex() if isinstance(address, IPv6Address) else host
