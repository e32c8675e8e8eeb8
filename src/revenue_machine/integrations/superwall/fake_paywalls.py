"""What happens at a pretend app's paywalls: campaigns, sticky variants, and what each person did there on which day.

The world calls the `public_…` side. One application per product of the owner, its `slug` is the product's key; the first
open of a product without a campaign starts one that shows the variants A and B to half of the people each.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from revenue_machine.kit.fakeserver import FakeState
from revenue_machine.kit.rng import rng

PROJECT, ORGANIZATION = 3827, 101
USUAL_SPLIT: Mapping[str, float] = {"A": 50, "B": 50}
PLACEMENT = "upgrade_prompt"
# Of a dollar, what the store leaves the owner: Superwall counts proceeds after 15 % of the small business programme.
KEPT_PERCENT = 85
Document = dict[str, Any]


def public_experiment(
    state: FakeState, product_key: str, variants: Mapping[str, float] | None = None, *, bandit: bool = False, holdout: float = 0
) -> str:
    """The owner opens a campaign for a product's paywall with these variants and percentages; answers the experiment's id.

    A second call for the same product ends the running experiment and starts another, as an edited audience does.
    """
    app = _application(state, product_key)
    experiment_id = str(9000 + state.next_number("experiment"))
    shown = [_variant(state, app, name, percent) for name, percent in (variants or USUAL_SPLIT).items()]
    if holdout:
        number = str(70_000 + state.next_number("variant"))
        shown.append({"id": number, "name": "", "paywall": None, "percentage": holdout, "type": "holdout"})
    campaign = {
        "id": str(400 + state.next_number("campaign")), "app": app["id"], "experiment": experiment_id, "variants": shown,
        "audience": str(600 + state.next_number("audience")), "bandit": bandit, "archived": False, "created_at": _iso(state.now()),
        "description": f"{product_key} upgrade",
    }  # fmt: skip
    state.put("campaign", str(campaign["id"]), campaign)
    state.put("application", product_key, app | {"campaign": campaign["id"]})
    return experiment_id


def public_percentages(state: FakeState, product_key: str, variants: Mapping[str, float]) -> None:
    """The owner changes the percentages of the running experiment in the dashboard; a new name is a variant added midway."""
    campaign = _running(state, product_key)
    known = {one["name"]: one for one in campaign["variants"]}
    app = state.get("application", product_key) or {}
    changed = [known.get(name) or _variant(state, app, name, percent) for name, percent in variants.items()]
    campaign["variants"] = [one | {"percentage": variants[one["name"]]} for one in changed]
    state.put("campaign", campaign["id"], campaign)


def public_end_experiment(state: FakeState, product_key: str) -> None:
    """The owner deletes the campaign: neither the list nor the charts know its experiment afterwards."""
    campaign = _running(state, product_key)
    state.drop("campaign", campaign["id"])


def public_assign(state: FakeState, user_id: str, product_key: str) -> str:
    """The variant this person sees: drawn by the percentages the first time, the same ever after, whatever is changed since."""
    campaign = _running(state, product_key)
    person = _person(state, product_key, user_id)
    held = person["assigned"].get(campaign["experiment"])
    if held is None:
        held = _draw(state, campaign, user_id)
        person["assigned"][campaign["experiment"]] = held
        state.put("person", _person_key(product_key, user_id), person)
    return str(held)


def public_open(state: FakeState, user_id: str, product_key: str, variant: str | None, at: datetime) -> str:
    """A person meets the paywall of a product at an instant; without a variant, the assigned one. Answers the variant met."""
    campaign = _running(state, product_key)
    name = public_assign(state, user_id, product_key) if variant is None else variant
    person, day, number = _person(state, product_key, user_id), _day(at), _number(campaign, name)
    person["install"] = min(person["install"] or day, day)
    person["assigned"].setdefault(campaign["experiment"], name)
    before = person["last_open"].get(number, "")
    cell = _Cell(campaign["experiment"], number, day, person["install"], "")
    _count(state, cell, {"opens": 1, f"users_after:{before}": 1 if before != day else 0})
    person["last_open"][number] = max(before, day)
    person["last"] = {"experiment_id": campaign["experiment"], "variant_id": number, "paywall_name": name}
    state.put("person", _person_key(product_key, user_id), person)
    return name


def public_trial(state: FakeState, user_id: str, product_key: str, variant: str, *, at: datetime, price_micro_usd: int = 0) -> None:
    """A person starts a free trial on the paywall; no money moves yet (`price_micro_usd` is what it will cost)."""
    _bought(state, (user_id, product_key, variant), at, {"conversions": 1, "trials": 1})


def public_convert(state: FakeState, user_id: str, product_key: str, variant: str, *, at: datetime, price_micro_usd: int) -> None:
    """A person pays: the end of a trial that was told before, or a first payment at once."""
    person = _person(state, product_key, user_id)
    sale = {"subscriptions": 1, "gross": price_micro_usd, "net": _kept(price_micro_usd)}
    _bought(state, (user_id, product_key, variant), at, sale | ({} if person["purchase"] else {"conversions": 1}))


def public_renew(state: FakeState, user_id: str, product_key: str, variant: str, *, at: datetime, price_micro_usd: int) -> None:
    """A paying person pays for another period; the money belongs to the paywall of the first purchase."""
    _bought(state, (user_id, product_key, variant), at, {"gross": price_micro_usd, "net": _kept(price_micro_usd)})


def public_refund(state: FakeState, user_id: str, product_key: str, variant: str, *, at: datetime, price_micro_usd: int) -> None:
    """A person gets `price_micro_usd` (positive) back; proceeds fall by it."""
    taken = {"refunded": price_micro_usd, "gross": -price_micro_usd, "net": -_kept(price_micro_usd)}
    _bought(state, (user_id, product_key, variant), at, taken)


class _Cell:
    """Where a count belongs: variant and day it happened, day of the install, day of the first purchase."""

    def __init__(self, experiment: str, variant: str, day: str, install: str, purchase: str) -> None:
        self.kind, self.key, self.variant, self.day = f"day/{experiment}", f"{variant}/{day}", variant, day
        self.place = f"{install}|{purchase}"


def _bought(state: FakeState, who: tuple[str, str, str], at: datetime, counts: Mapping[str, int]) -> None:
    user_id, product_key, name = who
    campaign, person, day = _running(state, product_key), _person(state, product_key, user_id), _day(at)
    person["install"], person["purchase"] = person["install"] or day, person["purchase"] or day
    number = _number(campaign, name)
    _count(state, _Cell(campaign["experiment"], number, day, person["install"], person["purchase"]), counts)
    state.put("person", _person_key(product_key, user_id), person)


def _count(state: FakeState, cell: _Cell, counts: Mapping[str, int]) -> None:
    held = state.get(cell.kind, cell.key) or {"variant": cell.variant, "day": cell.day, "cells": {}}
    numbers = held["cells"].setdefault(cell.place, {})
    for name, more in counts.items():
        if more:
            numbers[name] = numbers.get(name, 0) + more
    state.put(cell.kind, cell.key, held)


def _kept(price_micro_usd: int) -> int:
    return price_micro_usd * KEPT_PERCENT // 100


def _running(state: FakeState, product_key: str) -> Document:
    """The product's campaign; the first person at its paywall finds the usual one."""
    app = state.get("application", product_key)
    if app is None or app["campaign"] is None:
        public_experiment(state, product_key)
        app = state.get("application", product_key) or {}
    campaign = state.get("campaign", app["campaign"])
    if campaign is None:
        raise ValueError(f"the campaign of {product_key} was deleted")
    return campaign


