"""What other domains ask about the owner's file without needing the business itself."""

from __future__ import annotations

from revenue_machine.domains.owner.recipes import business
from revenue_machine.kit.errors import Failure
from revenue_machine.kit.settings import Settings


def business_mistake(settings: Settings) -> str | None:
    """Why no business can be read from the owner's file; None when one can."""
    try:
        business(settings)
    except Failure as failure:
        return failure.message
    return None
