"""`revenue inbox`, `approve`, `reject`, `todo`, `sent`."""

from __future__ import annotations

import argparse
from typing import Any

from revenue_machine.app import App
from revenue_machine.kit.errors import NotFound
from revenue_machine.surfaces.cli.opening import opened
from revenue_machine.surfaces.cli.running import say


def inbox(args: argparse.Namespace) -> int:
    """Show the cards that wait."""
    with opened() as home:
        cards, tasks = home.app.approvals.cards(), home.app.handwork.cards()
    shown = [_card(card) for card in cards] or ["Nothing waits for your decision."]
    shown += [f"{len(tasks)} to send by hand: revenue todo"] if tasks else []
    say(args, cards, "\n\n".join(shown))
    return 0


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
    return _decide(args, "approve", reason=None, confirm=args.confirm)


def reject(args: argparse.Namespace) -> int:
    """Reject with a reason."""
    return _decide(args, "reject", reason=args.reason, confirm=None)


def _decide(args: argparse.Namespace, decision: str, *, reason: str | None, confirm: str | None) -> int:
    answers = []
    with opened() as home:
        for approval_id in args.ids:
            hash_shown = _hash_of(home.app, approval_id)
            answers.append(
                home.app.approvals.decide(approval_id, decision, hash_shown, actor="owner", reason=reason, confirm=confirm)
            )
        home.app.events.drain()
        home.app.audit.seal()
    say(args, answers, "\n".join(_answer(answer) for answer in answers))
    return 0


def _hash_of(app: App, approval_id: str) -> str:
    for card in app.approvals.cards(status=None):
        if card["id"] == approval_id:
            return str(card["payload_hash"])
    raise NotFound(f"there is no approval {approval_id}", field="ID")


def _card(card: dict[str, Any]) -> str:
    price = f"  costs up to ${card['price_usd']}" if card["price_usd"] is not None else ""
    lines = [
        f"{card['id']}  {card['topic']}  expires {card['expires_at'][:16]}{price}",
        f"  {card['title']}",
        f"  why: {card['why']}",
    ]
    lines += [f"  {name}: {value}" for name, value in card["payload"].items() if isinstance(value, str)]
    return "\n".join(lines)


def _task(task: dict[str, Any]) -> str:
    head = f"{task['id']}  {task['title']}  until {task['expires_at'][:16]}"
    return f"{head}\n  {task['link']}\n\n{task['text']}"


def _answer(answer: dict[str, Any]) -> str:
    if "confirm" in answer:
        return f"{answer['id']}: this is money; in 5 seconds run: revenue approve {answer['id']} --confirm {answer['confirm']}"
    return f"{answer['id']}: {answer['status']}"
