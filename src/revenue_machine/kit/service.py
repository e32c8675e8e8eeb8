"""The base of every outside client: one address, one credential, errors mapped once."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import httpx2
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import (
    ContractBroken,
    Failure,
    NotConfigured,
    OutsideAuthFailed,
    OutsideRateLimited,
    OutsideRejected,
    OutsideUnanswered,
    OutsideUnavailable,
    OutsideUnreached,
    first_mistake,
)
from revenue_machine.kit.settings import ServiceSettings

T = TypeVar("T")
TIMEOUT_S = 30.0


class Wire(BaseModel):
    """A payload exactly as the vendor sends it; fields we do not use are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Manifest(BaseModel):
    """What `integrations/<x>/manifest.toml` says of one outside service.

    `hosts` are the names the sandbox answers for, that of `base_url` among them. `needs` are settings it cannot work without,
    `options` those it can; `sandbox_options` are their values where the fake answers. The webhook secret is none of them: it
    follows from a `hook.py`. With `reaches_people_or_money` a pushed clock and a live key exclude one another.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: str
    name: str
    docs_url: str
    base_url: str
    hosts: tuple[str, ...]
    needs: tuple[str, ...] = ("api_key",)
    options: tuple[str, ...] = ()
    sandbox_options: dict[str, str] = {}
    reaches_people_or_money: bool
    unlocks: str
    get_key: str
    limits: str
    can_look_up: bool = True
    has_idempotency_key: bool = False
    exempt: dict[str, str] = {}


def read_manifest(folder: Path) -> Manifest:
    """What an integration's folder says of its service."""
    return Manifest.model_validate(tomllib.loads((folder / "manifest.toml").read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Exchange:
    """One question to the outside and its answer, as recorded for replay."""

    service: str
    method: str
    path: str
    request_text: str
    status: int
    answer_text: str


@dataclass(frozen=True)
class ServiceLink:
    """All a client needs to speak: who, where, with what, and who listens."""

    manifest: Manifest
    settings: ServiceSettings
    http: httpx2.Client
    clock: Clock
    record: Callable[[Exchange], None]

    @property
    def base_url(self) -> str:
        return (self.settings.base_url or self.manifest.base_url).rstrip("/")

    @property
    def api_key(self) -> str:
        if self.settings.api_key is None:
            raise missing(self.manifest, "api_key")
        return self.settings.api_key.get_secret_value()

    def hide(self, text: str) -> str:
        """A text of the vendor's without the secrets of this service, which some vendors repeat in their answers."""
        own = self.settings
        for secret in (own.api_key, own.webhook_secret, own.webhook_secret_old, own.webhook_signing_secret):
            if secret is not None and secret.get_secret_value():
                text = text.replace(secret.get_secret_value(), "<secret>")
        return text

    def need(self, option: str) -> str:
        """A further setting the service cannot work without."""
        value = self.settings.option(option)
        if value is None:
            raise missing(self.manifest, option)
        return value


def missing(manifest: Manifest, option: str) -> NotConfigured:
    """The failure that names the setting somebody has to make."""
    variable = f"REVENUE_{manifest.service.upper()}__{option.upper()}"
    return NotConfigured(f"{manifest.name} is not configured: set {variable} ({manifest.get_key})", field=variable)


class ServiceClient:
    """Subclasses add one method per question; this base sends, decodes and maps errors."""

    service: ClassVar[str]

    def __init__(self, link: ServiceLink) -> None:
        self.link = link
        for option in link.manifest.needs:
            _ = link.api_key if option == "api_key" else link.need(option)

    def auth_headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.link.api_key}"}

    def rejection(self, status: int, payload: Any) -> Failure | None:
        """The vendor's own reading of an error body; None leaves it to the status code."""
        return None

    def get(self, path: str, answer: type[T], query: Mapping[str, Any] | None = None) -> T:
        return self.ask("GET", path, answer, query=query)

    def post(self, path: str, answer: type[T], body: Any, headers: Mapping[str, str] | None = None) -> T:
        return self.ask("POST", path, answer, body=body, headers=headers)

    def ask(
        self,
        method: str,
        path: str,
        answer: type[T],
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> T:
        """Send one request and read its answer into `answer`, or raise the failure it means."""
        params = {key: value for key, value in (query or {}).items() if value is not None} or None
        own = {**self.auth_headers(), **(headers or {})}
        try:
            request = self.link.http.build_request(
                method, self.link.base_url + path, params=params, json=body, headers=own, timeout=TIMEOUT_S
            )
        except httpx2.InvalidURL:
            raise missing(self.link.manifest, "base_url") from None
        response = self._send(request)
        self.link.record(self._exchange(method, path, request, response))
        if response.status_code >= 400:
            failure = self._failure(response)
            raise type(failure)(
                self.link.hide(failure.message), field=failure.field, retry_after_s=failure.retry_after_s, **failure.details
            )
        return self._decode(response, answer)

    def _send(self, request: httpx2.Request) -> httpx2.Response:
        try:
            return self.link.http.send(request)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol) as error:
            raise OutsideUnreached(f"{self.link.manifest.name} cannot be reached ({type(error).__name__})") from None
        except httpx2.RequestError as error:
            raise OutsideUnanswered(f"{self.link.manifest.name} gave no answer ({type(error).__name__})") from None

    def _exchange(self, method: str, path: str, request: httpx2.Request, response: httpx2.Response) -> Exchange:
        sent = request.content.decode("utf-8", "replace") or request.url.query.decode("utf-8", "replace")
        answered = self.link.hide(response.text)
        return Exchange(self.service, method, self.link.hide(path), self.link.hide(sent), response.status_code, answered)

    def _failure(self, response: httpx2.Response) -> Failure:
        name, status = self.link.manifest.name, response.status_code
        payload = _json_or_none(response)
        special = self.rejection(status, payload)
        if special is not None:
            return special
        if status in (401, 403):
            return OutsideAuthFailed(f"{name} does not accept the credential (HTTP {status})")
        if status == 429:
            return OutsideRateLimited(f"{name} asks for fewer calls", retry_after_s=_retry_after_s(response))
        if status >= 500:
            return OutsideUnavailable(f"{name} answered HTTP {status}")
        return OutsideRejected(f"{name} refused the request (HTTP {status}): {response.text[:200]}")

    def _decode(self, response: httpx2.Response, answer: type[T]) -> T:
        try:
            return TypeAdapter(answer).validate_json(response.content)
        except ValidationError as error:
            raise ContractBroken(f"{self.link.manifest.name} answered in an unknown shape: {first_mistake(error)}") from None


def _json_or_none(response: httpx2.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _retry_after_s(response: httpx2.Response) -> float | None:
    text = response.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.replace(".", "", 1).isdigit() else None
