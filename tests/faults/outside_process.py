"""The pretend outside world as a process of its own, and the few questions a kill test asks it."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from revenue_machine.__main__ import main as revenue
from revenue_machine.app import manifests
from tests.faults.forked import Forked, start

START = "2026-11-22T00:00:00+00:00"
RUN_DATE = "2026-11-22"


@dataclass(frozen=True)
class Outside:
    """A running `revenue sandbox serve` over one home."""

    url: str
    home: Path

    def environment(self, database_url: str | None = None) -> dict[str, str]:
        """What a product process needs to live with these fakes and on their clock."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("REVENUE_")}
        own |= {"REVENUE_HOME": str(self.home), "REVENUE_CLOCK": f"@{self.home}/clock", "REVENUE_TELEGRAM__CHAT_ID": "4242"}
        own |= {f"REVENUE_{name.upper()}__BASE_URL": f"{self.url}/{name}" for name in manifests()}
        return own | ({"REVENUE_DATABASE_URL": database_url} if database_url else {})

    def journal(self, service: str) -> list[dict[str, Any]]:
        """Every request a vendor got, in order."""
        with urllib.request.urlopen(f"{self.url}/_journal?service={service}", timeout=30) as answer:
            rows: list[dict[str, Any]] = json.load(answer)
        return rows

    def acted(self, service: str, method: str, path_end: str) -> list[dict[str, Any]]:
        """The requests a vendor acted on."""
        return [row for row in self.journal(service) if row["acted"] and row["method"] == method and row["path"].endswith(path_end)]


@contextmanager
def outside_process(home: Path) -> Iterator[Outside]:
    """Serve the world of a home until the block ends; its clock stands in `home/clock`."""
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "clock").exists():
        (home / "clock").write_text(START, encoding="utf-8")
    port = _free_port()
    own = {name: value for name, value in os.environ.items() if not name.startswith("REVENUE_")}
    words = ("sandbox", "serve", "--port", str(port), "--clock-file", str(home / "clock"))
    server = start(serve, words, {**own, "REVENUE_HOME": str(home)}, home / "outside.log")
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_up(url, server)
        yield Outside(url, home)
    finally:
        server.end()


def serve(*words: str) -> None:
    """`revenue sandbox serve …`, in the process that calls."""
    sys.exit(revenue(words))


def _wait_until_up(url: str, server: Forked) -> None:
    for _ in range(600):
        if server.exit_code is not None:
            raise RuntimeError(f"the sandbox did not come up: {server.said}")
        try:
            urllib.request.urlopen(f"{url}/_health", timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the sandbox did not come up in 60 s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
