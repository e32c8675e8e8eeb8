"""Writes every step of every person with the touch it is credited to, traces the journeys behind, and sums the credit up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.attribution import reads, rules, store, tracing
from revenue_machine.domains.attribution.crediting import credit_rows
from revenue_machine.domains.attribution.models import (
    DIRECT,
    NOBODY_KNOWS,
    POST_DIMENSIONS,
    UNKNOWN,
    Conversion,
    EventType,
    Said,
    Step,
    Touch,
    Traced,
)
from revenue_machine.domains.attribution.summary import summary_rows
from revenue_machine.domains.links import reads as link_reads
from revenue_machine.domains.links.models import Click
from revenue_machine.domains.publishing import reads as post_reads
from revenue_machine.domains.publishing.models import Post
from revenue_machine.engine.database import Database
from revenue_machine.kit.clock import Clock

CLICK_MARK = "clicks"
CLICKS_AT_ONCE = 20_000
POSTS_AT_ONCE = 500
_TOUCH_COLUMNS = ("source_type", "utm_source", "post_id", "click_id", "visitor_id", "utm_medium", "utm_campaign", "utm_content")


class AttributionEngine:
    """Every method works inside the caller's transaction and may be repeated."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def take_clicks(self, connection: sa.Connection) -> None:
        """Write an event for every counted click that came in since the last look, however late; take out what counts no more."""
        while True:
            changes = link_reads.changes_after(connection, reads.mark(connection, CLICK_MARK), CLICKS_AT_ONCE)
            if not changes:
                return
            self._take(connection, [one.click for one in changes if one.is_counted])
            self._drop(connection, [one.click for one in changes if not one.is_counted])
            store.keep_mark(self._database, connection, CLICK_MARK, changes[-1].arrival, self._clock.now())
            if len(changes) < CLICKS_AT_ONCE:
                return

    def _take(self, connection: sa.Connection, clicks: Sequence[Click]) -> None:
        posts = self._posts(connection, {click.post_id for click in clicks if click.post_id})
        now = self._clock.now()
        store.keep_new(self._database, connection, [_click_row(click, posts, now) for click in clicks])
        visitors = {click.id: click.visitor_id for click in clicks}
        stale = {f"contact/{click.contact_id}" for click in clicks if click.contact_id}
        stale |= {f"visitor/{visitor}" for visitor in store.known_devices(connection, visitors.values())}
        for signup in store.signups_naming(connection, visitors):
            store.bind_signup(connection, signup.id, visitors[signup.named_click_id or ""])
            stale.add(f"step/{signup.id}")
        store.mark_stale(self._database, connection, stale)

    def _drop(self, connection: sa.Connection, clicks: Sequence[Click]) -> None:
        known = store.known_devices(connection, [click.visitor_id for click in clicks])
        for signup in store.signups_naming(connection, [click.id for click in clicks]):
            store.bind_signup(connection, signup.id, None)
            store.mark_stale(self._database, connection, [f"step/{signup.id}"])
        stale = {f"visitor/{visitor}" for visitor in known} | {f"contact/{one.contact_id}" for one in clicks if one.contact_id}
        store.mark_stale(self._database, connection, stale)
        store.drop_clicks(connection, [f"click/{click.id}" for click in clicks])

    def sign_up(self, connection: sa.Connection, said: Mapping[str, Any], at: datetime) -> None:
        """Write a signup with the touch that brought it; whatever the person did before or since inherits it."""
        self.take_clicks(connection)
        user_id = str(said["user_id"])
        told = Said(*(_text(said.get(name)) for name in ("click_id", "utm_source", "utm_medium", "utm_campaign")))
        touch = self._touch(connection, told, at)
        step = Conversion(f"signup/{user_id}", "signup", at, user_id)
        row = store.event_row(step, touch, self._clock.now())
        store.keep_row(self._database, connection, {**row, "named_click_id": told.click_id, "said": vars(told)})
        store.credit_person(connection, user_id, touch)
        store.mark_stale(self._database, connection, [f"user/{user_id}"])

    def convert(self, connection: sa.Connection, step: Conversion) -> None:
        """Write a trial, payment, refund or farewell with the touch its person came by."""
        if step.user_id is None and step.refunds_payment_id is not None:
            sale = store.sale_of(connection, step.refunds_payment_id)
            step = step if sale is None else replace(step, user_id=sale.user_id)
        row = store.event_row(step, self._touch_of(connection, step.user_id), self._clock.now())
        store.keep_row(self._database, connection, row)
        stale = [f"step/{row['id']}"] + ([] if step.user_id is None else [f"user/{step.user_id}"])
        store.mark_stale(self._database, connection, stale)

    def know(self, connection: sa.Connection, user_id: str, contact_id: str) -> None:
        """A product's user turned out to be a contact: what either touched is one journey."""
        store.name_contact(connection, user_id, contact_id)
        store.mark_stale(self._database, connection, [f"user/{user_id}"])

    def look_again(self, connection: sa.Connection, contact_ids: Iterable[str]) -> None:
        """Two contacts became one, or one became two: their journeys are traced anew."""
        store.mark_stale(self._database, connection, [f"contact/{one}" for one in contact_ids])

    def adopt_unclaimed_money(self, connection: sa.Connection) -> None:
        """Income nobody told of becomes an event of its own, so that credits and ledger are one sum."""
        now = self._clock.now()
        rows = [store.event_row(step, NOBODY_KNOWS, now) for step in reads.unclaimed_money(connection)]
        store.keep_new(self._database, connection, rows)
        store.mark_stale(self._database, connection, [f"step/{row['id']}" for row in rows])

    def catch_up(self, connection: sa.Connection) -> int:
        """Trace anew whoever was touched since the last look, whole people only; how many steps were looked at."""
        self._take_deductions(connection)
        keys = store.stale_keys(connection)
        if not keys:
            return 0
        traced = self._traced(connection, store.whole_people(connection, keys))
        self._credit(connection, traced)
        rows = [row for one in traced for row in credit_rows(one)]
        store.replace_credits(connection, [one.step.id for one in traced], rows)
        store.clear_stale(connection, keys)
        return len(traced)

    def rebuild(self, connection: sa.Connection) -> tuple[int, int]:
        """Trace everybody from the stored steps alone and put right what differs; (steps, how many stood differently)."""
        self.take_clicks(connection)
        self.adopt_unclaimed_money(connection)
        self._take_deductions(connection)
        keys = store.stale_keys(connection)
        traced = self._traced(connection, store.all_steps(connection))
        self._credit(connection, traced)
        stood = store.all_credits(connection)
        rows = [row for one in traced for row in credit_rows(one)]
        fresh = {row["conversion_id"] for row in rows if stood.pop(row["id"], None) != row}
        wrong = fresh | {row["conversion_id"] for row in stood.values()}
        store.replace_credits(connection, sorted(wrong), [row for row in rows if row["conversion_id"] in wrong])
        store.clear_stale(connection, keys)
        return len(traced), len(wrong)

    def sum_up(self, connection: sa.Connection) -> None:
        """Sum up all eight dimensions in every model; rows that did not change stay."""
        costs = reads.cost_by_post(connection)
        posts = self._posts(connection, {one for one in costs if one is not None})
        spend = {None if post_id is None else posts.get(post_id): 0 for post_id in costs}
        for post_id, cost in costs.items():
            spend[None if post_id is None else posts.get(post_id)] += cost
        rows = {row["id"]: row for row in summary_rows(connection, spend)}
        stood = reads.summary_as_it_stands(connection)
        fresh = [{**row, "updated_at": self._clock.now()} for key, row in rows.items() if stood.get(key) != row]
        gone = [key for key in stood if stood[key] != rows.get(key)]
        store.replace_summary(connection, gone, fresh)

    def _take_deductions(self, connection: sa.Connection) -> None:
        for step_id, _, deducted in store.changed_deductions(connection):
            store.keep_deducted(connection, step_id, deducted)
            store.mark_stale(self._database, connection, [f"step/{step_id}"])

    def _traced(self, connection: sa.Connection, steps: Sequence[Step]) -> list[Traced]:
        signups = [one for one in steps if one.event_type == "signup"]
        campaigns = {one.said.utm_campaign for one in signups if one.said is not None and one.said.utm_campaign}
        posts = self._posts(connection, campaigns)
        words = {
            one.id: one.touch if one.said is None else rules.touch_said(one.said, posts.get(one.said.utm_campaign or ""))
            for one in signups
        }
        return tracing.trace(steps, words)

    def _credit(self, connection: sa.Connection, traced: Sequence[Traced]) -> None:
        """Write the default credit where it stands otherwise; the device of a signup is its own, whatever it is credited to."""
        for one in traced:
            columns, stands = one.credited.columns(), one.step.touch.columns()
            if one.step.event_type == "signup":
                columns["visitor_id"] = one.step.visitor_id
            if columns != stands:
                store.credit_step(connection, one.step.id, columns)

    def _touch(self, connection: sa.Connection, said: Said, at: datetime) -> Touch:
        """The last touch that names somebody, within 30 days: the click, else the campaign, else nobody; as far as is known now."""
        named = reads.click_event(connection, said.click_id) if said.click_id else None
        if named is not None:
            click = named if rules.is_in_window(named["occurred_at"], at) else self._later_click(connection, named, at)
            return Touch("direct", DIRECT, visitor_id=named["visitor_id"]) if click is None else _touch_from(click)
        return rules.touch_said(said, post_reads.post_by_id(connection, said.utm_campaign) if said.utm_campaign else None)

    def _later_click(self, connection: sa.Connection, named: Mapping[str, Any], at: datetime) -> dict[str, Any] | None:
        later = reads.last_click_of(connection, named["visitor_id"], at) if named["visitor_id"] else None
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


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)