def _number(campaign: Document, name: str) -> str:
    for one in campaign["variants"]:
        if one["name"] == name:
            return str(one["id"])
    raise ValueError(f"the paywall of {campaign['description']} has no variant {name}")


def _draw(state: FakeState, campaign: Document, user_id: str) -> str:
    shown = [one for one in campaign["variants"] if one["percentage"] > 0]
    point = rng(state.seed, "superwall.variant", campaign["experiment"], user_id).random() * sum(one["percentage"] for one in shown)
    for one in shown:
        point -= one["percentage"]
        if point < 0:
            return str(one["name"])
    return str(shown[-1]["name"])


def _application(state: FakeState, product_key: str) -> Document:
    held = state.get("application", product_key)
    if held is None:
        held = {
            "id": str(state.next_number("application")), "slug": product_key, "campaign": None, "created_at": _iso(state.now()),
        }  # fmt: skip
        state.put("application", product_key, held)
    return held


def _variant(state: FakeState, app: Document, name: str, percent: float) -> Document:
    """A variant and the paywall it shows; a paywall of that name is there already when an earlier experiment showed it."""
    paywall = state.get("paywall", f"{app['slug']}/{name}")
    if paywall is None:
        paywall = {
            "id": str(2000 + state.next_number("paywall")), "app": app["id"], "identifier": name, "created_at": _iso(state.now()),
            "name": f"{app['slug']} {name}",
        }  # fmt: skip
        state.put("paywall", f"{app['slug']}/{name}", paywall)
    number = str(70_000 + state.next_number("variant"))
    return {"id": number, "name": name, "paywall": paywall["id"], "percentage": percent, "type": "treatment"}


def _person(state: FakeState, product_key: str, user_id: str) -> Document:
    blank: Document = {"user": user_id, "install": "", "purchase": "", "assigned": {}, "last_open": {}, "last": None}
    return state.get("person", _person_key(product_key, user_id)) or blank


def _person_key(product_key: str, user_id: str) -> str:
    return f"{product_key}/{user_id}"


def _day(at: datetime) -> str:
    return at.date().isoformat()


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
