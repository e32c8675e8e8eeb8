"""App Store Connect's payloads as sent: JSON:API documents of apps, versions, listings, product-page tests, reviews and reports."""

from __future__ import annotations

from datetime import date
from typing import Any, Generic, TypeVar

from pydantic import AwareDatetime, ConfigDict, Field
from pydantic.alias_generators import to_camel

from revenue_machine.kit.service import Wire

A = TypeVar("A")
R = TypeVar("R")

# Nothing more can become of a test in these states.
ENDED = frozenset({"COMPLETED", "STOPPED", "REJECTED"})
MOST_TREATMENTS = 3
LONGEST_DAYS = 90


class Attributes(Wire):
    """A resource's attributes; Apple requires none of them, names are camelCase."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, alias_generator=to_camel)


class Nothing(Wire):
    """The answer to a deletion."""


class Resource(Wire, Generic[A]):
    """One thing: its kind, its id and what is said of it."""

    type: str
    id: str = Field(min_length=1)
    attributes: A
    relationships: dict[str, Any] = Field(default_factory=dict)


class Links(Wire):
    """Where a list goes on; `next` is absent at its end."""

    next: str | None = None


class Many(Wire, Generic[R]):
    """One page of a list."""

    data: list[R]
    links: Links = Links()


class One(Wire, Generic[R]):
    """A single thing."""

    data: R


class AppAttributes(Attributes):
    """An app of the account."""

    name: str | None = None
    bundle_id: str | None = None
    sku: str | None = None
    primary_locale: str | None = None


class VersionAttributes(Attributes):
    """A version; `app_version_state` READY_FOR_DISTRIBUTION is the one the public has."""

    platform: str | None = None
    version_string: str | None = None
    app_version_state: str | None = None
    created_date: AwareDatetime | None = None


class InfoAttributes(Attributes):
    """The part of a listing that outlives versions, once as it is live and once as it is being edited."""

    state: str | None = None
    app_store_state: str | None = None


class InfoWords(Attributes):
    """Name and subtitle in one language."""

    locale: str | None = None
    name: str | None = None
    subtitle: str | None = None


class VersionWords(Attributes):
    """Description and keywords of one version in one language."""

    locale: str | None = None
    description: str | None = None
    keywords: str | None = None
    promotional_text: str | None = None
    whats_new: str | None = None


class ExperimentAttributes(Attributes):
    """A product-page test: what it is, never what it found; `traffic_proportion` is the percent that sees treatments."""

    name: str | None = None
    platform: str | None = None
    traffic_proportion: int | None = None
    state: str | None = None
    review_required: bool | None = None
    start_date: AwareDatetime | None = None
    end_date: AwareDatetime | None = None

    @property
    def is_ended(self) -> bool:
        return self.state in ENDED

    @property
    def is_running(self) -> bool:
        return self.start_date is not None and not self.is_ended

    @property
    def may_start(self) -> bool:
        """Reviewed and accepted, or in need of no review."""
        is_passed = self.state in ("ACCEPTED", "APPROVED")
        return self.start_date is None and (is_passed or (self.review_required is False and self.state == "PREPARE_FOR_SUBMISSION"))


class TreatmentAttributes(Attributes):
    """One arm of a test beside the page as it is."""

    name: str | None = None
    app_icon_name: str | None = None
    promoted_date: AwareDatetime | None = None


class LocaleAttributes(Attributes):
    """A treatment in one language."""

    locale: str | None = None


class ReviewAttributes(Attributes):
    """What a customer wrote; text of strangers."""

    rating: int | None = Field(None, ge=1, le=5)
    title: str | None = None
    body: str | None = None
    reviewer_nickname: str | None = None
    created_date: AwareDatetime | None = None
    territory: str | None = None


class RequestAttributes(Attributes):
    """A standing order of reports (ONGOING) or one look back (ONE_TIME_SNAPSHOT)."""

    access_type: str | None = None
    stopped_due_to_inactivity: bool | None = None


class ReportAttributes(Attributes):
    """One kind of report."""

    name: str | None = None
    category: str | None = None


class InstanceAttributes(Attributes):
    """One edition of a report."""

    granularity: str | None = None
    processing_date: date | None = None


class SegmentAttributes(Attributes):
    """One file of an edition; `url` is signed and wants no credential."""

    checksum: str | None = None
    size_in_bytes: int | None = None
    url: str | None = None


App = Resource[AppAttributes]
Version = Resource[VersionAttributes]
Info = Resource[InfoAttributes]
InfoLocalization = Resource[InfoWords]
VersionLocalization = Resource[VersionWords]
Experiment = Resource[ExperimentAttributes]
Treatment = Resource[TreatmentAttributes]
TreatmentLocalization = Resource[LocaleAttributes]
Review = Resource[ReviewAttributes]
ReportRequest = Resource[RequestAttributes]
Report = Resource[ReportAttributes]
Instance = Resource[InstanceAttributes]
Segment = Resource[SegmentAttributes]


class Listing(Wire):
    """The words of an app in one language as the public has them; None where Apple said nothing."""

    locale: str
    name: str | None = None
    subtitle: str | None = None
    keywords: str | None = None
    description: str | None = None


class RateLimit(Wire):
    """What the last answer said of the hour."""

    most: int
    left: int
