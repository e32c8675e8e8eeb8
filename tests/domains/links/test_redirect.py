"""A link leads to its stored destination only, and a person's click is on disk before the answer."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from revenue_machine.domains.links import reads
from revenue_machine.domains.links.known import KnownLinks
from revenue_machine.domains.links.models import Link, Links, LinkWanted
from revenue_machine.domains.links.redirect import Redirector, known_visitor
from revenue_machine.domains.links.tables import CLICKS, LINKS
from revenue_machine.engine.spool import SpoolLimits
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


def clicks(stage: Stage) -> list[dict[str, Any]]:
    """What the spool holds is in the database after the next tick; here, now."""
    stage.app.spools.drain()
    return stage.rows(CLICKS)


def make_link(stage: Stage, destination: str = DESTINATION) -> Link:
    links: Links = stage.app.container.get(Links)  # type: ignore[type-abstract]
    with stage.app.database.writing() as connection:
        return links.create(connection, LinkWanted(destination, "post_a", "everreach_pro", "x", "s1"))


def test_person_is_counted_and_sent_on(stage: Stage, redirector: Redirector, link: Link) -> None:
    answer = follow(redirector, f"/r/{link.slug}", referer="https://t.co/abc")
    (click,) = clicks(stage)
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
    assert [(row["is_counted"], row["filter_reason"]) for row in clicks(stage)] == [(False, reason)]
    with stage.app.database.reading() as connection:
        assert reads.click_counts(connection, START, START + HOUR) == (0, 1)
        assert reads.changes_after(connection, 0) == []


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
    assert clicks(stage) == []


def test_other_methods_are_refused(redirector: Redirector, link: Link) -> None:
    assert follow(redirector, f"/r/{link.slug}", "POST").status == 405


def test_visitor_keeps_his_name(stage: Stage, redirector: Redirector, link: Link) -> None:
    first = follow(redirector, f"/r/{link.slug}")
    cookie = first.headers["set-cookie"].split(";")[0]
    stage.clock.move_to(START + HOUR)
    again = follow(redirector, f"/r/{link.slug}", cookie=f"other=1; {cookie}")
    assert "set-cookie" not in again.headers
    assert len({row["visitor_id"] for row in clicks(stage)}) == 1
    assert len(clicks(stage)) == 2


@pytest.mark.parametrize(
    "cookie",
    [None, b"", b"rv=", b"rv=vis_short", b"rv=vis_<script>aaaaaaaaa", b"rx=vis_aaaaaaaaaaaaaaaa", b"xrv=vis_aaaaaaaaaaaaaaaa"],
)
def test_foreign_cookie_names_nobody(cookie: bytes | None) -> None:
    assert known_visitor(cookie) is None


def test_crowd_is_counted_apart(stage: Stage, redirector: Redirector, link: Link) -> None:
    answers = follow_all(redirector, f"/r/{link.slug}", range(200))
    assert {answer.status for answer in answers} == {302}
    ids = {row["id"] for row in clicks(stage)}
    assert len(ids) == 200
    assert ids == {parse_qs(urlsplit(answer.location or "").query)["rc"][0] for answer in answers}


def test_locked_database_still_leads_on(stage: Stage, redirector: Redirector, link: Link, tmp_path: Path) -> None:
    follow(redirector, f"/r/{link.slug}")
    lock = sqlite3.connect(tmp_path / "revenue.db", isolation_level=None)
    lock.execute("begin immediate")
    answers = follow_all(redirector, f"/r/{link.slug}", range(6000, 6020))
    lock.execute("rollback")
    lock.close()
    assert {answer.status for answer in answers} == {302}
    assert len(clicks(stage)) == 21


def test_dead_database_still_leads_on(stage: Stage, redirector: Redirector, link: Link) -> None:
    """What is known is followed and kept; what is not known cannot be."""
    follow(redirector, f"/r/{link.slug}")
    with stage.app.database.writing() as connection:
        connection.execute(sa.text("alter table actp_links rename to actp_links_away"))
    assert follow(redirector, f"/r/{link.slug}", port=5001).status == 302
    assert follow(redirector, "/r/unknown2slug").status == 424
    with stage.app.database.writing() as connection:
        connection.execute(sa.text("alter table actp_links_away rename to actp_links"))
    assert len(clicks(stage)) == 2


def test_odd_destination_fits_the_header(stage: Stage, redirector: Redirector) -> None:
    link = make_link(stage, "https://everreach.example/日本")
    answer = follow(redirector, f"/r/{link.slug}")
    assert (answer.location or "").startswith("https://everreach.example/%E6%97%A5%E6%9C%AC?utm_source=x")


def test_link_is_made_once(stage: Stage, link: Link) -> None:
    assert make_link(stage) == link
    assert len(stage.rows(LINKS)) == 1
    assert link.short_url == f"https://go.sandbox.invalid/r/{link.slug}"


def test_nothing_kept_means_nothing_answered(stage: Stage, link: Link) -> None:
    """A spool at its ceiling refuses, so the redirector does; drained, it answers again."""
    full = stage.app.spools.writer("clicks", SpoolLimits(folder_bytes=9))
    redirector = Redirector(KnownLinks(stage.app.database), stage.clock, full, "")
    assert follow(redirector, f"/r/{link.slug}").status == 302
    full._looked_s = -10.0
    answer = follow(redirector, f"/r/{link.slug}", port=1)
    assert (answer.status, answer.location, answer.headers["retry-after"], full.refused) == (424, None, "5", 1)
    redirector.close()
    assert len(clicks(stage)) == 1
    full._looked_s = -10.0
    assert follow(redirector, f"/r/{link.slug}", port=2).status == 302
    redirector.close()


def test_a_link_switched_off_is_gone(stage: Stage, redirector: Redirector, link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("revenue_machine.domains.links.known.CHECK_EVERY_S", 0.0)
    assert follow(redirector, f"/r/{link.slug}").status == 302
    assert stage.call("links.disable", slug=link.slug) == {"slug": link.slug, "is_disabled": True, "changed": True}
    assert follow(redirector, f"/r/{link.slug}", port=1).status == 410
    assert stage.call("links.enable", slug=link.slug)["changed"]
    assert follow(redirector, f"/r/{link.slug}", port=2).status == 302
    assert len(clicks(stage)) == 2


def test_only_links_that_changed_are_worked_out_anew(stage: Stage, link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    """A landing address costs more than a click: the visitor after a check must not pay for ten thousand of them."""
    monkeypatch.setattr("revenue_machine.domains.links.known.CHECK_EVERY_S", 0.0)
    other = make_link(stage, "https://everreach.example/other")
    known = KnownLinks(stage.app.database)
    known.warm()
    before = {slug: known.at_hand(slug) or known._known[slug] for slug in (link.slug, other.slug)}
    assert asyncio.run(known.find(link.slug)) is before[link.slug]
    stage.call("links.disable", slug=other.slug)
    assert asyncio.run(known.find(link.slug)) is before[link.slug]
    changed = known._known[other.slug]
    assert changed.is_off
    assert "landing" in vars(changed)


def test_a_crowd_from_one_place_is_slowed(
    stage: Stage, redirector: Redirector, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("revenue_machine.domains.links.traffic.MOST_REQUESTS", 5)
    monkeypatch.setattr("revenue_machine.domains.links.traffic.MOST_NEW_VISITORS", 3)
    statuses = [follow(redirector, f"/r/{link.slug}", host="8.8.4.4", port=port).status for port in range(7)]
    assert statuses == [302, 302, 302, 302, 302, 429, 429]
    assert [row["filter_reason"] for row in sorted(clicks(stage), key=lambda row: row["arrival"])].count("flood") == 2
    assert follow(redirector, f"/r/{link.slug}", host="8.8.8.8").status == 302


def test_same_visitor_at_once_is_two_clicks(stage: Stage, redirector: Redirector, link: Link) -> None:
    cookie = follow(redirector, f"/r/{link.slug}").headers["set-cookie"].split(";")[0]
    for _ in range(3):
        follow(redirector, f"/r/{link.slug}", cookie=cookie)
    found = clicks(stage)
    assert (len(found), len({row["visitor_id"] for row in found})) == (4, 1)


def test_nothing_personal_reaches_the_disk(stage: Stage, redirector: Redirector, link: Link, tmp_path: Path) -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:147.0.9183) Gecko/20100101"
    follow(redirector, f"/r/{link.slug}", agent=agent, referer="https://bob:pw@mail.example/inbox/anna?token=s3cret")
    redirector.close()
    held = b"".join(path.read_bytes() for path in (tmp_path / "spool" / "clicks").iterdir())
    for word in (b"203.0.113.9", b"147.0.9183", b"20100101", b"s3cret", b"anna", b"bob"):
        assert word not in held
    assert b"mail.example" in held
