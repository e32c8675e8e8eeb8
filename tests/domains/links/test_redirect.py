"""A link leads to its stored destination only, and a person's click is on disk before the answer."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from revenue_machine.domains.links import reads
from revenue_machine.domains.links.models import Link, Links, LinkWanted
from revenue_machine.domains.links.redirect import Redirector, known_visitor
from revenue_machine.domains.links.tables import CLICKS, LINKS
from tests.app_fixture import START
from tests.domains.links.walker import follow, follow_all
from tests.domains.publishing.stage import HOUR, Stage

DESTINATION = "https://everreach.example/pro?plan=month"


@pytest.fixture
def redirector(stage: Stage) -> Iterator[Redirector]:
    redirector = stage.app.container.get(Redirector)
    yield redirector
    redirector.close()


@pytest.fixture
def link(stage: Stage) -> Link:
    return make_link(stage)


def make_link(stage: Stage, destination: str = DESTINATION) -> Link:
    links: Links = stage.app.container.get(Links)  # type: ignore[type-abstract]
    with stage.app.database.writing() as connection:
        return links.create(connection, LinkWanted(destination, "post_a", "everreach_pro", "x", "s1"))


def test_person_is_counted_and_sent_on(stage: Stage, redirector: Redirector, link: Link) -> None:
    answer = follow(redirector, f"/r/{link.slug}", referer="https://t.co/abc")
    (click,) = stage.rows(CLICKS)
    assert (answer.status, answer.headers["cache-control"]) == (302, "private, no-store")
    assert answer.location == (f"{DESTINATION}&utm_source=x&utm_medium=social&utm_campaign=post_a&utm_content=s1&rc={click['id']}")
    assert (click["is_counted"], click["filter_reason"], click["referrer_host"], click["post_id"]) == (True, None, "t.co", "post_a")
    assert click["clicked_at"] == START


@pytest.mark.parametrize(
    ("method", "said", "reason"),
    [
        ("HEAD", {}, "head"),
        ("GET", {"agent": "Twitterbot/1.0"}, "bot"),
        ("GET", {"agent": ""}, "no_agent"),
        ("GET", {"sec_purpose": "prefetch"}, "prefetch"),
    ],
)
def test_machines_are_led_not_counted(
    method: str, said: dict[str, str], reason: str, stage: Stage, redirector: Redirector, link: Link
) -> None:
    assert follow(redirector, f"/r/{link.slug}", method, **said).status == 302
    assert [(row["is_counted"], row["filter_reason"]) for row in stage.rows(CLICKS)] == [(False, reason)]
    with stage.app.database.reading() as connection:
        assert reads.click_counts(connection, START, START + HOUR) == (0, 1)
        assert reads.counted_clicks_after(connection, None, "") == []


@pytest.mark.parametrize(
    "tampered",
    [
        "{slug}\n", "{slug}\r\nLocation: https://evil.example", "{slug}%0d%0aX: y", "{slug}?url=https://evil.example", "{slug}/",
        "{slug}//evil.example", "/evil.example", "//evil.example", "https://evil.example", "..%2f..%2fetc", "{slug}#@evil.example",
        "{slug}\x00", "{SLUG}", "@evil.example", "\\evil.example", "", "a" * 65, "unknown2slug",
    ],
)  # fmt: skip
def test_tampered_slug_leads_nowhere(tampered: str, stage: Stage, redirector: Redirector, link: Link) -> None:
    path = f"/r/{tampered.format(slug=link.slug, SLUG=link.slug.upper())}"
    answer = follow(redirector, path)
    assert (answer.status, answer.location) == (404, None)
    assert stage.rows(CLICKS) == []


def test_other_methods_are_refused(redirector: Redirector, link: Link) -> None:
    assert follow(redirector, f"/r/{link.slug}", "POST").status == 405


def test_visitor_keeps_his_name(stage: Stage, redirector: Redirector, link: Link) -> None:
    first = follow(redirector, f"/r/{link.slug}")
    cookie = first.headers["set-cookie"].split(";")[0]
    stage.clock.move_to(START + HOUR)
    again = follow(redirector, f"/r/{link.slug}", cookie=f"other=1; {cookie}")
    assert "set-cookie" not in again.headers
    assert len({row["visitor_id"] for row in stage.rows(CLICKS)}) == 1
    assert len(stage.rows(CLICKS)) == 2


@pytest.mark.parametrize("cookie", ["", "rv=", "rv=vis_short", "rv=vis_<script>aaaaaaaaa", "rx=vis_aaaaaaaaaaaaaaaa"])
def test_foreign_cookie_names_nobody(cookie: str) -> None:
    assert known_visitor(cookie) is None


def test_crowd_is_counted_apart(stage: Stage, redirector: Redirector, link: Link) -> None:
    answers = follow_all(redirector, f"/r/{link.slug}", range(200))
    assert {answer.status for answer in answers} == {302}
    clicks = {row["id"] for row in stage.rows(CLICKS)}
    assert len(clicks) == 200
    assert clicks == {parse_qs(urlsplit(answer.location or "").query)["rc"][0] for answer in answers}


def test_locked_database_still_leads_on(
    stage: Stage, redirector: Redirector, link: Link, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("revenue_machine.domains.links.redirect.PATIENCE_S", 0.2)
    lock = sqlite3.connect(tmp_path / "revenue.db", isolation_level=None)
    lock.execute("begin immediate")
    answer = follow(redirector, f"/r/{link.slug}")
    lock.execute("rollback")
    lock.close()
    assert answer.status == 302
    assert (answer.location or "").startswith(DESTINATION)
    redirector.close()
    assert len(stage.rows(CLICKS)) == 1


def test_broken_disk_still_leads_on(stage: Stage, redirector: Redirector, link: Link) -> None:
    follow(redirector, f"/r/{link.slug}")
    with stage.app.database.writing() as connection:
        connection.execute(sa.text("alter table actp_clicks rename to actp_clicks_away"))
    assert follow(redirector, f"/r/{link.slug}", port=5001).status == 302


def test_odd_destination_fits_the_header(stage: Stage, redirector: Redirector) -> None:
    link = make_link(stage, "https://everreach.example/日本")
    answer = follow(redirector, f"/r/{link.slug}")
    assert (answer.location or "").startswith("https://everreach.example/%E6%97%A5%E6%9C%AC?utm_source=x")


def test_link_is_made_once(stage: Stage, link: Link) -> None:
    assert make_link(stage) == link
    assert len(stage.rows(LINKS)) == 1
    assert link.short_url == f"https://go.sandbox.invalid/r/{link.slug}"
