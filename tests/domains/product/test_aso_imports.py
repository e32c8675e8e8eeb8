"""The store's figures from files of every dress: Apple's own, a plain table, and what is none of either."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from revenue_machine.domains.product.imports import IMPORTS
from revenue_machine.engine.importing import ImportReport, ImportWishes, import_file
from revenue_machine.kit.errors import BadInput, NotFound
from revenue_machine.kit.rng import rng
from tests.domains.aso_house import AsoHouse, open_house

KIND = IMPORTS["app_store_report"]
DAY = date(2026, 10, 30)
Take = Callable[..., ImportReport]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[AsoHouse]:
    with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture
def take(house: AsoHouse, tmp_path: Path) -> Take:
    def bring(text: str | bytes, name: str = "report.csv", **wishes: object) -> ImportReport:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return import_file(KIND, path, ImportWishes(**wishes), house.app.container)  # type: ignore[arg-type]

    return bring


def figures(house: AsoHouse, app: str, on: date = DAY) -> tuple[int | None, ...] | None:
    """(impressions, page views, downloads, trial starts) of a day, None when nothing is known of it."""
    row = house.day(app, on)
    return None if row is None else (row["impressions"], row["page_views"], row["downloads"], row["trial_starts"])


def test_plain_table_is_taken(take: Take, house: AsoHouse) -> None:
    report = take("date,app,impressions,page_views,downloads\n2026-10-30,KindLetters,400,80,20\n2026-10-31,kindletters,410,82,\n")
    assert (report.applied, report.stored, report.duplicates) == (True, 2, 0)
    assert figures(house, "kindletters") == (400, 80, 20, None)
    assert figures(house, "kindletters", date(2026, 10, 31)) == (410, 82, None, None)
    again = take("date,app,impressions,page_views,downloads\n2026-10-30,KindLetters,400,80,20\n", name="other.csv")
    assert (again.stored, again.duplicates) == (0, 1)


def test_apples_report_is_summed(take: Take, house: AsoHouse) -> None:
    rows = [
        "Date\tApp Name\tApp Apple Identifier\tEvent\tDevice\tCounts\tUnique Counts",
        "2026-10-30\tKindLetters\t6400000001\tImpression\tiPhone\t300\t280",
        "2026-10-30\tKindLetters\t6400000001\tImpression\tiPad\t100\t90",
        "2026-10-30\tKindLetters\t6400000001\tPage view\tiPhone\t80\t70",
        "2026-10-30\tKindLetters\t6400000001\tTap\tiPhone\t25\t25",
        "2026-10-30\tOther App\t6400000009\tImpression\tiPhone\t7\t7",
    ]
    report = take("\n".join(rows) + "\n", name="engagement.tsv")
    assert report.applied
    assert figures(house, "kindletters") == (400, 80, None, None)
    assert figures(house, "store:6400000009") == (7, None, None, None)
    assert any("kept as controls: store:6400000009" in note for note in report.notes)


def test_loads_again_are_no_new_people(take: Take, house: AsoHouse) -> None:
    head = "Date\tApp Name\tDownload Type\tDevice\tCounts\n"
    lines = [
        f"2026-10-30\tKindLetters\t{kind}\tiPhone\t{count}\n"
        for kind, count in (("First-time download", 20), ("Redownload", 5), ("Auto-update", 60))
    ]
    take(head + "".join(lines), name="downloads.tsv")
    assert figures(house, "kindletters") == (None, None, 20, None)


def test_second_file_adds_what_it_names(take: Take, house: AsoHouse) -> None:
    take("date,app,impressions\n2026-10-30,kindletters,400\n")
    take("date,app,downloads\n2026-10-30,kindletters,20\n", name="b.csv")
    take("date,app,downloads\n2026-10-30,kindletters,21\n", name="c.csv")
    assert figures(house, "kindletters") == (400, None, 21, None)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_other_encodings_are_read(encoding: str, take: Take, house: AsoHouse) -> None:
    take("Date;App Name;Downloads\n2026-10-30;Börse;20\n".encode(encoding))
    assert figures(house, "store:Börse") == (None, None, 20, None)


def test_american_dates_are_read(take: Take, house: AsoHouse) -> None:
    take("Date,Product Page Views\n10/30/26,80\n", constants={"app": "kindletters"})
    assert figures(house, "kindletters") == (None, 80, None, None)


def test_same_line_twice_counts_once(take: Take, house: AsoHouse) -> None:
    head, line = "Date\tApp Name\tEvent\tDevice\tCounts\n", "2026-10-30\tKindLetters\tImpression\tiPhone\t300\n"
    report = take(head + line + line, name="twice.tsv")
    assert figures(house, "kindletters") == (300, None, None, None)
    assert [one.reason for one in report.left_out] == ["the same line again"]
    assert report.notes[-1] == "1 lines stood there twice and count once"


def test_one_day_with_two_truths_is_refused(take: Take, house: AsoHouse) -> None:
    report = take("date,app,downloads\n2026-10-30,kindletters,20\n2026-10-30,kindletters,21\n")
    assert not report.applied
    assert [one.reason for one in report.bad] == ["2026-10-30 of kindletters stands twice, with other downloads"]
    assert figures(house, "kindletters") is None


def test_missing_days_are_told(take: Take) -> None:
    report = take("date,app,downloads\n2026-10-20,kindletters,20\n2026-10-24,kindletters,21\n")
    assert "kindletters: 3 days between the first and the last are missing; they stay unknown, not zero" in report.notes


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("soon,kindletters,20", "'soon' is no date"),
        ("2026-02-30,kindletters,20", "is no date"),
        ("13/40/26,kindletters,20", "is no date"),
        ("2027-01-01,kindletters,20", "has not been yet"),
        (",kindletters,20", "without a date"),
        ("2026-10-30,,20", "says of no app"),
        ("2026-10-30,kindletters,-3", "not a count"),
        ("2026-10-30,kindletters,many", "not a number"),
    ],
)
def test_bad_line_stops_the_file(line: str, reason: str, take: Take, house: AsoHouse) -> None:
    report = take(f"date,app,downloads\n2026-10-29,kindletters,20\n{line}\n")
    assert not report.applied
    assert [one.line for one in report.bad] == [3]
    assert reason in report.bad[0].reason
    assert figures(house, "kindletters", date(2026, 10, 29)) is None


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("app,downloads\nkindletters,20\n", "date"),
        ("date,app,price\n2026-10-30,kindletters,9.99\n", "downloads"),
        ("date,app,event\n2026-10-30,kindletters,Impression\n", "downloads"),
        ("date,downloads\n2026-10-30,20\n", "app"),
        ("", "file"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "file"),
    ],
)
def test_wrong_file_is_named(text: str | bytes, field: str, take: Take) -> None:
    with pytest.raises(BadInput) as refusal:
        take(text)
    assert refusal.value.field == field


def test_file_that_is_not_there(house: AsoHouse, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        import_file(KIND, tmp_path / "none.csv", ImportWishes(), house.app.container)


def test_imported_days_judge_a_change(house: AsoHouse, take: Take) -> None:
    """From a typed-in release to a verdict without any key of Apple's."""
    aso_id = str(house.try_subtitle()["aso_id"])
    house.carry_out(aso_id)
    house.ask("aso.record_result", {"aso_id": aso_id, "live_on": "2026-11-02"}, key="live")
    house.wait(days=17)
    lines = ["date,app,downloads"]
    for app, base in (("kindletters", 100), ("everreach_pro", 200), ("other one", 150), ("other two", 80)):
        for place in range(120):
            day = date.fromordinal(date(2026, 11, 18).toordinal() - place)
            lift = 1.4 if app == "kindletters" and day > date(2026, 11, 2) else 1.0
            noise = 0.95 + 0.1 * rng(7, "own", app, place).random()
            lines.append(f"{day},{app},{round(base * lift * noise)}")
    assert take("\n".join(lines) + "\n").applied
    house.review()
    row = house.one(aso_id)
    assert row["status"] == "improved"
    assert row["effect_low"] < 0.4 < row["effect_high"]
