"""What the world starts from: its platforms, niches, offers and the hidden factors between them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Entry(BaseModel):
    """One named thing of the world file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Platform(Entry):
    """One network: who is there, when they look, what they do."""

    people: float = Field(ge=0, le=1, description="share of all people who use it")
    impressions: float = Field(ge=0, description="median impressions of an average post over its life")
    tail: float = Field(ge=0, description="spread (log) between posts: heavy-tailed")
    half_life_hours: float = Field(gt=0, description="hours until half of a post's reach is used up")
    clicks: float = Field(ge=0, description="factor on clicks: how easily people leave this network")
    lookups: float = Field(default=1.0, ge=0, description="factor on people who saw a post here and came without its link")
    likes: float = Field(ge=0, le=1, description="likes per view")
    comments: float = Field(ge=0, le=1, description="comments per view")
    shares: float = Field(ge=0, le=1, description="shares per view")
    saves: float = Field(ge=0, le=1, description="saves per view")
    weekend: float = Field(ge=0, description="factor on attention on Saturday and Sunday")
    attention: tuple[float, ...] = Field(min_length=24, max_length=24, description="attention by local hour 0-23, mean about 1")


class Niche(Entry):
    """A field of interest."""

    people: float = Field(ge=0, description="weight among people's tastes")
    factor: float = Field(ge=0, description="hidden: factor on reach")
    words: tuple[str, ...] = Field(description="beginnings of words by which a reader recognises it")


class Offer(Entry):
    """A product for sale; the price is whole micro-dollars per month."""

    product_id: str = Field(description="the store's name for it")
    product: str = Field(default="", description="the owner's name for the product: whose repository decides what people are shown")
    price_micro_usd: int = Field(ge=0, description="micro-dollars per month; seed §4.9")
    store: str = Field(pattern="^(revenuecat|stripe)$", description="who takes the money: revenuecat or stripe")
    trial_days: int = Field(ge=0, description="days of free trial")
    words: tuple[str, ...] = Field(description="parts of an address by which a landing page is recognised")
    landing_url: str = Field(description="where people go who come without a link")
    weight: float = Field(ge=0, description="share of visits that come without a link")
    appeal: float = Field(ge=0, description="hidden: factor on signups")


class Paywall(Entry):
    """The page between signup and trial; until the product ships a variant, a running test shows each to half of the people."""

    control: str = Field(default="A", description="the variant the product had before")
    challenger: str = Field(default="B", description="the variant that is tried against it")
    effect: float = Field(gt=0, description="hidden: trials per signup with the challenger, as a multiple of the control's")

    def factor(self, variant: str) -> float:
        """On trials per signup; half of the people with each variant make 1 on average, an unknown variant is the control."""
        return (self.effect if variant == self.challenger else 1.0) * 2 / (1 + self.effect)


class Fix(Entry):
    """What a change behind a flag does to the step it is meant for; 1.0 is a change that changes nothing."""

    effect: float = Field(gt=0, description="hidden: people per 100 who take the step with the change, as a multiple of without")


class Listing(Entry):
    """An app's page in the store."""

    bundle_id: str = Field(description="the store's name for the app")
    impressions_per_day: float = Field(ge=0, description="people a day who see the app in a list or a search")
    view_share: float = Field(ge=0, le=1, description="page views per such impression")
    download_share: float = Field(ge=0, le=1, description="downloads per page view")
    words: float = Field(gt=0, description="hidden: factor on page views once name, subtitle or keywords were changed")
    page: float = Field(gt=0, description="hidden: factor on downloads per page view once description or screenshots were changed")


_EVENING = (
    0.35, 0.22, 0.15, 0.12, 0.12, 0.20, 0.45, 0.80, 1.00, 1.00, 0.95, 1.00,
    1.25, 1.15, 1.00, 1.00, 1.10, 1.30, 1.50, 1.75, 1.90, 1.80, 1.35, 0.75,
)  # fmt: skip
_OFFICE = (
    0.30, 0.20, 0.15, 0.12, 0.15, 0.30, 0.70, 1.20, 1.60, 1.70, 1.50, 1.35,
    1.50, 1.45, 1.30, 1.20, 1.20, 1.30, 1.20, 1.10, 1.10, 1.05, 0.85, 0.50,
)  # fmt: skip
_LUNCH = (
    0.35, 0.22, 0.15, 0.12, 0.14, 0.22, 0.50, 0.90, 1.15, 1.20, 1.20, 1.50,
    1.90, 1.70, 1.30, 1.10, 1.10, 1.20, 1.30, 1.40, 1.40, 1.30, 1.00, 0.65,
)  # fmt: skip


def _platform(people: float, impressions: float, clicks: float, **rest: float | tuple[float, ...]) -> Platform:
    common = {"tail": 0.75, "half_life_hours": 6.0, "likes": 0.025, "comments": 0.003, "shares": 0.004, "saves": 0.003}
    return Platform.model_validate({"people": people, "impressions": impressions, "clicks": clicks, **common, **rest})


