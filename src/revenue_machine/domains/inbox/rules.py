"""How a question reads in Telegram, how many fit, and what a person's tap or text means; decided from values alone."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from revenue_machine.domains.inbox.models import Item, Meaning, Word
from revenue_machine.kit.clock import parse_instant
from revenue_machine.kit.errors import BadInput, Conflict, Failure, NotFound
from revenue_machine.kit.messages import MAX_TEXT, split_text, text_units
from revenue_machine.kit.money import micro, show

MOST_LISTED = 10
# What one card's exact words may take, so that what helps to decide fits beside them.
MOST_WORDS = 2800
MOST_NOTE = 300
CUT = "\n… the rest does not fit here: read and approve it in the inbox."
_COMMAND = re.compile(r"/([a-z]+)(?:@\w+)?(?:\s+(.*))?", re.DOTALL)
_REJECTION = re.compile(r"\s*(?:reject|no)\b[\s:,;.-]*(?:because\b[\s:,;-]*)?(.*)", re.DOTALL | re.IGNORECASE)


def exact_words(card: dict[str, Any]) -> str:
    """The words a yes would send; for what has no text, the whole payload."""
    if isinstance(card.get("text"), str):
        return str(card["text"])
    return json.dumps(card["payload"], indent=1, ensure_ascii=False, sort_keys=True)


def fits(card: dict[str, Any]) -> bool:
    """Whether the exact words can be shown whole: only then may they be approved here."""
    return text_units(exact_words(card)) <= MOST_WORDS


def card_text(card: dict[str, Any], zone: ZoneInfo) -> str:
    """A question: title, exact words, why, evidence, cost, predicted value, expiry."""
    words = exact_words(card) if fits(card) else exact_words(card)[: MOST_WORDS // 2] + CUT
    notes = [("Why", card["why"]), ("Evidence", card["evidence"]), ("Money", money_line(card))]
    lines = [f"{name}: {_short(value)}" for name, value in notes if value]
    lines.append(f"Expires {_when(card['expires_at'], zone)} · {card['topic']}")
    return "\n\n".join([_short(card["title"]), words, "\n".join(lines)])


def money_line(card: dict[str, Any]) -> str:
    """What a yes may cost and may bring."""
    cost, value = card["price_usd"], card["predicted_value_usd"]
    parts = [] if cost is None else [f"costs up to {show(micro(str(cost)))}"]
    parts += [] if value is None else [f"may bring {show(micro(str(value)))}"]
    return ", ".join(parts)


def task_text(task: dict[str, Any], zone: ZoneInfo) -> str:
    """A task by hand: the words to copy and where they go."""
    words = task["text"] if text_units(task["text"]) <= MOST_WORDS else task["text"][: MOST_WORDS // 2] + CUT
    return "\n\n".join([_short(task["title"]), words, f"{task['link']}\nUntil {_when(task['expires_at'], zone)}"])


def first_fitting(items: Sequence[Item]) -> list[Item]:
    """The questions whose whole words fit into one digest together; tasks and money are never among them."""
    listed: list[Item] = []
    left = MAX_TEXT - 2 * MOST_NOTE
    for item in items:
        if item.message.kind != "card" or item.message.is_money or not fits(item.card):
            continue
        left -= text_units(_entry(10, item.card))
        if left < 0 or len(listed) == MOST_LISTED:
            break
        listed.append(item)
    return listed


def digest_text(listed: Sequence[Item], more: int, tasks: int, inbox_link: str) -> str:
    """Many questions in one message: the first ones word for word, the rest as a number."""
    open_ones = sum(item.is_open for item in listed)
    if listed and not open_ones:
        return "\n\n".join(["All of these are decided.", *(_entry(number, one.card) for number, one in enumerate(listed, start=1))])
    lines = [f"{open_ones + more} wait for your decision."] if open_ones or more else []
    lines += [_entry(number, item.card) for number, item in enumerate(listed, start=1)]
    rest = [f"and {more} more" if listed else f"{more} to decide"] if more else []
    rest += [f"{tasks} to send by hand"] if tasks else []
    lines.append(f"{', '.join(rest) or 'All of them'}: open the inbox, {inbox_link}")
    return "\n\n".join(lines)


def _entry(number: int, card: dict[str, Any]) -> str:
    outcome = "" if card["status"] == "pending" else f" — {outcome_words(card)}"
    return f"{number}. {_short(card['title'])}{outcome}\n{exact_words(card)}"


def outcome_words(card: dict[str, Any]) -> str:
    """How a question or a task ended, and by whom."""
    who, reason = card.get("decided_by") or card.get("closed_by"), card.get("reason")
    words = {
        "approved": f"approved by {who}", "used": f"approved by {who}",
        "rejected": f"rejected by {who}{f': {reason}' if reason else ''}",
        "expired": "nobody answered in time: that is a no", "replaced": "edited: the new words are a question of their own",
        "done": f"sent, says {who}", "dropped": f"not sent, says {who}",
    }  # fmt: skip
    return words.get(str(card["status"]), str(card["status"]))


def may_decide(word: Word, approvers: frozenset[int], chat_id: str) -> Failure | None:
    """None lets a tap or a reply count; else why it does not. Being in the chat is not enough."""
    if word.is_bot or word.user_id not in approvers:
        return BadInput(f"{word.actor} is not on the list of approvers")
    if str(word.chat_id) != chat_id:
        return BadInput(f"{word.actor} spoke in another chat")
    return None


def button_fits(word: Word, meaning: Meaning | None) -> Failure | None:
    """A button counts under the message it was made for, nowhere else."""
    if meaning is None:
        return NotFound("this button is not known (any more)")
    known = meaning.message.telegram_message_id
    if known is not None and known != word.telegram_message_id:
        return Conflict("this button belongs to another message")
    return None


def command_in(text: str) -> tuple[str, str] | None:
    """(`stop`, what follows) of `/stop what follows`; None for what is no command."""
    found = _COMMAND.fullmatch(text.strip())
    return None if found is None else (found[1], (found[2] or "").strip())


def rejection_in(text: str) -> str | None:
    """The reason of `reject because …`; None for a text that is meant to replace the one shown."""
    found = _REJECTION.fullmatch(text)
    return None if found is None else found[1].strip() or "no reason given"


def _short(text: str) -> str:
    return text if text_units(text) <= MOST_NOTE else f"{split_text(text, MOST_NOTE)[0]}…"


def _when(iso_text: str, zone: ZoneInfo) -> str:
    return f"{parse_instant(iso_text).astimezone(zone):%a %d %b %H:%M}"
