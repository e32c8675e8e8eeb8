"""Every parameter of the pretend market, with units and reasons; what the machine has to find out by itself."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from revenue_machine.kit.errors import BadInput
from revenue_machine.sandbox.catalogue import (
    FIXES,
    FRAMEWORKS,
    HOOKS,
    LISTINGS,
    NICHES,
    OFFERS,
    PAIRS,
    PAYWALLS,
    PLATFORMS,
    TIME_ZONES,
    Fix,
    Listing,
    Niche,
    Offer,
    Paywall,
    Platform,
)


class Group(BaseModel):
    """A table of the world file; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Funnel(Group):
    """Chances from one step of the chain to the next."""

    impression_to_click: float = Field(
        default=0.034, ge=0, le=1, description="clicks per impression of an average post; seed §4.11: 2-5 %"
    )
    click_to_signup: float = Field(default=0.15, ge=0, le=1, description="signups per first visit; seed §4.11: 10-20 %")
    signup_to_trial: float = Field(default=0.36, ge=0, le=1, description="trials per signup; seed §4.11: 30-50 %")
    trial_to_paid: float = Field(default=0.12, ge=0, le=1, description="trials that become paid; seed §4.11: 10-20 %")
    month1_retention: float = Field(default=0.80, ge=0, le=1, description="payers who pay a second month; seed §4.11: 80 %")
    later_retention: float = Field(default=0.92, ge=0, le=1, description="payers who pay another month after the second")
    refunds: float = Field(default=0.02, ge=0, le=1, description="first payments that are refunded within five days")
    signup_delay_minutes: float = Field(default=9.0, gt=0, description="mean minutes from landing to signup")
    trial_delay_hours: float = Field(default=5.0, gt=0, description="mean hours from signup to trial")
    earlier_visits: float = Field(
        default=0.0,
        ge=0,
        le=2,
        description="share by which each earlier visit to the page, up to three, raises the chance of a signup",
    )


class Fatigue(Group):
    """What repetition costs."""

    posts_without_fatigue: int = Field(default=6, ge=0, description="posts a day of one niche on one platform before people tire")
    loss_per_post: float = Field(default=0.06, ge=0, le=1, description="share of reach lost by each further post of that day")
    repeated_text: float = Field(
        default=0.35, ge=0, le=1, description="factor on reach when people have read the same words before"
    )


class Traffic(Group):
    """Visits that no link of the machine brings."""

    direct_visits_per_day: float = Field(default=70.0, ge=0, description="people per day who type the address or search for it")
    visits_per_subscriber_per_day: float = Field(
        default=0.05, ge=0, description="word of mouth: visits per paying customer per day"
    )
    looked_up_per_click: float = Field(
        default=0.12, ge=0, description="people who saw the post and came without its link, per click"
    )
    tapped_anyway: float = Field(
        default=0.0, ge=0, le=1,
        description="people on their way to the site who take the link of a post instead, per click of the hour before",
    )  # fmt: skip
    analytics_blocked: float = Field(default=0.09, ge=0, le=1, description="share of people whose browser blocks analytics")
    bots_per_post: float = Field(default=2.2, ge=0, description="link previewers and prefetchers per published post with a link")
    crawlers_per_post_per_day: float = Field(default=0.3, ge=0, description="crawlers per post and day later on")


class Mail(Group):
    """What people and their mail servers do with a mail."""

    opens: float = Field(default=0.48, ge=0, le=1, description="mails somebody opens; definitions §2.8: 40 % and more")
    clicks: float = Field(default=0.11, ge=0, le=1, description="mails with a click; definitions §2.8: 5 % and more")
    replies: float = Field(default=0.03, ge=0, le=1, description="mails somebody answers")
    unsubscribes: float = Field(default=0.012, ge=0, le=1, description="mails whose reader presses unsubscribe in the mail program")
    complaints: float = Field(default=0.0005, ge=0, le=1, description="mails that are called spam")
    dead_addresses: float = Field(default=0.012, ge=0, le=1, description="share of people whose address does not exist")
    scanners: float = Field(default=0.15, ge=0, le=1, description="mails whose server follows every link within two seconds")
    reading_hours: float = Field(default=5.0, gt=0, description="mean hours until somebody reads a mail")
    changes_mind: float = Field(
        default=0.30, ge=0, le=1, description="people in a trial who stay after all because of a mail they clicked"
    )


class Hiring(Group):
    """What clients do on Upwork: the jobs they post and how they choose among proposals."""

    clients: int = Field(default=90, ge=1, description="clients who post jobs on Upwork")
    fitting_jobs_per_weekday: int = Field(default=8, ge=0, description="jobs a weekday in the owner's trades and above his floor")
    other_jobs_per_weekday: int = Field(default=6, ge=0, description="jobs a weekday that are small, cheap, shady or foreign")
    weekend_share: float = Field(default=0.75, ge=0, le=1, description="jobs on a day of the weekend, as a share of a weekday's")
    usual_crowd: float = Field(default=16.0, gt=0, description="median of other freelancers' proposals a job gets in the end")
    closes: float = Field(default=0.65, ge=0, le=1, description="jobs taken down within two weeks; the others are forgotten")
    interviews: float = Field(
        default=0.34, ge=0, le=1, description="chance of an interview for an average proposal without any competition"
    )
    hires: float = Field(default=0.45, ge=0, le=1, description="interviews that end in a contract with a serious client")
    declines: float = Field(default=0.40, ge=0, le=1, description="clients who say no when it is no; the others say nothing")


