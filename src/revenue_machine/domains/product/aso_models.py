"""What an App Store experiment is, and the inputs and answers of its topics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from revenue_machine.engine.topic import Args, Result

ExperimentType = Literal["title", "subtitle", "keywords", "screenshots", "description", "pricing", "paywall"]
Metric = Literal["impressions", "page_views", "product_page_conversion", "downloads", "trial_starts"]
Road = Literal["delegation", "api", "product_page"]
# The one on its way holds the app's place: `proposed` waits for it, everything behind `measuring` is over.
Status = Literal[
    "proposed", "awaiting_approval", "approved", "releasing", "running", "measuring",
    "improved", "neutral", "regressed", "inconclusive", "failed", "rejected", "expired",
]  # fmt: skip
AppKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
ArmName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Locale = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$")]
AsoId = Annotated[str, StringConstraints(pattern=r"^aso_[a-z2-7]{16}$")]
Dollars = Annotated[Decimal, Field(ge=0, allow_inf_nan=False, max_digits=12, decimal_places=6)]
CONTROL = "original"
EXAMPLE_ID = "aso_aaaaaaaaaaaaaaaa"


@dataclass(frozen=True)
class Change:
    """What is to be changed: `field` of the listing from `before` (None: not known) to `after`, or arms of a product page."""

    field: str
    before: str | None = None
    after: str | None = None
    treatments: tuple[dict[str, Any], ...] = ()
    locales: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """As the row and the question hold it."""
        pages = {"treatments": list(self.treatments), "locales": list(self.locales)}
        return {"field": self.field, **(pages if self.treatments else {"before": self.before, "after": self.after})}


class TreatmentArgs(Args):
    """One arm beside the page as it is; `icon` names an icon that lies in the live build, pictures are put in on the web page."""

    name: ArmName = Field(examples=["warm"])
    icon: ArmName | None = None


class ProposeArgs(Args):
    """What to try on an app's page in the store.

    `new_text` are the new words; of a pricing experiment the new price in dollars, of a paywall one the variant. `treatments` are
    the arms of a product-page test (screenshots, icons, previews), `locales` the languages with pictures of their own, `days` how
    long it runs. `road`: delegation lets the coding harness edit the listing files, api writes into the version you opened in
    App Store Connect.
    """

    app: AppKey = Field(examples=["kindletters"])
    experiment_type: ExperimentType = Field(examples=["subtitle"])
    hypothesis: str = Field(min_length=10, max_length=600, examples=["Saying what it does brings more people to the page."])
    new_text: str | None = Field(None, max_length=8000, examples=["Warm letters from your notes"])
    treatments: tuple[TreatmentArgs, ...] = Field((), max_length=8)
    locales: tuple[Locale, ...] = Field((), max_length=40)
    traffic_percent: int = Field(50, ge=1, le=100)
    days: int = Field(30, ge=7, le=90)
    locale: Locale | None = None
    metric_name: Metric | None = None
    road: Literal["delegation", "api"] = "delegation"
    value_per_conversion_usd: Dollars | None = None
    again: bool = False


class ProposeResult(Result):
    """How the experiment stands; `characters` of `most` by Apple's own count, `reason` what it waits for."""

    aso_id: str
    experiment_id: str
    status: Status
    road: Road
    is_new: bool
    approval_id: str | None
    delegation_id: str | None
    reason: str | None
    characters: int | None
    most: int | None
    warnings: list[str]


class StartArgs(Args):
    """Exactly what reaches the public: the same as was proposed, or it is refused."""

    aso_id: AsoId = Field(examples=[EXAMPLE_ID])
    app: AppKey = Field(examples=["kindletters"])
    change: dict[str, Any] = Field(examples=[{"field": "subtitle", "before": "", "after": "Warm letters from your notes"}])
    traffic_percent: int | None = Field(None, ge=1, le=100)


class StartResult(Result):
    """How far it got; `external_id` is Apple's id of the test."""

    aso_id: str
    status: Status
    external_id: str | None
    words: str


class ArmCounts(Args):
    """What Apple's page shows of one arm since the start: people who saw it, and those of them who loaded the app."""

    name: ArmName = Field(examples=["original"])
    users: int = Field(ge=0, le=10**12, examples=[1000])
    conversions: int = Field(ge=0, le=10**12, examples=[50])


class AppleFigure(Args):
    """Apple's own estimate where it shows no counts: improvement in percent with the ends of its interval."""

    winner: ArmName = Field(examples=["warm"])
    improvement_pct: float = Field(ge=-100, le=10_000, examples=[8.0])
    low_pct: float = Field(ge=-100, le=10_000, examples=[1.0])
    high_pct: float = Field(ge=-100, le=10_000, examples=[15.0])
    confidence_pct: float = Field(90, ge=50, le=99.9)

    @model_validator(mode="after")
    def is_an_interval(self) -> AppleFigure:
        """The estimate lies between the ends."""
        if not self.low_pct <= self.improvement_pct <= self.high_pct:
            raise ValueError("improvement_pct lies between low_pct and high_pct")
        return self


class ByHand(Args):
    """The metric's mean a day in the 14 days before and after, read off Apple's page; there is no control in it."""

    before: float = Field(gt=0, le=1e12, examples=[31.5])
    after: float = Field(ge=0, le=1e12, examples=[34.0])


class RecordArgs(Args):
    """What you saw: counts per arm or Apple's estimate of a product-page test, the day a change went live, or means by hand.

    `stop` ends the experiment without a result.
    """

    aso_id: AsoId = Field(examples=[EXAMPLE_ID])
    on_date: date | None = None
    arms: tuple[ArmCounts, ...] = Field((), max_length=4)
    apple: AppleFigure | None = None
    live_on: date | None = None
    by_hand: ByHand | None = None
    stop: bool = False
    words: str | None = Field(None, max_length=500)


class RecordResult(Result):
    """What follows from it."""

    aso_id: str
    status: Status
    verdict: str | None
    words: str


class ReviewResult(Result):
    """How many experiments were looked at and moved; `waiting` says of each open one what it waits for."""

    looked_at: int
    moved: int
    remembered: int
    report_files: int
    waiting: list[str]
    notes: list[str]


class ExperimentsArgs(Args):
    """Which experiments."""

    which: Literal["open", "closed", "all"] = "open"
    app: AppKey | None = None
    limit: int = Field(50, ge=1, le=500)


class AsoExperiment(Result):
    """One experiment as a person reads it; `effect` and its interval are relative (0.1 is 10 %)."""

    aso_id: str
    experiment_id: str
    app: str
    experiment_type: ExperimentType
    hypothesis: str
    change: dict[str, Any]
    metric_name: Metric
    status: Status
    road: Road
    baseline_metric: float | None
    post_metric: float | None
    effect: float | None
    interval: list[float] | None
    p_value: float | None
    control: dict[str, Any] | None
    live_on: date | None
    result: str | None
    waits_for: str | None
    delegation_id: str | None
    approval_id: str | None
    external_id: str | None
    created_at: AwareDatetime
    ended_at: AwareDatetime | None


class ExperimentsResult(Result):
    """How many fit, newest first."""

    total: int
    experiments: list[AsoExperiment]
