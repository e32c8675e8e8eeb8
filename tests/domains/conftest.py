"""The whole house in the sandbox, for a test of any domain: `app`, the world `outside`, its `clock`, and its postman."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from revenue_machine.app import App
from revenue_machine.kit.errors import Failure
from revenue_machine.kit.hooks import HookRequest
from revenue_machine.sandbox.delivery import Delivery
from revenue_machine.sandbox.frontdoor import Knock, Reply
from revenue_machine.sandbox.vendors import Outside
from revenue_machine.surfaces.web.hooks import store_hook
from tests.app_fixture import WorldClock, make_app

Place = tuple[App, Outside, WorldClock]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """An App at `tests.app_fixture.START` with every fake behind its transport."""
    made = make_app(tmp_path)
    yield made
    made[0].close()


@pytest.fixture
def app(place: Place) -> App:
    """`app.call("notes.find", {...})`, `app.database.reading()`, `app.container.get(Pages)`."""
    return place[0]


@pytest.fixture
def outside(place: Place) -> Outside:
    """`outside.state("acme")` is the state of a fake; `outside.add_fault(...)` disturbs what is asked or sent."""
    return place[1]


@pytest.fixture
def clock(place: Place) -> WorldClock:
    """One clock for product and world: `clock.move_to(instant)`."""
    return place[2]


class Letterbox:
    """The door of the web face without its server: verified, stored, answered."""

    def __init__(self, app: App) -> None:
        self._app = app

    def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        assert method == "POST"
        try:
            store_hook(self._app, path.removeprefix("/hooks/"), HookRequest(headers, body))
        except Failure as failure:
            return Reply(failure.http_status, {}, failure.message.encode())
        return Reply(200, {}, b"")

    def batch(self, knocks: Sequence[Knock]) -> list[Reply]:
        return [self.request(one.method, one.path, one.headers, one.body) for one in knocks]


@pytest.fixture
def deliver(app: App, outside: Outside) -> Callable[[], int]:
    """Bring every due webhook of the fakes and let it be handled; how many were."""

    def bring() -> int:
        Delivery(outside, Letterbox(app), seed=7).deliver()
        return app.inbox.drain()

    return bring
