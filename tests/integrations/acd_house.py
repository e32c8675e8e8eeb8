"""Two harnesses behind one contract, for tests: the fake in a pushed world, and the local adapter with a small script as its agent."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2

from revenue_machine.integrations.acd.acd_client import AcdClient
from revenue_machine.integrations.acd.local_book import Book
from revenue_machine.integrations.acd.local_harness import AgentOptions, LocalHarness
from revenue_machine.integrations.acd.local_http import HarnessDoor
from revenue_machine.integrations.acd.wire import HarnessRun, StartOrder
from revenue_machine.kit.clock import SystemClock, machine_s, machine_sleep
from revenue_machine.kit.service import Exchange
from revenue_machine.kit.settings import sandbox_key
from revenue_machine.sandbox.store import WorldStore
from revenue_machine.sandbox.transport import SandboxTransport
from revenue_machine.sandbox.vendors import Outside
from tests.integrations.conftest import START, build_client

KEY = sandbox_key("acd")
# What an agent does is said by lines of its task; without an end state it gives up.
AGENT = r"""
import json, os, re, signal, subprocess, sys, time
text = open(sys.argv[1], encoding="utf-8").read()
said = dict(line.split(" ", 1) for line in text.splitlines() if re.match(r"(prints|waits|exits|asks|stubborn|child|env|bytes|commits) ", line))
print("reading the task", flush=True)
if "stubborn" in said:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if "child" in said:
    with open(said["child"], "w") as file:
        file.write(str(subprocess.Popen(["/bin/sleep", "300"]).pid))
if "env" in said:
    with open(said["env"], "w") as file:
        json.dump({"environment": dict(os.environ), "words": sys.argv[1:]}, file)
for number in range(int(said.get("prints", 0))):
    print(f"line {number}")
