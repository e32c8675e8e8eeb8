"""What a sound business is: the shape of `revenue.toml` and the sentences that say what is wrong with one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from revenue_machine.domains.owner.models import Business, Channel, MoneySource, Niche, Period, Platform, Product, ServiceProfile
from revenue_machine.kit.money import MICRO, micro
from revenue_machine.kit.settings import Budget, Cap

Place = tuple[str | int, ...]
Mistake = tuple[Place, str]

# The built-in clamp per network (seed §4.10): posts a day and minutes between two. A file may only be stricter.
CHANNEL_CLAMPS: Mapping[str, tuple[int, int]] = {
    "x": (20, 30),
    "threads": (10, 60),
    "instagram": (5, 180),
    "tiktok": (10, 120),
    "facebook": (5, 180),
}
MACHINE_KEYS = ("home", "database_url", "mode", "public_url", "timezone", "clock", "log", "seed")
MOST_USD = 1_000_000
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Line = Annotated[str, Field(min_length=1, max_length=2000)]


def exact_price(text: Any) -> int:
    """A price in micro-dollars, exactly as written.

    Raises: ValueError saying what is wrong with it.
    """
    if isinstance(text, bool) or not isinstance(text, str | int | Decimal):
        raise ValueError('a price is an amount of dollars; write "19.99"')  # noqa: TRY004 - pydantic reads ValueError
    if isinstance(text, str) and not re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text.strip()):
        raise ValueError(f'"{text}" is not an amount of dollars; write "19.99"')
    amount = Decimal(text)
    if not amount.is_finite() or amount < 0:
        raise ValueError("a price is zero dollars or more")
    if amount > MOST_USD:
        raise ValueError(f"a price is at most {MOST_USD} dollars")
    if (amount * MICRO) % 1:
        raise ValueError("a price has at most six decimals")
    return micro(amount)


def _setting(value: Any) -> str:
    """A service's setting as text, as the environment would hand it over."""
    if not isinstance(value, str | int | Decimal):
        raise ValueError("a setting is a text, a number or yes/no")  # noqa: TRY004 - pydantic reads ValueError
    return str(value)


class Section(BaseModel):
    """One table of the file, strict about types and unknown keys."""

    model_config = ConfigDict(extra="forbid", strict=True)


class BusinessSection(Section):
    """`[business]`."""

    name: Line
    voice: Line = "plain, concrete and friendly"
    postal_address: Line | None = None


class OfferSection(Section):
    """`[[products.offers]]`."""

    key: Key
    name: Line
    price_micro_usd: Annotated[int, BeforeValidator(exact_price)] = Field(alias="price_usd")
    period: Period = "month"
    trial_days: int = Field(0, ge=0, le=365)
    discount_code: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{2,40}$")] | None = None
    discount: Line | None = None


class ProductSection(Section):
    """`[[products]]`."""

    key: Key
    name: Line
    url: Annotated[str, Field(pattern=r"^https://[^\s/]+\S*$", max_length=2000)]
    facts: list[Line] = Field(min_length=1)
    no_go: list[Line] = []
    money_source: MoneySource
    store_product_ids: list[Line] = []
    niches: list[Key] = []
    project_path: Line | None = None
    superwall_app: Line | None = None
    bundle_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$", max_length=155)] | None = None
    offers: list[OfferSection] = Field(min_length=1)


class NicheSection(Section):
    """`[[niches]]`."""

    key: Key
    name: Line
    audience: Line
    search_terms: list[Line] = []
    hashtags: list[Line] = []


class ChannelSection(Section):
    """`[[channels]]`."""

    platform: Platform
    account_id: Line | None = None
    per_day: int | None = Field(None, ge=0)
    min_gap_minutes: int | None = Field(None, ge=0)


