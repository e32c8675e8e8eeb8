"""A strategy is read strictly, and a slot draws the same post under every strategy that fills it alike."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from revenue_machine.kit.errors import BadInput
from revenue_machine.sandbox.rates import WorldRates
from revenue_machine.sandbox.strategy import Planner, Strategy, read_strategy
from tests.sandbox.stage import START

RATES = WorldRates()


def test_a_file_names_what_it_plans(tmp_path: Path) -> None:
    file = tmp_path / "loud.toml"
    file.write_text("[posts_per_day]\nx = 3\n[hooks]\nquestion = 1\n", encoding="utf-8")
    found = read_strategy(file, RATES)
    assert (found.name, found.posts_per_day, found.hooks) == ("loud", {"x": 3}, {"question": 1.0})


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("[posts_per_day]\nmyspace = 3", "posts_per_day"),
        ("[hooks]\nloud = 1", "hooks"),
        ("[niches]\nsaas_growth = -1", "niches"),
        ("shout = true", "shout"),
        ("first_hour = 9\nlast_hour = 8", "last_hour"),
        ("posts_per_day = [", "strategy"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, field: str) -> None:
    file = tmp_path / "plan.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        read_strategy(file, RATES)
    assert refused.value.field == field


def test_posts_keep_count_and_hours() -> None:
    posts = Planner(Strategy(posts_per_day={"x": 5, "threads": 2}, first_hour=9, last_hour=17), RATES, 7, START).posts(10)
    assert Counter(post.reading.platform for post in posts) == {"x": 50, "threads": 20}
    hours = [(post.at - START).total_seconds() / 3600 % 24 for post in posts]
    assert min(hours) >= 9
    assert max(hours) < 18


def test_another_network_changes_no_post() -> None:
    one = Planner(Strategy(posts_per_day={"x": 5}), RATES, 7, START).posts(3)
    two = Planner(Strategy(posts_per_day={"x": 5, "threads": 9}), RATES, 7, START).posts(3)
    assert [post for post in two if post.reading.platform == "x"] == one


def test_a_weight_of_nought_is_never_drawn() -> None:
    posts = Planner(Strategy(hooks={"question": 1.0, "list": 0.0}), RATES, 7, START).posts(2)
    assert {post.reading.hook for post in posts} == {"question"}
