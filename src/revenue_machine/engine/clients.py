"""The outside services as a domain may ask for them: required, or only if they are set up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from revenue_machine.kit.errors import NotConfigured
from revenue_machine.kit.service import Manifest, ServiceClient, ServiceLink

C = TypeVar("C", bound=ServiceClient)


class Clients:
    """Makes each client once, on first use."""

    def __init__(self, kinds: Mapping[str, type[ServiceClient]], link: Callable[[str], ServiceLink]) -> None:
        self._kinds, self._link = dict(kinds), link
        self._made: dict[str, ServiceClient] = {}

    def get(self, kind: type[C]) -> C:
        """The client; `not_configured` naming the missing variable when its service is not set up."""
        made: Any = self._made.get(kind.service)
        if made is None:
            made = kind(self._link(kind.service))
            self._made[kind.service] = made
        return made  # type: ignore[no-any-return]

    def of(self, service: str) -> ServiceClient:
        """The client of a service by its name; `not_configured` when it is not set up."""
        return self.get(self._kinds[service])

    def maybe(self, kind: type[C]) -> C | None:
        """The client, or None when its service is not set up."""
        try:
            return self.get(kind)
        except NotConfigured:
            return None

    def services(self) -> list[str]:
        """Every service there is a client for, by name."""
        return sorted(self._kinds)

    def manifest(self, service: str) -> Manifest:
        return self._link(service).manifest

    def why_not(self, service: str) -> str | None:
        """What is missing before this service can be used; None when nothing is."""
        try:
            self.get(self._kinds[service])
        except NotConfigured as failure:
            return failure.message
        return None
