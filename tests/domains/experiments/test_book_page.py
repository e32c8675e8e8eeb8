"""The page Experiments, its JSON twin, and the book as data."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from revenue_machine.engine.page import Pages, plain
from tests.domains.experiments.book_house import FIRST, WANTED, House
from tests.domains.experiments.test_book_ending import measured, ship
from tests.domains.experiments.test_book_looks import BETTER, SAME, after


def page(house: House) -> dict[str, Any]:
    """The page as its twin says it."""
    shown: dict[str, Any] = plain(house.app.container.get(Pages).show("experiments", house.app.container))
    return shown


def tables(shown: dict[str, Any]) -> dict[str, Any]:
    """Its tables by title."""
    return {one["title"]: one for one in shown["sections"] if one["kind"] == "table"}


def timelines(shown: dict[str, Any]) -> dict[str, Any]:
    """The moments of its timelines by title."""
    return {one["title"]: one["moments"] for one in shown["sections"] if one["kind"] == "timeline"}


def test_an_empty_book_says_so(house: House) -> None:
    shown = page(house)
    assert [one["paragraphs"] for one in shown["sections"] if one["kind"] == "text"] == [["Nothing is being tried."]]
    assert tables(shown)["Closed"]["none"] == "Nothing has ended yet."


def test_every_look_is_a_moment_and_the_range_narrows(house: House) -> None:
    held = house.open()
    for day in (2, 4, 6):
        house.look(held, day, *after(day, SAME, daily=200))
    moments = timelines(page(house))["Green button: look by look"]
    assert [(one["at"], one["label"], one["details"][0]) for one in moments] == [
        ("7 Nov", "6", "B 5.00 % (60 of 1,200) against A 5.00 % (60 of 1,200)"),
        ("5 Nov", "4", "B 5.00 % (40 of 800) against A 5.00 % (40 of 800)"),
        ("3 Nov", "2", "B 5.00 % (20 of 400) against A 5.00 % (20 of 400)"),
    ]
    widths = [float(one["title"].removesuffix(")").split(" to ")[1]) for one in moments]
    assert widths == sorted(set(widths))


def test_what_waits_stands_first(house: House) -> None:
    held = house.open()
    house.look(held, 7, *after(7, BETTER))
    shown = page(house)
    notices, figures = shown["sections"][0], shown["sections"][1]
    assert notices["items"][0]["text"].startswith("Green button: ship B: B 9.0 % against 5.0 %")
    assert figures["items"][0]["value"] == "1"
    (moment,) = timelines(shown)["Open"]
    assert (moment["at"], moment["title"], moment["state"]) == ("2 Nov", "Green button (your own, checkout)", "ship")
    assert moment["details"][1] == "next: B is yours to ship"


def test_silence_is_a_notice(house: House) -> None:
    house.open()
    house.be_on(FIRST + timedelta(days=3))
    assert page(house)["sections"][0]["items"][0]["text"] == "Green button: no counts for 3 days"


def test_a_closed_winner_keeps_its_weeks(house: House) -> None:
    held = ship(house)
    measured(house, held, 7)
    house.ask(
        "close", {"experiment_id": held, "outcome": "improved", "words": "it holds", "effect": 0.04, "interval": [0.02, 0.06]}
    )
    shown = tables(page(house))
    assert shown["Closed"]["rows"] == [
        ["Green button (your own, checkout)", "15 Nov", "improved: it holds", "+4.0 (+2.0 to +6.0)"]
    ]  # fmt: skip
    assert shown["Green button: winner against the held-out"]["rows"][0][:3] == ["15 Nov", "14,000", "+4.0"]
    house.ask("note", {"experiment_id": held, "holdout_share": 0})
    assert "Green button: winner against the held-out" not in tables(page(house))


def test_the_book_is_listed(any_house: House) -> None:
    first = any_house.open()
    other = any_house.open(subject="pricing", kind="paywall")
    any_house.ask("close", {"experiment_id": first, "outcome": "rejected", "words": "no"})
    found = {
        which: [one["experiment_id"] for one in any_house.ask("list", {"which": which})["experiments"]]
        for which in ("open", "closed", "all", "measure_due")
    }
    assert found == {"open": [other], "closed": [first], "all": sorted([first, other]), "measure_due": []}
    assert any_house.ask("list", {"which": "all", "kind": "own"})["total"] == 1
    assert any_house.ask("list", {"which": "all", "subject": "pricing", "limit": 1})["total"] == 1


def test_one_is_shown_whole(any_house: House) -> None:
    held = any_house.open()
    any_house.look(held, 7, *after(7, BETTER))
    shown = any_house.ask("show", {"experiment_id": held})
    assert (shown["hypothesis"], shown["alpha"], shown["value_per_conversion_usd"]) == (WANTED["hypothesis"], 0.05, 30)
    assert shown["experiment"]["planned_end_on"] == "2026-11-16"
    assert shown["looks"][0]["counts"][1] == {
        "name": "B", "users": 7000, "conversions": 630, "revenue_micro_usd": None, "revenue_variance": None
    }  # fmt: skip
    assert shown["looks"][0]["effect"]["absolute"] == pytest.approx(0.04)
    assert any_house.refused("show", {"experiment_id": "exp_nobody"})[0] == "not_found"
