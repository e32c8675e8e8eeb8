"""The page People and the lines of the evening report."""

from __future__ import annotations

from datetime import timedelta

from revenue_machine.domains.crm.sections import people
from revenue_machine.engine.briefing import Day
from revenue_machine.engine.page import Pages, plain
from revenue_machine.kit.clock import local_date
from tests.app_fixture import START
from tests.domains.crm.conftest import Book


def two_people(book: Book) -> None:
    ada = book.meets("Ada Lovelace", email="ada@acme.com", company="Acme")
    book.meets("Ada Lovelace", platform="x", handle="ada_l", company="Acme")
    book.logs(ada, "email_sent", direction="out", channel="email", external_id="1", occurred_at=START, cost_micro_usd=2_000)
    book.logs(ada, "reply", direction="in", channel="email", external_id="2", content="tell me more", occurred_at=START)


def test_the_page_shows_people_and_doubles(small_book: Book) -> None:
    two_people(small_book)
    shown = plain(small_book.app.container.get(Pages).show("people", small_book.app.container))
    doubles, figures, table, life = shown["sections"]
    assert doubles["items"][0]["text"] == "Ada Lovelace and Ada Lovelace may be one person"
    assert "80%: the same name and company: ada lovelace, acme" in doubles["items"][0]["detail"]
    assert [(one["label"], one["value"]) for one in figures["items"]] == [
        ("People", "2"), ("New in 7 days", "2"), ("Replied in 7 days", "1"),
    ]  # fmt: skip
    assert [(row[0], row[2], row[3]) for row in table["rows"]] == [
        ("Ada Lovelace", "ada@acme.com", "replied"), ("Ada Lovelace", "x: ada_l", "new"),
    ]  # fmt: skip
    assert sorted(one["title"] for one in life["moments"]) == ["email sent", "tell me more"]


def test_an_empty_book_says_so(small_book: Book) -> None:
    shown = plain(small_book.app.container.get(Pages).show("people", small_book.app.container))
    assert shown["lead"] == "0 people, the warmest first."
    assert shown["sections"][0]["items"] == []


def test_the_report_counts_the_day(small_book: Book) -> None:
    zone = small_book.app.settings.zone
    day = Day(local_date(START, zone), START - timedelta(hours=6), START + timedelta(hours=18), zone)
    with small_book.reading() as connection:
        assert people(day, connection) == []
    two_people(small_book)
    with small_book.reading() as connection:
        assert people(day, connection) == ["2 new contacts, 1 written to, 1 replied", "Pipeline: replied 1 (+1)"]
