"""The evening report's lines about experiments: plain words, and numbers that SQL finds again in the tables."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from tests.domains.experiments.book_house import FIRST, House
from tests.domains.experiments.test_book_ending import measured, ship
from tests.domains.experiments.test_book_looks import BETTER, SAME, after

NUMBERS = re.compile(
    r"Green button \(your own, checkout\) since (\d+ Nov): keep going, day (\d+) of (\d+): "
    r"B ([\d.]+) % against ([\d.]+) %, (\S+) points \((\S+) to (\S+)\); next: decided about (\d+ Nov) if this lasts, "
    r"by (\d+ Nov) at the latest; waiting costs about \$([\d,]+) a week"
)


def derived(house: House) -> tuple[str, ...]:
    """The same numbers by SQL that shares nothing with the code that wrote them."""
    sql = """
        select e.started_at, l.days, e.planned_days, l.counts, l.interval_low, l.interval_high, l.on_date, l.days_left,
        l.waiting_micro_usd from actp_experiment_looks l join actp_experiments e on e.id = l.experiment_id
        where l.phase = 'test' order by l.on_date desc limit 1
    """
    with house.app.database.reading() as connection:
        row: Any = connection.execute(sa.text(sql)).mappings().one()
    a, b = (one["conversions"] / one["users"] for one in json.loads(row["counts"]))
    start, ahead = int(row["started_at"][8:10]), int(row["on_date"][8:10]) + row["days_left"]
    share = [f"{100 * one:+.1f}" for one in (b - a, row["interval_low"], row["interval_high"])]
    return (
        f"{start} Nov", str(row["days"]), str(row["planned_days"]), f"{100 * b:.1f}", f"{100 * a:.1f}", *share, f"{ahead} Nov",
        f"{start + row['planned_days']} Nov", f"{round(row['waiting_micro_usd'] / 1e6):,}",
    )  # fmt: skip


def test_every_number_of_the_line_is_in_the_tables(house: House) -> None:
    held = house.open()
    house.look(held, 8, (2000, 100), (2010, 132))
    (line,) = house.report()
    found = NUMBERS.fullmatch(line)
    assert found is not None, line
    assert found.groups() == derived(house)


def test_before_the_first_count_it_is_too_early(house: House) -> None:
    house.open()
    assert house.report() == [
        "Green button (your own, checkout) since 2 Nov: no counts yet; next: the first counts; waiting: too early to say what it costs"
    ]


def test_few_people_are_too_early_to_price(house: House) -> None:
    house.look(house.open(), 1, (30, 2), (30, 3))
    (line,) = house.report()
    assert line.endswith("next: no decision before 8 Nov; waiting: too early to say what it costs")


def test_a_winner_is_named(house: House) -> None:
    house.look(house.open(), 7, *after(7, BETTER))
    (line,) = house.report()
    assert "since 2 Nov: ship B: B 9.0 % against 5.0 %, +4.0 points (" in line
    assert "; next: B is yours to ship; waiting costs about $" in line


def test_a_loop_says_what_comes_next(house: House) -> None:
    held = house.open(kind="paywall", subject="everreach_pro")
    house.look(held, 7, *after(7, BETTER))
    assert "; next: the change is put before you; " in house.report()[0]
    house.ask("note", {"experiment_id": held, "next": "waits for your yes (revenue inbox)"})
    assert "; next: waits for your yes (revenue inbox); " in house.report()[0]
    house.ask("note", {"experiment_id": held, "status": "applying"})
    assert "; next: the change is being made; " in house.report()[0]


def test_a_broken_split_is_said_in_words(house: House) -> None:
    house.look(house.open(), 7, (7000, 350), (5000, 500))
    (line,) = house.report()
    assert ": unhealthy: people were not split as planned (p " in line
    assert "; next: nothing is changed by itself while the split is broken; " in line


def test_silence_is_said_after_three_days(house: House) -> None:
    held = house.open()
    house.look(held, 2, *after(2, SAME))
    house.be_on(FIRST + timedelta(days=3))
    assert "no counts for" not in house.report()[0]
    house.be_on(FIRST + timedelta(days=4))
    assert "; no counts for 3 days; next: " in house.report()[0]


def test_an_experiment_nobody_ever_counted_is_silent(house: House) -> None:
    house.open()
    house.be_on(FIRST + timedelta(days=3))
    assert "no counts yet; no counts for 3 days" in house.report()[0]


def test_the_measure_shows_winner_against_the_held_out(house: House) -> None:
    held = ship(house)
    assert ": shipped, not measured yet; next: judged on 15 Nov; " in house.report()[0]
    measured(house, held, 3)
    (line,) = house.report()
    assert ": shipped, no difference shown yet: B 9.0 % against 5.0 %, +4.0 points (" in line
    assert "; next: judged on 15 Nov; the holdout costs about $" in line


def test_an_ending_is_told_on_its_day_only(house: House) -> None:
    held = ship(house)
    ending = {"experiment_id": held, "outcome": "improved", "words": "kept", "effect": 0.04, "interval": [0.02, 0.06]}
    house.ask("close", ending)
    assert house.report() == [
        "closed today: Green button (your own, checkout): shipped, and the measure bears it out: +4.0 points (+2.0 to +6.0); kept"
    ]
    house.be_on(FIRST + timedelta(days=7))
    assert house.report() == []


def test_a_kept_holdout_tells_its_weeks(house: House) -> None:
    held = ship(house)
    measured(house, held, 7)
    house.ask("close", {"experiment_id": held, "outcome": "improved", "words": "kept"})
    for weeks in (2, 3):
        measured(house, held, 7 * weeks)
    said = [line for line in house.report() if "against the held-out" in line]
    assert len(said) == 1
    assert said[0].startswith("Green button (your own, checkout) against the held-out: the effect lasts")
    house.be_on(FIRST + timedelta(days=40))
    assert house.report() == []


def test_few_people_are_counted_not_compared(house: House) -> None:
    house.look(house.open(), 1, (10, 5), (1019, 6))
    assert ": keep going, day 1 of 14: too few to compare, B 6 of 1,019, A 5 of 10; next: " in house.report()[0]
