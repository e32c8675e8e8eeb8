"""What the owner set: environment first, then one TOML file, then defaults (INTERFACE §2)."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from revenue_machine.kit.clock import zone_named
from revenue_machine.kit.errors import BadInput

SANDBOX_KEY = "sk_sandbox_"


class Frozen(BaseModel):
    """Settings never change after they were read; an unknown name is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ServiceSettings(BaseModel):
    """Credential, address and further options of one outside service."""

    model_config = ConfigDict(frozen=True, extra="allow")

    api_key: SecretStr | None = None
    base_url: str | None = None
    webhook_secret: SecretStr | None = None
    webhook_secret_old: SecretStr | None = None
    webhook_signing_secret: SecretStr | None = None

    @property
    def is_live(self) -> bool:
        """A credential counts as live unless it is a sandbox one."""
        return self.api_key is not None and not self.api_key.get_secret_value().startswith(SANDBOX_KEY)

    @property
    def is_loopback(self) -> bool:
        return self.base_url is not None and is_loopback(self.base_url)

    def option(self, name: str) -> str | None:
        """A further setting, `REVENUE_TELEGRAM__CHAT_ID` as `chat_id`."""
        value = (self.model_extra or {}).get(name)
        return None if value is None else str(value)


class Budget(Frozen):
    """AI budgets in dollars; DECISIONS: $15 a day, $400 a month, $2 a run."""

    day_usd: Decimal = Decimal(15)
    month_usd: Decimal = Decimal(400)
    run_usd: Decimal = Decimal(2)
    alert_threshold_pct: int = Field(default=80, ge=1, le=100)


class Cap(Frozen):
    """Send ceilings of one channel; a setting can lower, never pass, the built-in clamp."""

    per_day: int | None = Field(default=None, ge=0)
    per_week: int | None = Field(default=None, ge=0)


class Lift(Frozen):
    """What is left undone by lot, so that what the rest causes can be told: shares 0 to 0.5, 0 measures nothing."""

    switchback_share: float = Field(default=0.10, ge=0, le=0.5)
    mail_hold_out_share: float = Field(default=0.10, ge=0, le=0.5)


class Settings(Frozen):
    """Everything the process needs to know before it starts; read once."""

    home: Path
    database_url: str
    mode: Literal["sandbox", "live"] = "sandbox"
    public_url: str | None = None
    timezone: str = "UTC"
    clock: str | None = None
    log: Literal["json", "pretty"] = "json"
    seed: int = 7
    config_path: Path | None = None
    budget: Budget = Budget()
    caps: dict[str, Cap] = {}
    lift: Lift = Lift()
    services: dict[str, ServiceSettings] = {}

    @property
    def zone(self) -> ZoneInfo:
        return zone_named(self.timezone)

    def service(self, name: str) -> ServiceSettings:
        return self.services.get(name, ServiceSettings())


_PLAIN = ("home", "database_url", "mode", "public_url", "timezone", "clock", "log", "seed")
_OWN_GROUPS = ("budget", "caps", "lift")
_DATABASES = ("sqlite:///", "postgresql+psycopg://")


def load(env: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment and the file it names; every mistake names its setting."""
    env = os.environ if env is None else env
    path = config_path(env)
    values = _from_file(path)
    for name, text in sorted(env.items()):
        if name.startswith("REVENUE_"):
            _place(values, name, text)
    home = Path(values.get("home") or ".revenue").absolute()
    values["home"] = home
    values.setdefault("database_url", f"sqlite:///{home}/revenue.db")
    values["config_path"] = path
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise _first_mistake(error) from None
    zone_named(settings.timezone)
    if not settings.database_url.startswith(_DATABASES):
        raise BadInput(f"a database URL starts {' or '.join(_DATABASES)}", field="REVENUE_DATABASE_URL")
    return settings


def config_path(env: Mapping[str, str]) -> Path | None:
    """`REVENUE_CONFIG`, else `revenue.toml` here or in the home, else none."""
    named = env.get("REVENUE_CONFIG")
    if named:
        if not Path(named).is_file():
            raise BadInput(f"there is no file {named}", field="REVENUE_CONFIG")
        return Path(named)
    places = (Path("revenue.toml"), Path(env.get("REVENUE_HOME") or ".revenue") / "revenue.toml")
    return next((place for place in places if place.is_file()), None)


def _from_file(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: {error}", field="REVENUE_CONFIG") from None
    machine = _section(path, table, "machine")
    values = {key: machine[key] for key in _PLAIN if key in machine}
    for group in _OWN_GROUPS:
        if group in table:
            values[group] = _section(path, table, group)
    for channel in values.get("caps", {}):
        _section(path, values["caps"], channel)
    services = _section(path, table, "services")
    values["services"] = {name: dict(_section(path, services, name)) for name in services}
    return values


def _section(path: Path, table: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = table.get(name, {})
    if not isinstance(found, dict):
        raise BadInput(f"{path}: {name} is a section with settings of its own", field="REVENUE_CONFIG")
    return found


def _place(values: dict[str, Any], name: str, text: str) -> None:
    """Put one environment variable where it belongs; `_FILE` twins are read from disk."""
    if name.endswith("_FILE"):
        name, text = name.removesuffix("_FILE"), _secret_file(name, text)
    path = name.removeprefix("REVENUE_").lower().split("__")
    if len(path) == 1:
        if path[0] in _PLAIN:
            values[path[0]] = text
    elif path[0] in _OWN_GROUPS:
        _place_limit(values, name, path, text)
    elif len(path) == 2:
        values.setdefault("services", {}).setdefault(path[0], {})[path[1]] = text


def _place_limit(values: dict[str, Any], name: str, path: list[str], text: str) -> None:
    """A budget or a send ceiling; a name that sets none is refused, for somebody counts on it."""
    if path[0] in ("budget", "lift") and len(path) == 2:
        values[path[0]] = {**values.get(path[0], {}), path[1]: text}
    elif path[0] == "caps" and len(path) == 3:
        caps = {channel: dict(cap) for channel, cap in values.get("caps", {}).items()}
        caps.setdefault(path[1], {})[path[2]] = text
        values["caps"] = caps
    else:
        raise BadInput(
            "write REVENUE_BUDGET__DAY_USD, REVENUE_LIFT__SWITCHBACK_SHARE or REVENUE_CAPS__<CHANNEL>__PER_DAY", field=name
        )


def _secret_file(name: str, place: str) -> str:
    try:
        return Path(place).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"the file {place} cannot be read: {error}", field=name) from None


def _first_mistake(error: ValidationError) -> BadInput:
    mistake = error.errors(include_input=False)[0]
    parts = [str(part) for part in mistake["loc"]]
    if parts and parts[0] == "services":
        parts = parts[1:]
    return BadInput(mistake["msg"], field="REVENUE_" + "__".join(parts).upper())


def is_loopback(url: str) -> bool:
    """Whether a base URL stays on this machine."""
    from ipaddress import ip_address
    from urllib.parse import urlsplit

    try:
        host = (urlsplit(url).hostname or "").lower()
        # Only an address can be told by its look: 127.0.0.1.example.com is somebody else's machine.
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def sandbox_key(service: str) -> str:
    """The credential every fake accepts."""
    return SANDBOX_KEY + service


def sandbox_webhook_secret(service: str) -> str:
    """The signing secret the fake of a service and the sandboxed product share."""
    import base64

    return "whsec_" + base64.b64encode(f"sandbox-{service}".encode().ljust(24, b"-")).decode()
