"""People sign up, try, pay, stay, leave and want their money back; tills and analytics hear it from the same person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from revenue_machine.kit.clock import iso, parse_instant
from revenue_machine.kit.money import dollars
from revenue_machine.kit.rng import rng
from revenue_machine.sandbox import fates, journeys, variants
from revenue_machine.sandbox.agenda import Due
from revenue_machine.sandbox.catalogue import Offer
from revenue_machine.sandbox.truth import Deed, Exposure

if TYPE_CHECKING:
    from revenue_machine.sandbox.world import World

ORDER = 4
NAME = "buying"
Customer = dict[str, Any]


def turn(world: World, start: datetime, end: datetime) -> None:
    """Do everything people meant to do before the end of the slice, in the order they meant to."""
    with world.living(NAME, end):
        live_until(world, end)


def live_until(world: World, end: datetime) -> None:
    """Take every plan due before `end` off the agenda and carry it out (inside one transaction)."""
    while (due := world.take_due(end)) is not None:
        customer = world.notes.get(journeys.CUSTOMER, due.key.split("#")[0])
        if customer is not None:
            world.set_time(due.due_at)
            _STEPS[due.kind](world, customer, due.due_at)


def sign_up(world: World, customer: Customer, at: datetime) -> None:
    """Make an account; some hours later decide on the trial."""
    _save(world, customer, status="signed_up", arms=_arms_before(world, customer, "trial_started"))
    person, address = customer["person"], journeys.mail_address(customer["visitor"])
    known = {"email": address, "name": journeys.full_name(world, person), "timezone": journeys.zone_of(world, person)}
    world.market.open_mailbox(address, is_dead=rng(world.seed, "mailbox", person).random() < world.rates.mail.dead_addresses)
    _tell(world, customer, "signup", at, known)
    _note(world, customer, "signup", at)
    if world.market.sells(_offer(world, customer)):
        _, hours = fates.trial_draw(world.seed, world.rates, customer["visitor"])
        _plan(world, customer, fates.Plan("trial", fates.trial_time(at, hours)))


def decide_on_trial(world: World, customer: Customer, at: datetime) -> None:
    """Meet the paywall, where there is one, and begin the trial or not."""
    draw, _ = fates.trial_draw(world.seed, world.rates, customer["visitor"])
    chance = _trial_chance(world, customer, at)
    if draw < chance:
        start_trial(world, customer, at)


def _trial_chance(world: World, customer: Customer, at: datetime) -> float:
    """This person's, with the variant of the paywall they meet and the changes they met before."""
    key, usual = customer["offer"], world.rates.funnel.signup_to_trial
    met = journeys.Met(at, key, "trial_started", customer["person"])
    paywall = world.rates.paywalls.get(key)
    if paywall is None:
        return journeys.meet_changes(world, met, usual, journeys.arms_kept(customer))
    variant = variants.paywall_of(world.seed, paywall, customer["visitor"], world.deployed(key).paywall)
    mended = variants.fixed(world.rates, key, met.step, journeys.arms_kept(customer))
    both = (paywall.control, paywall.challenger)
    chances = {one: variants.capped(usual * paywall.factor(one) * mended) for one in both}
    world.expose(Exposure(at, key, variants.PAYWALL, journeys.person_name(world.seed, met.person), variant, chances))
    _save(world, customer, variant=variant)
    _tell_paywall(world, customer, "open", at=at)
    return journeys.meet_changes(world, met, usual * paywall.factor(variant), journeys.arms_kept(customer))


def start_trial(world: World, customer: Customer, at: datetime) -> None:
    """Begin the trial; those who will not pay switch the renewal off before it ends."""
    offer = _offer(world, customer)
    subscription = world.market.start_trial(offer, customer["visitor"], at)
    _save(
        world,
        customer,
        status="trial",
        payments=0,
        subscription=subscription,
        trial_ends=iso(at + timedelta(days=offer.trial_days)),
        arms=_arms_before(world, customer, "purchase_completed"),
    )
    _tell_paywall(world, customer, "trial", at=at)
    _tell(world, customer, "trial_started", at, {"product_id": offer.product_id})
    _note(world, customer, "trial", at)
    usual = journeys.pay_chance(world, customer["channel"], customer["person"])
    met = journeys.Met(at, customer["offer"], "purchase_completed", customer["person"])
    chance = journeys.meet_changes(world, met, usual, journeys.arms_kept(customer))
    _plan(world, customer, fates.after_trial_start(world.seed, customer["visitor"], offer, chance, at))


def _arms_before(world: World, customer: Customer, step: str) -> variants.Arms:
    """The changes this person met so far and meets now, on the way to a step."""
    now = variants.arms_of(world.seed, world.deployed(customer["offer"]), step, customer["visitor"])
    return {**journeys.arms_kept(customer), **now}


