"""The command tree as a table; importing it costs nothing."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from typing import Any, NoReturn


@dataclass(frozen=True)
class Command:
    """One verb: what it says of itself, what it takes, and where its code lives (`module:function`)."""

    name: str
    help: str
    run: str
    arguments: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = ()
    verbs: tuple[Command, ...] = field(default=())


def _arg(*names: str, **options: Any) -> tuple[tuple[str, ...], dict[str, Any]]:
    return names, options


_DATE = _arg("--date", metavar="D", help="local date, 2026-11-22; default the business date")
_DRY = _arg("--dry-run", action="store_true", help="say what would happen, do nothing")
_SWITCHING = (
    _arg("--reason", default="asked by the owner"),
    _arg("--channel", metavar="NAME", help="this channel alone: linkedin, email, …"),
)
_SOME = (
    _arg("--all", action="store_true", dest="is_all", help="every item that waits, money aside"),
    _arg("--topic", metavar="NAME", help="only items of this topic: linkedin.connect, …"),
    _arg("--channel", metavar="NAME", help="only items of this channel: linkedin, email, …"),
)
_C = "revenue_machine.surfaces.cli"

COMMANDS: tuple[Command, ...] = (
    Command(
        "demo",
        "build a sandbox world and live days of the whole routine in it",
        f"{_C}.living:demo",
        (
            _arg("--days", type=int, default=1, help="how many local dates (1)"),
            _arg("--seed", type=int, default=7, help="the world's seed (7)"),
            _arg("--scenario", default="quiet_week", help="quiet_week, viral_post, budget_blowout, provider_down or deciding"),
        ),
    ),
    Command(
        "up",
        "serve everything: scheduler, workers, API, dashboard, webhooks, redirector",
        f"{_C}.serving:up",
        (
            _arg("--host", default="127.0.0.1"),
            _arg("--port", type=int, default=8080),
            _arg("--workers", type=int, default=1, help="worker threads in this process"),
        ),
    ),
    Command("worker", "the worker role alone", f"{_C}.serving:worker"),
    Command(
        "web",
        "the web role alone",
        f"{_C}.serving:web",
        (
            _arg("--host", default="127.0.0.1"),
            _arg("--port", type=int, default=8080),
            _arg("--only", choices=["redirect"], help="tracking links alone; several such processes may share a port"),
        ),
    ),
    Command(
        "run",
        "run the daily routine now",
        f"{_C}.living:run_daily",
        (_arg("what", choices=["daily"]), _DATE, _arg("--block", help="one block only: morning, midday, …"), _DRY),
    ),
    Command(
        "call",
        "call one topic and print its envelope",
        f"{_C}.topics:call",
        (
            _arg("topic"),
            _arg("input", nargs="?", default="{}", metavar="JSON"),
            _arg("--key", help="idempotency key: the same key is the same call"),
            _DRY,
        ),
    ),
    Command("topics", "every topic with effect, approval and schema", f"{_C}.topics:topics"),
    Command("inbox", "what waits for your decision", f"{_C}.inbox:inbox", _SOME[1:]),
    Command(
        "approve",
        "approve items of the inbox",
        f"{_C}.inbox:approve",
        (_arg("ids", nargs="*", metavar="ID"), *_SOME, _arg("--confirm", metavar="CODE", help="the second step for money")),
    ),
    Command(
        "reject",
        "reject items of the inbox",
        f"{_C}.inbox:reject",
        (_arg("ids", nargs="*", metavar="ID"), *_SOME, _arg("--reason", required=True)),
    ),
    Command(
        "edit",
        "put other words into an item: it is asked anew",
        f"{_C}.inbox:edit",
        (
            _arg("id", metavar="ID"),
            _arg("--text", help="the new text"),
            _arg("-f", "--file", metavar="FILE", help="a file with the new text, or - for standard input"),
        ),
    ),
    Command("retry", "try dead letters once more: webhooks and reactions that failed for good", f"{_C}.state:retry"),
    Command("todo", "what is approved and waits to be sent by hand", f"{_C}.inbox:todo"),
    Command(
        "sent",
        "say that you sent what `todo` shows",
        f"{_C}.inbox:sent",
        (_arg("ids", nargs="+", metavar="ID"), _arg("--not", action="store_true", dest="isnt", help="say that you will not")),
    ),
    Command("report", "the daily report", f"{_C}.state:report", (_DATE,)),
    Command("status", "what is going on", f"{_C}.state:status"),
    Command("doctor", "what is configured, reachable, missing", f"{_C}.doctor:doctor"),
    Command(
        "stop",
        "kill switch: stop everything that spends or speaks",
        f"{_C}.state:stop",
        _SWITCHING,
    ),
    Command("resume", "lift the kill switch", f"{_C}.state:resume", _SWITCHING),
    Command(
        "import",
        "take in a file of yours",
        f"{_C}.files:take_in",
        (
            _arg("kind", help="contacts, market_items, …"),
            _arg("file", help="the file; with --undo the file or the import's id"),
            _DRY,
            _arg("--undo", action="store_true", help="take an import back; what was touched since is kept and named"),
            _arg("--skip-bad-rows", action="store_true", help="apply the good rows of a file that has bad ones"),
            _arg("--map", action="append", default=[], metavar="COLUMN=FIELD", help="override the guessed column mapping"),
            _arg("--set", action="append", default=[], metavar="FIELD=VALUE", help="a value for every row"),
        ),
    ),
    Command(
        "forget",
        "forget a person everywhere, with proof; the addresses stay suppressed",
        f"{_C}.forgetting:forget",
        (_arg("contact", help="id, e-mail, platform:handle or a profile's address"), _DRY),
    ),
    Command("export", "write a table as CSV", f"{_C}.files:give_out", (_arg("kind"), _arg("file", nargs="?"))),
    Command(
        "token",
        "access tokens",
        f"{_C}.state:token_create",
        verbs=(
            Command(
                "create",
                "make a token, shown once",
                f"{_C}.state:token_create",
                (_arg("name"), _arg("--scope", action="append", required=True, help="read, operate, approve, admin")),
            ),
            Command("revoke", "end a token", f"{_C}.state:token_revoke", (_arg("name"),)),
        ),
    ),
    Command(
        "audit",
        "the audit log",
        f"{_C}.state:audit_verify",
        verbs=(Command("verify", "check the hash chain", f"{_C}.state:audit_verify"),),
    ),
    Command(
        "sandbox",
        "the fake outside world",
        f"{_C}.serving:sandbox_serve",
        verbs=(
            Command(
                "serve",
                "serve it on loopback, for curl and official SDKs",
                f"{_C}.serving:sandbox_serve",
                (
                    _arg("--port", type=int, default=8090),
                    _arg("--seed", type=int, default=7),
                    _arg("--world", metavar="FILE", help="world parameters as TOML"),
                    _arg("--hooks-to", metavar="URL", help="where webhooks go"),
                    _arg("--clock-file", metavar="PATH", help="the clock the product reads by REVENUE_CLOCK=@PATH"),
                ),
            ),
        ),
    ),
    Command(
        "harness",
        "let a coding agent of yours work on delegated tasks, on loopback",
        f"{_C}.harness:harness",
        (
            _arg("--command", required=True, help='the agent: "claude -p {task_file} --model {model}"'),
            _arg("--projects", required=True, metavar="FOLDER", help="agents work in folders below this one only"),
            _arg("--port", type=int, default=3434),
            _arg("--minutes", type=int, default=110, help="a run that takes longer is ended (110)"),
            _arg("--pass-env", action="append", default=[], metavar="NAME", help="a variable the agent may see, its own key say"),
        ),
    ),
    Command(
        "simulate",
        "the sandbox world alone, strategies side by side",
        f"{_C}.simulating:simulate",
        (
            _arg("--days", type=int, default=30),
            _arg("--people", type=int, help="people who could see a post; default: the world file's"),
            _arg("--seed", type=int, default=7),
            _arg("--strategy", metavar="FILE", action="append", help="a posting plan as TOML; several are lived side by side"),
            _arg("--world", metavar="FILE", help="world parameters as TOML"),
            _arg("--print-world", action="store_true", help="every parameter of the world as TOML"),
            _arg("--worlds", metavar="N", type=int, help="put attribution and lift on trial in N worlds drawn from the priors"),
        ),
    ),
    Command("mcp", "MCP server on stdio", f"{_C}.serving:mcp"),
)


class OneLineParser(argparse.ArgumentParser):
    """Complains as every other failure does: one line with a code."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"revenue: bad_input: {message} (see {self.prog} --help)\n")


def make_parser() -> argparse.ArgumentParser:
    """The whole tree."""
    parser = OneLineParser(prog="revenue", description="The revenue machine: a durable daily growth loop, self-hosted.")
    parser.add_argument("--json", action="store_true", dest="as_json", help="machine-readable output")
    _add(parser, COMMANDS)
    return parser


def _add(parser: argparse.ArgumentParser, commands: tuple[Command, ...]) -> None:
    branches = parser.add_subparsers(metavar="COMMAND")
    for command in commands:
        branch = branches.add_parser(command.name, help=command.help, description=command.help)
        branch.add_argument(
            "--json", action="store_true", dest="as_json", default=argparse.SUPPRESS, help="machine-readable output"
        )
        if command.verbs:
            _add(branch, command.verbs)
            continue
        for names, options in command.arguments:
            branch.add_argument(*names, **options)
        branch.set_defaults(run=command.run)
