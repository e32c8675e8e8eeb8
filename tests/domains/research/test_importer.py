"""The owner's own sets come in as they are, once, and say what they can teach."""

from __future__ import annotations

from pathlib import Path

import pytest

from revenue_machine.domains.research.imports import IMPORTS
from revenue_machine.domains.research.reads import breakpoints, count_blueprints, slot_history
from revenue_machine.engine.importing import ImportReport, ImportWishes, import_file
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.ids import content_hash
from tests.domains.content_house import House

KIND = IMPORTS["market_items"]
CLAIMS = (
    "#,claim_status,video_id,video_duration_sec,video_transcription_text,video_view_count,video_like_count,video_share_count,"
    "video_download_count,video_comment_count\n"
    "1,claim,7001,59,a friend told me that owls can read,1000,100,10,2,3\n"
    '"2,claim,7002,31,""a colleague read, twice, that snails sleep"",2000,50,5,1,2"\n'
    "3,,7003,12,,#N/A,#N/A,#N/A,#N/A,#N/A\n"
)
CAPTIONS = (
    "Date,Impressions,Saves,Comments,Shares,Likes,Caption,Hashtags\n"
    "2021-12-10,3920,98,9,5,162,Here are some caf\xe9 ideas for AI agents,#aiautomation\xa0#caf\xe9\n"
)
REACH = "Followers,Time since posted,Likes,n_hashtags\n1600,11 hours,139,5\n880,2 hours,23,28\n"
PAGE = (
    "Page_T_Likes;Type;Month;Weekday;Hour;T_Impression;comment;like;share\n"
    "139441;Photo;12;4;3;5091;4;79;17\n139441;Status;12;7;10;19057;5;;29\n"
)


def take(house: House, folder: Path, name: str, text: str, wishes: ImportWishes | None = None) -> ImportReport:
    path = folder / name
    path.write_bytes(text.encode("latin-1"))
    return import_file(KIND, path, wishes or ImportWishes(), house.app.container)


def counts(report: ImportReport) -> tuple[int, int, int, int, int, int]:
    return (
        report.rows_read, len(report.file.repaired), report.stored, report.duplicates, len(report.left_out), len(report.bad)
    )  # fmt: skip


def test_video_set_is_repaired_and_stored(house: House, tmp_path: Path) -> None:
    report = take(house, tmp_path, "tiktok_set.csv", CLAIMS)
    assert counts(report) == (3, 1, 2, 0, 1, 0)
    assert [(one.line, one.reason) for one in report.left_out] == [(4, "neither text nor numbers")]
    rows = house.rows("actp_market_items", external_id="7002")
    assert rows[0]["caption"] == "a colleague read, twice, that snails sleep"
    assert rows[0]["source_url"] == f"{content_hash(CLAIMS.encode('latin-1'))}#2"
    assert (rows[0]["platform"], rows[0]["niche"], rows[0]["provenance"]) == ("tiktok", "imported", "import")
    assert rows[0]["engagement_score"] == (50 + 3 * 2 + 5 * 5 + 2 * 1) / 2000 * 1000


def test_caption_set_in_latin_1(house: House, tmp_path: Path) -> None:
    report = take(house, tmp_path, "instagram.csv", CAPTIONS)
    row = house.rows("actp_market_items")[0]
    assert report.file.encoding == "latin-1"
    assert row["caption"] == "Here are some café ideas for AI agents"
    assert (row["niche"], row["posted_weekday"], row["posted_hour"], row["views"]) == ("ai_automation", 5, None, 3920)
    assert row["metadata"]["hashtags"] == ["aiautomation", "café"]


