"""The twice-daily look at every money source: what is known, what is stale, what is missing; and who signed up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.analytics.models import EventsReport
from revenue_machine.domains.crm.models import ContactBook, ContactDraft, IdentityDraft
from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.revenue import reads, rules, sources, store
from revenue_machine.domains.revenue.billing_book import BillingBook
from revenue_machine.domains.revenue.imported_sales import ImportedSales
from revenue_machine.domains.revenue.models import (
    ActiveSubscribers,
    OverviewReport,
    Slot,
    SnapshotReport,
    SnapshotRow,
    SourceReport,
)
from revenue_machine.domains.revenue.stripe_poll import StripePoll
from revenue_machine.domains.revenue.watching import Watch
from revenue_machine.engine.call import Call
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.database import Database
from revenue_machine.engine.dispatch import Topics
from revenue_machine.engine.events import Events
from revenue_machine.integrations.revenuecat.revenuecat_client import RevenueCatClient
from revenue_machine.integrations.stripe.stripe_client import StripeClient
from revenue_machine.integrations.youtube.youtube_client import YouTubeClient
from revenue_machine.kit.clock import Clock, iso, local_date
from revenue_machine.kit.errors import Failure, NotConfigured, Suppressed
from revenue_machine.kit.settings import Settings

SIGNUP_MARK = "posthog.signup"
SIGNUP_OVERLAP = timedelta(hours=6)
SIGNUP_FIRST_REACH = timedelta(days=30)
SIGNUP_PROPERTIES = ("utm_source", "utm_medium", "utm_campaign", "rc", "email", "name", "timezone")
OVERVIEW_FRESH_FOR = timedelta(hours=1)


@dataclass(frozen=True)
class Moment:
    """Which snapshot is being taken."""

    day: date
    slot: Slot
    now: datetime

    @property
    def key(self) -> str:
        return f"{self.day.isoformat()}/{self.slot}"


class RevenueMonitor:
    """Takes snapshots; every part is idempotent by date, slot and the vendors' own ids."""

    def __init__(
        self,
        *,
        call: Call,
        topics: Topics,
        clients: Clients,
        book: BillingBook,
        people: ContactBook,
        database: Database,
        events: Events,
        business: Business,
        settings: Settings,
        clock: Clock,
        watch: Watch,
        sales: ImportedSales,
    ) -> None:
        self._call, self._topics, self._clients, self._book, self._people = call, topics, clients, book, people
        self._database, self._events, self._business = database, events, business
        self._settings, self._clock, self._watch, self._sales = settings, clock, watch, sales

    def take(self, slot: Slot | None) -> SnapshotReport:
        """Ask every source, keep what it says, pull the signups, and state that the snapshot stands."""
        moment = self._moment(slot)
        reports = [self._source(name, moment) for name in sources.SOURCES]
        with self._database.writing() as connection:
            self._book.retry_open(connection, moment.now - timedelta(days=1))
            self._sales.release(connection)
        signups, people = self._pull_signups(moment)
        reports.append(people)
        is_stale = any(one.outcome in ("stale", "missing") for one in reports)
        self._state(moment, reports)
        return SnapshotReport(snapshot_date=moment.day, slot=moment.slot, sources=reports, signups=signups, is_stale=is_stale)

    def overview(self) -> OverviewReport:
        """RevenueCat's numbers, at most an hour old (it answers five such questions a minute).

        Raises: not_configured; outside_*.
        """
        client = self._clients.get(RevenueCatClient)
        now = self._clock.now()
        with self._database.reading() as connection:
            kept = reads.newest_snapshot(connection, "revcat")
        if kept is not None and not kept.is_stale and now - kept.as_of < OVERVIEW_FRESH_FOR:
            return sources.overview_report(kept.metrics, kept.as_of, is_cached=True)
        return sources.overview_report(sources.revcat_metrics(client), now, is_cached=False)

    def active_subscribers(self) -> ActiveSubscribers:
        """Production, paid only: by RevenueCat, else as last known and marked stale."""
        try:
            seen: OverviewReport | None = self.overview()
        except Failure as failure:
            if isinstance(failure, NotConfigured):
                raise
            seen = None
        with self._database.reading() as connection:
            kept = None if seen is not None else reads.newest_snapshot(connection, "revcat")
            here = reads.paying_count(connection, "revenuecat")
            beside = reads.paying_count(connection, "stripe", is_revenue=True)
        if kept is not None:
            seen = sources.overview_report(kept.metrics, kept.as_of, is_cached=True)
        return ActiveSubscribers(
            count=seen.active_subscriptions if seen else None, trials=seen.active_trials if seen else None, known_here=here,
            stripe_only=beside, as_of=seen.as_of if seen else None, is_stale=seen is None or kept is not None,
        )  # fmt: skip

    def _moment(self, slot: Slot | None) -> Moment:
        now = self._clock.now()
        wall = now.astimezone(self._settings.zone)
        return Moment(self._call.run_date or local_date(now, self._settings.zone), slot or ("am" if wall.hour < 12 else "pm"), now)

    def _source(self, name: str, moment: Moment) -> SourceReport:
        """One source of this snapshot; an answer that stands already is not asked for again."""
        with self._database.reading() as connection:
            kept = reads.snapshot_at(connection, name, moment.day, moment.slot)
        if kept is not None and not kept.is_stale:
            return SourceReport(source=name, outcome="ok", as_of=kept.as_of)
        try:
            metrics = self._questions()[name]()
        except NotConfigured as failure:
            return SourceReport(source=name, outcome="skipped", reason=failure.message)
        except Failure as failure:
            return self._outage(name, moment, failure)
        with self._database.writing() as connection:
            row = SnapshotRow(name, moment.slot, moment.day, metrics, is_stale=False, created_at=moment.now, as_of=moment.now)
            store.keep_snapshot(self._database, connection, row, None)
        return SourceReport(source=name, outcome="ok", as_of=moment.now)

    def _questions(self) -> dict[str, Callable[[], dict[str, Any]]]:
        later = {name: self._unbuilt(name, issue) for name, issue in sources.UNBUILT.items()}
        return {"revcat": self._ask_revcat, "stripe": self._ask_stripe, "youtube": self._ask_youtube, **later}

    def _ask_revcat(self) -> dict[str, Any]:
        return sources.revcat_metrics(self._clients.get(RevenueCatClient))

    def _ask_stripe(self) -> dict[str, Any]:
        client = self._clients.get(StripeClient)
        held = sources.stripe_subscriptions(client)
        poll = StripePoll(client, self._book, self._database, self._clock)
        poll.keep(poll.ask(held))
        return sources.stripe_metrics(held, self._business)

    def _ask_youtube(self) -> dict[str, Any]:
        return sources.youtube_metrics(self._clients.get(YouTubeClient), local_date(self._clock.now(), self._settings.zone))

    def _unbuilt(self, name: str, issue: int) -> Callable[[], dict[str, Any]]:
        def refuse() -> dict[str, Any]:
            raise NotConfigured(f"{name} is not connected yet: issue {issue} builds it")

        return refuse

    def _outage(self, name: str, moment: Moment, failure: Failure) -> SourceReport:
        """The source is down: its last known answer stands in, marked stale, and somebody is told."""
        with self._database.writing() as connection:
            last = reads.newest_snapshot(connection, name)
            if last is not None:
                row = replace(last, slot=moment.slot, snapshot_date=moment.day, is_stale=True, created_at=moment.now)
                store.keep_snapshot(self._database, connection, row, failure.code)
            key = f"revenue/{name}/{moment.key}"
            known = "nothing is known yet" if last is None else f"the numbers of {iso(last.as_of)} stand in"
            text = f"{name} could not be read for the {moment.key} snapshot ({failure.code}); {known}"
            self._events.emit(connection, "alert.raised", key, {"kind": "source_down", "text": text, "key": key})
        outcome: Any = "missing" if last is None else "stale"
        return SourceReport(source=name, outcome=outcome, reason=failure.message, as_of=None if last is None else last.as_of)

    def _pull_signups(self, moment: Moment) -> tuple[int, SourceReport]:
        """Everybody who signed up since the last look, each once; late arrivals of six hours are still found."""
        with self._database.reading() as connection:
            reached = reads.mark(connection, SIGNUP_MARK)
        since = moment.now - SIGNUP_FIRST_REACH if reached is None else reached - SIGNUP_OVERLAP
        asked = {
            "event": "signup", "after": iso(since), "before": iso(moment.now), "properties": list(SIGNUP_PROPERTIES),
            "source": "posthog",
        }  # fmt: skip
        answer = self._topics.call("posthog.events", asked, key=f"signups/{moment.key}")
        if answer.error is not None:
            if isinstance(answer.error, NotConfigured):
                return 0, SourceReport(source="posthog", outcome="skipped", reason=answer.error.message)
            return 0, self._outage("posthog", moment, answer.error)
        found = answer.value
        if not isinstance(found, EventsReport):
            raise TypeError("posthog.events answered something else than events")
        with self._database.writing() as connection:
            fresh = sum(self._tell_signup(connection, one.user_id, one.occurred_at, one.properties) for one in found.events)
            store.keep_mark(self._database, connection, SIGNUP_MARK, moment.now)
        return fresh, SourceReport(source="posthog", outcome="ok", as_of=moment.now)

    def _tell_signup(self, connection: sa.Connection, user_id: str, at: datetime, properties: dict[str, Any]) -> bool:
        person = rules.person_id(user_id)
        self._know(connection, person, properties)
        payload = {name: _text(properties.get(name)) for name in ("utm_source", "utm_medium", "utm_campaign")}
        payload |= {"user_id": person, "click_id": _text(properties.get("rc")), "occurred_at": iso(at)}
        return self._events.emit(connection, "visitor.signed_up", person, payload, at)

    def _know(self, connection: sa.Connection, user_id: str, properties: Mapping[str, Any]) -> None:
        """Who signs up with a mail address becomes a contact; the address goes there and into no event."""
        email = _text(properties.get("email"))
        if email is None:
            return
        draft = ContactDraft(
            name=_text(properties.get("name")), email=email, timezone=_text(properties.get("timezone")), source="signup",
            lawful_basis="customer", identities=(IdentityDraft("distinct_id", user_id, None, "signup", f"signup/{user_id}"),),
        )  # fmt: skip
        try:
            self._people.upsert(connection, draft)
        except Suppressed:
            return  # somebody of that address asked never to be written to; nobody is to know them by it again

    def _state(self, moment: Moment, reports: list[SourceReport]) -> None:
        """The snapshot stands; once more when a source that was down has answered after all."""
        healed = sorted(one.source for one in reports if one.outcome == "ok" and one.source in sources.SOURCES)
        payload = {"date": moment.day.isoformat(), "slot": moment.slot}
        with self._database.writing() as connection:
            self._watch.look(connection, moment.day)
            key = f"{moment.key}/{'+'.join(healed) or 'none'}"
            self._events.emit(connection, "revenue.snapshot_taken", key, payload, moment.now)


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)
