"""Writes every step of every person with the touch it is credited to, and sums the credit up by dimension."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.attribution import reads, rules, store
from revenue_machine.domains.attribution.models import (
    DIMENSIONS,
    DIRECT,
    MODEL,
    NOBODY_KNOWS,
    POST_DIMENSIONS,
    UNKNOWN,
    Conversion,
    EventType,
    Tally,
    Touch,
)
from revenue_machine.domains.links import reads as link_reads
from revenue_machine.domains.links.models import Click
from revenue_machine.domains.publishing import reads as post_reads
from revenue_machine.domains.publishing.models import Post
from revenue_machine.engine.database import Database
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.ids import make_id

CLICK_MARK = "clicks"
# Clicks are written in batches; one that was made just before the mark may have landed just after it.
CLICK_OVERLAP = timedelta(minutes=10)
POSTS_AT_ONCE = 500
_TOUCH_COLUMNS = ("source_type", "utm_source", "post_id", "click_id", "visitor_id", "utm_medium", "utm_campaign", "utm_content")


class AttributionEngine:
    """Every method works inside the caller's transaction and may be repeated."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def take_clicks(self, connection: sa.Connection) -> None:
        """Write an event for every counted click since the last look."""
        reached = reads.mark(connection, CLICK_MARK)
        clicks = link_reads.counted_clicks_after(connection, None if reached is None else reached - CLICK_OVERLAP, "")
        if not clicks:
            return
        posts = self._posts(connection, {click.post_id for click in clicks if click.post_id})
        now = self._clock.now()
        store.keep_new(self._database, connection, [_click_row(click, posts, now) for click in clicks])
        store.keep_mark(self._database, connection, CLICK_MARK, clicks[-1].clicked_at)

    def sign_up(self, connection: sa.Connection, said: Mapping[str, Any], at: datetime) -> None:
        """Write a signup with the touch that brought it; whatever the person did before or since inherits it."""
        self.take_clicks(connection)
        user_id = str(said["user_id"])
        touch = self._touch(connection, said, at)
        step = Conversion(f"signup/{user_id}", "signup", at, user_id)
        store.keep_step(self._database, connection, step, touch, self._clock.now())
        store.credit_person(connection, user_id, touch)

    def convert(self, connection: sa.Connection, step: Conversion) -> None:
        """Write a trial, payment, refund or farewell with the touch its person came by."""
        store.keep_step(self._database, connection, step, self._touch_of(connection, step.user_id), self._clock.now())

    def adopt_unclaimed_money(self, connection: sa.Connection) -> None:
        """Income nobody told of becomes an event of its own, so that credits and ledger are one sum."""
        now = self._clock.now()
        rows = [store.event_row(step, NOBODY_KNOWS, now) for step in reads.unclaimed_money(connection)]
        store.keep_new(self._database, connection, rows)

    def rebuild(self, connection: sa.Connection) -> None:
        """Sum up all eight dimensions anew."""
        costs = reads.cost_by_post(connection)
        posts = self._posts(connection, set(costs))
        rows = [row for dimension in DIMENSIONS for row in self._summary_rows(connection, dimension, costs, posts)]
        store.replace_summary(connection, rows)

    def _summary_rows(
        self, connection: sa.Connection, dimension: str, costs: Mapping[str, int], posts: Mapping[str, Post]
    ) -> list[dict[str, Any]]:
        counts: dict[str, dict[str, int]] = {}
        revenue: dict[str, int] = {}
        spend: dict[str, int] = {}
        for value, kind, count, amount in reads.tallies(connection, dimension):
            counts.setdefault(value, {})[kind] = count
            revenue[value] = revenue.get(value, 0) + amount
        for post_id, cost in costs.items():
            value = _value_of(posts.get(post_id), dimension)
            spend[value] = spend.get(value, 0) + cost
        taken = reads.deductions_by(connection, dimension)
        now = self._clock.now()
        return [
            _summary_row(dimension, value, Tally(
                counts.get(value, {}), revenue.get(value, 0), revenue.get(value, 0) + taken.get(value, 0), spend.get(value, 0)
            ), now)
            for value in sorted({*counts, *spend})
        ]  # fmt: skip

    def _touch(self, connection: sa.Connection, said: Mapping[str, Any], at: datetime) -> Touch:
        """The last touch that names somebody, within 30 days: the click, else the campaign, else nobody."""
        click = self._click(connection, said.get("click_id"), at)
        if click is not None:
            return _touch_from(click)
        source, campaign = said.get("utm_source"), said.get("utm_campaign")
        expired = said.get("click_id") and reads.click_event(connection, str(said["click_id"])) is not None
        post = None if expired or not campaign else post_reads.post_by_id(connection, str(campaign))
        if post is not None:
            return Touch(
                "organic_post", post.platform, post_id=post.id, utm_medium=said.get("utm_medium"), utm_campaign=post.id,
                traits=rules.traits_of(vars(post)),
            )  # fmt: skip
        if expired or rules.is_direct(source):
            return Touch("direct", DIRECT)
        return Touch("campaign", str(source), utm_medium=said.get("utm_medium"), utm_campaign=campaign)

    def _click(self, connection: sa.Connection, click_id: Any, at: datetime) -> dict[str, Any] | None:
        """The click itself, or a later one of the same visitor when it is too old."""
        found = reads.click_event(connection, str(click_id)) if click_id else None
        if found is None or rules.is_in_window(found["occurred_at"], at):
            return found
        later = reads.last_click_of(connection, found["visitor_id"], at) if found["visitor_id"] else None
        return later if later is not None and rules.is_in_window(later["occurred_at"], at) else None

    def _touch_of(self, connection: sa.Connection, user_id: str | None) -> Touch:
        came = reads.signup_of(connection, user_id) if user_id is not None else None
        return NOBODY_KNOWS if came is None else _touch_from(came)

    def _posts(self, connection: sa.Connection, post_ids: set[str]) -> dict[str, Post]:
        wanted, found = sorted(post_ids), dict[str, Post]()
        for start in range(0, len(wanted), POSTS_AT_ONCE):
            found |= post_reads.posts_by_id(connection, wanted[start : start + POSTS_AT_ONCE])
        return found


