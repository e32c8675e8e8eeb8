"""Upwork's GraphQL answers, exactly as it sends them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BeforeValidator, Field, field_validator

from revenue_machine.kit.clock import parse_instant
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.service import Wire

T = TypeVar("T")
Outcome = Literal["submitted", "offered", "won", "lost", "withdrawn"]
_OUTCOMES: dict[str, Outcome] = {
    "PENDING": "submitted", "ACCEPTED": "submitted", "OFFERED": "offered", "ACTIVATED": "won", "HIRED": "won",
    "DECLINED": "lost", "ARCHIVED": "lost", "WITHDRAWN": "withdrawn",
}  # fmt: skip


def _instant(value: Any) -> datetime | None:
    """Documented as ISO text; audit times come as `{rawValue}` with milliseconds since 1970 instead."""
    raw = value.get("rawValue") if isinstance(value, dict) else value
    if raw is None:
        return None
    text = str(raw)
    if text.isascii() and text.isdigit() and len(text) <= 14:
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    try:
        return parse_instant(text.replace("+0000", "+00:00"))
    except BadInput:
        raise ValueError("not an instant") from None


Instant = Annotated[datetime, BeforeValidator(_instant)]
MaybeInstant = Annotated[datetime | None, BeforeValidator(_instant)]


class Money(Wire):
    """An amount; `rawValue` is a decimal as text or as a number."""

    raw: Decimal = Field(alias="rawValue")
    currency: str

    @field_validator("raw", mode="before")
    @classmethod
    def _exact(cls, value: Any) -> Decimal:
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            raise ValueError("not a decimal") from None
        if not amount.is_finite() or abs(amount) >= 10**12:
            raise ValueError("not an amount")
        return amount

    @property
    def micro_usd(self) -> int | None:
        """Micro-dollars, None in another currency."""
        return int(self.raw * 1_000_000) if self.currency == "USD" else None


class Skill(Wire):
    """A skill a job asks for; `pretty_name` is what people read."""

    name: str
    pretty_name: str = Field(alias="prettyName")


class Place(Wire):
    """Where a client is."""

    country: str | None = None


class Client(Wire):
    """Who posted a job, as far as a search tells."""

    total_hires: int | None = Field(None, alias="totalHires")
    total_posted_jobs: int | None = Field(None, alias="totalPostedJobs")
    total_reviews: int | None = Field(None, alias="totalReviews")
    total_feedback: float | None = Field(None, alias="totalFeedback")
    total_spent: Money | None = Field(None, alias="totalSpent")
    verification_status: str | None = Field(None, alias="verificationStatus")
    location: Place | None = None


class Job(Wire):
    """One result of a search; `ciphertext` is the id to keep and to build the address from."""

    id: str
    ciphertext: str = Field(min_length=1)
    title: str
    description: str
    created_at: Instant = Field(alias="createdDateTime")
    published_at: MaybeInstant = Field(None, alias="publishedDateTime")
    amount: Money | None = None
    hourly_budget_type: str | None = Field(None, alias="hourlyBudgetType")
    hourly_budget_min: Money | None = Field(None, alias="hourlyBudgetMin")
    hourly_budget_max: Money | None = Field(None, alias="hourlyBudgetMax")
    duration_label: str | None = Field(None, alias="durationLabel")
    engagement: str | None = None
    experience_level: str | None = Field(None, alias="experienceLevel")
    total_applicants: int | None = Field(None, alias="totalApplicants")
    applied: bool | None = None
    skills: tuple[Skill, ...] = ()
    client: Client | None = None

    @property
    def url(self) -> str:
        return f"https://www.upwork.com/jobs/{self.ciphertext}"

    @property
    def posted_at(self) -> datetime:
        """When the market saw it first."""
        return self.published_at or self.created_at

    @property
    def budget_type(self) -> Literal["hourly", "fixed"]:
        """Hourly when an hourly budget is given; Upwork sends an amount for fixed prices only."""
        return "hourly" if self.hourly_budget_min or self.hourly_budget_max else "fixed"


class PageInfo(Wire):
    """Whether and where a list goes on; the cursor is an offset as text."""

    has_next_page: bool | None = Field(None, alias="hasNextPage")
    end_cursor: str | None = Field(None, alias="endCursor")


class Edge(Wire, Generic[T]):
    """An entry of a connection."""

    node: T


class Connection(Wire, Generic[T]):
    """One page of a list; an empty one comes without `pageInfo`."""

    edges: tuple[Edge[T], ...] = ()
    total_count: int | None = Field(None, alias="totalCount")
    page_info: PageInfo | None = Field(None, alias="pageInfo")

    @property
    def nodes(self) -> list[T]:
        return [edge.node for edge in self.edges]

    @property
    def next_cursor(self) -> str | None:
        """What to go on with, None at the end."""
        info = self.page_info
        return info.end_cursor if info is not None and info.has_next_page else None


class Content(Wire):
    """What a posting says."""

    title: str
    description: str = ""


class WorkFlow(Wire):
    """Where a posting stands, for instance ACTIVE or CLOSED."""

    status: str | None = None
    close_result: str | None = Field(None, alias="closeResult")


class Activity(Wire):
    """What the client has done about a posting so far."""

    last_client_activity: str | None = Field(None, alias="lastClientActivity")
    invites_sent: int | None = Field(None, alias="invitesSent")
    total_invited_to_interview: int | None = Field(None, alias="totalInvitedToInterview")
    total_hired: int | None = Field(None, alias="totalHired")
    total_offered: int | None = Field(None, alias="totalOffered")


class ActivityStat(Wire):
    """The statistics of a posting."""

    job_activity: Activity | None = Field(None, alias="jobActivity")


class FixedTerms(Wire):
    """A fixed price."""

    amount: Money | None = None


class HourlyTerms(Wire):
    """An hourly range in whole currency units."""

    hourly_budget_min: Decimal | None = Field(None, alias="hourlyBudgetMin")
    hourly_budget_max: Decimal | None = Field(None, alias="hourlyBudgetMax")


class PostingTerms(Wire):
    """On which terms a posting hires."""

    contract_type: str | None = Field(None, alias="contractType")
    persons_to_hire: int | None = Field(None, alias="personsToHire")
    experience_level: str | None = Field(None, alias="experienceLevel")
    fixed: FixedTerms | None = Field(None, alias="fixedPriceContractTerms")
    hourly: HourlyTerms | None = Field(None, alias="hourlyContractTerms")


class Country(Wire):
    """A country by name."""

    name: str | None = None


class Company(Wire):
    """The public side of a client."""

    city: str | None = None
    country: Country | None = None


class Posting(Wire):
    """A whole job posting."""

    id: str
    content: Content | None = None
    workflow: WorkFlow | None = Field(None, alias="workFlowState")
    activity: ActivityStat | None = Field(None, alias="activityStat")
    terms: PostingTerms | None = Field(None, alias="contractTerms")
    company: Company | None = Field(None, alias="clientCompanyPublic")


class Reason(Wire):
    """Why a proposal stands where it stands."""

    id: str | None = None
    reason: str | None = None


class ProposalStatus(Wire):
    """The status of a proposal in Upwork's word; unknown words are for a person."""

    status: str
    reason: Reason | None = None


