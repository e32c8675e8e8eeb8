"""Meta's webhooks as sent: an object's kind and what changed on several of them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from revenue_machine.kit.service import Wire

# Seconds; 9999-12-31 is the last instant a datetime can hold.
Seconds = Annotated[int, Field(ge=0, le=253_402_300_799)]


class Entry(Wire):
    """One object and its changes; `time` is when they were gathered, in seconds."""

    id: str | int
    time: Seconds | None = None
    changes: list[dict[str, Any]] = Field(default_factory=list)


class Webhook(Wire):
    """The whole body: what kind of object, and an entry for each."""

    object: str = Field(min_length=1, max_length=120)
    entry: list[Entry] = Field(min_length=1)
