"""`revenue inbox`, `approve`, `reject`, `edit`, `todo`, `sent`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from revenue_machine.app import App
from revenue_machine.kit.errors import BadInput, Failure, NotFound
from revenue_machine.surfaces.cli.opening import opened
from revenue_machine.surfaces.cli.running import say


def inbox(args: argparse.Namespace) -> int:
    """Show the cards that wait."""
    with opened() as home:
        cards, tasks = _chosen(home.app, args), home.app.handwork.cards()
    shown = [_card(card) for card in cards] or ["Nothing waits for your decision."]
    shown += [f"{len(tasks)} to send by hand: revenue todo"] if tasks else []
    say(args, cards, "\n\n".join(shown))
    return 0


def _chosen(app: App, args: argparse.Namespace) -> list[dict[str, Any]]:
    """Waiting cards of the topic and channel asked for."""
    wanted = {name: value for name in ("topic", "channel") if (value := getattr(args, name)) is not None}
    return [card for card in app.approvals.cards() if all(card[name] == value for name, value in wanted.items())]


def todo(args: argparse.Namespace) -> int:
    """Show what is approved and waits to be sent by hand."""
    with opened() as home:
        tasks = home.app.handwork.cards()
    say(args, tasks, "\n\n".join(_task(task) for task in tasks) if tasks else "Nothing to send by hand.")
    return 0


def sent(args: argparse.Namespace) -> int:
    """Say that tasks were done, or with `--not` that they will not be."""
    answers = []
    with opened() as home:
        texts = {task["id"]: task["text_hash"] for task in home.app.handwork.cards(status=None)}
        for task_id in args.ids:
            if task_id not in texts:
                raise NotFound(f"there is no task {task_id}", field="ID")
            answers.append(home.app.handwork.close(task_id, is_done=not args.isnt, text_hash=texts[task_id], actor="owner"))
        home.app.events.drain()
        home.app.audit.seal()
    say(args, answers, "\n".join(_answer(answer) for answer in answers))
    return 0


def approve(args: argparse.Namespace) -> int:
    """Approve exactly what is shown now; money answers with a code for the second step."""
    if args.confirm is not None and len(args.ids) != 1:
        raise BadInput("a code confirms one item", field="--confirm")
    return _decide(args, "approve", reason=None, confirm=args.confirm)


def reject(args: argparse.Namespace) -> int:
    """Reject with a reason."""
    return _decide(args, "reject", reason=args.reason, confirm=None)


def edit(args: argparse.Namespace) -> int:
    """Void an item and ask anew with other words."""
    words = _words(args)
    with opened() as home:
        card = home.app.approvals.find(args.id)
        payload: dict[str, Any] | str = words if isinstance(card["text"], str) else _object(words)
        fresh = home.app.approvals.edit(args.id, card["payload_hash"], payload, actor="owner")
        home.app.events.drain()
        home.app.audit.seal()
    say(args, {"id": fresh, "status": "pending", "replaces_id": args.id}, f"{fresh}: waits for your decision; {args.id} is void")
    return 0


def _words(args: argparse.Namespace) -> str:
    if (args.text is None) == (args.file is None):
        raise BadInput("give the new text by --text or by -f", field="--text")
    if args.text is not None:
        return str(args.text)
    return sys.stdin.read() if args.file == "-" else Path(args.file).read_text(encoding="utf-8")


def _object(words: str) -> dict[str, Any]:
    """This item has no text: what is new is its whole payload."""
    try:
        payload = json.loads(words)
    except ValueError:
        payload = None
    if not isinstance(payload, dict):
        raise BadInput("this item has no text; give its whole payload as a JSON object", field="--text")
    return payload


def _decide(args: argparse.Namespace, decision: str, *, reason: str | None, confirm: str | None) -> int:
    """Each item on its own: one that is refused says why, and the exit code tells that there was one."""
    answers, refused = [], None
    with opened() as home:
        app = home.app
        for approval_id in _ids(app, args):
            try:
                hash_shown = app.approvals.find(approval_id)["payload_hash"]
                answers.append(
                    app.approvals.decide(approval_id, decision, hash_shown, actor="owner", reason=reason, confirm=confirm)
                )
            except Failure as failure:
                refused = failure
                answers.append({"id": approval_id, "error": failure.as_dict()})
        app.events.drain()
        app.audit.seal()
    if refused is not None and len(answers) == 1:
        raise refused
    say(args, answers, "\n".join(_answer(answer) for answer in answers) or "Nothing waits for your decision.")
    return 0 if refused is None else 1


def _ids(app: App, args: argparse.Namespace) -> list[str]:
    """The items named, or all that wait; money is only ever named."""
    if args.ids and (args.is_all or args.topic or args.channel):
        raise BadInput("name items, or say --all with --topic or --channel", field="ID")
    if not args.ids and not args.is_all:
        raise BadInput("name items, or say --all", field="ID")
    if args.ids:
        return list(args.ids)
    return [card["id"] for card in _chosen(app, args) if not card["needs_confirm"]]


def _card(card: dict[str, Any]) -> str:
    price = f"  costs up to ${card['price_usd']}" if card["price_usd"] is not None else ""
    value = f"  may bring ${card['predicted_value_usd']}" if card["predicted_value_usd"] is not None else ""
    lines = [
        f"{card['id']}  {card['topic']}  expires {card['expires_at'][:16]}{price}{value}",
        f"  {card['title']}",
        f"  why: {card['why']}",
    ]
    lines += [f"  evidence: {card['evidence']}"] if card["evidence"] else []
    lines += [f"  {name}: {value}" for name, value in card["payload"].items() if isinstance(value, str)]
    return "\n".join(lines)


def _task(task: dict[str, Any]) -> str:
    head = f"{task['id']}  {task['title']}  until {task['expires_at'][:16]}"
    return f"{head}\n  {task['link']}\n\n{task['text']}"


def _answer(answer: dict[str, Any]) -> str:
    if "error" in answer:
        return f"{answer['id']}: {answer['error']['code']}: {answer['error']['message']}"
    if "confirm" in answer:
        who = "somebody else runs" if answer["needs_other_person"] else "run"
        return f"{answer['id']}: this is money; in 5 seconds {who}: revenue approve {answer['id']} --confirm {answer['confirm']}"
    return f"{answer['id']}: {answer['status']}"
