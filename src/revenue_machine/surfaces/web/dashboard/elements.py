"""Plain semantic HTML with the web library's element tree: what every renderer here is made of."""

from __future__ import annotations

from collections.abc import Callable
from inspect import isawaitable

from nicegui import context
from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement

Action = Callable[[], object]


def block(tag: str, classes: str = "", **attributes: str) -> Element:
    """An element that holds others."""
    return _dressed(Element(tag), classes, attributes)


def words(tag: str, text: str, classes: str = "", **attributes: str) -> Element:
    """An element that holds text, shown as it is and never read as HTML."""
    return _dressed(TextElement(tag=tag, text=text), classes, attributes)


def link(text: str, path: str, classes: str = "") -> Element:
    """A link to a page of ours."""
    return words("a", text, classes, href=path)


def button(text: str, action: Action, classes: str = "", **attributes: str) -> Element:
    """A native button; while its action runs a second press does nothing."""
    made = words("button", text, f"act {classes}", type="button", **attributes)
    page = context.client  # the action may show the place anew that this button stands in
    busy: list[bool] = []

    async def press() -> None:
        if busy:
            return
        busy.append(True)
        try:
            with page:
                outcome = action()
                if isawaitable(outcome):
                    await outcome
        finally:
            busy.clear()

    made.on("click", press)
    return made


def _dressed(element: Element, classes: str, attributes: dict[str, str]) -> Element:
    element.classes(classes)
    for name, value in attributes.items():
        element.props[name.rstrip("_").replace("_", "-")] = value
    return element