class History(Group):
    """What was there before the machine came."""

    subscribers: int = Field(default=11, ge=0, description="people who pay when the world begins")
    subscribers_spread: int = Field(default=5, ge=0, description="more or fewer of them, by seed")
    open_trials: int = Field(default=16, ge=0, description="trials that are open when the world begins")
    trial_to_paid: float = Field(default=0.35, ge=0, le=1, description="share of those that will pay: early friends are loyal")


class WorldRates(Group):
    """The whole world in numbers."""

    people: int = Field(default=100_000, ge=100, le=2_000_000, description="people who could see a post")
    average_taste: float = Field(default=0.5, gt=0, description="concentration of tastes; small = most people care for one niche")
    clicker_sigma: float = Field(default=0.8, ge=0, description="spread (log) of how readily people click")
    life_of_post_hours: int = Field(default=72, ge=1, le=720, description="hours after which a post is seen by nobody")
    reach: float = Field(default=1.0, ge=0, description="factor on every post's impressions; scenarios turn this")
    viral_chance: float = Field(default=0.004, ge=0, le=1, description="chance that a post is carried far beyond its followers")
    viral_factor: float = Field(default=12.0, ge=1, description="factor on impressions of such a post")
    funnel: Funnel = Funnel()
    fatigue: Fatigue = Fatigue()
    traffic: Traffic = Traffic()
    mail: Mail = Mail()
    hiring: Hiring = Hiring()
    history: History = History()
    time_zones: dict[str, float] = Field(default_factory=lambda: dict(TIME_ZONES), description="share of people per IANA zone")
    hooks: dict[str, float] = Field(default_factory=lambda: dict(HOOKS), description="hidden: factor on clicks by kind of hook")
    frameworks: dict[str, float] = Field(default_factory=lambda: dict(FRAMEWORKS), description="hidden: factor by framework")
    pairs: dict[str, float] = Field(
        default_factory=lambda: dict(PAIRS), description="hidden: further factor for a hook in a niche, 'hook/niche'"
    )
    platforms: dict[str, Platform] = Field(default_factory=lambda: dict(PLATFORMS))
    niches: dict[str, Niche] = Field(default_factory=lambda: dict(NICHES))
    offers: dict[str, Offer] = Field(default_factory=lambda: dict(OFFERS))
    paywalls: dict[str, Paywall] = Field(default_factory=lambda: dict(PAYWALLS))
    fixes: dict[str, Fix] = Field(default_factory=lambda: dict(FIXES))
    listings: dict[str, Listing] = Field(default_factory=lambda: dict(LISTINGS))

    def to_toml(self) -> str:
        """The whole world as commented TOML that `from_toml` reads back."""
        return "# The world of the sandbox: change a number, keep the name.\n" + "\n".join(_table(self, "")) + "\n"


def from_toml(path: Path) -> WorldRates:
    """Read a world file; names it does not mention keep their default. Raises bad_input."""
    try:
        return WorldRates.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"{path}: {error}", field="world") from None
    except ValidationError as error:
        mistake = error.errors(include_url=False)[0]
        raise BadInput(f"{path}: {mistake['msg']}", field=".".join(str(part) for part in mistake["loc"])) from None


def _table(group: BaseModel, path: str) -> list[str]:
    """Plain values first, then the tables below, as TOML wants it."""
    lines: list[str] = []
    below: list[str] = []
    for name, field in type(group).model_fields.items():
        value = getattr(group, name)
        where = f"{path}.{name}" if path else name
        if isinstance(value, BaseModel):
            below += ["", f"[{where}]", *_table(value, where)]
        elif isinstance(value, dict):
            below += _mapping(value, where, field.description)
        else:
            if field.description:
                lines.append(f"# {field.description}")
            lines.append(f"{name} = {_value(value)}")
    return lines + below


def _mapping(value: dict[str, Any], where: str, comment: str | None) -> list[str]:
    if all(isinstance(entry, BaseModel) for entry in value.values()) and value:
        lines: list[str] = []
        for name, entry in value.items():
            place = f"{where}.{_key(name)}"
            lines += ["", f"[{place}]", *_table(entry, place)]
        return lines
    head = ["", *([f"# {comment}"] if comment else []), f"[{where}]"]
    return head + [f"{_key(name)} = {_value(entry)}" for name, entry in value.items()]


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() else json.dumps(name)


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(entry) for entry in value) + "]"
    return json.dumps(value, ensure_ascii=False)
