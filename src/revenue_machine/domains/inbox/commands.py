"""What one can ask the bot by a command: the inbox, the day, the budget, why a question is asked; stop, and resume."""

from __future__ import annotations

from dataclasses import dataclass

from revenue_machine.domains.credit.reads import budget_states
from revenue_machine.domains.inbox.models import Shown, Word
from revenue_machine.domains.inbox.rules import money_line
from revenue_machine.domains.inbox.telling import inbox_link
from revenue_machine.engine.approvals import Approvals
from revenue_machine.engine.briefing import Briefing
from revenue_machine.engine.database import Database
from revenue_machine.engine.handwork import Handwork
from revenue_machine.engine.switch import Switch
from revenue_machine.kit.clock import Clock, local_date
from revenue_machine.kit.money import show
from revenue_machine.kit.settings import Settings

MOST_TITLES = 10
# What only an approver may ask for.
RESERVED = frozenset({"resume"})
HELP = (
    "/inbox what waits · /today the report so far · /budget what is left · /why (in answer to a card) · "
    "/stop everything · /resume. Answer a card with `reject because …` or with better words."
)


@dataclass(frozen=True)
class Commands:
    """Anybody in the owner's chat may ask and stop; only an approver lifts the stop."""

    approvals: Approvals
    handwork: Handwork
    switch: Switch
    briefing: Briefing
    database: Database
    clock: Clock
    settings: Settings

    def run(self, word: Word, name: str, rest: str, message: Shown | None) -> str:
        """The answer to a command."""
        match name:
            case "inbox":
                return self._inbox()
            case "today":
                return self._today()
            case "budget":
                return self._budget()
            case "why":
                return self._why(rest or (message.subject_id if message is not None else None) or "")
            case "stop" | "resume":
                return self._switch(word, rest, stopped=name == "stop")
            case _:
                return HELP

    def _inbox(self) -> str:
        """How much waits, and the first titles."""
        cards, tasks = self.approvals.cards(), self.handwork.cards()
        lines = [f"{len(cards)} to decide, {len(tasks)} to send by hand: {inbox_link(self.settings)}"]
        lines += [f"· {card['title']}" for card in cards[:MOST_TITLES]]
        lines += [f"and {len(cards) - MOST_TITLES} more"] if len(cards) > MOST_TITLES else []
        return "\n".join(lines)

    def _today(self) -> str:
        day = local_date(self.clock.now(), self.settings.zone)
        with self.database.reading() as connection:
            blocks = self.briefing.blocks(connection, day)
        return "\n\n".join("\n".join([title.upper(), *lines]) for title, lines in blocks) or "Nothing to say yet."

    def _budget(self) -> str:
        with self.database.reading() as connection:
            states = budget_states(connection)
        lines = [f"{one.scope}: {show(one.spent_micro_usd)} of {show(one.limit_micro_usd)}" for one in states]
        return "\n".join(lines) or "Nothing was spent yet."

    def _why(self, approval_id: str) -> str:
        """Why a question is asked, and what it rests on."""
        if not approval_id:
            return "Answer a card with /why, or write /why ID."
        card = self.approvals.find(approval_id)
        notes = (card["why"], card["evidence"], money_line(card), f"{card['topic']}, asked {card['requested_at'][:16]} UTC")
        return "\n".join(one for one in (card["title"], *notes) if one)

    def _switch(self, word: Word, reason: str, *, stopped: bool) -> str:
        self.switch.set(stopped=stopped, actor=word.actor, reason=reason or "asked in Telegram")
        return "Stopped: nothing spends or speaks until /resume." if stopped else "Running again, within the limits."
