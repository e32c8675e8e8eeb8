"""What the owner's business is: products with offers and facts, niches, channels, and the voice to speak in."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Period = Literal["day", "week", "month", "year", "once"]
Platform = Literal["x", "threads", "instagram", "tiktok", "facebook"]
# Networks that take a post of words alone; the others need a picture or a video.
TAKES_TEXT = frozenset({"x", "threads", "facebook"})
MoneySource = Literal["revenuecat", "stripe", "superwall"]


class Value(BaseModel):
    """A frozen value of the owner's file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Offer(Value):
    """One way to buy a product; `trial_days` 0 means no free trial.

    `discount_code` is one the checkout knows, `discount` what it gives, in words; mail names no other.
    """

    key: str
    name: str
    price_micro_usd: int
    period: Period
    trial_days: int = 0
    discount_code: str | None = None
    discount: str | None = None


class Product(Value):
    """What is sold: only `facts` may be claimed of it, nothing in `no_go` may be said.

    `project_path` is where its code lies, as the owner wrote it: what the coding harness works in.
    `superwall_app` is Superwall's id of its app, needed only where Superwall calls it by another name; `bundle_id` is the
    App Store's, and without one it is no app there.
    """

    key: str
    name: str
    url: str
    facts: tuple[str, ...]
    no_go: tuple[str, ...] = ()
    offers: tuple[Offer, ...]
    money_source: MoneySource
    store_product_ids: tuple[str, ...] = ()
    niches: tuple[str, ...] = ()
    project_path: str | None = None
    superwall_app: str | None = None
    bundle_id: str | None = None


class Niche(Value):
    """A field of interest: who is spoken to and where they are found."""

    key: str
    name: str
    audience: str
    search_terms: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()


class Channel(Value):
    """One network to publish on; `account_id` is the publishing service's name for the account."""

    platform: Platform
    account_id: str | None = None
    per_day: int
    min_gap_minutes: int

    @property
    def takes_text(self) -> bool:
        """Whether a post of words alone can go here."""
        return self.platform in TAKES_TEXT


class ServiceProfile(Value):
    """The work the owner sells by the hour or the job: only `facts` may be claimed of him, nothing in `no_go` may be said.

    `min_fixed_micro_usd` and `min_hourly_micro_usd` are the floor below which no job is looked at; `rate_micro_usd` is an hour of
    his, `proposal_minutes` what one proposal takes, `typical_hours` what a job by the hour comes to.
    """

    headline: str
    skills: tuple[str, ...]
    facts: tuple[str, ...]
    rate_micro_usd: int
    no_go: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    excluded_words: tuple[str, ...] = ()
    min_fixed_micro_usd: int = 200_000_000
    min_hourly_micro_usd: int = 20_000_000
    proposal_minutes: int = 15
    typical_hours: int = 20
    most_proposals: int = 50


class Business(Value):
    """Everything the owner decided about what is made and where it goes; marketing mail needs a `postal_address`."""

    name: str
    voice: str
    products: tuple[Product, ...]
    niches: tuple[Niche, ...]
    channels: tuple[Channel, ...]
    services: ServiceProfile | None = None
    postal_address: str | None = None
    is_example: bool = False

    def product(self, key: str) -> Product | None:
        """The product of that key, or None."""
        return next((one for one in self.products if one.key == key), None)

    def niche(self, key: str) -> Niche | None:
        """The niche of that key, or None."""
        return next((one for one in self.niches if one.key == key), None)

    def channel(self, platform: str) -> Channel | None:
        """The channel on that network, or None."""
        return next((one for one in self.channels if one.platform == platform), None)

    def sold_as(self, store_product_id: str) -> Product | None:
        """The product a store's product id belongs to, or None."""
        return next((one for one in self.products if store_product_id in one.store_product_ids), None)