PLATFORMS = {
    "x": _platform(0.45, 270, 1.0, half_life_hours=3.0, weekend=0.75, attention=_OFFICE),
    "threads": _platform(0.25, 220, 0.9, half_life_hours=6.0, weekend=0.95, attention=_LUNCH),
    "instagram": _platform(0.60, 270, 0.75, half_life_hours=14.0, likes=0.04, saves=0.008, weekend=1.15, attention=_EVENING),
    "tiktok": _platform(0.50, 330, 0.7, half_life_hours=18.0, tail=1.0, likes=0.06, weekend=1.2, attention=_EVENING),
    "facebook": _platform(0.55, 190, 1.15, half_life_hours=9.0, weekend=1.0, attention=_LUNCH),
    "linkedin": _platform(0.30, 240, 1.1, half_life_hours=16.0, comments=0.006, weekend=0.4, attention=_OFFICE),
    "youtube": _platform(0.65, 230, 0.8, half_life_hours=24.0, weekend=1.25, attention=_EVENING),
}

NICHES = {
    "ai_automation": Niche(
        people=1.2, factor=1.15,
        words=("ai", "automat", "agent", "workflow", "prompt", "manual", "model", "gpt", "claude", "chatbot"),
    ),
    "saas_growth": Niche(
        people=1.0, factor=1.0,
        words=("saas", "churn", "signup", "sign up", "onboarding", "pricing", "founder", "mrr", "indie", "product", "customer",
               "dashboard", "setup", "feature", "buildinpublic", "build in public"),
    ),
    "content_creation": Niche(
        people=1.1, factor=0.95,
        words=("content", "post", "caption", "script", "edit", "draft", "hook", "viral", "first line", "video", "writing",
               "viewer"),
    ),
    "digital_marketing": Niche(
        people=0.9, factor=0.85,
        words=("marketing", "ad", "campaign", "click", "landing page", "funnel", "conversion", "budget", "keyword", "seo",
               "targeting"),
    ),
    "creator_economy": Niche(
        people=0.8, factor=1.05,
        words=("creator", "audience", "newsletter", "subscriber", "follower", "sponsor", "reader", "community", "fans",
               "personal brand", "moneti"),
    ),
}  # fmt: skip

OFFERS = {
    "everreach": Offer(
        product_id="everreach_pro_monthly", product="everreach_pro", price_micro_usd=19_990_000, store="revenuecat", trial_days=7,
        words=("everreach",), landing_url="https://everreach.app/", weight=0.5, appeal=1.05,
    ),
    "kindletters": Offer(
        product_id="kindletters_monthly", product="kindletters", price_micro_usd=9_990_000, store="revenuecat", trial_days=7,
        words=("kindletters", "kind-letters"), landing_url="https://kindletters.app/", weight=0.35, appeal=1.0,
    ),
    "clientportal": Offer(
        product_id="clientportal_monthly", product="clientportal", price_micro_usd=49_000_000, store="stripe", trial_days=7,
        words=("clientportal", "client-portal"), landing_url="https://clientportal.app/", weight=0.15, appeal=0.85,
    ),
}  # fmt: skip

# Half a test's people see each variant, so that the funnel's averages are those of the seed whatever the effect is.
PAYWALLS = {"everreach": Paywall(effect=1.18)}
# "offer/step": the step is the event the change is meant to bring more people to.
FIXES = {
    "everreach/signup": Fix(effect=1.12), "everreach/trial_started": Fix(effect=1.15),
    "everreach/purchase_completed": Fix(effect=1.2), "kindletters/signup": Fix(effect=1.0),
    "kindletters/trial_started": Fix(effect=1.1), "kindletters/purchase_completed": Fix(effect=0.9),
    "clientportal/signup": Fix(effect=0.92), "clientportal/trial_started": Fix(effect=1.0),
    "clientportal/purchase_completed": Fix(effect=1.1),
}  # fmt: skip
LISTINGS = {
    "everreach": Listing(
        bundle_id="app.everreach.pro", impressions_per_day=900, view_share=0.12, download_share=0.3, words=1.1, page=1.15
    ),
    "kindletters": Listing(
        bundle_id="app.kindletters", impressions_per_day=500, view_share=0.1, download_share=0.28, words=1.05, page=1.0
    ),
}

TIME_ZONES = {
    "America/Los_Angeles": 0.18, "America/New_York": 0.36, "Europe/London": 0.20, "Europe/Berlin": 0.16, "Asia/Kolkata": 0.10,
}  # fmt: skip
HOOKS = {"question": 1.0, "contrarian": 1.25, "statistic": 1.15, "story": 0.85, "list": 0.95, "plain": 0.65}
FRAMEWORKS = {"AIDA": 0.95, "PAS": 1.2, "storytelling": 0.9, "contrarian": 1.05, "thread": 1.1, "plain": 0.85}
PAIRS = {
    "question/saas_growth": 1.35, "statistic/digital_marketing": 1.4, "story/creator_economy": 1.5,
    "contrarian/ai_automation": 1.2, "list/content_creation": 1.3, "contrarian/creator_economy": 0.7,
}  # fmt: skip
