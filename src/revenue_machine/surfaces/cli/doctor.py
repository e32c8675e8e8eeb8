"""`revenue doctor`: what is configured, reachable, missing, and what works without it."""

from __future__ import annotations

import argparse
import difflib
import os
import shutil
from pathlib import Path
from typing import Any

from revenue_machine.app import App, manifests
from revenue_machine.surfaces.cli.opening import opened, settings_from_environment
from revenue_machine.surfaces.cli.running import say

# What is optional on the machine, and what it is for.
EXTRAS = (
    ("chromium", ("chromium", "chromium-browser"), "browser tests of the dashboard: apt-get install chromium"),
    ("ffmpeg", ("ffmpeg",), "video: apt-get install ffmpeg"),
    ("node", ("node",), "the Remotion renderer"),
)
_PLAIN = {"HOME", "DATABASE_URL", "MODE", "PUBLIC_URL", "TIMEZONE", "CLOCK", "LOG", "SEED", "CONFIG", "SHARED"}


def doctor(args: argparse.Namespace) -> int:
    """Look at everything once and say it in lines; exit 0 when the machine can run."""
    settings = settings_from_environment()
    with opened(settings) as home:
        data: dict[str, Any] = {
            "mode": settings.mode,
            "services": [_service(home.app, name) for name in home.app.clients.services()],
            "machine": [_extra(*extra) for extra in EXTRAS] + [_postgres()],
            "mail": _mail(home.app),
            "settings": _odd_names(home.app),
            "secrets": _exposed_files(),
        }
    say(args, data, "\n".join(_lines(data)))
    return 0


def _service(app: App, name: str) -> dict[str, Any]:
    manifest = app.clients.manifest(name)
    reason = app.clients.why_not(name)
    state = "missing" if reason else ("sandbox" if not app.settings.service(name).is_live else "configured")
    return {"service": name, "state": state, "reason": reason, "unlocks": manifest.unlocks, "get_key": manifest.get_key}


def _mail(app: App) -> list[str]:
    """Whether mail of a sequence could go out, and what the sender's domain still lacks."""
    answer = app.call("email.status").as_dict()
    if not answer["ok"]:
        return [f"mail cannot be checked: {answer['error']['message']}"]
    found, sender = answer["result"], answer["result"]["sender"]
    words = {True: "stands", False: "missing", None: "not asked"}
    records = ", ".join(f"{name.upper()} {words[sender[name]]}" for name in ("spf", "dkim", "dmarc"))
    if found["provider"] is None:
        return [f"no mail of a sequence goes out: {found['reason']}"]
    state = "ready" if found["ready"] else f"held: {found['paused'] or found['reason']}"
    return [f"{state}; {found['provider']}, {sender['domain'] or 'no sender'}: {records}; {found['per_day']} a day"]


def _extra(name: str, commands: tuple[str, ...], use: str) -> dict[str, Any]:
    return {"name": name, "found": any(shutil.which(command) for command in commands), "use": use}


def _postgres() -> dict[str, Any]:
    found = any(Path("/usr/lib/postgresql").glob("*/bin/postgres")) or shutil.which("postgres") is not None
    return {"name": "postgresql", "found": found, "use": "more than one machine, and the PostgreSQL half of the tests"}


def _odd_names(app: App) -> list[str]:
    """Environment variables that look like ours and mean nothing."""
    groups = {"BUDGET", "CAPS", *(name.upper() for name in manifests())}
    odd = []
    for name in sorted(os.environ):
        if not name.startswith("REVENUE_"):
            continue
        head = name.removeprefix("REVENUE_").removesuffix("_FILE").split("__")[0]
        if head not in groups and head not in _PLAIN:
            near = difflib.get_close_matches(head, [*groups, *_PLAIN], n=1)
            odd.append(f"{name} is not known{f'; did you mean REVENUE_{near[0]}?' if near else ''}")
    return odd


def _exposed_files() -> list[str]:
    """Secret files anybody on the machine can read."""
    places = [Path(text) for name, text in sorted(os.environ.items()) if name.startswith("REVENUE_") and name.endswith("_FILE")]
    return [
        f"{place} is readable by everybody: chmod 600 {place}"
        for place in places
        if place.is_file() and place.stat().st_mode & 0o044
    ]


def _lines(data: dict[str, Any]) -> list[str]:
    lines = [f"mode {data['mode']}", "", "services"]
    lines += [f"  {one['service']:16} {one['state']:11} {one['reason'] or one['unlocks']}" for one in data["services"]]
    lines += ["", "machine"]
    lines += [f"  {one['name']:16} {'found' if one['found'] else 'not found':11} {one['use']}" for one in data["machine"]]
    lines += ["", "mail", *(f"  {line}" for line in data["mail"])]
    warnings = [*data["settings"], *data["secrets"]]
    return [*lines, "", *(warnings or ["nothing odd in the settings"])]
