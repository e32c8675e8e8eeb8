"""Pure decisions of credit: which touch counts, what its traits are, what a customer cost and a dollar returned."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from fractions import Fraction

from revenue_machine.domains.attribution.models import DIRECT, NONE, POST_DIMENSIONS, UNKNOWN, SourceType, Tally, Traits

WINDOW = timedelta(days=30)
# Clocks of two vendors differ by a little: a signup a moment before its click still has that click.
SLACK = timedelta(minutes=5)
_DIRECT_WORDS = frozenset({"", DIRECT, "(direct)", "$direct", "(none)"})


def is_in_window(touched_at: datetime, converted_at: datetime) -> bool:
    """Whether a touch is recent enough to take the credit: within the 30 days before."""
    return touched_at - SLACK <= converted_at <= touched_at + WINDOW


def is_direct(utm_source: str | None) -> bool:
    """Whether a source names nobody."""
    return (utm_source or "").strip().lower() in _DIRECT_WORDS


def source_type(utm_source: str | None, *, has_post: bool) -> SourceType:
    """What kind of touch it was."""
    if has_post:
        return "organic_post"
    return "direct" if is_direct(utm_source) else "campaign"


def traits_of(post: Mapping[str, str | None]) -> Traits:
    """A known post's seven traits; what a post does not have is `none`, which is not `unknown`."""
    return {name: post.get(name) or NONE for name in POST_DIMENSIONS}


def cpa_micro_usd(value: str, tally: Tally) -> int | None:
    """What a first purchase cost, half to even; None without purchases, and where nobody knows what was spent."""
    purchases = tally.counts.get("purchase", 0)
    if purchases == 0 or value in (UNKNOWN, DIRECT):
        return None
    return round(Fraction(tally.spend_micro_usd, purchases))


def roas(tally: Tally) -> float | None:
    """Net dollars back per dollar spent; None when nothing was spent."""
    return tally.net_revenue_micro_usd / tally.spend_micro_usd if tally.spend_micro_usd > 0 else None
