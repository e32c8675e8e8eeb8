"""Takes the day's snapshot of the funnel and says when the number of payers crosses into another phase."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.attribution import reads as attribution_reads
from revenue_machine.domains.feedback import reads as feedback_reads
from revenue_machine.domains.funnel import forecast, judging, reads, rules, store
from revenue_machine.domains.funnel.actions import as_document, done_on, volumes
from revenue_machine.domains.funnel.models import DayCount, Flow, FunnelDay, Payers, Phase, Share, StepRate, Steps
from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.phase import reads as phase_reads
from revenue_machine.domains.phase.models import PHASE_WORDS, changes
from revenue_machine.domains.revenue import reads as revenue_reads
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.kit.clock import Clock, day_bounds
from revenue_machine.kit.rng import rng
from revenue_machine.kit.settings import Settings

# A trial has had its chance when its longest offer's trial and three more days are over.
TRIAL_SLACK = timedelta(days=3)
COHORT_WIDTH = timedelta(days=30)
MONTH1 = (timedelta(days=60), timedelta(days=30))


class FunnelTracker:
    """Every method works inside the caller's transaction and may be repeated."""

    def __init__(self, database: Database, events: Events, settings: Settings, business: Business, clock: Clock) -> None:
        self._database, self._events, self._settings = database, events, settings
        self._business, self._clock = business, clock

    def finish(self, connection: sa.Connection, day: date) -> None:
        """Count a date that is over to its end."""
        row = reads.snapshot(connection, day)
        if row is None:
            return
        held: Phase = row["phase_held"] or row["phase"]
        found = volumes(self._done(connection, day), held)
        store.finish_day(connection, day, self._steps(connection, day), as_document(found), self._clock.now())

    def take(self, connection: sa.Connection, day: date) -> None:
        """Write the row of a date and state the crossing, if there is one.

        A date is looked at as often as somebody asks: a crossing it has told stands, and one before the newest row tells none.
        """
        payers = self._payers(connection, day)
        count = DayCount(day, payers.paying_users, payers.is_stale)
        before, phase = self._phases(connection, count)
        held = phase_reads.standing(connection).override or phase
        steps = self._steps(connection, day)
        funnel_day = FunnelDay(
            day, count, payers.stripe_paying_users, payers.mrr_micro_usd, phase, steps, self._trial_to_paid(connection, day),
            self._month1(connection, day), held, as_document(volumes(self._done(connection, day), held)), {},
        )  # fmt: skip
        store.keep_day(self._database, connection, funnel_day, self._clock.now())
        ahead = self.ahead(connection, day)
        store.keep_forecast(connection, day, ahead)
        counted = {"date": day.isoformat(), "phase": phase, "paying_users": count.paying_users}
        self._events.emit(connection, "funnel.day_counted", f"{day.isoformat()}/{phase}", counted)
        if phase != before:
            self._tell_crossing(connection, count, before, phase)

    def ahead(self, connection: sa.Connection, day: date) -> dict[str, Any]:
        """What lies ahead as of a date's row: dates of the milestones, levers, and the month that young payers will make."""
        row = reads.snapshot(connection, day)
        rates = self.rates(connection, day)
        end = min(day_bounds(day, self._settings.zone)[1], self._clock.now())
        young = forecast.month1_forecast(*revenue_reads.young_payers(connection, end - MONTH1[1], end))
        days = min(reads.days_known(connection, day), reads.WINDOW_DAYS)
        joined, left, payer_days = revenue_reads.payer_flow(connection, "revenuecat", end - timedelta(days=max(days, 1)), end)
        draws = rng(self._settings.seed, "funnel.forecast", day.isoformat())
        payers = (row or {}).get("paying_users") or 0
        report = forecast.forecast(day, payers, Flow(joined, left, payer_days, days), rates, draws)
        return {**report.model_dump(mode="json"), "month1_forecast": None if young is None else round(young, 6)}

    def rates(self, connection: sa.Connection, day: date) -> list[StepRate]:
        """The five steps as of a date, judged; month-1 retention is of nobody until a cohort is a month old."""
        row = reads.snapshot(connection, day)
        kept = (row or {}).get("forecast") or {}
        shares = reads.shares(connection, day)
        return [
            judging.judge(step, shares.get(step, Share(0, 0)), kept.get("month1_forecast") if step == "month1_retention" else None)
            for step in judging.BANDS
        ]

    def _phases(self, connection: sa.Connection, count: DayCount) -> tuple[Phase, Phase]:
        """(the phase before this date, the phase on it)."""
        past = reads.history_before(connection, count.day)
        before: Phase = past[-1][1] if past else 1
        kept, newest = reads.snapshot(connection, count.day), reads.newest(connection)
        if kept is not None and kept["phase"] != before:
            return before, kept["phase"]
        if newest is not None and newest["snapshot_date"] > count.day:
            return before, before if kept is None else kept["phase"]
        return before, rules.next_phase(before, [*(one for one, _ in past), count])

    def _done(self, connection: sa.Connection, day: date) -> dict[str, int]:
        return done_on(connection, day, *day_bounds(day, self._settings.zone))

    def _payers(self, connection: sa.Connection, day: date) -> Payers:
        """RevenueCat counts the payers; Stripe's own stand beside them; monthly money is both."""
        seen = revenue_reads.snapshot_at(connection, "revcat", day, "pm")
        stripe = revenue_reads.snapshot_at(connection, "stripe", day, "pm")
        beside = 0 if stripe is None else int(stripe.metrics.get("own_paying") or 0)
        parts = [one.metrics.get("mrr_micro_usd") for one in (seen, stripe) if one is not None]
        mrr = sum(int(part) for part in parts if part is not None) if parts and None not in parts else None
        if seen is None:
            return Payers(None, is_stale=True, stripe_paying_users=beside, mrr_micro_usd=mrr)
        return Payers(seen.metrics.get("active_subscriptions"), seen.is_stale, beside, mrr)

    def _steps(self, connection: sa.Connection, day: date) -> Steps:
        start, end = day_bounds(day, self._settings.zone)
        counts = attribution_reads.counts_between(connection, start, end)
        names = ("click", "signup", "trial", "purchase")
        clicks, signups, trials, purchases = (counts.get(name, 0) for name in names)
        return Steps(feedback_reads.views_between(connection, start, end), clicks, signups, trials, purchases)

    def _trial_to_paid(self, connection: sa.Connection, day: date) -> Share:
        """Of the trials old enough to be over, begun within thirty days: the share that paid."""
        longest = max((offer.trial_days for product in self._business.products for offer in product.offers), default=0)
        end = day_bounds(day, self._settings.zone)[1] - timedelta(days=longest) - TRIAL_SLACK
        begun, paid = revenue_reads.trial_cohort(connection, end - COHORT_WIDTH, end)
        return Share(paid, begun)

    def _month1(self, connection: sa.Connection, day: date) -> Share:
        """Of those who first paid 30 to 60 days ago: the share that still pays."""
        end = day_bounds(day, self._settings.zone)[1]
        paid, still = revenue_reads.paid_cohort(connection, end - MONTH1[0], end - MONTH1[1])
        return Share(still, paid)

    def _tell_crossing(self, connection: sa.Connection, count: DayCount, before: Phase, after: Phase) -> None:
        key = f"{count.day.isoformat()}/{before}-{after}"
        payload = {"from": before, "to": after, "paying_users": count.paying_users}
        self._events.emit(connection, "phase.crossed", key, payload)
        way = "up" if after > before else "down"
        lines = [f"Phase {before} -> {after} ({way}, {PHASE_WORDS[after]}): {count.paying_users} paying on {count.day.isoformat()}"]
        text = "\n".join([*lines, *changes(before, after)])
        alert = {"kind": "phase_crossed", "text": text, "key": f"phase/{key}"}
        self._events.emit(connection, "alert.raised", alert["key"], alert)
