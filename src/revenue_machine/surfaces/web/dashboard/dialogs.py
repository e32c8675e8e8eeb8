"""Asks a person one thing at a time: a text, a yes to money after a pause, and says how it went."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from nicegui import ui

from revenue_machine.engine.approvals import SECOND_STEP_AFTER
from revenue_machine.surfaces.web.dashboard.elements import block, button, words
from revenue_machine.surfaces.web.dashboard.inbox import Card


def say(text: str, *, is_bad: bool = False) -> None:
    """A short word at the foot of the page."""
    ui.notify(text, position="bottom", timeout=8000 if is_bad else 2500, group=False, classes="toast bad" if is_bad else "toast")


async def ask(
    title: str, hint: str, act: str, *, value: str = "", is_long: bool = False, suggestions: Sequence[str] = ()
) -> str | None:
    """A text from the person; None when they think better of it."""
    with ui.dialog() as dialog, block("div", "sheet wide" if is_long else "sheet", role="document"):
        words("h2", title)
        words("p", hint, "hint")
        field = ui.textarea(value=value).props("outlined autogrow autofocus").classes("field")
        field.props["aria-label"] = title
        if suggestions:
            with block("div", "suggestions"):
                for one in suggestions:
                    button(one, partial(field.set_value, one), "quiet")
        with block("footer"):
            button("Cancel", lambda: dialog.submit(None))
            button(act, lambda: dialog.submit(field.value), "primary")
    answer = await dialog
    _forget(dialog)
    return None if answer is None else str(answer)


async def ask_twice(card: Card) -> bool:
    """The second look at money: the same words and price, and a button that waits."""
    left = int(SECOND_STEP_AFTER.total_seconds())
    with ui.dialog().props("persistent") as dialog, block("div", "sheet", role="document"):
        words("h2", f"Spend up to {card.price}?" if card.price else "Spend this?")
        words("p", card.title)
        words("pre", card.words, "exact")
        with block("footer"):
            button("Not now", lambda: dialog.submit("no"))
            confirm = button(f"Yes, in {left} s", lambda: dialog.submit("yes"), "primary", disabled="disabled")

        def count_down() -> None:
            nonlocal left
            left -= 1
            if left >= 0:
                confirm.text = f"Yes, in {left + 1} s"  # type: ignore[attr-defined]
                return
            confirm.text = f"Yes, spend {card.price}".rstrip()  # type: ignore[attr-defined]
            confirm.props(remove="disabled")
            pause.deactivate()

        pause = ui.timer(1.0, count_down)
    answer = await dialog
    pause.deactivate()
    _forget(dialog)
    return bool(answer == "yes")


def _forget(dialog: ui.dialog) -> None:
    """A dialog is asked once; when the person left the page it went with it."""
    if not dialog.client.is_deleted:
        dialog.delete()
