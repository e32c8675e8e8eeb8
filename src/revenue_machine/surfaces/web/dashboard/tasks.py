"""Shows what is sent by hand: the words to copy, where they go, and the two buttons that say whether they went."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import partial

from nicegui import ui

from revenue_machine.surfaces.web.dashboard import inbox
from revenue_machine.surfaces.web.dashboard.dialogs import say
from revenue_machine.surfaces.web.dashboard.elements import block, button, words
from revenue_machine.surfaces.web.dashboard.inbox import Task
from revenue_machine.surfaces.web.dashboard.visit import Visit

Do = Callable[[str | None, Callable[[str], object]], Awaitable[bool]]


class TaskCards:
    """The tasks of one visit; `do` takes a decision as whoever the visit is now."""

    def __init__(self, visit: Visit, do: Do) -> None:
        self._visit, self._do = visit, do

    def card(self, task: Task, *, may_decide: bool) -> None:
        """One task."""
        with block("article", "card task", aria_labelledby=f"title-{task.id}", id=task.id):
            with block("header"):
                words("h2", task.title, id=f"title-{task.id}")
                words("span", f"until {task.expires}", "expiry soon" if task.is_soon else "expiry")
            words("blockquote", task.words, "exact")
            with block("footer"):
                button("Copy the words", partial(self._copy, task))
                if task.link.startswith(("https://", "http://")):
                    words("a", "Open where it goes", "act", href=task.link, target="_blank", rel="noopener noreferrer")
                else:
                    words("span", task.link, "facts")
                if may_decide:
                    button("Sent", partial(self._close, task, is_done=True), "yes")
                    button("Not sent", partial(self._close, task, is_done=False))

    async def _copy(self, task: Task) -> None:
        """Browsers give the clipboard to secure pages only; loopback counts as one."""
        copied = await ui.run_javascript(
            f"navigator.clipboard ? navigator.clipboard.writeText({json.dumps(task.words)}).then(() => true, () => false) : false"
        )
        say("Copied." if copied else "This browser does not let us copy: mark the words yourself.", is_bad=not copied)

    async def _close(self, task: Task, *, is_done: bool) -> None:
        done = "Noted as sent." if is_done else "Noted: not sent."
        await self._do(done, lambda actor: inbox.close_task(self._visit.app, task, actor, is_done=is_done))
