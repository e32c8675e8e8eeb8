"""Shows the inbox: one card per question, the exact words first, and the ways to answer it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from nicegui import ui
from starlette.concurrency import run_in_threadpool

from revenue_machine.kit.errors import Failure
from revenue_machine.surfaces.web.dashboard import inbox
from revenue_machine.surfaces.web.dashboard.dialogs import ask, ask_twice, say
from revenue_machine.surfaces.web.dashboard.elements import block, button, words
from revenue_machine.surfaces.web.dashboard.inbox import Card, InboxView
from revenue_machine.surfaces.web.dashboard.renderer import heading
from revenue_machine.surfaces.web.dashboard.visit import Visit

REASONS = ("Not my voice", "We said this already", "The claim is too strong", "Wrong audience")
Again = Callable[[], Awaitable[None]]


class Cards:
    """The inbox of one visit; `again` shows the page anew after a decision."""

    def __init__(self, visit: Visit, again: Again) -> None:
        self._visit, self._again = visit, again
        self._chosen: set[str] = set()
        self._view = InboxView("", "", ())

    def render(self, view: InboxView, *, may_decide: bool) -> None:
        """The cards into the current slot; ticks survive as long as their card is the same."""
        self._view = view
        self._chosen &= {card.id for card in view.cards}
        heading(view.title, view.lead)
        if view.cards and not may_decide:
            words("p", "Your token may read. Deciding needs one with the scope approve.", "hint")
        batch = [card for card in view.cards if not card.needs_confirm]
        if may_decide and len(batch) > 1:
            self._batch_bar(batch)
        for card in view.cards:
            self._card(card, may_decide=may_decide, in_batch=may_decide and card in batch and len(batch) > 1)

    def _batch_bar(self, batch: list[Card]) -> None:
        def label() -> str:
            return f"Approve {len(self._chosen)} ticked" if self._chosen else "Approve ticked"

        async def tick_all() -> None:
            self._chosen = set() if len(self._chosen) == len(batch) else {card.id for card in batch}
            await self._again()

        with block("div", "batch"):
            button("Tick all" if len(self._chosen) < len(batch) else "Untick all", tick_all, "quiet")
            self._approve_ticked = button(label(), self._approve_chosen, "yes")
            self._label = label

    def _card(self, card: Card, *, may_decide: bool, in_batch: bool) -> None:
        with block("article", "card", aria_labelledby=f"title-{card.id}", id=card.id):
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
        codes: list[str | None] = []
        if not await self._do(None, lambda actor: codes.append(inbox.approve(self._visit.app, card, actor))):
            return
        if await ask_twice(card):
            await self._do("Approved.", lambda actor: inbox.approve(self._visit.app, card, actor, codes[0]))

    async def _approve_chosen(self) -> None:
        chosen = [card for card in self._view.cards if card.id in self._chosen]
        if not chosen:
            say("Tick some cards first.", is_bad=True)
            return
        refused: list[str] = []
        if await self._do(None, lambda actor: refused.extend(inbox.approve_all(self._visit.app, chosen, actor))):
            say(f"Approved {len(chosen) - len(refused)}.")
        for line in refused:
            say(line, is_bad=True)

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
    rows = [("Why", card.why), ("Evidence", card.evidence), ("Cost", f"up to {card.price}" if card.price else "")]
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
