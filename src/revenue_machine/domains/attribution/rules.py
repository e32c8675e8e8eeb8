"""Pure decisions of credit: which touch counts, what its traits are, what a customer cost and a dollar returned."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from fractions import Fraction

from revenue_machine.domains.attribution.models import DIRECT, NONE, POST_DIMENSIONS, UNKNOWN, Said, SourceType, Touch, Traits
from revenue_machine.domains.publishing.models import Post

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


def touch_said(said: Said, post: Post | None) -> Touch:
    """What a signup's own words mean when they name no click: a post, a campaign of another kind, nobody."""
    if post is not None:
        return Touch(
            "organic_post", post.platform, post_id=post.id, utm_medium=said.utm_medium, utm_campaign=post.id,
            traits=traits_of(vars(post)),
        )  # fmt: skip
    if is_direct(said.utm_source):
        return Touch("direct", DIRECT)
    return Touch("campaign", str(said.utm_source), utm_medium=said.utm_medium, utm_campaign=said.utm_campaign)


def cpa_micro_usd(value: str, spend_micro_usd: int, purchases: float) -> int | None:
    """What a first purchase cost, half to even; None without purchases, and where nobody knows what was spent."""
    if purchases <= 0 or value in (UNKNOWN, DIRECT):
        return None
    return round(spend_micro_usd / Fraction(purchases).limit_denominator(1_000_000))


def roas(net_revenue_micro_usd: int, spend_micro_usd: int) -> float | None:
    """Net dollars back per dollar spent; None when nothing was spent."""
    return net_revenue_micro_usd / spend_micro_usd if spend_micro_usd > 0 else None
