"""Which touches stand behind each step of a person: who a click belongs to, what brought them, what they passed on the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain

from revenue_machine.domains.attribution import rules
from revenue_machine.domains.attribution.models import DIRECT, NOBODY_KNOWS, Passed, Step, Touch, Traced

# A machine that clicks all day must not become a journey of thousands: the first touch and the newest are kept.
MOST_TOUCHES = 50
NOTHING_PASSED = Passed(None, None, NOBODY_KNOWS)


def trace(steps: Iterable[Step], fallbacks: Mapping[str, Touch]) -> list[Traced]:
    """Every conversion among the steps with its journey, by time and id.

    The steps are whole people: all that any of them did, and whatever happened on their devices. `fallbacks` says for a
    signup's id what its own words mean, should its click be unknown or too old. The answer does not depend on the order given.
    """
    ordered = sorted(steps, key=_when)
    people = person_ids(ordered)
    touches = touches_of(ordered, people)
    mine: dict[str, list[Step]] = {}
    traced: list[Traced] = []
    for step in ordered:
        if step.is_click:
            continue
        person = person_of(step, people)
        if person is None:
            traced.append(Traced(step, None, NOBODY_KNOWS, (NOTHING_PASSED,), 0))
        else:
            mine.setdefault(person, []).append(step)
    for person, own in mine.items():
        traced += _Person(person, own, touches.get(person, ()), fallbacks).traced()
    return sorted(traced, key=lambda one: _when(one.step))


def person_ids(steps: Iterable[Step]) -> dict[str, str]:
    """Who each product user is: the contact they are known as, else themselves."""
    found: dict[str, str] = {}
    for step in steps:
        if step.user_id is not None and step.contact_id is not None:
            found[step.user_id] = step.contact_id
    return found


def person_of(step: Step, people: Mapping[str, str]) -> str | None:
    """Whose step it is; None where nobody knows."""
    return step.contact_id if step.user_id is None else people.get(step.user_id, step.user_id)


def touches_of(ordered: Sequence[Step], people: Mapping[str, str]) -> dict[str, list[Step]]:
    """The clicks of each person, oldest first; a click of nobody known is left out."""
    devices: dict[str, list[Step]] = {}
    loose: list[Step] = []
    for step in ordered:
        if step.is_click and step.visitor_id is None:
            loose.append(step)
        elif step.visitor_id is not None and (step.is_click or step.event_type == "signup"):
            devices.setdefault(step.visitor_id, []).append(step)
    found: dict[str, list[Step]] = {}
    owned = chain(((one, one.contact_id) for one in loose), *(_owned(steps, people) for steps in devices.values()))
    for click, owner in owned:
        if owner is not None:
            found.setdefault(owner, []).append(click)
    return {owner: sorted(clicks, key=_when) for owner, clicks in found.items()}


def _owned(device: Sequence[Step], people: Mapping[str, str]) -> Iterator[tuple[Step, str | None]]:
    """Each click of one device with each person it belongs to.

    Whoever named the click as theirs when signing up has it; a personal link is its addressee's; any other click is of whoever
    signed up on this device last before it, else of the first to do so; on a device nobody signed up on, of the addressee of the
    mail that was opened there.
    """
    signups = [one for one in device if one.event_type == "signup" and one.user_id is not None]
    mails = [one for one in device if one.is_click and one.contact_id is not None]
    naming: dict[str, list[str]] = {}
    for one in signups:
        if one.named_click_id is not None:
            naming.setdefault(one.named_click_id, []).append(str(person_of(one, people)))
    for click in device:
        if not click.is_click:
            continue
        named = naming.get(click.touch.click_id or "")
        if named:
            yield from ((click, owner) for owner in sorted(set(named)))
        elif click.contact_id is not None:
            yield click, click.contact_id
        else:
            known = _latest(signups, click.occurred_at) or _latest(mails, click.occurred_at)
            yield click, None if known is None else person_of(known, people)


def _latest(steps: Sequence[Step], at: datetime) -> Step | None:
    """The last step up to a time, else the first of all; steps by time."""
    before = [one for one in steps if one.occurred_at <= at]
    return before[-1] if before else steps[0] if steps else None


class _Person:
    """One person with everything they did and touched."""

    def __init__(self, person: str, own: Sequence[Step], clicks: Sequence[Step], fallbacks: Mapping[str, Touch]) -> None:
        self._person, self._own, self._clicks = person, own, clicks
        self._signups = [one for one in own if one.event_type == "signup"]
        self._came = {one.id: self._came_by(one, fallbacks) for one in self._signups}
        words = [came for signup in self._signups if (came := self._came[signup.id]).step_id == signup.id]
        passed = [*words, *(Passed(one.id, one.occurred_at, one.touch) for one in clicks)]
        self._passed = sorted(passed, key=lambda one: (one.at, one.step_id))
        self._sales: dict[str, Traced] = {}

    def traced(self) -> list[Traced]:
        """Every step with its journey; refunds after the sales they take back."""
        sales = [self._trace(one) for one in self._own if one.event_type != "refund"]
        self._sales = {one.step.payment_id: one for one in sales if one.step.payment_id is not None}
        by_subscription: dict[str, list[Traced]] = {}
        for one in sales:
            if one.step.subscription_id is not None and one.step.event_type in ("purchase", "renewal"):
                by_subscription.setdefault(one.step.subscription_id, []).append(one)
        return sales + [self._refund(one, by_subscription) for one in self._own if one.event_type == "refund"]

    def _refund(self, step: Step, by_subscription: Mapping[str, Sequence[Traced]]) -> Traced:
        """A refund takes back from the touches its sale was credited to: the sale it names, else the subscription's last one."""
        sale = self._sales.get(step.refunds_payment_id or "")
        if sale is None:
            sales = by_subscription.get(step.subscription_id or "", ())
            sale = next((one for one in reversed(sales) if one.step.occurred_at <= step.occurred_at), None)
        if sale is None:
            return self._trace(step)
        return Traced(step, self._person, sale.credited, sale.journey, sale.default)

    def _came_by(self, signup: Step, fallbacks: Mapping[str, Touch]) -> Passed:
        """The last touch before a signup that names somebody, within the window: the click it named, a later one, its own words."""
        named = next((one for one in self._clicks if one.touch.click_id == signup.named_click_id and signup.named_click_id), None)
        if named is not None and rules.is_in_window(named.occurred_at, signup.occurred_at):
            return Passed(named.id, named.occurred_at, named.touch)
        words = Touch("direct", DIRECT, visitor_id=signup.visitor_id) if named is not None else fallbacks[signup.id]
        if words.source_type == "direct" and (later := self._last_click(signup.occurred_at)) is not None:
            return later
        return Passed(signup.id, signup.occurred_at, words)

    def _last_click(self, at: datetime) -> Passed | None:
        recent = [one for one in self._clicks if one.occurred_at <= at and rules.is_in_window(one.occurred_at, at)]
        return Passed(recent[-1].id, recent[-1].occurred_at, recent[-1].touch) if recent else None

    def _trace(self, step: Step) -> Traced:
        signup = self._signup_behind(step)
        came = self._last_click(step.occurred_at) if signup is None else self._came[signup.id]
        anchors = [step.occurred_at] if signup is None else [signup.occurred_at, step.occurred_at]
        passed = [one for one in self._passed if one.at is not None and any(rules.is_in_window(one.at, at) for at in anchors)]
        if came is None or not passed:
            came = came or NOTHING_PASSED
            return Traced(step, self._person, came.touch, (came,), 0)
        kept = [passed[0], *passed[1:][-(MOST_TOUCHES - 1) :]]
        default = next((place for place, one in enumerate(kept) if one.step_id == came.step_id), None)
        if default is None:
            kept.insert(1, came)
            default = 1
        return Traced(step, self._person, came.touch, tuple(kept), default)

    def _signup_behind(self, step: Step) -> Step | None:
        """The signup by which a step inherits: itself, its user's own, else the person's first."""
        if step.event_type == "signup":
            return step
        return next((one for one in self._signups if one.user_id == step.user_id), self._signups[0] if self._signups else None)


def _when(step: Step) -> tuple[datetime, str]:
    return step.occurred_at, step.id