def buy_at_once(world: World, customer: Customer, at: datetime) -> None:
    """Pay without a trial (those who came before the machine)."""
    subscription = world.market.buy(_offer(world, customer), customer["visitor"], at)
    _save(world, customer, status="trial", payments=0, subscription=subscription)
    paid(world, customer, at)


def paid(world: World, customer: Customer, at: datetime) -> None:
    """The till took money by itself; decide whether this person will pay another month."""
    offer = _offer(world, customer)
    payments = int(customer["payments"]) + 1
    first_paid_at = customer.get("first_paid_at") or iso(at)
    _save(world, customer, status="paying", payments=payments, first_paid_at=first_paid_at)
    if payments == 1:
        _tell(world, customer, "purchase_completed", at, _price(offer))
    _note(world, customer, "purchase" if payments == 1 else "renewal", at, offer.price_micro_usd)
    _tell_paywall(world, customer, "convert" if payments == 1 else "renew", price_micro_usd=offer.price_micro_usd, at=at)
    began = parse_instant(first_paid_at)
    plan = fates.after_payment(world.seed, world.rates, customer["visitor"], payments=payments, first_paid_at=began, at=at)
    _plan(world, customer, plan)


def leave(world: World, customer: Customer, at: datetime) -> None:
    """Switch the renewal off."""
    offer = _offer(world, customer)
    if customer["status"] == "trial" and _stays_after_all(world, customer, at):
        _plan(world, customer, fates.Plan("paid", parse_instant(customer["trial_ends"])))
        return
    world.market.cancel(offer, customer["subscription"], at)
    _note(world, customer, "cancellation", at, offer.price_micro_usd if customer["status"] == "paying" else 0)
    _save(world, customer, status="left")


def _stays_after_all(world: World, customer: Customer, at: datetime) -> bool:
    """Whether a mail the person followed made up their mind, while the trial still ran."""
    if not customer.get("followed_mail") or at >= parse_instant(customer["trial_ends"]):
        return False
    return rng(world.seed, "mind", customer["visitor"]).random() < world.rates.mail.changes_mind


def refund(world: World, customer: Customer, at: datetime) -> None:
    """Get the first payment back and go."""
    offer = _offer(world, customer)
    world.market.refund(offer, customer["subscription"], at)
    _tell_paywall(world, customer, "refund", price_micro_usd=offer.price_micro_usd, at=at)
    _save(world, customer, status="refunded")
    _note(world, customer, "refund", at, -offer.price_micro_usd)


_STEPS: Mapping[str, Callable[[World, Customer, datetime], None]] = {
    "signup": sign_up, "trial": decide_on_trial, "paid": paid, "left": leave, "refund": refund,
}  # fmt: skip


def _offer(world: World, customer: Customer) -> Offer:
    return world.rates.offers[customer["offer"]]


def _save(world: World, customer: Customer, **changes: Any) -> None:
    customer.update(changes)
    world.notes.put(journeys.CUSTOMER, customer["visitor"], customer)


def _tell(world: World, customer: Customer, event: str, at: datetime, more: Mapping[str, Any]) -> None:
    """What the product's site tells analytics, unless this person's browser blocks it."""
    if journeys.sees_analytics(world, customer["person"]):
        arms = variants.arm_properties(journeys.arms_kept(customer))
        named = {"offer": customer["offer"], "product": _offer(world, customer).product}
        properties = {**named, **customer["came_by"], **more, **arms}
        world.market.capture(event, customer["visitor"], properties, at)


def _tell_paywall(world: World, customer: Customer, deed: str, **more: Any) -> None:
    """What Superwall hears of somebody who came by a paywall; a browser's blocker does not reach into an app."""
    if "variant" in customer:
        product = _offer(world, customer).product
        world.market.tell_paywall(deed, customer["visitor"], product, customer["variant"], **more)


def _note(world: World, customer: Customer, kind: str, at: datetime, amount_micro_usd: int = 0) -> None:
    seen = journeys.sees_analytics(world, customer["person"])
    person = journeys.person_name(world.seed, customer["person"])
    world.note(Deed(at, kind, person, customer["post_id"], customer["channel"], customer["offer"], amount_micro_usd, seen=seen))


def _plan(world: World, customer: Customer, plan: fates.Plan) -> None:
    world.plan(Due(plan.at, plan.step, f"{customer['visitor']}#{customer.get('payments', 0)}"))


def _price(offer: Offer) -> dict[str, Any]:
    """Price as analytics has it: dollars as text, exact."""
    return {"product_id": offer.product_id, "price": str(dollars(offer.price_micro_usd)), "currency": "USD"}
