"""Links are made, found and switched off by hand; clicks are counted three ways; the past is judged anew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from revenue_machine.app import App
from revenue_machine.domains.attribution.attribution_engine import AttributionEngine
from revenue_machine.domains.attribution.tables import ATTRIBUTION_EVENTS
from revenue_machine.domains.links import reads
from revenue_machine.domains.links.filters import FILTERS
from revenue_machine.domains.links.redirect import Redirector
from revenue_machine.domains.links.tables import CLICKS
from tests.app_fixture import START, WorldClock, make_app
from tests.domains.links.walker import PHONE, follow

DESTINATION = "https://everreach.example/pro"
MINUTE = timedelta(minutes=1)
House = tuple[App, WorldClock, Redirector]


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[House]:
    app, _, clock = make_app(tmp_path, REVENUE_DATABASE_URL=database_url)
    redirector = app.container.get(Redirector)
    yield app, clock, redirector
    redirector.close()
    app.close()


def call(app: App, topic: str, **args: Any) -> dict[str, Any]:
    envelope = app.call(topic, args)
    assert envelope.ok, envelope.as_dict()
    return dict(envelope.result)


def refusal(app: App, topic: str, **args: Any) -> tuple[str, str | None]:
    envelope = app.call(topic, args).as_dict()
    assert not envelope["ok"]
    return envelope["error"]["code"], envelope["error"]["field"]


def test_a_link_is_made_once(house: House) -> None:
    app, _, redirector = house
    first = call(app, "links.create", destination_url=DESTINATION, slug="spring-sale", utm_source="podcast", utm_term="ep 7")
    assert (first["slug"], first["short_url"], first["is_new"]) == ("spring-sale", "https://go.sandbox.invalid/r/spring-sale", True)
    again = call(app, "links.create", destination_url=DESTINATION, slug="spring-sale", utm_source="podcast", utm_term="ep 7")
    assert again == first | {"is_new": False}
    answer = follow(redirector, "/r/spring-sale")
    assert (answer.location or "").startswith(
        f"{DESTINATION}?utm_source=podcast&utm_medium=manual&utm_campaign=spring-sale&utm_term=ep+7&utm_content=link&rc=clk_"
    )


def test_a_slug_belongs_to_one_link(house: House) -> None:
    app, _, _ = house
    made = call(app, "links.create", destination_url=DESTINATION)
    assert refusal(app, "links.create", destination_url="https://evil.example/", slug=made["slug"]) == ("conflict", "slug")
    assert refusal(app, "links.create", destination_url=DESTINATION, slug="No Way") == ("bad_input", "slug")
    assert refusal(app, "links.create", destination_url="javascript:alert(1)") == ("bad_input", "destination_url")
    loop = "https://go.sandbox.invalid/r/" + made["slug"]
    assert refusal(app, "links.create", destination_url=loop) == ("bad_input", "destination_url")


def test_a_taken_machine_slug_gets_longer(house: House) -> None:
    app, _, _ = house
    known = call(app, "links.create", destination_url=DESTINATION)["link_id"].removeprefix("lnk_")
    call(app, "links.create", destination_url=DESTINATION, slug="other")
    with app.database.writing() as connection:
        connection.exec_driver_sql("delete from actp_links")
    call(app, "links.create", destination_url="https://everreach.example/mine", slug=known[:10])
    assert call(app, "links.create", destination_url=DESTINATION)["slug"] == known


def test_many_links_or_none(house: House) -> None:
    app, _, _ = house
    wanted = [{"destination_url": f"https://everreach.example/{number}"} for number in range(3)]
    bad = [*wanted, {"destination_url": "https://u:p@everreach.example/"}]
    assert refusal(app, "links.bulk_create", links=bad) == ("bad_input", "destination_url")
    assert call(app, "links.list")["total"] == 0
    found = call(app, "links.bulk_create", links=[*wanted, wanted[0]])
    assert (found["made"], found["known"], len({one["slug"] for one in found["links"]})) == (3, 1, 3)
    listed = call(app, "links.list", words="reach.example/2")
    assert [one["destination_url"] for one in listed["links"]] == ["https://everreach.example/2"]
    assert call(app, "links.list", limit=2, offset=2)["total"] == 3


def test_an_unknown_link_cannot_be_switched(house: House) -> None:
    app, _, _ = house
    assert refusal(app, "links.disable", slug="nothing") == ("not_found", "slug")
    slug = call(app, "links.create", destination_url=DESTINATION)["slug"]
    assert [call(app, "links.disable", slug=slug)["changed"] for _ in range(2)] == [True, False]
    assert [one["slug"] for one in call(app, "links.list", is_disabled=True)["links"]] == [slug]
    assert call(app, "links.list", is_disabled=False)["links"] == []


def test_clicks_are_counted_three_ways(house: House) -> None:
    app, clock, redirector = house
    for slug, source in (("one", "x"), ("two", "podcast")):
        call(app, "links.create", destination_url=DESTINATION, slug=slug, utm_source=source)
    cookie = follow(redirector, "/r/one").headers["set-cookie"].split(";")[0]
    for minutes in (20, 100):
        clock.move_to(START + minutes * MINUTE)
        follow(redirector, "/r/one", cookie=cookie, referer="https://t.co/x")
    follow(redirector, "/r/two", cookie=cookie)
    follow(redirector, "/r/one", agent="Twitterbot/1.0")
    follow(redirector, "/r/one", "HEAD")
    found = call(app, "links.clicks")
    assert {name: found[name] for name in ("counted", "unique", "visitors", "filtered", "waiting_bytes")} == {
        "counted": 4, "unique": 3, "visitors": 1, "filtered": 2, "waiting_bytes": 0,
    }  # fmt: skip
    assert found["reasons"] == {"bot": 1, "head": 1}
    assert [(row["name"], row["counted"], row["unique"], row["filtered"]) for row in found["rows"]] == [
        ("one", 3, 2, 2),
        ("two", 1, 1, 0),
    ]
    assert [call(app, "links.clicks", window_minutes=width, slug="one")["unique"] for width in (19, 20, 80)] == [3, 2, 1]
    names = {
        by: [row["name"] for row in call(app, "links.clicks", by=by)["rows"]] for by in ("source", "day", "referrer", "reason")
    }
    assert names == {
        "source": ["x", "podcast"],
        "day": ["2026-11-02"],
        "referrer": ["none", "t.co"],
        "reason": ["none", "bot", "head"],
    }
    assert call(app, "links.clicks", since=(START + 50 * MINUTE).isoformat(), slug="one")["counted"] == 1
    assert {one["slug"]: (one["counted"], one["filtered"]) for one in call(app, "links.list")["links"]} == {
        "one": (3, 2),
        "two": (1, 0),
    }


def test_the_past_is_judged_anew(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Telegram's own browser was a machine to the second filter and is a person to the third; an HTTP library the other way round."""
    app, clock, redirector = house
    monkeypatch.setattr("revenue_machine.domains.links.clicklog.judge", FILTERS[2])
    monkeypatch.setattr("revenue_machine.domains.links.clicklog.FILTER_VERSION", 2)
    call(app, "links.create", destination_url=DESTINATION, slug="one")
    for agent in (PHONE, PHONE + " Telegram-Android/10.2", "axios/1.7.2", "Twitterbot/1.0"):
        follow(redirector, "/r/one", agent=agent)
    assert call(app, "links.clicks")["counted"] == 2
    take_clicks(app)
    assert credited(app) == 2
    clock.move_to(START + MINUTE)
    preview = call(app, "links.refilter", preview=True)
    assert (preview["changed"], call(app, "links.clicks")["counted"]) == (2, 2)
    found = call(app, "links.refilter")
    assert found == preview | {"reasons": {"bot": 2}}
    assert {name: found[name] for name in ("version", "judged", "to_counted", "to_filtered", "without_facts", "counted_after")} == {
        "version": 3, "judged": 4, "to_counted": 1, "to_filtered": 1, "without_facts": 0, "counted_after": 2,
    }  # fmt: skip
    take_clicks(app)
    assert credited(app) == 2
    with app.database.reading() as connection:
        agents = {one.click.id for one in reads.changes_after(connection, 0) if one.is_counted}
        assert {row.click_id for row in connection.execute(ATTRIBUTION_EVENTS.select())} == agents
    assert call(app, "links.refilter")["changed"] == 0
    assert call(app, "links.refilter", version=2)["changed"] == 2
    assert refusal(app, "links.refilter", version=1) == ("bad_input", "version")


def test_clicks_without_facts_stay(house: House) -> None:
    app, _, redirector = house
    call(app, "links.create", destination_url=DESTINATION, slug="one")
    follow(redirector, "/r/one", agent="axios/1.7.2")
    app.spools.drain()
    with app.database.writing() as connection:
        connection.execute(
            CLICKS.update().values(signals=None, agent_words=None, is_counted=True, filter_reason=None, arrival=None)
        )
    found = call(app, "links.refilter")
    assert (found["judged"], found["without_facts"], found["changed"], found["counted_after"]) == (0, 1, 0, 1)
    follow(redirector, "/r/one")
    app.spools.drain()
    with app.database.reading() as connection:
        assert [one.arrival for one in reads.changes_after(connection, 0)] == [1, 2], "what had no number got the first"


def take_clicks(app: App) -> None:
    with app.database.writing() as connection:
        app.container.get(AttributionEngine).take_clicks(connection)


def credited(app: App) -> int:
    with app.database.reading() as connection:
        return len(connection.execute(ATTRIBUTION_EVENTS.select()).all())
