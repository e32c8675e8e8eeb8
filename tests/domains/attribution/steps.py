"""The cast of the tracing tests: steps of people, written in a line each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from revenue_machine.domains.attribution.models import NO_TRAITS, NOBODY_KNOWS, Said, Step, Touch
from revenue_machine.domains.attribution.tracing import trace

START = datetime(2026, 11, 2, tzinfo=UTC)
PRICE = 20_000_000


def at(days: float) -> datetime:
    """So many days after the start."""
    return START + timedelta(days=days)


def click(name: str, visitor: str | None, days: float, niche: str = "saas", contact: str | None = None) -> Step:
    """A click on a post of a niche."""
    touch = Touch(
        "organic_post", "x", post_id=f"post_{niche}", click_id=name, visitor_id=visitor, traits={**NO_TRAITS, "niche": niche}
    )
    kind = "click" if contact is None else "email_click"
    return Step(f"id-{name}", f"click/{name}", kind, at(days), None, contact, visitor, touch)


def signup(user: str, days: float, named: str | None = None, visitor: str | None = None, contact: str | None = None) -> Step:
    """A signup that names a click, made on a device."""
    return Step(f"id-{user}", f"signup/{user}", "signup", at(days), user, contact, visitor, NOBODY_KNOWS, Said(named))


def paid(user: str | None, days: float, kind: str = "purchase", **fields: Any) -> Step:
    """Money of a user; a refund is negative."""
    amount = -PRICE if kind == "refund" else PRICE if kind in ("purchase", "renewal") else 0
    key = f"{kind}-{user}-{days}"
    values = {"contact_id": None, "revenue_micro_usd": amount, **fields}
    return Step(f"id-{key}", key, kind, at(days), user, visitor_id=None, touch=NOBODY_KNOWS, **values)


def niches(*steps: Step) -> dict[str, tuple[str, list[str]]]:
    """By step: the niche it is credited to by default, and the niches of its journey (`direct` for a touch of nobody's)."""
    words = {one.id: Touch("direct", "direct") for one in steps if one.event_type == "signup"}
    return {one.step.key: (_niche(one.credited), [_niche(passed.touch) for passed in one.journey]) for one in trace(steps, words)}


def _niche(touch: Touch) -> str:
    return "direct" if touch.source_type == "direct" else touch.traits["niche"]