class ProposalTerms(Wire):
    """What the proposal asks for, an hour or in all."""

    charge_rate: Money = Field(alias="chargeRate")


class Audit(Wire):
    """When a proposal was handed in and last changed."""

    created_at: Instant = Field(alias="createdDateTime")
    modified_at: MaybeInstant = Field(None, alias="modifiedDateTime")


class ProposedJob(Wire):
    """The job of a proposal; its id is the numeric one."""

    id: str
    content: Content | None = None


class Proposal(Wire):
    """One of the owner's own proposals."""

    id: str
    status: ProposalStatus
    terms: ProposalTerms
    audit: Audit = Field(alias="auditDetails")
    job: ProposedJob | None = Field(None, alias="marketplaceJobPosting")
    cover_letter: str | None = Field(None, alias="proposalCoverLetter")

    @property
    def outcome(self) -> Outcome | None:
        """Where it stands in our words, None for a word of Upwork's that nobody knew when this was written."""
        return _OUTCOMES.get(self.status.status.upper())


class Room(Wire):
    """A conversation with a client."""

    id: str


class FixedContract(Wire):
    """One generation of fixed terms."""

    fixed_amount: Money | None = Field(None, alias="fixedAmount")


class HourlyContract(Wire):
    """One generation of hourly terms."""

    hourly_rate: Money | None = Field(None, alias="hourlyRate")


class ContractTerms(Wire):
    """Every generation of a contract's terms."""

    fixed: list[FixedContract] | None = Field(None, alias="fixedPriceTerms")
    hourly: list[HourlyContract] | None = Field(None, alias="hourlyTerms")


class Contract(Wire):
    """A contract that came of a proposal."""

    id: str
    title: str | None = None
    status: str | None = None
    terms: ContractTerms | None = None


class Owner(Wire):
    """Whose credential it is."""

    id: str
    name: str | None = None


class GraphqlError(Wire):
    """One entry of `errors`; Upwork sends them with HTTP 200."""

    message: str
    extensions: dict[str, Any] | None = None
    path: list[str | int] | None = None


class Answer(Wire):
    """The envelope of every answer."""

    data: dict[str, Any] | None = None
    errors: list[GraphqlError] | None = None
