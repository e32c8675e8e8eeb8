"""The settings an owner may set, in words; a field of `kit.settings.Settings` without a sentence here fails the docs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

_MODE = (
    "`sandbox`: every service is its fake, whatever keys are set. `live`: the real ones; refuses to start what spends or speaks "
    "without caps. A database keeps the mode it was made in"
)
# Name of the variable, its default as text, what it means (INTERFACE §2).
MACHINE: dict[str, tuple[str, str, str]] = {
    "home": ("REVENUE_HOME", "./.revenue", "folder of all state, created for the owner alone"),
    "database_url": (
        "REVENUE_DATABASE_URL",
        "sqlite:///$REVENUE_HOME/revenue.db",
        "`postgresql+psycopg://…` for many machines on one database",
    ),
    "mode": ("REVENUE_MODE", "sandbox", _MODE),
    "public_url": ("REVENUE_PUBLIC_URL", "", "https base of tracking links, unsubscribe links and webhooks"),
    "timezone": ("REVENUE_TIMEZONE", "UTC", "IANA zone of the owner: routines, budgets and reports follow its calendar"),
    "clock": (
        "REVENUE_CLOCK",
        "",
        "ISO time with zone, or `@path` to a file holding one; refused beside a live credential that reaches people or money",
    ),
    "log": ("REVENUE_LOG", "json", "`json` or `pretty`; logs go to stderr, data to stdout"),
    "seed": ("REVENUE_SEED", "7", "every draw of the sandbox and of the machine's own choices follows from it"),
    "config_path": (
        "REVENUE_CONFIG",
        "revenue.toml",
        "TOML file of products, niches, channels and settings; the environment wins over it",
    ),
    "budget": ("", "", ""),
    "caps": ("", "", ""),
    "lift": ("", "", ""),
    "services": ("", "", ""),
}
BUDGET = {
    "day_usd": "dollars of AI a local day; non-critical work stops at 100 %, everything paid at 120 %",
    "month_usd": "dollars of AI a local month; a hard stop",
    "run_usd": "dollars of AI a single run",
    "alert_threshold_pct": "share of a budget at which one warning is sent",
}
CAP = {
    "per_day": "sends on this channel a local day; lowers the built-in ceiling, never passes it",
    "per_week": "sends on this channel in any seven days",
}
LIFT = {
    "switchback_share": "chance that a network stays silent for a local day, by lot, so that its effect can be measured; 0: never",
    "mail_hold_out_share": "share of people in a marketing sequence who get none of its mails, so that its effect can be measured",
}
SERVICE = {
    "api_key": "credential; unset = this service is not configured, and nothing else minds",
    "base_url": "another address; in sandbox mode obeyed only on loopback",
    "webhook_secret": "what its webhooks are verified with",
    "webhook_secret_old": "the one before, while it is being rotated",
    "webhook_signing_secret": "where a vendor sends a shared header and a signature as well (RevenueCat): the signature's secret",
}


def _rows() -> list[tuple[str, str, str]]:
    """(variable, default, sentence) of everything but the services; fails for a field nobody described."""
    from revenue_machine.kit.settings import Budget, Cap, Lift, ServiceSettings, Settings

    described: list[tuple[type[BaseModel], set[str]]] = [
        (Settings, set(MACHINE)),
        (Budget, set(BUDGET)),
        (Cap, set(CAP)),
        (Lift, set(LIFT)),
        (ServiceSettings, set(SERVICE)),
    ]
    for model, names in described:
        if set(model.model_fields) != names:
            raise KeyError(f"{model.__name__} and tools/docs_settings.py differ: {set(model.model_fields) ^ names}")
    rows = [row for row in MACHINE.values() if row[0]]
    rows += [(f"REVENUE_BUDGET__{name.upper()}", str(Budget.model_fields[name].default), text) for name, text in BUDGET.items()]
    rows += [(f"REVENUE_CAPS__<CHANNEL>__{name.upper()}", "", text) for name, text in CAP.items()]
    rows += [(f"REVENUE_LIFT__{name.upper()}", str(Lift.model_fields[name].default), text) for name, text in LIFT.items()]
    return rows


def own_settings(manifest: Any) -> list[str]:
    """Names of a service's own settings, its webhook secret included where it sends webhooks."""
    from revenue_machine import integrations

    hook = Path(integrations.__path__[0]) / manifest.service / "hook.py"
    names = [*manifest.needs, *manifest.options, *(["webhook_secret"] if hook.is_file() else [])]
    return list(dict.fromkeys(names))


def settings_page(manifests: Mapping[str, Any], table: Callable[..., str]) -> str:
    """Every variable with its default and meaning."""
    rows = [(f"`{name}`", f"`{default}`" if default else "", text) for name, default, text in _rows()]
    rows += [(f"`REVENUE_<SERVICE>__{name.upper()}`", "", text) for name, text in SERVICE.items()]
    services = [
        (
            f"`{one.service}`",
            one.name,
            ", ".join(f"`REVENUE_{one.service.upper()}__{name.upper()}`" for name in own_settings(one)),
        )
        for one in manifests.values()
    ]
    return (
        "The environment wins over `revenue.toml`, which wins over the defaults. Each has a twin ending `_FILE` that names "
        f"a file to read the value from.\n\n{table(('Variable', 'Default', 'Meaning'), rows)}\n## Services\n\n"
        f"{table(('Service', 'Name', 'Own settings'), services)}"
    )


def env_example(manifests: Mapping[str, Any]) -> str:
    """Every variable as a comment to uncomment."""
    lines = [
        "# Written by tools/docs.py. Without any of it the sandbox runs.",
        "# Copy to .env, uncomment what you need, load it: set -a; . ./.env; set +a",
        "",
    ]
    for name, default, text in _rows():
        lines += [f"# {text.replace('`', '')}", f"# {name.replace('<CHANNEL>', 'LINKEDIN')}={default}", ""]
    for one in manifests.values():
        lines += [f"# --- {one.name}: {one.unlocks}", f"# How to get a key: {one.get_key}"]
        lines += [f"# REVENUE_{one.service.upper()}__{name.upper()}=" for name in own_settings(one)]
        lines.append("")
    return "\n".join(lines)
