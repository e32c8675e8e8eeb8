"""Takes an owner's file of job listings in, whatever its layout, and keeps what it does not say unknown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import sqlalchemy as sa

from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.upwork import reading, reads
from revenue_machine.domains.upwork.models import Client, Job, JobType
from revenue_machine.domains.upwork.store import Judge, put_jobs
from revenue_machine.engine.database import Database
from revenue_machine.engine.importing import BadRow, ImportField, ImportRow, ImportSource, Written
from revenue_machine.kit.clock import Clock, local_date
from revenue_machine.kit.ids import content_hash
from revenue_machine.kit.settings import Settings

FIELDS = (
    ImportField("title", "text", ("job_title", "name", "position", "headline")),
    ImportField("job_id", "text", ("id", "ciphertext", "uid", "external_id", "job_uid")),
    ImportField("url", "text", ("link", "job_url", "job_link", "href")),
    ImportField("description", "text", ("job_description", "details", "body", "snippet", "summary")),
    ImportField("job_type", "text", ("hourly_fixed", "type", "payment_type", "contract_type", "is_hourly", "pricing")),
    ImportField(
        "budget", "text", ("budget_usd", "est_budget", "fixed_price", "fixed_budget", "fixed_price_amount", "amount", "price")
    ),
    ImportField("hourly", "text", ("hourly_rate", "hourly_range", "hourly_budget", "rate")),
    ImportField("hourly_min", "text", ("hourly_low", "hourly_budget_min", "hourlybudgetmin", "min_hourly_rate")),
    ImportField("hourly_max", "text", ("hourly_high", "hourly_budget_max", "hourlybudgetmax", "max_hourly_rate")),
    ImportField("level", "text", ("experience_level", "experience", "contractor_tier", "tier")),
    ImportField("skills", "text", ("tags", "skill", "skills_list", "category_skills")),
    ImportField(
        "posted_at", "text",
        ("posted", "posted_on", "posted_time", "published", "published_date", "date", "created_at", "age"),
    ),
    ImportField("proposals", "text", ("proposal_count", "num_proposals", "applicants", "total_applicants", "bids")),
    ImportField("client_spent", "text", ("client_total_spent", "total_spent", "client_spend", "spent", "client_total_spend")),
    ImportField("client_hires", "text", ("hires", "total_hires", "client_total_hires")),
    ImportField("client_rating", "text", ("rating", "feedback", "client_feedback", "client_score", "client_stars")),
    ImportField("client_verified", "text", ("payment_verified", "payment_verification", "client_payment_verified", "verified")),
    ImportField("client_country", "text", ("country", "client_location", "location")),
    ImportField("client_name", "text", ("client", "company")),
    ImportField("connects", "text", ("connects_required", "connects_cost", "required_connects", "connects_price")),
)  # fmt: skip


def begin(source: ImportSource, business: Business, database: Database, clock: Clock, settings: Settings) -> JobImport:
    """Start on one file."""
    return JobImport(source, business, database, clock, settings)


class JobImport:
    """The listings of one file."""

    def __init__(self, source: ImportSource, business: Business, database: Database, clock: Clock, settings: Settings) -> None:
        self._source, self._profile, self._database = source, business.services, database
        self._now, self._day = clock.now(), local_date(clock.now(), settings.zone)
        self._jobs: list[Job] = []
        self._by_hash = 0

    def read(self, row: ImportRow) -> None:
        """Take a row in; one without a title is no job."""
        title = row.text("title")
        if title is None:
            raise BadRow("a job without a title")
        url = row.text("url")
        job_id = reading.listing_id(row.text("job_id")) or reading.listing_id(url) or row.text("job_id")
        if job_id is None:
            self._by_hash += 1
            job_id = f"row_{self._hash(row)}"
        by_hour = _is_by_hour(row.text("budget"))
        low, high = self._hourly(row)
        self._jobs.append(
            Job(
                job_id=job_id, title=title, job_type=self._type(row, high),
                budget_micro_usd=None if by_hour else _first(reading.amounts(row.text("budget"))),
                hourly_min_micro_usd=low, hourly_max_micro_usd=high, level=row.text("level"), description=row.text("description"),
                skills=reading.skill_list(row.text("skills")), client=_client(row), proposals=reading.count(row.text("proposals")),
                posted_at=reading.posted(row.text("posted_at"), self._now), url=url or reading.listing_url(job_id),
                connects=reading.count(row.text("connects")), external_id=reading.listing_number(job_id), source="import",
                import_file=self._source.file.sha256,
                import_row=row.number,
            )
        )  # fmt: skip

    def write(self, connection: sa.Connection) -> Written:
        """Score and keep everything; listings known already stay as they are."""
        judge = Judge(self._profile, reads.outcomes(connection), self._now, self._day)
        stored = put_jobs(connection, self._database, self._jobs, judge)
        return Written(stored.new, stored.known)

    def notes(self) -> list[str]:
        """What this file can say and what it cannot."""
        if not self._jobs:
            return ["no row could be used"]
        types = Counter(job.job_type for job in self._jobs)
        found = ["types: " + ", ".join(f"{name} {count}" for name, count in sorted(types.items()))]
        unknown = sum(job.budget_micro_usd is None and job.hourly_max_micro_usd is None for job in self._jobs)
        found.append(f"{unknown} rows name no budget: it stays unknown and is left out of their score")
        if self._by_hash:
            found.append(f"{self._by_hash} rows have no id of their own: they are known by the hash of the row")
        missing = [name for name, has in _parts_with_data(self._jobs).items() if not has]
        if missing:
            found.append(f"no row has data for: {', '.join(missing)}; scores go over the other parts and say so")
        if not any(job.url for job in self._jobs):
            found.append("no row has a link: these jobs can be studied but not applied for")
        if self._profile is None:
            found.append("revenue.toml has no [upwork] section: nothing is scored")
        return found

    def _hash(self, row: ImportRow) -> str:
        """The same for the same cells under the same headers, whichever field they were taken for."""
        cells = {self._source.mapping[name]: text for name, text in row.written.items()} | dict(row.extra)
        return content_hash({column: text.strip() for column, text in cells.items()})

    def _type(self, row: ImportRow, high: int | None) -> JobType:
        named = reading.job_type(row.text("job_type"))
        if named != "unknown":
            return named
        if _is_by_hour(row.text("budget")) or high is not None:
            return "hourly"
        return "fixed" if reading.amounts(row.text("budget")) else "unknown"

    def _hourly(self, row: ImportRow) -> tuple[int | None, int | None]:
        """The range as its own columns say it, else the type's words, else a column for it."""
        low, high = _first(reading.amounts(row.text("hourly_min"))), _first(reading.amounts(row.text("hourly_max")))
        if low is not None or high is not None:
            return low if low is not None else high, high if high is not None else low
        for name in ("job_type", "hourly", *(("budget",) if _is_by_hour(row.text("budget")) else ())):
            found = reading.rate_range(row.text(name))
            if found[1] is not None:
                return found
        return None, None


def _is_by_hour(text: str | None) -> bool:
    """A budget such as `$30-$60 /hr`."""
    return text is not None and ("hour" in text.lower() or re.search(r"/\s?hr?\b", text.lower()) is not None)


def _first(found: Sequence[int]) -> int | None:
    return found[0] if found else None


def _client(row: ImportRow) -> Client:
    return Client(
        is_payment_verified=reading.yes(row.text("client_verified")),
        spent_micro_usd=_first(reading.amounts(row.text("client_spent"))),
        hires=reading.count(row.text("client_hires")), rating=reading.rating(row.text("client_rating")),
        country=row.text("client_country"), name=row.text("client_name"),
    )  # fmt: skip


def _parts_with_data(jobs: Sequence[Job]) -> dict[str, bool]:
    return {
        "client": any(set(job.client.facts()) - {"country", "name"} for job in jobs),
        "competition": any(job.proposals is not None for job in jobs),
        "freshness": any(job.posted_at is not None for job in jobs),
    }
