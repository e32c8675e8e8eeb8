"""Monthly money from one instant to another: the parts add up, whatever happened."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from revenue_machine.domains.owner.models import Business, Offer, Product
from revenue_machine.domains.revenue.movement import Standing, compare, monthly_micro_usd
from tests.domains.revenue.house import DAY, START, House


def test_each_part_has_its_people() -> None:
    before = [Standing("stays", 10), Standing("grows", 10), Standing("shrinks", 10), Standing("leaves", 10)]
    after = [Standing("stays", 10), Standing("grows", 15), Standing("shrinks", 4), Standing("new", 7), Standing("back", 3)]
    found = compare(before, after, {"back"})
    assert (found.start, found.new, found.reactivated, found.expansion, found.contraction, found.churned, found.end) == (
        40, 7, 3, 5, 6, 10, 39,
    )  # fmt: skip
    assert (found.payers_start, found.payers_new, found.payers_reactivated, found.payers_churned, found.payers_end) == (
        4,
        1,
        1,
        1,
        5,
    )


def test_two_subscriptions_are_one_person() -> None:
    found = compare([Standing("ann", 10)], [Standing("ann", 10), Standing("ann", 5)], {"ann"})
    assert (found.expansion, found.payers_end, found.new) == (5, 1, 0)


standings = st.lists(st.builds(Standing, st.sampled_from("abcdef"), st.none() | st.integers(0, 10**9)), max_size=8)


@given(standings, standings, st.sets(st.sampled_from("abcdef")))
def test_parts_add_up_to_the_end(before: list[Standing], after: list[Standing], had_paid: set[str]) -> None:
    found = compare(before, after, had_paid)
    assert found.start + found.new + found.reactivated + found.expansion - found.contraction - found.churned == found.end
    assert found.payers_start + found.payers_new + found.payers_reactivated - found.payers_churned == found.payers_end
    assert found.unpriced == sum(one.monthly_micro_usd is None for one in after)


def business(*offers: tuple[int, str]) -> Business:
    made = tuple(
        Offer(key=f"o{place}", name="o", price_micro_usd=price, period=period)  # type: ignore[arg-type]
        for place, (price, period) in enumerate(offers)
    )
    product = Product(key="app", name="app", url="https://app.example", facts=("a",), offers=made, money_source="revenuecat")
    return Business(name="T", voice="plain", niches=(), channels=(), products=(product,))


def test_yearly_price_is_a_twelfth() -> None:
    both = business((20_000_000, "month"), (120_000_000, "year"))
    assert monthly_micro_usd(both, "app", 120_000_000) == 10_000_000
    assert monthly_micro_usd(both, "app", 20_000_000) == 20_000_000
    assert monthly_micro_usd(both, "app", 7_000_000) == 7_000_000
    assert monthly_micro_usd(business((120_000_000, "year")), "app", 60_000_000) == 5_000_000
    assert monthly_micro_usd(both, "app", None) is None


def test_books_tell_who_came_and_left(house: House) -> None:
    house.tries("ann", START - 40 * DAY)
    leaver = house.tries("bob", START - 40 * DAY)
    house.tries("new", START - 9 * DAY)
    house.move_to(START - 20 * DAY)
    fake, state = house.fake("revenuecat")
    fake.public_cancel(state, leaver)
    house.move_to(START)
    moved = house.app.call("revcat.mrr").result["movement"]
    assert (moved["payers_start"], moved["payers_new"], moved["payers_churned"], moved["payers_end"]) == (2, 1, 1, 2)
    assert (moved["start_usd"], moved["new_usd"], moved["churned_usd"], moved["end_usd"]) == (39.98, 19.99, 19.99, 39.98)
