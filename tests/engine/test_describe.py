"""A topic as data says what every surface has to know."""

from __future__ import annotations

from revenue_machine.engine.describe import describe
from revenue_machine.engine.registry import discover
from tests.engine import toy_house


def test_a_topic_says_what_it_does() -> None:
    shown = describe(discover(toy_house).find("toys.ask"))
    assert {name: shown[name] for name in ("name", "effect", "approval", "cacheable", "seed", "built", "issue", "summary")} == {
        "name": "toys.ask", "effect": "SPEAKS", "approval": "always", "cacheable": False, "seed": "§0", "built": True, "issue": None,
        "summary": "Only with a person's yes.",
    }  # fmt: skip
    assert list(shown["input"]["properties"]) == ["words", "times"]
    assert shown["input"]["additionalProperties"] is False
    assert list(shown["output"]["properties"]) == ["external_id"]


def test_a_planned_topic_names_its_issue() -> None:
    shown = describe(discover(toy_house).find("toys.later"))
    assert (shown["built"], shown["issue"], shown["effect"]) == (False, 9, "READS")
