"""The page and the report's lines say what stands in the table."""

from __future__ import annotations

from revenue_machine.engine.briefing import Briefing
from revenue_machine.engine.page import Pages, Table, View
from revenue_machine.kit.clock import local_date
from tests.domains.upwork_house import House


def _view(house: House) -> View:
    view = house.app.container.get(Pages).show("upwork", house.app.container)
    assert isinstance(view, View)
    return view


def _report(house: House) -> list[str]:
    briefing = house.app.container.get(Briefing)
    with house.app.database.reading() as connection:
        blocks = dict(briefing.blocks(connection, local_date(house.clock.now(), house.app.settings.zone)))
    return blocks.get("Upwork", [])


def test_empty_house_says_nothing(house: House) -> None:
    assert _report(house) == []
    assert [one.none for one in _view(house).sections if isinstance(one, Table)] == ["Nothing here yet."] * 3


def test_page_shows_jobs_and_proposals(house: House) -> None:
    for letter in "abcdef":
        house.post(f"AI agent number {letter}")
    house.ask("upwork.scan")
    tables = {one.title: one for one in _view(house).sections if isinstance(one, Table)}
    ((title, score, worth, kind, why),) = tables["Best jobs without a proposal"].rows
    assert (title[:15], kind, worth[0]) == ("AI agent number", "fixed", "$")
    assert why.startswith(f"{score}: budget ")
    assert {row[1] for row in tables["Latest proposals"].rows} == {"drafted"}


def test_report_counts_the_day(house: House) -> None:
    house.post("AI agent, small", 150)
    house.send_one()
    assert _report(house) == ["2 new jobs, 1 proposals drafted, 1 sent for $2.40 of connects", "all proposals: 1 submitted"]
