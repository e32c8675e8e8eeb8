"""The three faces of one product, each over a home of its own: what a topic call looks like through CLI, HTTP and MCP."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import Client, StdioServerParameters

from revenue_machine.__main__ import main as revenue
from revenue_machine.kit.settings import load
from revenue_machine.sandbox.frontdoor import AsgiDoor
from revenue_machine.surfaces.cli.opening import opened
from revenue_machine.surfaces.mcp.server import make_server, tool_name
from revenue_machine.surfaces.web.application import make_web

Envelope = dict[str, Any]
CLOCK = "2026-11-22T06:00:00+00:00"


class Face(Protocol):
    """One way to call a topic."""

    def call(self, topic: str, payload: Mapping[str, Any]) -> Envelope: ...


def environment(home: Path) -> dict[str, str]:
    """A home whose time stands still."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("REVENUE_")}
    return {**own, "REVENUE_HOME": str(home), "REVENUE_CLOCK": CLOCK}


@dataclass(frozen=True)
class CommandLine:
    """`revenue call TOPIC JSON`, in this process; `REVENUE_HOME` is set by whoever uses it."""

    def call(self, topic: str, payload: Mapping[str, Any]) -> Envelope:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = revenue(["call", topic, json.dumps(payload)])
        envelope: Envelope = json.loads(out.getvalue())
        complaint = "" if envelope["ok"] else f"revenue: {envelope['error']['code']}: "
        assert (code == 0) == envelope["ok"]
        assert [line for line in err.getvalue().splitlines() if line.startswith("revenue: ")][-1:] == [
            line for line in err.getvalue().splitlines() if complaint and line.startswith(complaint)
        ]
        return envelope


@dataclass(frozen=True)
class Http:
    """`POST /api/services/<service>/<action>` with a token that may operate."""

    door: AsgiDoor
    token: str

    def call(self, topic: str, payload: Mapping[str, Any]) -> Envelope:
        service, _, action = topic.partition(".")
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        reply = self.door.request("POST", f"/api/services/{service}/{action}", headers, json.dumps(payload).encode())
        envelope: Envelope = json.loads(reply.body)
        assert (reply.status == 200) == envelope["ok"]
        envelope.pop("approval_id", None)
        return envelope


@dataclass(frozen=True)
class Mcp:
    """`tools/call` through the official client."""

    portal: BlockingPortal
    client: Client

    def call(self, topic: str, payload: Mapping[str, Any]) -> Envelope:
        result = self.portal.call(self.client.call_tool, tool_name(topic), dict(payload))
        envelope: Envelope = dict(result.structured_content or {})
        assert result.is_error != envelope["ok"]
        assert json.loads(result.content[0].text) == envelope
        return envelope

    def tools(self) -> list[str]:
        return [tool.name for tool in self.portal.call(self.client.list_tools).tools]


@contextmanager
def http_face(home: Path) -> Iterator[Http]:
    """A running web face over a home."""
    with opened(load(environment(home))) as place:
        token = place.app.tokens.create("tests", ["operate"], actor="tests")
        door = AsgiDoor(make_web(place.app))
        try:
            yield Http(door, token)
        finally:
            door.close()


@contextmanager
def mcp_face(home: Path) -> Iterator[Mcp]:
    """The MCP server in this process, spoken to by the official client."""
    with opened(load(environment(home))) as place, mcp_client(make_server(place.app)) as face:
        yield face


@contextmanager
def mcp_client(server: Any) -> Iterator[Mcp]:
    """The official client, connected to a server object or a command."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(Client(server)) as client:
        yield Mcp(portal, client)


def stdio_server(home: Path) -> StdioServerParameters:
    """`revenue mcp` as a client would start it."""
    return StdioServerParameters(command=sys.executable, args=["-m", "revenue_machine", "mcp"], env=environment(home))
