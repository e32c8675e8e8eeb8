"""Takes the day's snapshot of the funnel and says when the number of payers crosses into another phase."""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa

from revenue_machine.domains.attribution import reads as attribution_reads
from revenue_machine.domains.feedback import reads as feedback_reads
from revenue_machine.domains.funnel import reads, rules, store
from revenue_machine.domains.funnel.models import DayCount, FunnelDay, Payers, Phase, Share, Steps
from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.revenue import reads as revenue_reads
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.kit.clock import Clock, day_bounds
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
        store.finish_day(connection, day, self._steps(connection, day), self._clock.now())

    def take(self, connection: sa.Connection, day: date) -> None:
        """Write the row of a date and state the crossing, if there is one."""
        payers = self._payers(connection, day)
        count = DayCount(day, payers.paying_users, payers.is_stale)
        past = reads.history_before(connection, day)
        before: Phase = past[-1][1] if past else 1
        phase = rules.next_phase(before, [*(one for one, _ in past), count])
        funnel_day = FunnelDay(
            day, count, payers.stripe_paying_users, payers.mrr_micro_usd, phase, self._steps(connection, day),
            self._trial_to_paid(connection, day), self._month1(connection, day),
        )  # fmt: skip
        store.keep_day(self._database, connection, funnel_day, self._clock.now())
        if phase != before:
            self._tell_crossing(connection, count, before, phase)

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
        text = f"Phase {before} -> {after} ({way}): {count.paying_users} paying users on {count.day.isoformat()}"
        alert = {"kind": "phase_crossed", "text": text, "key": f"phase/{key}"}
        self._events.emit(connection, "alert.raised", alert["key"], alert)