class UpworkSection(Section):
    """`[upwork]`: the work the owner sells himself."""

    headline: Line
    skills: list[Line] = Field(min_length=1)
    facts: list[Line] = Field(min_length=1)
    no_go: list[Line] = []
    searches: list[Line] = []
    excluded_words: list[Line] = []
    rate_micro_usd: Annotated[int, BeforeValidator(exact_price)] = Field(alias="rate_usd")
    min_fixed_micro_usd: Annotated[int, BeforeValidator(exact_price)] = Field(200_000_000, alias="min_fixed_usd")
    min_hourly_micro_usd: Annotated[int, BeforeValidator(exact_price)] = Field(20_000_000, alias="min_hourly_usd")
    proposal_minutes: int = Field(15, ge=0, le=480)
    typical_hours: int = Field(20, ge=1, le=2000)
    most_proposals: int = Field(50, ge=1, le=50)


class MachineSection(Section):
    """`[machine]`: the same words as the environment, in lower case; `kit.settings` obeys it."""

    home: str | None = None
    database_url: str | None = None
    mode: Literal["sandbox", "live"] | None = None
    public_url: str | None = None
    timezone: str | None = None
    clock: str | None = None
    log: Literal["json", "pretty"] | None = None
    seed: int | None = None


class BudgetSection(Budget):
    """`[budget]`, in dollars."""


class CapSection(Cap):
    """`[caps.<channel>]`."""


class OwnerFile(Section):
    """The whole of `revenue.toml`."""

    business: BusinessSection | None = None
    products: list[ProductSection] = []
    niches: list[NicheSection] = []
    channels: list[ChannelSection] = []
    upwork: UpworkSection | None = None
    machine: MachineSection = MachineSection()
    budget: BudgetSection = BudgetSection()
    caps: dict[str, CapSection] = {}
    services: dict[str, dict[str, Annotated[str, BeforeValidator(_setting)]]] = {}

    @property
    def names_a_business(self) -> bool:
        """False for a file that only sets up the machine."""
        return bool(self.business or self.products or self.niches or self.channels or self.upwork)


def read_sections(values: Mapping[str, Any]) -> tuple[OwnerFile | None, list[Mistake]]:
    """The typed file, or every mistake in it; what pydantic accepts is then checked for sense."""
    try:
        parsed = OwnerFile.model_validate(dict(values))
    except ValidationError as error:
        return None, [_said(item) for item in error.errors(include_url=False)]
    mistakes = [
        *_missing(parsed),
        *_clamps(parsed),
        *_twice(parsed),
        *_loose_ends(parsed),
        *_shut_out(parsed),
        *_half_discounts(parsed),
    ]
    return (None, mistakes) if mistakes else (parsed, [])


def business_of(file: OwnerFile, *, is_example: bool = False) -> Business:
    """The business a sound file describes."""
    section = file.business or BusinessSection(name=file.products[0].name)
    return Business(
        name=section.name,
        voice=section.voice,
        postal_address=section.postal_address,
        products=tuple(_product(one) for one in file.products),
        niches=tuple(Niche.model_validate(one.model_dump()) for one in file.niches),
        channels=tuple(_channel(one) for one in file.channels),
        services=None if file.upwork is None else ServiceProfile.model_validate(file.upwork.model_dump()),
        is_example=is_example,
    )


def near(word: str, known: list[str]) -> str:
    """`; did you mean …?`, or nothing when no known word is close."""
    close = difflib.get_close_matches(word, known, n=2, cutoff=0.6)
    return f"; did you mean {' or '.join(close)}?" if close else f"; known: {', '.join(known)}"


def _product(one: ProductSection) -> Product:
    return Product.model_validate(one.model_dump())


def _channel(one: ChannelSection) -> Channel:
    per_day, gap = CHANNEL_CLAMPS[one.platform]
    return Channel(
        platform=one.platform,
        account_id=one.account_id,
        per_day=per_day if one.per_day is None else one.per_day,
        min_gap_minutes=gap if one.min_gap_minutes is None else one.min_gap_minutes,
    )


def _said(item: Mapping[str, Any]) -> Mistake:
    """One pydantic error as place and sentence."""
    place: Place = tuple(item["loc"])
    if item["type"] == "extra_forbidden":
        return place, f"unknown key{near(str(place[-1]), _keys_at(place[:-1]))}"
    if item["type"] == "missing":
        return place, "is missing"
    words = str(item["msg"]).removeprefix("Value error, ")
    return place, words.replace("Input", "the value", 1)


