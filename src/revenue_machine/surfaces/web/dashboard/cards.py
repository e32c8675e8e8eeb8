"""Shows the inbox: one card per question, the exact words first, and the ways to answer it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from nicegui import ui
from nicegui.events import KeyEventArguments
from starlette.concurrency import run_in_threadpool

from revenue_machine.kit.errors import Failure
from revenue_machine.surfaces.web.dashboard import inbox
from revenue_machine.surfaces.web.dashboard.dialogs import ask, ask_twice, say
from revenue_machine.surfaces.web.dashboard.elements import block, button, words
from revenue_machine.surfaces.web.dashboard.inbox import Card, InboxView
from revenue_machine.surfaces.web.dashboard.renderer import heading
from revenue_machine.surfaces.web.dashboard.tasks import TaskCards
from revenue_machine.surfaces.web.dashboard.visit import Visit

REASONS = ("Not my voice", "We said this already", "The claim is too strong", "Wrong audience")
KEYS_HINT = "Keys: j and k go from card to card, a approves, e edits, r rejects."
Again = Callable[[], Awaitable[None]]


class Cards:
    """The inbox of one visit; `again` shows the page anew after a decision."""

    def __init__(self, visit: Visit, again: Again) -> None:
        self._visit, self._again = visit, again
        self._chosen: set[str] = set()
        self._view = InboxView("", "", ())
        self._at, self._is_asking = -1, False
        self._tasks = TaskCards(visit, self._do)

    def render(self, view: InboxView, *, may_decide: bool) -> None:
        """The cards into the current slot; ticks survive as long as their card is the same."""
        self._view = view
        self._chosen &= {card.id for card in view.cards}
        self._at = -1
        heading(view.title, view.lead)
        if view.cards and not may_decide:
            words("p", "Your token may read. Deciding needs one with the scope approve.", "hint")
        batch = [card for card in view.cards if not card.needs_confirm]
        if may_decide and len(batch) > 1:
            self._batch_bar(batch)
        for card in view.cards:
            self._card(card, may_decide=may_decide, in_batch=may_decide and card in batch and len(batch) > 1)
        if view.tasks:
            words("h2", "To send by hand", "section")
        for task in view.tasks:
            self._tasks.card(task, may_decide=may_decide)
        if may_decide and view.cards:
            words("p", KEYS_HINT, "hint wide-only")
            ui.keyboard(on_key=self._key, repeating=False)

    def _batch_bar(self, batch: list[Card]) -> None:
        def label() -> str:
            return f"Approve {len(self._chosen)} ticked" if self._chosen else "Approve ticked"

        async def tick_all() -> None:
            self._chosen = set() if len(self._chosen) == len(batch) else {card.id for card in batch}
            await self._again()

        with block("div", "batch"):
            button("Tick all" if len(self._chosen) < len(batch) else "Untick all", tick_all, "quiet")
            self._approve_ticked = button(label(), self._approve_chosen, "yes")
            button("Reject ticked", self._reject_chosen)
            self._label = label

    def _card(self, card: Card, *, may_decide: bool, in_batch: bool) -> None:
        with block("article", "card", aria_labelledby=f"title-{card.id}", id=card.id, tabindex="-1"):
            with block("header"):
                if in_batch:
                    self._tick(card)
                words("h2", card.title, id=f"title-{card.id}")
                words("span", f"expires {card.expires}", "expiry soon" if card.is_soon else "expiry")
            words("blockquote" if card.is_plain_text else "pre", card.words, "exact")
            _reasons(card)
            if may_decide:
                with block("footer"):
                    button(f"Approve {card.price}".rstrip(), partial(self._approve, card), "yes")
                    button("Edit", partial(self._edit, card))
                    button("Reject", partial(self._reject, card))

    def _tick(self, card: Card) -> None:
        def changed() -> None:
            (self._chosen.add if box.value else self._chosen.discard)(card.id)
            self._approve_ticked.text = self._label()  # type: ignore[attr-defined]

        box = ui.checkbox(value=card.id in self._chosen, on_change=changed)
        box.props["aria-label"] = f"Tick: {card.title}"

    async def _do(self, done: str | None, action: Callable[[str], object]) -> bool:
        """Decide as whoever this visit is now; a refusal is said, and the page shown as it stands."""
        try:
            identity = await run_in_threadpool(self._visit.demand, "approve")
            await run_in_threadpool(action, identity.name)
        except Failure as failure:
            say(failure.message, is_bad=True)
            await self._again()
            return False
        if done is not None:
            say(done)
        await self._again()
        return True

    async def _approve(self, card: Card) -> None:
        if card.needs_confirm:
            await self._approve_money(card)
            return
        await self._do("Approved.", lambda actor: inbox.approve(self._visit.app, card, actor))

    async def _approve_money(self, card: Card) -> None:
        steps: list[inbox.SecondStep | None] = []
        if not await self._do(None, lambda actor: steps.append(inbox.approve(self._visit.app, card, actor))):
            return
        step = steps[0]
        if step is not None and step.needs_other_person:
            say(f"Somebody else takes the second step: revenue approve {card.id} --confirm {step.code}")
        elif step is not None and await ask_twice(card):
            await self._do("Approved.", lambda actor: inbox.approve(self._visit.app, card, actor, step.code))

    async def _approve_chosen(self) -> None:
        await self._decide_chosen("Approved", lambda actor, chosen: inbox.approve_all(self._visit.app, chosen, actor))

    async def _reject_chosen(self) -> None:
        if not self._chosen:
            say("Tick some cards first.", is_bad=True)
            return
        reason = await ask("Why not?", "The machine learns from the reason.", "Reject all ticked", suggestions=REASONS)
        if reason is not None:
            await self._decide_chosen("Rejected", lambda actor, chosen: inbox.reject_all(self._visit.app, chosen, actor, reason))

    async def _decide_chosen(self, done: str, decide: Callable[[str, list[Card]], list[str]]) -> None:
        """The ticked cards at once; whichever is refused says why."""
        chosen = [card for card in self._view.cards if card.id in self._chosen]
        if not chosen:
            say("Tick some cards first.", is_bad=True)
            return
        refused: list[str] = []
        if await self._do(None, lambda actor: refused.extend(decide(actor, chosen))):
            say(f"{done} {len(chosen) - len(refused)}.")
        for line in refused:
            say(line, is_bad=True)

    async def _key(self, pressed: KeyEventArguments) -> None:
        """Keys: j and k go from card to card, a approves, e edits, r rejects the one in focus."""
        if (
            not pressed.action.keydown
            or self._is_asking
            or any((pressed.modifiers.ctrl, pressed.modifiers.alt, pressed.modifiers.meta))
        ):
            return
        name, cards = str(pressed.key), self._view.cards
        if name in {"j", "k"} and cards:
            self._at = max(0, min(len(cards) - 1, self._at + (1 if name == "j" else -1)))
            ui.run_javascript(f"document.getElementById('{cards[self._at].id}')?.focus()")
            return
        act = {"a": self._approve, "e": self._edit, "r": self._reject}.get(name)
        if act is None or not 0 <= self._at < len(cards):
            return
        self._is_asking = True
        try:
            await act(cards[self._at])
        finally:
            self._is_asking = False

    async def _edit(self, card: Card) -> None:
        hint = "Your words make a new card with a decision of its own; this one is void."
        edited = await ask("Edit the exact words", hint, "Save as new card", value=card.words, is_long=True)
        if edited is None:
            return
        fresh: list[str] = []
        if await self._do(
            "Saved. The new card waits for you.", lambda actor: fresh.append(inbox.edit(self._visit.app, card, actor, edited))
        ):
            ui.run_javascript(f"document.getElementById('{fresh[0]}')?.scrollIntoView({{block: 'center'}})")

    async def _reject(self, card: Card) -> None:
        reason = await ask("Why not?", "The machine learns from the reason.", "Reject", suggestions=REASONS)
        if reason is not None:
            await self._do("Rejected.", lambda actor: inbox.reject(self._visit.app, card, actor, reason))


def _reasons(card: Card) -> None:
    rows = [
        ("Why", card.why), ("Evidence", card.evidence), ("Cost", f"up to {card.price}" if card.price else ""),
        ("May bring", card.value),
    ]  # fmt: skip
    with block("dl", "reasons"):
        for name, value in rows:
            if value:
                with block("div"):
                    words("dt", name)
                    words("dd", value)
        with block("div"):
            words("dt", "Asked by")
            words("dd", " · ".join([card.topic, *(f"{name} {value}" for name, value in card.facts)]), "facts")
        if card.replaces_id:
            with block("div"):
                words("dt", "Edited")
                words("dd", f"replaces {card.replaces_id}", "facts")
