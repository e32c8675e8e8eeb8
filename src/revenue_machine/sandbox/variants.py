"""What a product shows to whom: its running paywall test, what it has shipped since, flagged changes, and what each really does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from revenue_machine.kit.rng import rng
from revenue_machine.sandbox.catalogue import Paywall
from revenue_machine.sandbox.rates import WorldRates

CONTROL, TREATMENT = "control", "treatment"
PAYWALL = "paywall"
# The event a change is meant to bring more people to, by the names a product may give it.
STEPS: Mapping[str, str] = {
    "signup": "signup", "trial": "trial_started", "trial_started": "trial_started", "purchase": "purchase_completed",
    "paid": "purchase_completed", "purchase_completed": "purchase_completed",
}  # fmt: skip
Arms = dict[str, dict[str, str]]


class _Part(BaseModel):
    """A part of product.json; what the world does not know, it passes over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ShippedPaywall(_Part):
    """Which variant the product shows, and to which share of people still the other."""

    variant: str | None = None
    holdout_variant: str | None = None
    holdout_share: float = Field(default=0.0, ge=0, le=1)


class Feature(_Part):
    """A change behind a flag: the share of people who get it, and the step it is meant for."""

    share: float = Field(default=0.0, ge=0, le=1)
    step: str = ""


class Deployed(_Part):
    """What the product's repository says it shows."""

    paywall: ShippedPaywall | None = None
    features: dict[str, Feature | None] = Field(default_factory=dict)
    listing: dict[str, Any] = Field(default_factory=dict)


NOTHING = Deployed()


def read_deployed(document: Mapping[str, Any]) -> Deployed:
    """product.json as the world takes it; one that nobody could serve shows what was there at the beginning."""
    try:
        return Deployed.model_validate(document)
    except ValidationError:
        return NOTHING


def paywall_of(seed: int, paywall: Paywall, visitor: str, shipped: ShippedPaywall | None) -> str:
    """The variant this customer meets: that of the running test, or what was shipped but for the holdout; always the same draw.

    A variant the app does not know shows what it showed before.
    """
    point = rng(seed, PAYWALL, visitor).random()
    if shipped is None or shipped.variant is None:
        return paywall.control if point < 0.5 else paywall.challenger
    is_held_out = shipped.holdout_variant is not None and point < shipped.holdout_share
    shown = shipped.holdout_variant if is_held_out else shipped.variant
    return paywall.challenger if shown == paywall.challenger else paywall.control


def arms_of(seed: int, deployed: Deployed, step: str, visitor: str) -> Arms:
    """Flag to arm and step for every change this person meets on the way to `step`; a larger share only adds people."""
    found: Arms = {}
    for flag, feature in deployed.features.items():
        if feature is not None and STEPS.get(feature.step) == step:
            point = rng(seed, "feature", flag, visitor).random()
            found[flag] = {"arm": TREATMENT if point < feature.share else CONTROL, "step": step}
    return found


def arm_properties(arms: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """What analytics hears with every event of somebody who met these changes."""
    return {f"$feature/{flag}": held["arm"] for flag, held in arms.items()}


def fixed(rates: WorldRates, offer: str, step: str, arms: Mapping[str, Mapping[str, str]]) -> float:
    """Factor on a step for somebody in these arms; what is mended cannot be mended again by a second change."""
    fix = rates.fixes.get(f"{offer}/{step}")
    is_mended = any(held["step"] == step and held["arm"] == TREATMENT for held in arms.values())
    return fix.effect if fix is not None and is_mended else 1.0


def chances_by_arm(
    rates: WorldRates, offer: str, base: float, arms: Mapping[str, Mapping[str, str]], flag: str
) -> dict[str, float]:
    """This person's chance of the flag's step, had it fallen the other way and as it fell; all other arms stay."""
    step = arms[flag]["step"]
    return {
        arm: capped(base * fixed(rates, offer, step, {**arms, flag: {"arm": arm, "step": step}})) for arm in (CONTROL, TREATMENT)
    }


def capped(chance: float) -> float:
    """A chance that stays one."""
    return min(chance, 1.0)
