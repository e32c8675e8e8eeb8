"""A product served on loopback over a home with a morning behind it, and a real browser to look at it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest

from revenue_machine.app import App, build, clock_for
from revenue_machine.engine.approvals import Question
from revenue_machine.kit.clock import machine_s, machine_sleep
from revenue_machine.kit.settings import load
from revenue_machine.sandbox.store import WorldStore
from revenue_machine.sandbox.transport import SandboxTransport
from revenue_machine.sandbox.vendors import Outside

NOW = datetime(2026, 11, 2, 6, 45, tzinfo=UTC)
CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
DRAFTS = (
    "Half of your trials leave on day two.\n\nNot because of price: because nobody told them what to do next.",
    "We read 40 churn mails!!  The same sentence was in 31 of them.",
    "Stop guessing which post made the money. Your ledger knows.",
)


@dataclass
class Served:
    """The product at an address, and the same product in this process."""

    url: str
    app: App
    clock_file: Path


@dataclass
class Desk:
    """One person's morning: where the product is, a token that decides, one that only reads, and the cards of this test."""

    url: str
    app: App
    clock_file: Path
    token: str
    reader: str
    number: int
    ids: list[str] = field(default_factory=list)

    def file(self, question: Question) -> str:
        """Put a card into the inbox."""
        with self.app.database.writing() as connection:
            self.ids.append(self.app.approvals.file(connection, question))
        return self.ids[-1]

    def draft(self, place: int, words: str) -> Question:
        """A draft somebody has to look at."""
        key = f"dft_{self.number}_{place}"
        return Question(
            topic="content.review", call_key=key, kind="other",
            payload={"draft_id": key, "platform": "x", "niche": "saas_growth", "text": words},
            title=f"A draft for x (saas_growth), scored {6 + place / 10:.2f} of 10",
            why="The claim is strong; the evidence is one quote.", evidence="made after: “we lost half of our trials on day two”",
        )  # fmt: skip

    def file_morning(self) -> None:
        """Three drafts and one purchase wait."""
        for place, words in enumerate(DRAFTS):
            self.file(self.draft(place, words))
        payload = {"post_id": f"post_{self.number}", "budget": "25 a day for 2 days"}
        title, why = "Boost a post that works", "Its click rate is three times the median."
        self.file(
            Question("ads.boost", payload["post_id"], payload, title, why, kind="other", price_micro_usd=50_000_000, is_money=True)
        )

    def statuses(self) -> list[str]:
        """How the cards of this test stand, in the order they were filed."""
        by_id = {card["id"]: card["status"] for card in self.app.approvals.cards(None)}
        return [by_id[one] for one in self.ids]

    def card(self, approval_id: str) -> dict[str, Any]:
        return next(card for card in self.app.approvals.cards(None) if card["id"] == approval_id)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """`revenue web` in a process of its own, over a home that this process opens too."""
    folder = tmp_path_factory.mktemp("served")
    clock_file = folder / "clock"
    clock_file.write_text(NOW.isoformat(), encoding="utf-8")
    env = {"REVENUE_HOME": str(folder / "home"), "REVENUE_CLOCK": f"@{clock_file}"}
    settings = load(env)
    clock = clock_for(settings)
    store = WorldStore(settings.home / "world.db")
    store.move_to(clock.now())
    app = build(settings, clock, SandboxTransport(Outside(store, seed=7)))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [sys.executable, "-m", "revenue_machine", "web", "--port", str(port)]
    process = subprocess.Popen(words, env={**os.environ, **env}, stdout=subprocess.DEVNULL)
    try:
        _wait_until_up(f"http://127.0.0.1:{port}", process)
        yield Served(f"http://127.0.0.1:{port}", app, clock_file)
    finally:
        process.terminate()
        process.wait(timeout=30)
        app.close()
        store.close()


_desks = count(1)


@pytest.fixture
def desk(served: Served) -> Iterator[Desk]:
    """An empty inbox and fresh tokens; whatever stays open is rejected at the end."""
    number = next(_desks)
    make = served.app.tokens.create
    token, reader = make(f"me {number}", ["approve"], actor="test"), make(f"reader {number}", ["read"], actor="test")
    yield Desk(served.url, served.app, served.clock_file, token, reader, number)
    for one in (f"me {number}", f"reader {number}"):  # two who may approve would have to spend together
        served.app.tokens.revoke(one, actor="test")
    for task in served.app.handwork.cards():
        served.app.handwork.close(task["id"], is_done=False, text_hash=task["text_hash"], actor="test")
    for card in served.app.approvals.cards():
        served.app.approvals.decide(card["id"], "reject", card["payload_hash"], actor="test", reason="the test is over")


def _wait_until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    end_s = machine_s() + 120
    while machine_s() < end_s:
        assert process.poll() is None, "the product ended before it was up"
        try:
            if httpx2.get(f"{url}/healthz", timeout=2).status_code == 200:
                return
        except httpx2.TransportError:
            machine_sleep(0.2)
    raise AssertionError("the product did not come up within two minutes")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, without which there is nothing to see; closed after the module, because its event loop would stay in the thread."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright here (uv sync --group browser)")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium on this machine (Debian: apt install chromium)")
    with playwright.sync_playwright() as engine:
        opened = engine.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield opened
        opened.close()
