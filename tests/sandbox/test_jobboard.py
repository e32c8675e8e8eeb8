from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from itertools import pairwise
from typing import Any

import pytest

from revenue_machine.kit.money import MICRO
from revenue_machine.sandbox import jobwords
from revenue_machine.sandbox.jobboard import Listing, listings_between, listings_of
from revenue_machine.sandbox.rates import Hiring

MONDAY = date(2026, 11, 2)
HIRING = Hiring()


@pytest.fixture(scope="module")
def profile() -> dict[str, Any]:
    """What the example owner sells."""
    text = (files("revenue_machine.domains.owner") / "example.toml").read_text(encoding="utf-8")
    found: dict[str, Any] = tomllib.loads(text)["upwork"]
    return found


def weekdays(seeds: int = 5, weeks: int = 4) -> Iterator[tuple[Listing, ...]]:
    for seed in range(seeds):
        for number in range(weeks * 7):
            if number % 7 < 5:
                yield listings_of(seed, HIRING, MONDAY + timedelta(days=number))


def fits(job: Listing, profile: dict[str, Any]) -> bool:
    """Whether the owner's searches show a job, one of his skills is asked for, and nothing rules it out."""
    text = f"{job.title} {job.description} {' '.join(job.skills)}".lower()
    pays = (job.budget_micro_usd or 0) >= int(profile["min_fixed_usd"]) * MICRO or (
        job.hourly_micro_usd is not None and job.hourly_micro_usd[1] >= int(profile["min_hourly_usd"]) * MICRO
    )
    return (
        pays
        and any(all(word in text for word in search.split()) for search in profile["searches"])
        and len(set(job.skills) & set(profile["skills"])) >= 3
        and not any(word in text for word in profile["excluded_words"])
    )


def test_weekday_has_twelve_jobs_six_fit(profile: dict[str, Any]) -> None:
    for jobs in weekdays():
        assert len(jobs) >= 12
        assert sum(fits(job, profile) for job in jobs) >= 6
        assert not all(fits(job, profile) for job in jobs)


def test_kinds_are_what_they_are_called(profile: dict[str, Any]) -> None:
    jobs = [job for day in weekdays() for job in day]
    assert {job.kind for job in jobs} == {"fit", "small", "cheap", "shady", "foreign"}
    for job in jobs:
        assert fits(job, profile) == (job.kind in ("fit", "small")), job


def test_some_jobs_give_orders_to_machines() -> None:
    jobs = [job for day in weekdays() for job in day]
    share = sum(any(order in job.description for order in jobwords.ORDERS) for job in jobs) / len(jobs)
    assert 0.05 < share < 0.2


def test_texts_differ_and_leave_no_blank() -> None:
    jobs = [job for day in weekdays(seeds=1) for job in day if job.kind != "foreign"]
    assert len({job.description for job in jobs}) > 0.98 * len(jobs)
    assert not [job for job in jobs if "{" in job.title + job.description]


def test_crowd_only_grows() -> None:
    for job in listings_of(7, HIRING, MONDAY):
        counts = [job.others(hours) for hours in range(0, 200, 3)]
        assert counts == sorted(counts)
        assert (counts[0], counts[-1]) == (job.applicants, job.crowd)


def test_weekend_is_quieter() -> None:
    week = [sum(len(listings_of(seed, HIRING, MONDAY + timedelta(days=day))) for seed in range(20)) for day in range(7)]
    assert max(week[5:]) < 0.9 * min(week[:5])


def test_cutting_the_time_changes_no_listing() -> None:
    start = datetime(2026, 11, 1, 20, 30, tzinfo=UTC)
    whole = list(listings_between(7, HIRING, start, start + timedelta(days=2)))
    parts = [start + timedelta(hours=5 * number) for number in range(10)] + [start + timedelta(days=2)]
    cut = [one for low, high in pairwise(parts) for one in listings_between(7, HIRING, low, high)]
    assert [one.key for one in whole] == [one.key for one in cut]
    assert [one.key for one in whole] != [one.key for one in listings_between(8, HIRING, start, start + timedelta(days=2))]
