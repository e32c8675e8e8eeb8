"""Topics as MCP tools: `posthog.funnel` is `posthog_funnel`; effects become annotations, gates stay gates."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from mcp import types
from mcp.server import Server, ServerRequestContext

from revenue_machine import __version__
from revenue_machine.app import App
from revenue_machine.engine.dispatch import Envelope
from revenue_machine.engine.topic import Effect, Topic

# What an agent asks for that no topic takes up leaves no trace of its own; an attempt at a decision has to.
_REFUSED_UNREAD = frozenset({"not_found", "bad_input"})
_MOST_SUBJECT = 80


def tool_name(topic: str) -> str:
    """MCP clients refuse dots."""
    return topic.replace(".", "_")


def make_server(app: App, *, allowed: Effect = Effect.SPEAKS, actor: str = "agent") -> Server[Any]:
    """An MCP server over a running App; topics above `allowed` are not offered."""
    offered = {tool_name(topic.name): topic for topic in app.registry.topics.values() if topic.effect <= allowed}

    async def list_tools(
        _context: ServerRequestContext[Any], _params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_tool(name, topic) for name, topic in offered.items()])

    async def call_tool(_context: ServerRequestContext[Any], params: types.CallToolRequestParams) -> types.CallToolResult:
        name = offered[params.name].name if params.name in offered else params.name.replace("_", ".", 1)
        return await asyncio.to_thread(_call, app, name, dict(params.arguments or {}), actor)

    return Server("revenue_machine", version=__version__, on_list_tools=list_tools, on_call_tool=call_tool)


def _call(app: App, name: str, arguments: dict[str, Any], actor: str) -> types.CallToolResult:
    envelope = app.call(name, arguments, actor=actor)
    if envelope.error is not None and envelope.error.code in _REFUSED_UNREAD:
        with app.database.writing() as connection:
            app.audit.note(connection, actor, "mcp.refused", name[:_MOST_SUBJECT], envelope.error.code)
    app.audit.seal()
    return answer(envelope)


def answer(envelope: Envelope) -> types.CallToolResult:
    """The envelope as structured content and as text."""
    body = envelope.as_dict()
    text = types.TextContent(type="text", text=json.dumps(body, ensure_ascii=False))
    return types.CallToolResult(content=[text], structured_content=body, is_error=not envelope.ok)


def _tool(name: str, topic: Topic) -> types.Tool:
    approval = " Waits for a person's approval." if topic.approval.value == "always" else ""
    return types.Tool(
        name=name,
        title=topic.name,
        description=f"{topic.summary}{approval}",
        input_schema=topic.args.model_json_schema(),
        annotations=types.ToolAnnotations(
            title=topic.name,
            read_only_hint=topic.effect <= Effect.READS,
            destructive_hint=topic.effect is Effect.SPEAKS,
            idempotent_hint=topic.effect <= Effect.READS,
            open_world_hint=topic.effect is not Effect.PURE,
        ),
    )


async def serve_stdio(app: App) -> None:
    """Speak MCP on standard input and output until the client leaves."""
    from mcp.server.stdio import stdio_server

    server = make_server(app)
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())
