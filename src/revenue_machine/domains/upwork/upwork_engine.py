"""Looks for jobs, keeps and scores them, has the best proposed for, and follows what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.owner.models import Business, ServiceProfile
from revenue_machine.domains.phase import reads as phase_reads
from revenue_machine.domains.upwork import reads, rules, store
from revenue_machine.domains.upwork.models import (
    Job,
    Rate,
    ScanResult,
    SearchArgs,
    SearchResult,
    StatsResult,
    StatusResult,
    TrackArgs,
    TrackResult,
)
from revenue_machine.domains.upwork.proposal_lint import word_count
from revenue_machine.domains.upwork.proposals import NO_PROFILE, call_key
from revenue_machine.domains.upwork.vendor import Standing, look_for, standings
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.database import Database
from revenue_machine.engine.dispatch import Topics
from revenue_machine.engine.handwork import Handwork
from revenue_machine.engine.ledger import Ledger
from revenue_machine.integrations.upwork.upwork_client import UpworkClient
from revenue_machine.kit.clock import Clock, day_bounds, local_date
from revenue_machine.kit.errors import BadInput, Conflict, Failure, NotFound
from revenue_machine.kit.money import dollars, micro
from revenue_machine.kit.settings import Settings

# After one of these no further proposal of the day can succeed.
_NO_MORE = frozenset({"budget_exhausted", "stopped", "not_configured", "outside_auth_failed"})
_FOLLOWED = ("approved", "submitted", "interviewing", "no_response")
Row = dict[str, Any]


@dataclass(frozen=True)
class UpworkEngine:
    """Everything about jobs but the words of a proposal."""

    database: Database
    clock: Clock
    settings: Settings
    business: Business
    clients: Clients
    ledger: Ledger
    handwork: Handwork

    def search(self, args: SearchArgs) -> SearchResult:
        """What is kept, in the asked order; or what Upwork shows now, scored and not kept.

        Raises: not_configured or the outside_* family for a live search.
        """
        if args.source == "live":
            return self._search_live(args)
        with self.database.reading() as connection:
            total, rows = reads.listed(
                connection, query=args.query, status=args.status, with_skipped=args.with_skipped, order=args.order, limit=args.limit
            )
        return SearchResult(total=total, jobs=[reads.shown(row) for row in rows])

    def _search_live(self, args: SearchArgs) -> SearchResult:
        if not args.query:
            raise BadInput("say what to look for", field="query")
        found = look_for(self.clients.get(UpworkClient), args.query)
        with self.database.reading() as connection:
            judge = self._judge(connection)
        rows = [vars(job) | {"skills": list(job.skills)} | judge.columns(job) for job in found]
        rows = [row for row in rows if args.with_skipped or row["status"] != "skipped"]
        rows.sort(key=lambda row: _rank(row, args.order))
        return SearchResult(total=len(rows), jobs=[reads.shown(row) for row in rows[: args.limit]])

    def scan(self, topics: Topics) -> ScanResult:
        """Follow up, look, keep, score, and draft the best until the day has its proposals; repeated, it adds nothing."""
        notes = self._follow_up(topics)
        profile = self.business.services
        jobs, searches = self._look(profile, notes)
        with self.database.writing() as connection:
            judge = self._judge(connection)
            forgotten = store.forget_lent(connection, self.database, judge.now)
            stored = store.put_jobs(connection, self.database, jobs, judge, refresh=True)
            store.rescore(connection, judge)
        with self.database.reading() as connection:
            best = list(reads.candidates(connection))
            wanted = min(phase_reads.volume(connection, "upwork_proposals").most or 0, rules.PROPOSALS_PER_DAY)
            _, top = reads.listed(connection, query=None, status="scored", with_skipped=False, order="score", limit=1)
        drafted, today, reason = self._draft(topics, best, wanted)
        return ScanResult(
            searches=searches, new_jobs_found=stored.new, known_jobs=stored.known, scored=stored.scored, skipped=stored.skipped,
            forgotten=forgotten, top_job_score=top[0]["score"] if top else None,
            top_jobs=[reads.shown(row) for row in best[: rules.PROPOSALS_PER_DAY]], drafted=drafted, proposals_today=today,
            wanted=wanted, notes=notes, reason=reason,
        )  # fmt: skip

    def _follow_up(self, topics: Topics) -> list[str]:
        with self.database.reading() as connection:
            waiting = reads.with_status(connection, *_FOLLOWED)
        if not waiting:
            return []
        envelope = topics.call("upwork.track", {}, key="before")
        return [] if envelope.error is None else [f"proposals were not followed up: {envelope.error.message}"]

    def _look(self, profile: ServiceProfile | None, notes: list[str]) -> tuple[list[Job], int]:
        """(every job the owner's searches show, searches that were answered); what fails is noted and the rest goes on."""
        if profile is None:
            notes.append(NO_PROFILE)
            return [], 0
        client = self.clients.maybe(UpworkClient)
        if client is None:
            notes.append(f"no live search: {self.clients.why_not('upwork')}")
            return [], 0
        jobs, answered = list[Job](), 0
        for words in profile.searches:
            try:
                jobs += look_for(client, words)
                answered += 1
            except Failure as failure:
                notes.append(f"search “{words}” failed: {failure.message}")
                if failure.code == "outside_auth_failed":
                    break
        return jobs, answered

    def _draft(self, topics: Topics, best: list[Row], wanted: int) -> tuple[int, int, str | None]:
        """(drafted now, standing today, why not as many as wanted)."""
        day = self._today()
        with self.database.reading() as connection:
            before = reads.proposals_between(connection, *day_bounds(day, self.settings.zone))
        drafted, refusals = 0, list[str]()
        for row in best:
            if before + drafted >= wanted:
                break
            envelope = topics.call("upwork.propose", {"job_id": row["job_id"]}, key=row["id"])
            if envelope.error is None:
                drafted += 1
                continue
            refusals.append(f"{row['title'][:60]}: {envelope.error.message}")
            if envelope.error.code in _NO_MORE:
                break
        today = before + drafted
        return drafted, today, None if today >= wanted else self._why_fewer(today, wanted, refusals)

    def _why_fewer(self, today: int, wanted: int, refusals: list[str]) -> str:
        with self.database.reading() as connection:
            against = [f"{count} {words}" for words, count in reads.why_not(connection).items() if count]
            skipped = reads.counts_by_status(connection).get("skipped", 0)
        if skipped:
            against.append(f"{skipped} below your floor or excluded")
        others = f"no further job is worth one ({', '.join(against)})" if against else "there is no further job"
        return f"{today} of {wanted} proposals: " + "; ".join([*refusals, others])

    def track(self, args: TrackArgs) -> TrackResult:
        """Move proposals on by the owner's word, or by Upwork's where it is set up; nothing is moved or booked twice.

        Raises: not_found; bad_input; conflict for a move the table does not allow.
        """
        return self._ask_upwork() if args.job_id is None else self._take_word(args, args.job_id)

    def _take_word(self, args: TrackArgs, job_id: str) -> TrackResult:
        if args.outcome is None and args.received_usd is None:
            raise BadInput("say what became of it (outcome) or what was paid (received_usd)", field="outcome")
        if (args.received_usd is None) != (args.payment is None):
            raise BadInput(
                "received_usd and payment belong together: the payment's name keeps it from being booked twice", field="payment"
            )
        with self.database.writing() as connection:
            row = reads.job(connection, job_id)
            if row is None:
                raise NotFound(f"there is no job {job_id}", field="job_id")
            moved = self._told(connection, row, args) if args.outcome is not None else False
            booked = self._paid(connection, row, args)
        status = args.outcome or row["status"]
        return TrackResult(looked_at=1, moved=int(moved), booked=int(booked), by_status={status: 1}, notes=[])

    def _told(self, connection: sa.Connection, row: Row, args: TrackArgs) -> bool:
        if args.contract_value_usd is not None and args.outcome != "won":
            raise BadInput("only a won contract has a value", field="contract_value_usd")
        value = None if args.contract_value_usd is None else micro(Decimal(args.contract_value_usd))
        if row["status"] == args.outcome:
            if value is not None and row["contract_value_micro_usd"] != value:
                store.note(connection, row["id"], self.clock.now(), contract_value_micro_usd=value)
            return False
        moved = self._move(connection, row, str(args.outcome), value, args.reason)
        if not moved:
            raise Conflict(f"a job that is {row['status']} cannot become {args.outcome}", status=row["status"])
        return moved

    def _move(self, connection: sa.Connection, row: Row, status: str, value: int | None, reason: str | None) -> bool:
        now = self.clock.now()
        if status == "submitted":
            return rules.may_move(row["status"], status) and store.submit(connection, self.ledger, row, now, self._today())
        changes: dict[str, Any] = {"lost_reason": None} if status == "interviewing" else {"decided_at": now}
        if status == "won":
            changes["contract_value_micro_usd"] = value
        if status in {"lost", "no_response"}:
            changes["lost_reason"] = reason
        return store.move(connection, row, status, now, **changes)

    def _paid(self, connection: sa.Connection, row: Row, args: TrackArgs) -> bool:
        if args.received_usd is None:
            return False
        if "won" not in {row["status"], args.outcome}:
            raise Conflict("money comes from a won contract", status=row["status"])
        received = store.Received(micro(Decimal(args.received_usd)), str(args.payment), self.clock.now())
        return store.book_received(connection, self.ledger, row, received)

    def _ask_upwork(self) -> TrackResult:
        """What Upwork says of every proposal that is out, then the silence that has lasted too long."""
        notes: list[str] = []
        with self.database.reading() as connection:
            rows = reads.with_status(connection, *_FOLLOWED)
        found = self._standings(rows, notes)
        moved: Counter[str] = Counter()
        with self.database.writing() as connection:
            for row in rows:
                standing = found.get(row["external_id"] or "")
                for status in self._steps(row, standing, notes):
                    value = standing.asked_micro_usd if standing is not None and row["job_type"] == "fixed" else None
                    reason = _silence(row) if status == "no_response" else standing.reason if standing else None
                    if self._move(connection, row, status, value, reason):
                        if status == "submitted":
                            # Upwork has it: nobody shall be asked to send it again.
                            self.handwork.withdraw(connection, call_key(row))
                        moved[status] += 1
                        row["status"] = status
        return TrackResult(
            looked_at=len(rows), moved=sum(moved.values()), booked=moved["submitted"], by_status=dict(sorted(moved.items())),
            notes=notes,
        )  # fmt: skip

    def _standings(self, rows: list[Row], notes: list[str]) -> Mapping[str, Standing]:
        numbers = sorted({row["external_id"] for row in rows if row["external_id"]})
        unnumbered = sum(row["external_id"] is None for row in rows)
        if unnumbered:
            notes.append(
                f"{unnumbered} proposals cannot be followed at Upwork; say what became of them (upwork.track with job_id, outcome)"
            )
        client = self.clients.maybe(UpworkClient)
        if client is None:
            notes.append(f"Upwork was not asked: {self.clients.why_not('upwork')}")
            return {}
        return standings(client, numbers) if numbers else {}

    def _steps(self, row: Row, standing: Standing | None, notes: list[str]) -> Iterator[str]:
        """The moves from where a row is to where Upwork has it; a proposal Upwork knows was surely submitted."""
        if standing is None:
            if self._is_silent(row):
                yield "no_response"
            return
        if row["status"] == "approved":
            yield "submitted"
        if standing.status == "interviewing" and (self._is_silent(row) or row["lost_reason"] == rules.NOT_HEARD_AGAIN):
            yield from ("no_response",) if row["status"] == "interviewing" else ()  # Upwork says so for ever; that is no news
            return
        if standing.status is None:
            notes.append(f"{row['title'][:60]}: Upwork says {standing.word}, which nobody knows yet")
        elif standing.status != "submitted":
            yield standing.status
        elif self._is_silent(row):
            yield "no_response"

    def _is_silent(self, row: Row) -> bool:
        return rules.is_silent(row["status"], row["submitted_at"], row["updated_at"], self.clock.now())

    def stats(self) -> StatsResult:
        """Counts, win rates by score band and by how the proposal was built, connects and money."""
        with self.database.reading() as connection:
            decided = reads.with_status(connection, *rules.DECIDED)
            counts, own = reads.counts_by_status(connection), reads.outcomes(connection)
            spent = -reads.booked_micro_usd(connection, "connects")
            income = reads.booked_micro_usd(connection, "revenue")
        bands = [
            _rate(rules.band_name(band), own.get(band, rules.Outcomes())).model_copy(
                update={"p_win": rules.p_win_ppm(rules.BANDS[band], own) / 1_000_000}
            )
            for band in range(len(rules.BANDS))
        ]
        sent = [row for row in decided if row["proposal_text"]]
        return StatsResult(
            by_status=counts, by_score_band=bands, by_feature=_by_feature(sent),
            connects=sum(row["connects_cost"] for row in self._sent()),
            connects_usd=dollars(spent), contract_value_usd=dollars(sum(row["contract_value_micro_usd"] or 0 for row in decided)),
            revenue_usd=dollars(income),
        )  # fmt: skip

    def _sent(self) -> list[Row]:
        with self.database.reading() as connection:
            return reads.with_status(connection, *rules.SENT)

    def status(self) -> StatusResult:
        """What is watched, what was proposed lately, and whether Upwork can be asked."""
        profile = self.business.services
        with self.database.reading() as connection:
            counts = reads.counts_by_status(connection)
            recent, seen_at = reads.recent_proposals(connection), reads.last_seen_at(connection)
        missing = self.clients.why_not("upwork")
        health = "no profile: revenue.toml has no [upwork] section" if profile is None else missing or "ready"
        return StatusResult(
            job_watches=[] if profile is None else list(profile.searches), recent_proposals=recent, health=health,
            last_seen_at=seen_at,
            jobs=sum(counts.values()), waiting_for_you=counts.get("drafted", 0) + counts.get("approved", 0),
        )  # fmt: skip

    def _judge(self, connection: sa.Connection) -> store.Judge:
        now = self.clock.now()
        return store.Judge(self.business.services, reads.outcomes(connection), now, local_date(now, self.settings.zone))

    def _today(self) -> date:
        return local_date(self.clock.now(), self.settings.zone)


def _silence(row: Row) -> str:
    """What a proposal nobody spoke of any more is written down as."""
    return rules.NOT_HEARD_AGAIN if row["status"] == "interviewing" else "no answer"


def _rank(row: Mapping[str, Any], order: str) -> tuple[Any, ...]:
    """The order of the kept ones, for jobs that are not kept."""
    posted: datetime | None = row["posted_at"]
    value = {
        "score": row["score"], "lowest_score": row["score"], "expected_value": row["expected_value_micro_usd"],
        "newest": None if posted is None else posted.timestamp(),
    }[order]  # fmt: skip
    sign = 1 if order == "lowest_score" else -1
    is_thin = order == "score" and row["known_points"] < rules.ENOUGH_POINTS
    return value is None, is_thin, sign * (value or 0), -row["known_points"], row["job_id"]


def _rate(group: str, own: rules.Outcomes) -> Rate:
    return Rate(group=group, decided=own.decided, won=own.won, win_rate=own.won / own.decided if own.decided else None)


def _by_feature(rows: list[Row]) -> list[Rate]:
    """Win rates by length, kind of job, who wrote it, and how much was known of the job."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        for name in _features(row):
            groups.setdefault(name, []).append(row)
    return [
        _rate(name, rules.Outcomes(len(found), sum(row["status"] == "won" for row in found)))
        for name, found in sorted(groups.items())
    ]


def _features(row: Row) -> Iterator[str]:
    words = word_count(row["proposal_text"])
    yield "length: under 120 words" if words < 120 else "length: 120 to 199 words" if words < 200 else "length: 200 words and more"
    yield f"type: {row['job_type']}"
    yield f"written by: {'you' if row['model'] is None else 'the machine'}"
    yield f"level: {row['level'] or 'not named'}"
