"""One table."""

from __future__ import annotations

from revenue_machine.kit.db import number, table, text, text_key

NOTES = table("actp_toy_notes", text_key(), text("words", null=False), number("seen", null=False, default=0))
