"""Questions to Upwork: jobs of the market, the owner's own proposals, and what became of them; nothing is ever handed in here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from pydantic import TypeAdapter, ValidationError

from revenue_machine.integrations.upwork import operations
from revenue_machine.integrations.upwork.wire import (
    Answer,
    Connection,
    Contract,
    GraphqlError,
    Job,
    Owner,
    Posting,
    Proposal,
    Room,
)
from revenue_machine.kit.errors import (
    BadInput,
    ContractBroken,
    Failure,
    OutsideAuthFailed,
    OutsideRateLimited,
    OutsideRejected,
    OutsideUnavailable,
    first_mistake,
)
from revenue_machine.kit.service import ServiceClient

T = TypeVar("T")
_OWNER = TypeAdapter(Owner)
_JOBS: TypeAdapter[Connection[Job] | None] = TypeAdapter(Connection[Job] | None)
_POSTING: TypeAdapter[Posting | None] = TypeAdapter(Posting | None)
_PROPOSALS: TypeAdapter[Connection[Proposal]] = TypeAdapter(Connection[Proposal])
_PROPOSAL: TypeAdapter[Proposal | None] = TypeAdapter(Proposal | None)
_ROOM: TypeAdapter[Room | None] = TypeAdapter(Room | None)
_CONTRACT: TypeAdapter[Contract | None] = TypeAdapter(Contract | None)
# The filter buckets do not part the proposals cleanly, so all are read and the status of each proposal decides.
BUCKETS = ("Archived", "Declined", "Accepted", "Activated", "Hired", "Withdrawn", "Offered", "Pending")
PROPOSALS_PAGE = 20
JOBS_PAGE = 50
MAX_PAGES = 500


@dataclass(frozen=True)
class JobSearch:
    """Which jobs are looked for; what is left out does not filter. Budgets are whole dollars, `skills` alternatives."""

    words: str | None = None
    title: str | None = None
    skills: tuple[str, ...] = ()
    contract_type: str | None = None
    budget_usd: tuple[int, int] | None = None
    verified_payment_only: bool = False

    def fields(self) -> dict[str, Any]:
        """The filter as Upwork reads it."""
        low_high = None if self.budget_usd is None else {"rangeStart": self.budget_usd[0], "rangeEnd": self.budget_usd[1]}
        whole = {
            "searchExpression_eq": self.words,
            "titleExpression_eq": self.title,
            "skillExpression_eq": ",".join(self.skills) or None,
            "jobType_eq": self.contract_type,
            "budgetRange_eq": low_high,
            "verifiedPaymentOnly_eq": self.verified_payment_only or None,
        }
        return {name: value for name, value in whole.items() if value is not None}


class UpworkClient(ServiceClient):
    """There is no operation that submits a proposal, so this client has no method for it."""

    service: ClassVar[str] = "upwork"

    def auth_headers(self) -> dict[str, str]:
        tenant = self.link.settings.option("organization_id")
        return {**super().auth_headers(), **({"x-upwork-api-tenantid": tenant} if tenant else {})}

    def owner(self) -> Owner:
        """Whose credential this is: the cheapest question there is."""
        return self._ask(operations.OWNER, "user", _OWNER, {})

    def search_jobs(self, search: JobSearch, *, after: str | None = None, first: int = JOBS_PAGE) -> Connection[Job]:
        """One page of jobs, newest first; go on with `next_cursor`.

        Upwork's own paging of this search is known to fail at times: a page without `after` asks for none and always works.
        """
        page = {} if after is None else {"pagination_eq": {"after": after, "first": first}}
        variables = {"filter": {**search.fields(), **page}, "sort": [{"field": "RECENCY"}]}
        found = self._ask(operations.SEARCH, "marketplaceJobPostingsSearch", _JOBS, variables)
        return found or Connection[Job].model_validate({})

    def posting(self, job_id: str) -> Posting:
        """A whole posting by its numeric id."""
        return self._known(operations.POSTING, "marketplaceJobPosting", _POSTING, job_id)

    def proposals(self, bucket: str, *, job_ids: Sequence[str] = (), after: str | None = None) -> Connection[Proposal]:
        """One page of the owner's proposals in a bucket (`BUCKETS`), last changed first."""
        if bucket not in BUCKETS:
            raise BadInput(f"'{bucket}' is none of {', '.join(BUCKETS)}", field="bucket")
        only = {"jobPostingIds_any": list(job_ids)} if job_ids else {}
        page = {"first": PROPOSALS_PAGE} if after is None else {"first": PROPOSALS_PAGE, "after": after}
        sort = {"field": "MODIFIEDDATETIME", "sortOrder": "DESC"}
        variables = {"filter": {"status_eq": bucket, **only}, "sort": sort, "page": page}
        return self._ask(operations.PROPOSALS, "vendorProposals", _PROPOSALS, variables)

    def all_proposals(self, *, job_ids: Sequence[str] = (), changed_since: datetime | None = None) -> list[Proposal]:
        """Every proposal of the owner once, the oldest id first; with `changed_since` only what changed at that time or later."""
        found: dict[str, Proposal] = {}
        for bucket in BUCKETS:
            for one in self._bucket(bucket, job_ids, changed_since):
                found[one.id] = one
        return [found[key] for key in sorted(found)]

    def _bucket(self, bucket: str, job_ids: Sequence[str], changed_since: datetime | None) -> list[Proposal]:
        """A bucket up to the first page on which nothing is new enough."""
        found: list[Proposal] = []
        after: str | None = None
        for _ in range(MAX_PAGES):
            page = self.proposals(bucket, job_ids=job_ids, after=after)
            fresh = [one for one in page.nodes if changed_since is None or _changed_at(one) >= changed_since]
            found.extend(fresh)
            if page.next_cursor is None or not fresh:
                return found
            if page.next_cursor == after:
                raise ContractBroken("Upwork promises more proposals and sends nothing new")
            after = page.next_cursor
        raise ContractBroken(f"Upwork's proposals do not end after {MAX_PAGES} pages")

    def proposal(self, proposal_id: str) -> Proposal:
        """One of the owner's proposals."""
        return self._known(operations.PROPOSAL, "vendorProposal", _PROPOSAL, proposal_id)

    def is_in_conversation(self, proposal_id: str) -> bool:
        """Whether the client opened a room for a proposal: no status of Upwork's tells an interview."""
        try:
            return self._ask(operations.about(operations.ROOM, proposal_id), "proposalRoom", _ROOM, {}) is not None
        except OutsideRejected as refusal:
            if refusal.details.get("reason") == "unknown":
                return False
            raise

    def contract(self, contract_id: str) -> Contract:
        """A contract by its id."""
        return self._known(operations.CONTRACT, "contractDetails", _CONTRACT, contract_id)

    def _known(self, document: str, field: str, answer: TypeAdapter[T | None], key: str) -> T:
        found = self._ask(operations.about(document, key), field, answer, {})
        if found is None:
            raise OutsideRejected(f"Upwork knows no {key}", reason="unknown")
        return found

    def _ask(self, document: str, field: str, answer: TypeAdapter[T], variables: Mapping[str, Any]) -> T:
        """Ask one question; errors come with HTTP 200 and are read from the body."""
        told = self.post("/graphql", Answer, {"query": document, "variables": dict(variables)})
        if told.errors:
            failure = _meaning(told.errors)
            raise type(failure)(self.link.hide(failure.message), **failure.details)
        try:
            return answer.validate_python((told.data or {})[field])
        except KeyError:
            raise ContractBroken(f"Upwork answered without {field}") from None
        except ValidationError as error:
            raise ContractBroken(f"Upwork answered in an unknown shape: {field}.{first_mistake(error)}") from None


def _changed_at(proposal: Proposal) -> datetime:
    return proposal.audit.modified_at or proposal.audit.created_at


def _meaning(errors: Sequence[GraphqlError]) -> Failure:
    """The failure the first error stands for: by its classification, else by the words Upwork uses."""
    first = errors[0]
    extensions = first.extensions or {}
    kind = str(extensions.get("classification") or extensions.get("code") or "").lower().replace("_", "")
    words, message = first.message.lower(), f"Upwork: {first.message[:300]}"
    scope = extensions.get("requiredScope")
    if scope or "permission" in words or "authoriz" in words or kind in ("unauthenticated", "unauthorized", "forbidden"):
        return OutsideAuthFailed(message, reason="scope" if scope or "permission" in words else "key", scope=scope)
    if "rate limit" in words or "too many requests" in words or kind == "toomanyrequests":
        return OutsideRateLimited(message)
    if kind in ("validationerror", "invalidsyntax", "badrequest") or words.startswith("validation error"):
        return OutsideRejected(message, reason="invalid")
    if kind == "notfound" or "not found" in words:
        return OutsideRejected(message, reason="unknown")
    return OutsideUnavailable(message)
