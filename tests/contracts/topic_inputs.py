"""The smallest input that each topic with required fields accepts; every other built topic takes nothing."""

from __future__ import annotations

from typing import Any

SMALLEST: dict[str, dict[str, Any]] = {
    "credit.price": {"model": "claude-haiku-4-5", "usage": {"input_tokens": 1000, "output_tokens": 100}, "at": "2026-11-22"},
    "graph.search": {"query": "hooks"},
    "memory.write_knowledge": {
        "subject": "hooks", "statement": "Questions in the first line were read more.", "evidence": ["post_1", "post_2"], "confidence": 0.7,
    },
    "posthog.events": {"event": "signup", "after": "2026-11-20T00:00:00+00:00"},
}  # fmt: skip
