"""Looks up what a message of ours is about: the card of a question or a task as it stands now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from revenue_machine.domains.inbox.models import Item, Shown
from revenue_machine.engine.approvals import Approvals
from revenue_machine.engine.handwork import Handwork


@dataclass(frozen=True)
class Cards:
    """Questions and tasks under one roof."""

    approvals: Approvals
    handwork: Handwork

    def of(self, message: Shown) -> dict[str, Any]:
        """The card behind a message that is about one thing."""
        find = self.handwork.find if message.kind == "task" else self.approvals.find
        return find(str(message.subject_id))

    def items(self, messages: Sequence[Shown]) -> list[Item]:
        """Messages with their cards."""
        return [Item(one, self.of(one)) for one in messages]
