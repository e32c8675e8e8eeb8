"""One of several processes that ask a withheld model at once."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anthropic  # noqa: F401 - imported once, in the process the others are forked from
import httpx2

from revenue_machine.kit.errors import Failure
from tests.domains.money_house import desk_of, job_holding, message, open_house

PATIENCE_S = 240.0


def note(path: Path, line: str) -> None:
    """Append one line in one write, so that lines of several processes never mix."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(handle, f"{line}\n".encode())
    os.close(handle)


def ask_at_once(home: Path, url: str, number: int, calls: int) -> None:
    """Ask `calls` times at once; the vendor journals each request and withholds its answer until `release` stands."""

    def answer(_request: httpx2.Request) -> httpx2.Response:
        note(home / "sent", f"{number} sent")
        deadline = time.monotonic() + PATIENCE_S
        while not (home / "release").exists():
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(0.02)
        return httpx2.Response(200, json=message('{"say":"yes"}'))

    app = open_house(home, answer, REVENUE_DATABASE_URL=url, REVENUE_BUDGET__DAY_USD="1")
    start = threading.Barrier(calls)

    def ask(call: int) -> None:
        key = f"{number}/{call}"
        desk, job = desk_of(app, key, f"run/{key}"), job_holding("draft", 50_000)
        start.wait()
        try:
            desk.ask(job)
            note(home / "outcomes", f"{number} ok")
        except Failure as failure:
            note(home / "outcomes", f"{number} {failure.code} {failure.message}")

    with ThreadPoolExecutor(calls) as pool:
        list(pool.map(ask, range(calls)))
    app.close()
