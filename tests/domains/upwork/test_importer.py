"""Files of listings come in as they are: each once, with what they do not say left unknown."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.upwork import rules
from revenue_machine.domains.upwork.imports import IMPORTS
from revenue_machine.engine.importing import ImportReport, ImportWishes, import_file
from tests.domains.upwork_house import House

SCRAPE = """\
Job Title,Hourly/Fixed,Budget,Level,Skills
Web app for bookings,Hourly,N/A,Intermediate,"Web Development, React, +2"
Dashboard,Fixed price,"Est. budget:
$1,500.00",Expert,"Python, React"
Old shop,Hourly: $5.00 - $9.00,N/A,Entry Level,Wix
Dashboard,Fixed price,"Est. budget:
$1,500.00",Expert,"Python, React"
"""
FEED = """\
id,url,title,description,posted,budget,skills,proposals,client total spend,rating,payment verified,country
7,https://www.upwork.com/jobs/~021871234567890123456,AI agent,Sort mails,2 hours ago,$2000,"Python;Automation",5 to 10,$20K+,4.9,Payment verified,France
8,,By the hour,Help,2026-11-01,$30-$60 /hr,React,Less than 5,,,,
"""


def _import(house: House, path: Path, *, is_dry_run: bool = False) -> ImportReport:
    return import_file(IMPORTS["upwork_jobs"], path, ImportWishes(is_dry_run=is_dry_run), house.app.container)


def _write(folder: Path, text: str) -> Path:
    path = folder / "jobs.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_scrape_comes_in_as_it_is(house: House, tmp_path: Path) -> None:
    path = _write(tmp_path, SCRAPE)
    report = _import(house, path)
    assert (report.rows_read, report.stored, report.duplicates, report.bad) == (4, 3, 1, ())
    rows = {row["title"]: row for row in house.rows()}
    web, board, shop = (rows[title] for title in ("Web app for bookings", "Dashboard", "Old shop"))
    assert (web["job_type"], web["budget_usd"], web["hourly_min_micro_usd"], web["hourly_max_micro_usd"]) == (
        "hourly",
        None,
        None,
        None,
    )
    assert (web["skills"], web["level"], web["status"]) == (["Web Development", "React"], "Intermediate", "scored")
    assert web["score_breakdown"]["parts"][0]["reason"] == "no data: not named"
    assert (board["job_type"], board["budget_usd"], board["import_row"]) == ("fixed", 1500, 2)
    assert (board["known_points"], board["source"], board["url"]) == (55, "import", None)
    assert (shop["status"], shop["lost_reason"]) == ("skipped", "$9.00 an hour is below your floor of $20.00")
    assert all(row["job_id"].startswith("row_") and len(row["job_id"]) == 68 for row in rows.values())
    assert "no row has data for: client, competition, freshness; scores go over the other parts and say so" in report.notes


def test_second_import_changes_nothing(house: House, tmp_path: Path) -> None:
    path = _write(tmp_path, SCRAPE)
    _import(house, path)
    before = house.rows()
    report = _import(house, path)
    assert (report.stored, report.duplicates) == (0, 4)
    assert house.rows() == before


def test_preview_writes_nothing(house: House, tmp_path: Path) -> None:
    assert _import(house, _write(tmp_path, SCRAPE), is_dry_run=True).stored == 0
    assert house.rows() == []


def test_feed_columns_are_guessed(house: House, tmp_path: Path) -> None:
    report = _import(house, _write(tmp_path, FEED))
    assert (report.stored, report.unused) == (2, ())
    first, hourly = house.row("~021871234567890123456"), house.row("8")
    assert first["client"] == {"is_payment_verified": True, "spent_micro_usd": 20_000_000_000, "rating": 4.9, "country": "France"}
    assert (first["external_id"], first["proposals"], first["known_points"]) == ("1871234567890123456", 5, 100)
    assert (hourly["job_type"], hourly["budget_micro_usd"], hourly["hourly_max_micro_usd"]) == ("hourly", None, 60_000_000)
    assert (hourly["proposals"], hourly["client"], hourly["url"]) == (0, {}, None)


def test_row_without_title_is_bad(house: House, tmp_path: Path) -> None:
    report = _import(house, _write(tmp_path, "Job Title,Budget\n,$5\nDashboard,$900\n"))
    assert [(one.line, one.reason) for one in report.bad] == [(2, "a job without a title")]
    assert house.rows() == []


def test_imported_job_without_link_is_never_proposed(house: House, tmp_path: Path) -> None:
    _import(house, _write(tmp_path, SCRAPE))
    result = house.ask("upwork.scan")
    assert result["drafted"] == 0
    assert result["reason"].startswith("0 of 5 proposals: no further job is worth one (2 no link to send it to")


def test_imported_job_with_link_is_proposed(house: House, tmp_path: Path) -> None:
    _import(house, _write(tmp_path, FEED))
    assert house.ask("upwork.scan")["drafted"] == 1
    assert house.row("~021871234567890123456")["status"] == "drafted"


def _real_file() -> Path:
    path = Path(os.environ.get("REVENUE_SHARED", "../shared")) / "data" / "upwork_jobs_scrape" / "upwork_jobs.csv"
    if not path.is_file():
        pytest.skip(f"there is no {path} (set REVENUE_SHARED)")
    return path


@pytest.mark.real
def test_real_rows_import_as_they_are(house: House) -> None:
    """The file has 18,600 data rows, 5,051 of them distinct (5,052 distinct lines, the header line among them)."""
    path = _real_file()
    with path.open(encoding="utf-8", newline="") as file:
        header, *cells = [tuple(row) for row in csv.reader(file)]
    assert (len(cells), len(set(cells)), len({header, *cells})) == (18_600, 5_051, 5_052)
    report = _import(house, path)
    assert (report.rows_read, report.stored, report.duplicates, len(report.bad), len(report.left_out)) == (
        18_600,
        5_051,
        13_549,
        0,
        0,
    )
    assert (_import(house, path).stored, len(house.rows())) == (0, 5_051)
    unnamed = {row for row in set(cells) if row[1:3] == ("Hourly", "N/A")}
    unknown = [row for row in house.rows(job_type="hourly") if row["hourly_max_micro_usd"] is None]
    assert len(unknown) == len(unnamed)
    assert {row["score_breakdown"]["parts"][0]["points"] for row in unknown if row["score_breakdown"]} == {None}


@pytest.mark.real
def test_best_real_rows_respect_the_owner(house: House) -> None:
    _import(house, _real_file())
    profile = house.app.container.get(Business).services
    assert profile is not None
    best = house.ask("upwork.search", {"order": "score", "limit": 10})["jobs"]
    worst = house.ask("upwork.search", {"order": "lowest_score", "limit": 10, "with_skipped": True})["jobs"]
    for one in best:
        text = " ".join((one["title"], *one["skills"])).lower()
        assert one["budget_usd"] is None or one["budget_usd"] * 1_000_000 >= profile.min_fixed_micro_usd
        assert one["hourly_usd"] is None or one["hourly_usd"][0] * 1_000_000 >= profile.min_hourly_micro_usd
        assert one["budget_usd"] is not None or one["hourly_usd"] is not None
        assert not [word for word in profile.excluded_words if word in text]
        assert one["score_line"].endswith("skill 30.0/30") or one["score"] < 100
        assert (one["verdict"], one["known_points"]) == ("apply", 55)
    assert best[0]["score"] >= best[-1]["score"] >= rules.APPLY_FROM > rules.MAYBE_FROM > worst[-1]["score"]
