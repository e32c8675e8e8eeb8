"""Shows any view: each kind of section in one way, so that pages look alike and domains know no web library."""

from __future__ import annotations

from revenue_machine.engine.page import Figures, Moment, Notice, Notices, Section, Table, Text, Timeline, View
from revenue_machine.surfaces.web.dashboard.elements import block, link, words


def render(view: View) -> None:
    """The whole page into the current slot."""
    heading(view.title, view.lead)
    for section in view.sections:
        _section(section)


def heading(title: str, lead: str) -> None:
    """The page's one h1 and the sentence under it."""
    words("h1", title)
    words("p", lead, "lead")


def _section(section: Section) -> None:
    with block("section", f"part {section.kind}"):
        if section.title:
            words("h2", section.title)
        match section:
            case Notices():
                _notices(section)
            case Figures():
                _figures(section)
            case Table():
                _table(section)
            case Timeline():
                _timeline(section)
            case Text():
                for paragraph in section.paragraphs:
                    words("p", paragraph)


def _notices(section: Notices) -> None:
    if not section.items:
        words("p", section.none, "none")
        return
    with block("ul", "plain"):
        for notice in section.items:
            _notice(notice)


def _notice(notice: Notice) -> None:
    with block("li", f"notice tone-{notice.tone}"):
        with block("div"):
            words("strong", notice.text)
            if notice.detail:
                words("span", notice.detail, "detail")
        if notice.link:
            link(notice.action or "Open", notice.link, "act")


def _figures(section: Figures) -> None:
    with block("dl", "numbers"):
        for figure in section.items:
            with block("div", f"figure tone-{figure.tone}"):
                words("dt", figure.label)
                words("dd", figure.value, "value")
                if figure.note:
                    words("dd", figure.note, "note")


def _table(section: Table) -> None:
    if not section.rows:
        words("p", section.none, "none")
        return
    sides = ["numeric" if name in section.numeric else "" for name in section.columns]
    with block("div", "scroll", tabindex="0", role="region", aria_label=section.title), block("table"):
        with block("thead"), block("tr"):
            for name, side in zip(section.columns, sides, strict=True):
                words("th", name, side, scope="col")
        with block("tbody"):
            for row in section.rows:
                with block("tr"):
                    for cell, side in zip(row, sides, strict=True):
                        words("td", cell, side)


def _timeline(section: Timeline) -> None:
    groups = list(dict.fromkeys(moment.group for moment in section.moments))
    for group in groups:
        if group:
            words("h3", group)
        with block("ol", "moments plain"):
            for moment in section.moments:
                if moment.group == group:
                    _moment(moment)
    if section.note:
        words("p", section.note, "hint")


def _moment(moment: Moment) -> None:
    with block("li", f"moment tone-{moment.tone}"):
        words("time", moment.at)
        words("span", moment.label, "mark", aria_hidden="true")
        with block("div", "what"):
            words("span", moment.title, "title")
            for detail in moment.details:
                words("span", detail, "detail")
        words("span", moment.state, "state")
