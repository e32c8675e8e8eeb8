"""Pages are found, ordered, and say the same to people and programs."""

from __future__ import annotations

from types import ModuleType

import pytest

from revenue_machine.engine.container import Container
from revenue_machine.engine.page import (
    Figure,
    Figures,
    Moment,
    Notice,
    Notices,
    Page,
    Table,
    Text,
    Timeline,
    Tone,
    View,
    declared_pages,
    make_pages,
    page,
    plain,
)
from revenue_machine.kit.errors import NotFound


def show_nothing() -> View:
    return View("Nothing", "to see")


def test_menu_follows_order_then_address() -> None:
    pages = make_pages([Page("/b", "B", 20, show_nothing), Page("/c", "C", 10, show_nothing), Page("/a", "A", 20, show_nothing)])
    assert [one.name for one in pages.all] == ["c", "a", "b"]


def test_two_pages_at_one_address_fail() -> None:
    with pytest.raises(ValueError, match="two pages claim /a"):
        make_pages([Page("/a", "A", 1, show_nothing), Page("/a", "B", 2, show_nothing)])


@pytest.mark.parametrize("path", ["today", "/", "/Today", "/a/b", "/login", "/api", "/r", "/hooks", "/1", "/a b"])
def test_bad_address_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="no address for a page"):
        page(path, title="X", order=1)


def test_unknown_page_names_the_known() -> None:
    with pytest.raises(NotFound, match="there is no page x; there are a"):
        make_pages([Page("/a", "A", 1, show_nothing)]).find("x")


def test_only_own_declarations_count() -> None:
    module = ModuleType("somewhere")
    declared = page("/notes", title="Notes", order=5)(show_nothing)
    module.show = declared  # type: ignore[attr-defined]
    assert declared_pages(module) == []
    declared.__module__ = "somewhere"
    assert [(one.path, one.title, one.order) for one in declared_pages(module)] == [("/notes", "Notes", 5)]


def test_page_gets_what_it_asks_for() -> None:
    def counted(number: int) -> View:
        return View(f"Number {number}", "")

    box = Container()
    box.put(7)
    assert make_pages([Page("/n", "N", 1, counted)]).show("n", box) == View("Number 7", "")


def test_view_as_json_names_each_section() -> None:
    sections = (
        Notices("First", (Notice("Look", Tone.BAD),), "none"), Figures((Figure("Money", "$1"),)), Table("T", ("a",), (("1",),)),
        Timeline("Day", (Moment("06:00", "Up", "done"),)), Text("Words", ("one", "two")),
    )  # fmt: skip
    said = plain(View("Title", "lead", sections))
    assert [section["kind"] for section in said["sections"]] == ["notices", "figures", "table", "timeline", "text"]
    assert said["sections"][0]["items"] == [{"text": "Look", "tone": "bad", "detail": "", "link": "", "action": ""}]
    assert said["sections"][2]["rows"] == [["1"]]