for _ in range(int(said.get("bytes", 0)) // 1_000_000):
    sys.stdout.write("x" * 1_000_000)
sys.stdout.flush()
time.sleep(float(said.get("waits", 0)))
found = re.search(r"^End state wanted[^\n]*\n```json\n([^`]*)\n```\s*\Z", text, re.MULTILINE)
if found:
    product = json.load(open("product.json")) if os.path.exists("product.json") else {}
    product.update(json.loads(found[1]))
    json.dump(product, open("product.json", "w"))
    if "commits" in said:
        subprocess.run(["git", "add", "-A"], check=True)
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", said["commits"]], check=True)
sys.exit(int(said.get("exits", 0 if found else 1)))
"""


def task(wanted: dict[str, Any] | None = None, *lines: str) -> str:
    """A task with an end state, and before it what the local agent shall do on the way."""
    block = json.dumps(wanted or {"paywall": {"variant": "B"}})
    return "\n".join(
        [
            "Change the product.",
            *lines,
            "",
            "End state wanted (file product.json at the root of the project):",
            "```json",
            block,
            "```",
            "",
        ]
    )


def order(reference: str = "del_1", text: str | None = None, **more: Any) -> StartOrder:
    """A start as the product asks for it."""
    return StartOrder(reference=reference, task=task() if text is None else text, task_type="features", model="sonnet", **more)


class InProcess(httpx2.BaseTransport):
    """A door without its server: what a request over the port would be answered."""

    def __init__(self, door: HarnessDoor) -> None:
        self._door = door

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": request.read(), "more_body": False}

        async def send(message: Any) -> None:
            sent.append(dict(message))

        path, _, query = request.url.raw_path.partition(b"?")
        headers = [(name.lower(), value) for name, value in request.headers.raw]
        scope = {"type": "http", "method": request.method, "path": path.decode(), "raw_path": path, "query_string": query}
        asyncio.run(self._door({**scope, "headers": headers}, receive, send))
        return httpx2.Response(sent[0]["status"], headers=sent[0]["headers"], content=sent[1]["body"], request=request)


class Mishap(httpx2.BaseTransport):
    """Lets requests through and spoils the answer of the next ones: `torn`, `lost`, or a status instead of it."""

    def __init__(self, inner: httpx2.BaseTransport) -> None:
        self._inner = inner
        self.next: list[str] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = self._inner.handle_request(request)
        kind = self.next.pop(0) if self.next else None
        if kind is None:
            return answer
        body = answer.read()
        answer.close()
        if kind == "lost":
            raise httpx2.ReadTimeout("the answer never came", request=request)
        if kind == "torn":
            return httpx2.Response(answer.status_code, content=body[: len(body) // 2], request=request)
        return httpx2.Response(int(kind), content=b"oops", request=request)


@dataclass
class House:
    """One harness with a client; `finish` waits for a run's end in the time this harness lives in."""

    client: AcdClient
    mishap: Mishap
    folder: Path
    exchanges: list[Exchange]
    pass_time: Callable[[], None]
    stranger: Callable[[str], AcdClient]
    flood: Callable[[int], None]
    parts: dict[str, Any] = field(default_factory=dict)

    def finish(self, project: str, reference: str, limit_s: float = 20) -> HarnessRun:
        """The run at its end."""
        deadline = machine_s() + limit_s
        while not (run := self.client.status(project, reference)).has_ended:
            assert machine_s() < deadline, f"{reference} does not end"
            self.pass_time()
        return run


@contextmanager
def pretend_house(home: Path) -> Iterator[House]:
    """The fake; time passes in steps of an hour."""
    from revenue_machine.integrations.acd import fake

    store = WorldStore(home / "world.db")
    store.move_to(START)
    outside = Outside(store, 7)
    exchanges: list[Exchange] = []
    mishap = Mishap(SandboxTransport(outside))
    (home / "projects").mkdir()
    client = build_client(AcdClient, mishap, exchanges.append)
    yield House(
        client, mishap, home / "projects", exchanges,
        pass_time=lambda: store.move_to(store.now() + timedelta(hours=1)),
        stranger=lambda key: build_client(AcdClient, SandboxTransport(outside), exchanges.append, api_key=key),
        flood=lambda lines: fake.public_flood_next(outside.state("acd"), lines),
        parts={"outside": outside, "store": store, "state": outside.state("acd")},
    )  # fmt: skip
    store.close()


@contextmanager
def local_house(home: Path, *, limit_s: float = 60.0, grace_s: float = 0.3, passed: tuple[str, ...] = ()) -> Iterator[House]:
    """The local adapter with the script as agent; `parts["door"]` is what stands on its port."""
    projects = home / "projects"
    (projects / "toy").mkdir(parents=True, exist_ok=True)
    script = home / "agent.py"
    script.write_text(AGENT, encoding="utf-8")
    words = (sys.executable, "-S", "-E", str(script), "{task_file}", "{model}")
    clock = SystemClock()
    harness = LocalHarness(Book(home / "harness", projects), AgentOptions(words, passed, limit_s, grace_s), clock)
    exchanges: list[Exchange] = []
    door = HarnessDoor(harness, (KEY,), clock)
    mishap = Mishap(InProcess(door))
    try:
        yield House(
            build_client(AcdClient, mishap, exchanges.append), mishap, projects, exchanges,
            pass_time=lambda: machine_sleep(0.03),
            stranger=lambda key: build_client(AcdClient, InProcess(door), exchanges.append, api_key=key),
            flood=lambda lines: None,
            parts={"harness": harness, "door": door},
        )  # fmt: skip
    finally:
        harness.close()


def git(folder: Path, *words: str) -> str:
    """What git says in a repository of a test."""
    who = ("-c", "user.name=owner", "-c", "user.email=owner@example.com", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True, timeout=30)
    return done.stdout.strip()


def repository(folder: Path) -> Path:
    """A repository with one commit on main."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", "main")
    (folder / "product.json").write_text('{"paywall": {"variant": "A"}}', encoding="utf-8")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")
    return folder
