"""Topics are found by walking the house; a name declared twice stops the start."""

from __future__ import annotations

from dataclasses import replace

import pytest

from revenue_machine.engine.effects import Outside
from revenue_machine.engine.registry import _add, discover, marked, modules
from revenue_machine.engine.topic import Approval, Effect, Topic, planned
from revenue_machine.kit.errors import NotFound
from tests.engine import toy_house
from tests.engine.toy_house.toys import topics


def test_every_topic_of_the_house_is_found() -> None:
    registry = discover(toy_house)
    assert list(registry.topics) == [
        "toys.ask", "toys.echo", "toys.later", "toys.mail", "toys.note", "toys.shout", "toys.survey", "toys.tell", "toys.think",
    ]  # fmt: skip
    assert registry.find("echo").name == "toys.echo"
    assert (registry.find("toys.echo").built, registry.find("toys.later").built) == (True, False)


@pytest.mark.parametrize(("name", "words"), [("toys.shuot", "did you mean toys.shout"), ("zzz", "there is no topic zzz$")])
def test_an_unknown_name_suggests_near_ones(name: str, words: str) -> None:
    with pytest.raises(NotFound, match=words):
        discover(toy_house).find(name)


@pytest.mark.parametrize(("name", "aliases"), [("a.b", ()), ("x", ()), ("new", ("a.b",)), ("new", ("x",))])
def test_a_name_declared_twice_is_a_mistake(name: str, aliases: tuple[str, ...]) -> None:
    found: dict[str, Topic] = {}
    also: dict[str, str] = {}
    _add(found, also, Topic("a.b", Effect.PURE, "§0", "", aliases=("x",)), "one.topics")
    with pytest.raises(ValueError, match=r"two.topics declares .* a second time"):
        _add(found, also, Topic(name, Effect.PURE, "§0", "", aliases=aliases), "two.topics")


def test_only_folders_with_the_role_are_read() -> None:
    assert [folder for folder, _ in modules(toy_house, "topics")] == ["toys"]
    assert list(modules(toy_house, "no_such_role")) == []


def test_marks_are_read_in_writing_order() -> None:
    assert [one.__topic__.name for one in marked(topics, "__topic__")] == [
        "toys.echo", "toys.note", "toys.shout", "toys.think", "toys.ask", "toys.tell", "toys.mail", "toys.survey",
    ]  # fmt: skip


def test_a_planned_topic_keeps_its_issue() -> None:
    assert planned("x.y", effect=Effect.READS, section="§0", issue=4).issue == 4


def test_what_asks_itself_may_not_act() -> None:
    """It runs without an approval, so nothing in it may reach the outside."""
    acting = Topic("a.b", Effect.SPEAKS, "§0", "", approval=Approval.ALWAYS, asks_itself=True, needs={"outside": Outside})
    with pytest.raises(ValueError, match="may not have Outside"):
        _add({}, {}, acting, "one.topics")
    _add({}, {}, replace(acting, asks_itself=False), "one.topics")
