"""What a dashboard page is: a function that returns a frozen view; who renders it is no concern of the domain."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from types import ModuleType
from typing import Any, TypeVar

from revenue_machine.engine.container import Container
from revenue_machine.engine.registry import marked, modules
from revenue_machine.kit.errors import NotFound

F = TypeVar("F", bound=Callable[..., Any])
_PATH = re.compile(r"/[a-z][a-z0-9-]*")
# Addresses the web face answers itself; a page under one of them would never be seen.
TAKEN = frozenset({"api", "docs", "healthz", "hooks", "login", "logout", "metrics", "r", "readyz", "u"})


class Tone(StrEnum):
    """How something is meant; colour only repeats what the words say."""

    PLAIN = "plain"
    GOOD = "good"
    WAITING = "waiting"
    BAD = "bad"
    QUIET = "quiet"


@dataclass(frozen=True)
class Notice:
    """Something that wants a person, and where they go for it."""

    text: str
    tone: Tone = Tone.WAITING
    detail: str = ""
    link: str = ""
    action: str = ""


@dataclass(frozen=True)
class Notices:
    """What comes first on a page; `none` is said when there is nothing."""

    title: str
    items: tuple[Notice, ...]
    none: str
    kind: str = field(default="notices", init=False)


@dataclass(frozen=True)
class Figure:
    """One headline number, ready to read."""

    label: str
    value: str
    note: str = ""
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True)
class Figures:
    """Headline numbers side by side."""

    items: tuple[Figure, ...]
    title: str = ""
    kind: str = field(default="figures", init=False)


@dataclass(frozen=True)
class Table:
    """Rows under column names; `numeric` names the columns set to the right."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    none: str = "Nothing here yet."
    numeric: tuple[str, ...] = ()
    kind: str = field(default="table", init=False)


@dataclass(frozen=True)
class Moment:
    """One row of a timeline; `state` is the word for how it stands, `details` say why, rows of one `group` stand together."""

    at: str
    title: str
    state: str
    tone: Tone = Tone.PLAIN
    label: str = ""
    group: str = ""
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Timeline:
    """Moments in the order of the day."""

    title: str
    moments: tuple[Moment, ...]
    note: str = ""
    kind: str = field(default="timeline", init=False)


@dataclass(frozen=True)
class Text:
    """Plain paragraphs."""

    title: str
    paragraphs: tuple[str, ...]
    kind: str = field(default="text", init=False)


Section = Notices | Figures | Table | Timeline | Text


@dataclass(frozen=True)
class View:
    """A page as data: the same for the dashboard and for `GET /api/pages/<name>`."""

    title: str
    lead: str
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True)
class Page:
    """One declared page; `function` returns a frozen dataclass, most often a `View`."""

    path: str
    title: str
    order: int
    function: Callable[..., Any]

    @property
    def name(self) -> str:
        return self.path.removeprefix("/")


@dataclass(frozen=True)
class Pages:
    """Every page, in the order of the menu."""

    all: tuple[Page, ...]

    def find(self, name: str) -> Page:
        """The page of that name, or `not_found` with the names there are."""
        for one in self.all:
            if one.name == name:
                return one
        raise NotFound(f"there is no page {name}; there are {', '.join(one.name for one in self.all)}", field="name")

    def show(self, name: str, container: Container) -> Any:
        """The view of a page now."""
        return container.fill(self.find(name).function)


def page(path: str, *, title: str, order: int) -> Callable[[F], F]:
    """Declare a page in `domains/<d>/pages.py`; menu, address and JSON twin follow from this alone."""
    if not _PATH.fullmatch(path) or path.removeprefix("/") in TAKEN:
        raise ValueError(f"{path} is no address for a page")

    def declare(function: F) -> F:
        function.__page__ = Page(path, title, order, function)  # type: ignore[attr-defined]
        return function

    return declare


def declared_pages(module: ModuleType) -> list[Page]:
    """The pages one module declares."""
    return [function.__page__ for function in marked(module, "__page__")]


def make_pages(found: list[Page]) -> Pages:
    """Pages in the order of the menu; an address declared twice is a mistake."""
    paths = [one.path for one in found]
    twice = sorted({path for path in paths if paths.count(path) > 1})
    if twice:
        raise ValueError(f"two pages claim {', '.join(twice)}")
    return Pages(tuple(sorted(found, key=lambda one: (one.order, one.path))))


def discover_pages(house: ModuleType) -> Pages:
    """Walk `<house>/*/pages.py`."""
    return make_pages([one for _, module in modules(house, "pages") for one in declared_pages(module)])


def plain(value: Any) -> Any:
    """A view as JSON can say it."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    return value
