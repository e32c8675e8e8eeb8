"""A small product to stand in front of a world: a redirector, an inbox and a door for webhooks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from revenue_machine.kit.fakeserver import FakeRequest
from revenue_machine.sandbox.frontdoor import AsgiDoor, FrontDoor, Knock
from revenue_machine.sandbox.rates import WorldRates
from revenue_machine.sandbox.world import World

START = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
PUBLIC_URL = "https://go.sandbox.invalid"
WORDS = {
    "ai_automation": "AI agent workflow automation",
    "saas_growth": "SaaS founder churn MRR",
    "content_creation": "content script caption editing",
    "digital_marketing": "marketing funnel campaign conversion",
    "creator_economy": "creator newsletter audience",
}
HOOKS = (
    "Why does nobody tell you this?",
    "Stop doing it the old way.",
    "73 % of teams waste a day a week.",
    "I lost a client last year.",
)


@dataclass
class Shop:
    """The toy product: remembers whom it saw; `hook_status` is what webhooks get."""

    hook_status: int = 200
    clicks: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    hooks: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    decisions: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    inbox: list[dict[str, Any]] = field(default_factory=list)
    lifespan: list[str] = field(default_factory=list)
    decision_status: int = 200

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for word in ("startup", "shutdown"):
                await receive()
                self.lifespan.append(word)
                await send({"type": f"lifespan.{word}.complete"})
            return
        body = (await receive()).get("body", b"")
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        status, more, answer = self._answer(scope["method"], scope["path"], headers, body)
        raw = [(name.encode(), value.encode()) for name, value in more.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": answer})

    def _answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        if path.startswith("/r/"):
            self.clicks.append((path[3:], headers))
            landing = f"https://everreach.app/?utm_source=x&utm_campaign=post_{path[3:]}&cid=c{len(self.clicks)}"
            return 302, {"location": landing}, b""
        if path.startswith("/hooks/"):
            self.hooks.append((path[7:], headers, body))
            return self.hook_status, {}, b""
        if path == "/api/approvals":
            return 200, {}, json.dumps({"ok": True, "result": self.inbox}).encode()
        if path.startswith("/api/approvals/"):
            self.decisions.append((path[15:], json.loads(body)))
            return self.decision_status, {}, b"{}"
        return 404, {}, b""

    def people(self) -> list[tuple[str, dict[str, str]]]:
        """Clicks that no program made."""
        return [
            one
            for one in self.clicks
            if "Mozilla" in one[1]["user-agent"] and "sec-purpose" not in one[1] and "bot" not in one[1]["user-agent"].lower()
        ]


def make_world(folder: Path, door: FrontDoor | None = None, *, seed: int = 7, rates: WorldRates | None = None) -> World:
    """A begun world in a folder."""
    world = World(folder, seed, rates, None, door)
    world.begin(START)
    return world


def publish(world: World, number: int, platform: str = "twitter", text: str | None = None) -> None:
    """Hand one post in, as the product would, through the publisher's API."""
    niche = list(WORDS)[number % len(WORDS)]
    words = text if text is not None else f"{HOOKS[number % len(HOOKS)]} {WORDS[niche]} number {number} {PUBLIC_URL}/r/p{number}"
    target: dict[str, Any] = {"targetType": platform}
    if platform == "facebook":
        target["pageId"] = "771050001"
    account = {"twitter": "9101", "threads": "9102", "facebook": "9105", "linkedin": "9107"}[platform]
    post = {"accountId": account, "content": {"text": words, "mediaUrls": [], "platform": platform}, "target": target}
    headers = {"blotato-api-key": "sk_sandbox_blotato", "content-type": "application/json"}
    answer = world.outside.ask("blotato", FakeRequest("POST", "/posts", (), headers, json.dumps({"post": post}).encode()))
    assert answer.status == 201, answer.body


def publish_day(world: World, posts: int = 40) -> None:
    """Publish over the coming day, a few at a time, and let the world live it."""
    start = world.store.now()
    for hour in range(24):
        for number in range(hour * posts // 24, (hour + 1) * posts // 24):
            day = (start - START).days * posts
            publish(world, day + number, ("twitter", "threads", "facebook", "linkedin")[number % 4])
        world.turn_to(start + timedelta(hours=hour + 1))


def open_shop(**settings: Any) -> tuple[Shop, AsgiDoor]:
    """The toy product behind an in-process door."""
    shop = Shop(**settings)
    return shop, AsgiDoor(shop)


def knocks(paths: Sequence[str]) -> list[Knock]:
    return [Knock("GET", path) for path in paths]


def deploy(world: World, folder: Path, project: str, wanted: dict[str, Any], *, hours: int = 2) -> None:
    """Let the pretend harness change a product, as the machine would ask it to, and let it finish."""
    task = f"Change the product.\n\nEnd state wanted (file product.json):\n```json\n{json.dumps(wanted)}\n```"
    body = {
        "task": task, "task_type": "features", "model": "sonnet", "continuous": False, "maxSessions": 1,
        "projectPath": str(folder / project), "reference": f"dlg_{world.outside.state('acd').next_number('test')}",
    }  # fmt: skip
    headers = {"authorization": f"Bearer {world.outside.state('acd').api_key}", "content-type": "application/json"}
    path = f"/api/projects/{project}/harness/start"
    answer = world.outside.ask("acd", FakeRequest("POST", path, (), headers, json.dumps(body).encode()))
    assert answer.status == 200, answer.body
    world.turn_to(world.store.now() + timedelta(hours=hours))
