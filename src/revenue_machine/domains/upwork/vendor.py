"""How Upwork's own words become ours: listings, and where the owner's proposals stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from revenue_machine.domains.upwork.models import Client, Job, JobType
from revenue_machine.integrations.upwork import wire
from revenue_machine.integrations.upwork.upwork_client import JobSearch, UpworkClient

_OFFERS_HOURS = frozenset({"DEFAULT", "MANUAL"})
_OURS = {"submitted": "submitted", "offered": "interviewing", "won": "won", "lost": "lost", "withdrawn": "lost"}


@dataclass(frozen=True)
class Standing:
    """Where a proposal stands at Upwork; `status` None is a word nobody knows yet."""

    external_id: str
    status: str | None
    word: str
    asked_micro_usd: int | None
    reason: str | None = None


def look_for(client: UpworkClient, words: str) -> list[Job]:
    """The newest page of jobs for a search; those already applied to are left out."""
    found = client.search_jobs(JobSearch(words=words))
    return [job_from(one) for one in found.nodes if not one.applied]


def job_from(one: wire.Job) -> Job:
    """A listing of Upwork; a budget of zero and stars of zero are no figures."""
    low = None if one.hourly_budget_min is None else one.hourly_budget_min.micro_usd
    high = None if one.hourly_budget_max is None else one.hourly_budget_max.micro_usd
    amount = None if one.amount is None else one.amount.micro_usd
    return Job(
        job_id=one.ciphertext, external_id=one.id, title=one.title, description=one.description or None, url=one.url,
        job_type=_type(one), budget_micro_usd=amount or None, hourly_min_micro_usd=low or None,
        hourly_max_micro_usd=high or low or None, level=one.experience_level,
        skills=tuple(dict.fromkeys(skill.pretty_name for skill in one.skills)), client=_client(one.client),
        proposals=one.total_applicants, posted_at=one.posted_at, source="api",
    )  # fmt: skip


def _type(one: wire.Job) -> JobType:
    if one.hourly_budget_min is not None or one.hourly_budget_max is not None or one.hourly_budget_type in _OFFERS_HOURS:
        return "hourly"
    return "fixed" if one.amount is not None and one.amount.raw > 0 else "unknown"


def _client(one: wire.Client | None) -> Client:
    if one is None:
        return Client()
    return Client(
        is_payment_verified=None if one.verification_status is None else one.verification_status.upper() == "VERIFIED",
        spent_micro_usd=None if one.total_spent is None else one.total_spent.micro_usd, hires=one.total_hires,
        rating=one.total_feedback if one.total_reviews else None, country=None if one.location is None else one.location.country,
    )  # fmt: skip


def standings(client: UpworkClient, external_ids: Sequence[str]) -> dict[str, Standing]:
    """Where the proposals for these jobs stand, by the job's number; the latest word on each."""
    found: dict[str, Standing] = {}
    for one in client.all_proposals(job_ids=external_ids):
        if one.job is None or one.job.id not in external_ids:
            continue
        status = _OURS.get(one.outcome or "")
        if status == "submitted" and client.is_in_conversation(one.id):
            status = "interviewing"
        reason = one.status.reason.reason if one.status.reason is not None else None
        withdrawn = "withdrawn" if one.outcome == "withdrawn" else None
        found[one.job.id] = Standing(one.job.id, status, one.status.status, one.terms.charge_rate.micro_usd, reason or withdrawn)
    return found
