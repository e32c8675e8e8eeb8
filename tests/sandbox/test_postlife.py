from __future__ import annotations

from datetime import timedelta

import numpy as np

from revenue_machine.kit.clock import iso
from revenue_machine.sandbox.people import make_people
from revenue_machine.sandbox.postlife import PostLife, live
from revenue_machine.sandbox.rates import WorldRates
from revenue_machine.sandbox.reading import read_post
from tests.sandbox.stage import START

RATES = WorldRates.model_validate({"people": 5000, "viral_chance": 0.0})
PEOPLE = make_people(7, RATES)


def life_of(name: str, text: str = "Why? SaaS churn https://a.example/r/1", *, tired: float = 1.0, platform: str = "x") -> PostLife:
    post = {"id": name, "text": text, "platform": platform, "url": f"https://x.example/{name}", "published_at": iso(START)}
    return live(RATES, PEOPLE, post, read_post(post, RATES), seed=7, tired=tired)


def mean_impressions(tired: float) -> float:
    return float(np.mean([life_of(f"p{number}", tired=tired).impressions for number in range(150)]))


def test_a_life_is_the_same_again() -> None:
    first, second = life_of("p1"), life_of("p1")
    assert first.clicks.after_s.tolist() == second.clicks.after_s.tolist()
    assert first.clicks.people.tolist() == second.clicks.people.tolist()
    assert first.counts(START + timedelta(hours=9)) == second.counts(START + timedelta(hours=9))


def test_counts_grow_to_their_end() -> None:
    life = life_of("p2")
    views = [life.counts(START + timedelta(hours=hour))["views"] for hour in range(80)]
    assert views[0] == 0
    assert views == sorted(views)
    assert views[72] == views[79] == life.impressions


def test_slices_tile_a_life() -> None:
    life = life_of("p3")
    pieces = [life.clicks.between(low, low + 1800.0) for low in range(0, 72 * 3600, 1800)]
    assert [one for piece in pieces for one in piece] == life.clicks.between(0.0, 1e9)


def test_clicks_lie_in_the_seeds_band() -> None:
    lives = [life_of(f"p{number}", "SaaS founder notes on churn, question? https://a.example/r/1") for number in range(200)]
    share = sum(len(life.clicks.people) for life in lives) / sum(life.impressions for life in lives)
    assert 0.02 <= share <= 0.05


def test_a_post_without_link_brings_nobody_by_link() -> None:
    assert len(life_of("p4", "Why? SaaS churn").clicks.people) == 0


def test_repetition_costs_reach() -> None:
    assert 0.45 < mean_impressions(0.5) / mean_impressions(1.0) < 0.55


def test_a_good_pair_beats_a_plain_opening() -> None:
    def clicks(text: str) -> int:
        return sum(len(life_of(f"q{number}", text).clicks.people) for number in range(150))

    good, plain = "Why does your SaaS churn? https://a.example/r/1", "Notes on SaaS churn. https://a.example/r/1"
    assert clicks(good) > 1.6 * clicks(plain)
