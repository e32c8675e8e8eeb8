"""Whose click it was, what brought a person, and what they passed before each step."""

from __future__ import annotations

import pytest

from revenue_machine.domains.attribution.models import NO_TRAITS, Touch
from revenue_machine.domains.attribution.tracing import MOST_TOUCHES, trace
from revenue_machine.kit.rng import rng
from tests.domains.attribution.steps import click, niches, paid, signup


def test_sale_passes_every_touch_of_its_person() -> None:
    found = niches(
        click("c1", "v", 0, "one"),
        click("c2", "v", 2, "two"),
        signup("ann", 3, "c2", "v"),
        click("c3", "v", 5, "three"),
        paid("ann", 10),
    )
    assert found == {"signup/ann": ("two", ["one", "two"]), "purchase-ann-10": ("two", ["one", "two", "three"])}


def test_only_thirty_days_before_count() -> None:
    """Before the signup, and before the step itself: what brought somebody brings their renewals too."""
    steps = (click("old", "v", 0, "old"), click("c1", "v", 20, "one"), signup("ann", 31, "c1", "v"), click("c2", "v", 60, "two"))
    found = niches(*steps, paid("ann", 80, "renewal"), paid("ann", 95, "renewal"))
    assert found["signup/ann"] == ("one", ["one"])
    assert found["renewal-ann-80"] == ("one", ["one", "two"])
    assert found["renewal-ann-95"] == ("one", ["one"])


def test_expired_click_leaves_a_later_one() -> None:
    assert niches(click("c1", "v", 0, "one"), signup("ann", 31, "c1", "v")) == {"signup/ann": ("direct", ["direct"])}
    found = niches(click("c1", "v", 0, "one"), click("c2", "v", 5, "two"), signup("ann", 31, "c1", "v"))
    assert found == {"signup/ann": ("two", ["two"])}


def test_two_people_on_one_device_keep_their_own() -> None:
    steps = (
        click("a1", "v", 0, "early"), click("a2", "v", 1, "ann"), signup("ann", 1.1, "a2", "v"), click("a3", "v", 3, "between"),
        click("b1", "v", 5, "bob"), signup("bob", 5.1, "b1", "v"), click("b2", "v", 6, "after"),
    )  # fmt: skip
    found = niches(*steps, paid("ann", 8), paid("bob", 9))
    assert found["purchase-ann-8"] == ("ann", ["early", "ann", "between"])
    assert found["purchase-bob-9"] == ("bob", ["bob", "after"])


def test_two_devices_are_one_person_by_contact() -> None:
    steps = (
        click("c1", "phone", 0, "phone"),
        signup("ann-phone", 1, "c1", "phone"),
        click("c2", "desk", 2, "desk"),
        signup("ann-desk", 3, "c2", "desk"),
    )
    apart = niches(*steps, paid("ann-desk", 9))
    assert apart["purchase-ann-desk-9"] == ("desk", ["desk"])
    named = [signup("ann-phone", 1, "c1", "phone", "con_ann"), signup("ann-desk", 3, "c2", "desk", "con_ann")]
    joined = niches(steps[0], steps[2], *named, paid("ann-desk", 9, contact_id="con_ann"))
    assert joined["purchase-ann-desk-9"] == ("desk", ["phone", "desk"])


def test_mail_click_joins_by_contact() -> None:
    steps = (click("m1", "desk", 0, "mail", "con_ann"), click("c1", "desk", 1, "post"), signup("ann", 2, None, None, "con_ann"))
    found = niches(*steps, paid("ann", 9, contact_id="con_ann"))
    assert found["signup/ann"] == ("post", ["mail", "post", "direct"][:2])
    assert found["purchase-ann-9"] == ("post", ["mail", "post"])


def test_forwarded_mail_is_whose_signup_named_it() -> None:
    found = niches(
        click("m1", "v-bob", 0, "mail", "con_ann"), signup("bob", 1, "m1", "v-bob"), paid("ann", 3, contact_id="con_ann")
    )
    assert found["signup/bob"] == ("mail", ["mail"])
    assert found["purchase-ann-3"] == ("unknown", ["unknown"])


@pytest.mark.parametrize(
    "named", [{"refunds_payment_id": "pay1"}, {"subscription_id": "sub", "refunds_payment_id": None}], ids=["named", "subscription"]
)
def test_refund_follows_its_sale(named: dict[str, str]) -> None:
    sale = paid("ann", 5, payment_id="pay1", subscription_id="sub")
    later = paid("ann", 36, "renewal", payment_id="pay2", subscription_id="other")
    steps = (click("c1", "v", 0, "one"), signup("ann", 1, "c1", "v"), sale, click("c2", "v", 30, "two"), later)
    found = niches(*steps, paid("ann", 40, "refund", **named))
    assert found["refund-ann-40"] == found["purchase-ann-5"] == ("one", ["one"])
    assert found["renewal-ann-36"] == ("one", ["one", "two"])


def test_nobody_knows_is_a_journey_of_its_own() -> None:
    assert niches(paid(None, 1), paid("bob", 2)) == {
        "purchase-None-1": ("unknown", ["unknown"]), "purchase-bob-2": ("unknown", ["unknown"]),
    }  # fmt: skip


def test_long_journey_keeps_first_credited_and_newest() -> None:
    clicks = [click(f"c{n:03d}", "v", n / 100, f"n{n}") for n in range(200)]
    found = niches(*clicks, signup("ann", 0.505, "c050", "v"), paid("ann", 5))["purchase-ann-5"]
    assert len(found[1]) == MOST_TOUCHES + 1
    assert found[1][:3] == ["n0", "n50", "n151"]
    assert found[0] == "n50"


def test_order_given_changes_nothing() -> None:
    steps = [
        click("a1", "v", 0, "early"), signup("ann", 1.1, "a1", "v", "con"), click("b1", "v", 5, "bob"), signup("bob", 5, "b1", "v"),
        click("m", "w", 6, "mail", "con"), paid("ann", 8, payment_id="p", contact_id="con"), paid("bob", 9), paid("ann", 12, "refund", refunds_payment_id="p"),
    ]  # fmt: skip
    words = {"id-ann": Touch("direct", "direct"), "id-bob": Touch("campaign", "google", traits=NO_TRAITS)}
    expected = trace(steps, words)
    for seed in range(20):
        rng(seed, "arrival").shuffle(steps)
        assert trace(steps, words) == expected