_SECTIONS: Mapping[Place, type[BaseModel]] = {
    (): OwnerFile,
    ("business",): BusinessSection,
    ("products",): ProductSection,
    ("products", "offers"): OfferSection,
    ("niches",): NicheSection,
    ("channels",): ChannelSection,
    ("upwork",): UpworkSection,
    ("machine",): MachineSection,
    ("budget",): BudgetSection,
}


def _keys_at(place: Place) -> list[str]:
    """The keys the file knows at a place."""
    words = tuple(part for part in place if isinstance(part, str))
    model = CapSection if words[:1] == ("caps",) else _SECTIONS[words]
    return [field.alias or name for name, field in model.model_fields.items()]


def _missing(file: OwnerFile) -> Iterator[Mistake]:
    """A business needs something to sell, somebody to speak to, and a place to do it."""
    if not file.names_a_business:
        return
    for name in ("products", "niches", "channels"):
        if not getattr(file, name):
            yield (name,), f"is missing; a business needs at least one [[{name}]]"


def _clamps(file: OwnerFile) -> Iterator[Mistake]:
    for index, channel in enumerate(file.channels):
        most, gap = CHANNEL_CLAMPS[channel.platform]
        if channel.per_day is not None and channel.per_day > most:
            yield ("channels", index, "per_day"), f"{channel.platform} takes at most {most} posts a day"
        if channel.min_gap_minutes is not None and channel.min_gap_minutes < gap:
            yield ("channels", index, "min_gap_minutes"), f"{channel.platform} needs at least {gap} minutes between two posts"


def _twice(file: OwnerFile) -> Iterator[Mistake]:
    """Keys name one thing each."""
    lists: list[tuple[Place, str, list[str]]] = [
        (("products",), "key", [one.key for one in file.products]),
        (("niches",), "key", [one.key for one in file.niches]),
        (("channels",), "platform", [one.platform for one in file.channels]),
    ]
    lists += [(("products", at, "offers"), "key", [one.key for one in product.offers]) for at, product in enumerate(file.products)]
    for place, name, keys in lists:
        for index, key in enumerate(keys):
            if key in keys[:index]:
                yield (*place, index, name), f"{key} stands here a second time"
    sold: dict[str, str] = {}
    for index, product in enumerate(file.products):
        for nth, store_id in enumerate(product.store_product_ids):
            if sold.setdefault(store_id, product.key) != product.key:
                yield ("products", index, "store_product_ids", nth), f"{store_id} belongs to {sold[store_id]} already"


def _loose_ends(file: OwnerFile) -> Iterator[Mistake]:
    """A product's niches are niches of the file."""
    known = [one.key for one in file.niches]
    for index, product in enumerate(file.products):
        for nth, key in enumerate(product.niches):
            if key not in known:
                yield ("products", index, "niches", nth), f"there is no niche {key}{near(key, known)}"


def _half_discounts(file: OwnerFile) -> Iterator[Mistake]:
    """A code nobody knows the worth of, or a discount without a code, cannot be offered."""
    for index, product in enumerate(file.products):
        for at, offer in enumerate(product.offers):
            if (offer.discount_code is None) != (offer.discount is None):
                missing = "discount" if offer.discount is None else "discount_code"
                yield ("products", index, "offers", at, missing), "is missing; a discount has a code and says what it gives"


def _shut_out(file: OwnerFile) -> Iterator[Mistake]:
    """An excluded word that stands in a skill would exclude the very jobs that are looked for."""
    if file.upwork is None:
        return
    skills = " ".join(file.upwork.skills).casefold()
    for nth, word in enumerate(file.upwork.excluded_words):
        if re.search(rf"(?<!\w){re.escape(word.casefold())}(?!\w)", skills):
            yield ("upwork", "excluded_words", nth), f"{word} stands in your own skills"
