"""`revenue harness`: a coding agent of the owner's choice behind the harness contract, on loopback until it is stopped."""

from __future__ import annotations

import argparse
import shlex
import shutil
import signal
import socket
import sys
from pathlib import Path

from revenue_machine.integrations.acd.local_book import Book
from revenue_machine.integrations.acd.local_harness import AgentOptions, LocalHarness
from revenue_machine.integrations.acd.local_http import HarnessDoor
from revenue_machine.kit import log
from revenue_machine.kit.clock import SystemClock
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.settings import Settings, load, sandbox_key

HOST = "127.0.0.1"
LONGEST_MIN = 24 * 60


def harness(args: argparse.Namespace) -> int:
    """Serve until interrupted; every agent that still works then is ended."""
    import uvicorn

    settings = load()
    log.configure("pretty" if sys.stderr.isatty() and settings.log == "pretty" else "json")
    options = agent_options(args.command, args.pass_env, args.minutes)
    keys = accepted_keys(settings)
    line = bound(args.port)
    clock = SystemClock()
    try:
        agents = LocalHarness(Book(settings.home / "harness", Path(args.projects)), options, clock)
        try:
            door = "with a key" if keys else "open to every program of this machine: set REVENUE_ACD__API_KEY to close it"
            print(f"harness on http://{HOST}:{line.getsockname()[1]}, {door}", flush=True)
            config = uvicorn.Config(HarnessDoor(agents, keys, clock), log_level="warning", lifespan="off", access_log=False)
            # The server raises the signal that stopped it once more; by default that would leave the agents behind.
            signal.signal(signal.SIGTERM, _leave)
            uvicorn.Server(config).run(sockets=[line])
        finally:
            agents.close()
    finally:
        line.close()
    return 0


def _leave(*_: object) -> None:
    raise SystemExit(0)


def agent_options(command: str, passed: list[str], minutes: int) -> AgentOptions:
    """The command word by word, as a shell would part it. Raises bad_input for one that could not work."""
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise BadInput(f"the command cannot be read: {error}", field="--command") from None
    if not words or shutil.which(words[0]) is None:
        raise BadInput(f"there is no program '{words[0] if words else ''}' on this machine", field="--command")
    if "{task_file}" not in command and "HARNESS_TASK_FILE" not in command:
        raise BadInput("the command never names {task_file}: the agent would not know its task", field="--command")
    ours = next((name for name in passed if name.upper().startswith("REVENUE_")), None)
    if ours is not None:
        raise BadInput(f"{ours} is a setting of ours: no agent gets it", field="--pass-env")
    if not 1 <= minutes <= LONGEST_MIN:
        raise BadInput(f"1 to {LONGEST_MIN} minutes", field="--minutes")
    return AgentOptions(words, tuple(passed), limit_s=minutes * 60.0)


def accepted_keys(settings: Settings) -> tuple[str, ...]:
    """The key the product sends: the owner's, and in the sandbox the pretend one; none when the owner set none."""
    own = settings.service("acd").api_key
    if own is None or not own.get_secret_value():
        return ()
    return (own.get_secret_value(), *((sandbox_key("acd"),) if settings.mode == "sandbox" else ()))


def bound(port: int) -> socket.socket:
    """A line on loopback. Raises bad_input when somebody else has it."""
    if not 0 <= port <= 65_535:
        raise BadInput(f"port {port} cannot be used: ports end at 65535", field="--port")
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise BadInput(f"port {port} cannot be used: {error.strerror or error}", field="--port") from None