def _click_row(click: Click, posts: Mapping[str, Post], now: datetime) -> dict[str, Any]:
    post = posts.get(click.post_id or "")
    touch = Touch(
        rules.source_type(click.utm_source, has_post=post is not None), click.utm_source or UNKNOWN,
        post_id=None if click.contact_id else click.post_id,
        click_id=click.id, visitor_id=click.visitor_id, utm_medium=click.utm_medium,
        utm_campaign=click.utm_campaign,
        utm_content=click.utm_content, **({} if post is None else {"traits": rules.traits_of(vars(post))}),
    )  # fmt: skip
    kind: EventType = "email_click" if click.utm_medium == "email" else "click"
    step = Conversion(f"click/{click.id}", kind, click.clicked_at, None, product=click.product)
    return {**store.event_row(step, touch, now), "crm_contact_id": click.contact_id}


def _touch_from(row: Mapping[str, Any]) -> Touch:
    held = {name: row[name] for name in _TOUCH_COLUMNS}
    return Touch(**held, traits={name: row[name] for name in POST_DIMENSIONS})


def _value_of(post: Post | None, dimension: str) -> str:
    """The value of a dimension to which a post's cost belongs."""
    if post is None:
        return UNKNOWN
    return post.platform if dimension == "utm_source" else rules.traits_of(vars(post))[dimension]


def _summary_row(dimension: str, value: str, tally: Tally, now: datetime) -> dict[str, Any]:
    names: dict[str, EventType] = {
        "clicks": "click", "signups": "signup", "trials": "trial", "purchases": "purchase", "renewals": "renewal",
        "refunds": "refund", "churns": "churn",
    }  # fmt: skip
    return {
        "id": make_id("ats", dimension, value, MODEL), "dimension": dimension, "dimension_value": value, "model": MODEL,
        **{column: tally.counts.get(kind, 0) for column, kind in names.items()}, "revenue_micro_usd": tally.revenue_micro_usd,
        "net_revenue_micro_usd": tally.net_revenue_micro_usd, "spend_micro_usd": tally.spend_micro_usd,
        "cpa_micro_usd": rules.cpa_micro_usd(value, tally), "roas": rules.roas(tally), "updated_at": now,
    }  # fmt: skip