def test_set_without_text_never_becomes_blueprint(house: House, tmp_path: Path) -> None:
    report = take(house, tmp_path, "instagram_reach.csv", REACH)
    row = house.rows("actp_market_items", likes=139)[0]
    assert counts(report) == (2, 0, 2, 0, 0, 0)
    assert (row["score_basis"], row["engagement_score"], row["metadata"]["age_hours"]) == ("followers", 86.875, 11.0)
    assert "this set has no text: it feeds percentiles and timing only and never becomes a blueprint" in report.notes
    with house.app.database.reading() as connection:
        assert count_blueprints(connection) == 0


def test_page_set_teaches_timing(house: House, tmp_path: Path) -> None:
    report = take(house, tmp_path, "facebook.csv", PAGE)
    assert report.file.delimiter == ";"
    assert "weekdays 1..7 are read as Sunday..Saturday" in report.notes
    with house.app.database.reading() as connection:
        slots = slot_history(connection, "facebook")
    assert [(one.weekday, one.hour, one.items) for one in slots] == [(3, 3, 1), (6, 10, 1)]


def test_second_import_changes_nothing(house: House, tmp_path: Path) -> None:
    take(house, tmp_path, "tiktok_set.csv", CLAIMS)
    before = house.rows("actp_market_items"), house.rows("actp_creative_blueprints")
    again = take(house, tmp_path, "tiktok_set.csv", CLAIMS)
    assert counts(again) == (3, 1, 0, 2, 1, 0)
    assert (house.rows("actp_market_items"), house.rows("actp_creative_blueprints")) == before


def test_preview_writes_nothing(house: House, tmp_path: Path) -> None:
    report = take(house, tmp_path, "tiktok_set.csv", CLAIMS, ImportWishes(is_dry_run=True))
    assert (report.applied, report.mapping["caption"]) == (False, "video_transcription_text")
    assert house.rows("actp_market_items") == []


def test_bad_row_stops_the_file(house: House, tmp_path: Path) -> None:
    text = CLAIMS + "4,claim,7004,1,fine,many,1,1,1,1\n5,claim\n6,claim,7006,9,also fine,10,1,1,1,1\n"
    report = take(house, tmp_path, "tiktok_set.csv", text)
    assert [(one.line, one.reason) for one in report.bad] == [
        (5, "video_view_count: 'many' is not a number"), (6, "2 cells, the header has 10"),
    ]  # fmt: skip
    assert (report.applied, house.rows("actp_market_items")) == (False, [])
    again = take(house, tmp_path, "tiktok_set.csv", text, ImportWishes(skips_bad_rows=True))
    assert counts(again) == (6, 1, 3, 0, 1, 2)


def test_unknown_platform_is_asked_for(house: House, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--set platform=tiktok"):
        take(house, tmp_path, "posts.csv", "text,likes\nhello there,3\n")
    report = take(house, tmp_path, "posts.csv", "text,likes\nhello there,3\n", ImportWishes(constants={"platform": "twitter"}))
    assert (report.stored, house.rows("actp_market_items")[0]["platform"]) == (1, "x")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tiktok_claims_google_cert/tiktok_dataset.csv", (19382, 1892, 19084, 0, 298, 0)),
        ("instagram_posts/instagram_data.csv", (176, 0, 176, 0, 0, 0)),
        ("instagram_reach/instagram_reach_deidentified.csv", (100, 0, 100, 0, 0, 0)),
        ("facebook_post_metrics_uci/dataset_Facebook.csv", (500, 0, 500, 0, 0, 0)),
        ("facebook_post_metrics_uci/dataset_Facebook_a.csv", (500, 0, 500, 0, 0, 0)),
    ],
)
def test_real_set_comes_in_as_it_is(house: House, shared: Path, name: str, expected: tuple[int, ...]) -> None:
    report = import_file(KIND, shared / name, ImportWishes(), house.app.container)
    assert counts(report) == expected
    with house.app.database.reading() as connection:
        has_text = "caption" in report.mapping
        assert (count_blueprints(connection) > 5) is has_text
        knows_reach = bool(breakpoints(connection, "facebook", "views"))
    assert knows_reach is name.endswith("Facebook.csv")
