"""A product served on loopback over a home with a morning behind it, and a real browser to look at it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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


def question(number: int, words: str, **more: Any) -> Question:
    """A draft somebody has to look at."""
    return Question(
        topic="content.review", call_key=f"dft_{number}", kind="draft",
        payload={"draft_id": f"dft_{number}", "platform": "x", "niche": "saas_growth", "text": words},
        title=f"A draft for x (saas_growth), scored {6 + number / 10:.2f} of 10", why="The claim is strong; the evidence is one quote.",
        evidence="made after: “we lost half of our trials on day two”", **more,
    )  # fmt: skip


@dataclass
class Served:
    """The product at an address, the same product in this process, and a token that may decide."""

    url: str
    app: App
    token: str
    reader: str


@pytest.fixture
def home_env(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "clock").write_text(NOW.isoformat(), encoding="utf-8")
    return {"REVENUE_HOME": str(tmp_path / "home"), "REVENUE_CLOCK": f"@{tmp_path / 'clock'}"}


@pytest.fixture
def product(home_env: dict[str, str]) -> Iterator[App]:
    settings = load(home_env)
    clock = clock_for(settings)
    store = WorldStore(settings.home / "world.db")
    store.move_to(clock.now())
    app = build(settings, clock, SandboxTransport(Outside(store, seed=7)))
    yield app
    app.close()


@pytest.fixture
def served(product: App, home_env: dict[str, str]) -> Iterator[Served]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    words = [sys.executable, "-m", "revenue_machine", "web", "--port", str(port)]
    process = subprocess.Popen(words, env={**os.environ, **home_env}, stdout=subprocess.DEVNULL)
    try:
        _wait_until_up(url, process)
        token = product.tokens.create("me", ["approve"], actor="test")
        yield Served(url, product, token, product.tokens.create("reader", ["read"], actor="test"))
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    end_s = machine_s() + 60
    while machine_s() < end_s:
        assert process.poll() is None, "the product ended before it was up"
        try:
            if httpx2.get(f"{url}/healthz", timeout=2).status_code == 200:
                return
        except httpx2.TransportError:
            machine_sleep(0.2)
    raise AssertionError("the product did not come up within a minute")


@pytest.fixture
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright here (uv sync --group browser)")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium on this machine (Debian: apt install chromium)")
    with playwright.sync_playwright() as engine:
        opened = engine.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield opened
        opened.close()


def file_cards(app: App) -> None:
    """Three drafts and one purchase wait."""
    texts = (
        "Half of your trials leave on day two.\n\nNot because of price: because nobody told them what to do next.",
        "We read 40 churn mails!!  The same sentence was in 31 of them.",
        "Stop guessing which post made the money. Your ledger knows.",
    )
    with app.database.writing() as connection:
        for number, text in enumerate(texts):
            app.approvals.file(connection, question(number, text))
        spend = Question("ads.boost", "post_1", {"post_id": "post_1", "budget": "25 a day for 2 days"}, "Boost a post that works", "Its click rate is three times the median.", price_micro_usd=50_000_000, is_money=True)
        app.approvals.file(connection, spend)


EXPIRY = NOW + timedelta(hours=24)
