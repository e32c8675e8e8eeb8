"""What a customer will do next: one draw per decision, keyed by the customer alone, so that every telling of a life agrees."""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from revenue_machine.kit.rng import rng
from revenue_machine.sandbox.catalogue import Offer
from revenue_machine.sandbox.rates import WorldRates

Step = Literal["trial", "paid", "left", "refund"]
# Who came that often before knows the page by heart; further visits change nothing.
MOST_EARLIER_VISITS = 3


class Plan(NamedTuple):
    """The next thing somebody means to do, and when (whole seconds)."""

    step: Step
    at: datetime


def signup_chance(rates: WorldRates, offer: Offer, earlier_visits: int) -> float:
    """How likely a visit ends in a signup; each earlier visit of the same person to the same page adds its part."""
    known = 1 + rates.funnel.earlier_visits * min(earlier_visits, MOST_EARLIER_VISITS)
    return rates.funnel.click_to_signup * offer.appeal * known


def signup_draw(seed: int, rates: WorldRates, key: str) -> tuple[float, float]:
    """(the draw a signup chance is held against, minutes from landing to signup) of one visit."""
    draws = rng(seed, "signup", key)
    return draws.random(), draws.expovariate(1 / rates.funnel.signup_delay_minutes)


def trial_draw(seed: int, rates: WorldRates, visitor: str) -> tuple[float, float]:
    """(the draw a trial's chance is held against, hours from the signup until somebody decides on it) of one customer."""
    draws = rng(seed, "trial", visitor)
    return draws.random(), draws.expovariate(1 / rates.funnel.trial_delay_hours)


def trial_time(signed_up_at: datetime, hours: float) -> datetime:
    """When somebody decides on the trial (whole seconds)."""
    return (signed_up_at + timedelta(hours=hours)).replace(microsecond=0)


def after_trial_start(seed: int, visitor: str, offer: Offer, pay_chance: float, at: datetime) -> Plan:
    """Pay at the end of the trial, or switch the renewal off before."""
    ends = at + timedelta(days=offer.trial_days)
    draws = rng(seed, "pay", visitor)
    if draws.random() < pay_chance:
        return _plan("paid", ends)
    return _plan("left", at + (ends - at) * draws.uniform(0.1, 0.95))


def after_payment(seed: int, rates: WorldRates, visitor: str, *, payments: int, first_paid_at: datetime, at: datetime) -> Plan:
    """Ask the money back, pay another month, or leave before it; `payments` with this one."""
    draws = rng(seed, "stay", visitor, payments)
    next_payment = months_after(first_paid_at, payments)
    funnel = rates.funnel
    if payments == 1 and draws.random() < funnel.refunds:
        return _plan("refund", at + timedelta(days=draws.uniform(0.5, 5)))
    if draws.random() < (funnel.month1_retention if payments == 1 else funnel.later_retention):
        return _plan("paid", next_payment)
    return _plan("left", at + (next_payment - at) * draws.uniform(0.2, 0.95))


def months_after(first: datetime, months: int) -> datetime:
    """The same day of a later month where it exists, else that month's last day: how stores bill."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return first.replace(year=year, month=month + 1, day=min(first.day, monthrange(year, month + 1)[1]))


def _plan(step: Step, at: datetime) -> Plan:
    return Plan(step, at.replace(microsecond=0))
