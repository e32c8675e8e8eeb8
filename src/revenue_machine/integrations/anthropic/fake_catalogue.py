"""Which models the pretend vendor offers, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from revenue_machine.integrations.anthropic.fake_refusals import missing
from revenue_machine.kit.clock import parse_instant

UNKNOWN_RELEASE = "1970-01-01T00:00:00Z"


@dataclass(frozen=True)
class ModelCard:
    """One model; `retires_at` is the last day it answers."""

    id: str
    display_name: str
    max_input_tokens: int = 1_000_000
    max_tokens: int = 64_000
    created_at: str = UNKNOWN_RELEASE
    retires_at: str | None = None

    def is_retired(self, now: datetime) -> bool:
        return self.retires_at is not None and now >= parse_instant(self.retires_at)

    def as_json(self, now: datetime) -> dict[str, Any]:
        """The vendor's `model` object on that day."""
        lifecycle = "active" if self.retires_at is None else "retired" if self.is_retired(now) else "deprecated"
        return {
            "type": "model",
            "id": self.id,
            "display_name": self.display_name,
            "created_at": self.created_at,
            "lifecycle": lifecycle,
            "deprecated_at": None,
            "retires_at": self.retires_at,
            "line": None,
            "max_input_tokens": self.max_input_tokens,
            "max_tokens": self.max_tokens,
            "capabilities": None,
        }


CARDS = (
    ModelCard("claude-haiku-5-5", "Claude Haiku 5.5"),
    ModelCard("claude-sonnet-5-5", "Claude Sonnet 5.5"),
    ModelCard("claude-opus-5-5", "Claude Opus 5.5", max_tokens=128_000),
    ModelCard("claude-sonnet-5", "Claude Sonnet 5"),
    ModelCard("claude-opus-5", "Claude Opus 5", max_tokens=128_000),
    ModelCard("claude-opus-4-8", "Claude Opus 4.8"),
    ModelCard("claude-opus-4-7", "Claude Opus 4.7"),
    ModelCard("claude-opus-4-6", "Claude Opus 4.6"),
    ModelCard("claude-sonnet-4-6", "Claude Sonnet 4.6"),
    ModelCard("claude-opus-4-5-20251101", "Claude Opus 4.5", 200_000, created_at="2025-11-01T00:00:00Z"),
    ModelCard("claude-haiku-4-5-20251001", "Claude Haiku 4.5", 200_000, created_at="2025-10-01T00:00:00Z"),
    ModelCard(
        "claude-sonnet-4-5-20250929",
        "Claude Sonnet 4.5",
        200_000,
        created_at="2025-09-29T00:00:00Z",
        retires_at="2026-11-30T00:00:00Z",
    ),
)
ALIASES = {
    "claude-opus-4-5": "claude-opus-4-5-20251101",
    "claude-haiku-4-5": "claude-haiku-4-5-20251001",
    "claude-sonnet-4-5": "claude-sonnet-4-5-20250929",
}


def card_of(name: str, now: datetime) -> ModelCard:
    """The model of that name or alias; unknown and retired ones are not found."""
    card = next((card for card in CARDS if card.id == ALIASES.get(name, name)), None)
    if card is None or card.is_retired(now):
        raise missing(f"model: {name}")
    return card
