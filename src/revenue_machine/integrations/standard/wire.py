"""A message of Standard Webhooks as sent: only what the specification recommends, and all of it optional."""

from __future__ import annotations

from typing import Any

from revenue_machine.kit.service import Wire


class Message(Wire):
    """`type` in dotted words, `timestamp` when it happened, `data` what it is about."""

    type: Any = None
    timestamp: Any = None
    data: Any = None

    @property
    def kind(self) -> str:
        """Its type, or `message` where the sender names none."""
        return self.type if isinstance(self.type, str) and self.type else "message"
